//! `check`: everything that is wrong, and the plans with the origin of every value.

use super::arguments::CheckFlags;
use super::{parameters, settings};
use mqscript::batch::check_batch;
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::engine::Setting;
use mqscript::plan::Planned;
use mqscript::plan::tree::Origin;
use mqscript::report::Look;
use mqscript::report::{Column, Table, count, printable};
use mqscript::script::{Execution, ParamOrigin, Settings, Source};
use mqscript::session::{Interrupt, Invocation, Rehearsed, panic, pure, terminal};
use mqscript::supervise::{self, Ending, Side};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a core may take to be loaded.
const HANG_LIMIT: Duration = Duration::from_secs(60);

/// Checks a script, or a batch file.
pub fn command(flags: &CheckFlags) -> Exit {
    let ending = Path::new(&flags.script).extension().and_then(std::ffi::OsStr::to_str);
    let checked = match ending {
        Some("yaml" | "yml") => of_scripts_alone(flags).and_then(|()| {
            check_batch(Path::new(&flags.script), &flags.plan.core_path, &parameters::flags_of("run"))
        }),
        _ => prepared(flags).and_then(apart),
    };
    checked.unwrap_or_else(|wrong| {
        terminal::complain(&wrong);
        wrong.exit()
    })
}

/// Flags that mean nothing to a batch file.
fn of_scripts_alone(flags: &CheckFlags) -> Result<(), Diagnostics> {
    let plan = &flags.plan;
    let mut said = settings::overrides(plan)?.said();
    said.extend([("--param", !plan.params.is_empty()), ("--pure", plan.pure)]);
    let own = plan.param_flags.iter().map(|(name, _)| format!("--{name}"));
    let flags = said.into_iter().filter(|(_, said)| *said).map(|(flag, _)| flag.to_owned()).chain(own);
    let fault = |flag: String| {
        let fault = Diagnostic::new(Exit::Usage, format!("`{flag}` has no meaning for a batch file"));
        fault.help(
            "write it into the file: `defaults: { core, params, scenario }`, or check one of its scripts",
        )
    };
    let faults: Diagnostics = flags.map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// What there is to check.
struct Prepared {
    source: Source,
    invocation: Invocation,
}

fn prepared(flags: &CheckFlags) -> Result<Prepared, Diagnostics> {
    let invocation = settings::of_check(flags)?;
    Ok(Prepared { source: invocation.source()?, invocation })
}

/// Checks in a child: cores are loaded, which may end a process.
fn apart(prepared: Prepared) -> Result<Exit, Diagnostics> {
    let bug = |what: &str, error: &dyn std::fmt::Display| {
        Diagnostics::from(Diagnostic::new(Exit::Bug, format!("{what}: {error}")))
    };
    let (works, watches) = pure::ends(prepared.invocation.pure);
    match supervise::fork(prepared.invocation.pure)
        .map_err(|error| bug("no process can be started to check in", &error))?
    {
        Side::Child(child) => {
            drop(watches);
            child.end(panic::caught(|| check(prepared, works)))
        }
        Side::Parent(parent) => {
            drop(works);
            if let Some(watches) = watches {
                pure::watch(watches, &parent);
            }
            let ending = parent.watch(HANG_LIMIT, terminal::note);
            match ending.map_err(|error| bug("the process that checks cannot be watched", &error))? {
                Ending::Done(code) => Ok(Exit::from_code(code).unwrap_or(Exit::Bug)),
                Ending::Died(_, death) | Ending::DiedAfter(_, death) => Err(death.diagnostic().into()),
            }
        }
    }
}

fn check(prepared: Prepared, end: Option<pure::End>) -> Exit {
    // Some cores print when they are loaded.
    terminal::keep_stdout_for_results();
    let Prepared { source, invocation } = prepared;
    let mut finder = invocation.finder();
    if invocation.pure {
        finder = pure::enter(finder, &source, Path::new("."), &[], end).0;
    }
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(wrong) => {
            terminal::complain(&wrong);
            return wrong.exit();
        }
    };
    let settings = Settings { print: Arc::new(terminal::note), ..invocation.settings() };
    let base = source.base();
    let setting = Setting { finder: &finder, base_dir: &base, pure: invocation.pure, confined: None };
    let rehearsed = Rehearsed::of(&source, &settings, setting, &interrupt.flag());
    let mut wrong = rehearsed.all();
    let printed = terminal::print(&found(&rehearsed.execution, &wrong, &source.text.file, &terminal::look()));
    wrong.append(printed.err().unwrap_or_default());
    terminal::complain(&wrong);
    wrong.exit()
}

/// Parameters, plans, and what a check cannot know.
fn found(execution: &Execution, wrong: &Diagnostics, file: &str, look: &Look) -> String {
    let mut text = String::new();
    if !execution.params.is_empty() {
        let mut table = Table::new(vec![
            Column::names("parameter"),
            Column::texts("value", 0),
            Column::texts("from", 0),
            Column::texts("what it is", 1),
        ]);
        for param in &execution.params {
            let origin = match &param.origin {
                ParamOrigin::Default => "default",
                ParamOrigin::Flag(flag) => flag,
            };
            table.row(vec![param.name.clone(), param.value.clone(), origin.to_owned(), param.doc.clone()]);
        }
        lines(&mut text, &table.lines(0, look.width, &look.palette));
        text.push('\n');
    }
    for (index, planned) in execution.plans.iter().enumerate() {
        plan(&mut text, index, planned, look);
        text.push('\n');
    }
    for note in &execution.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if wrong.is_empty() {
        let plans = execution.plans.len() as u64;
        let word = if plans == 1 { "run" } else { "runs" };
        let verdict = format!("{}: nothing wrong, {} {word}", printable(file), count(plans));
        let _ = writeln!(text, "{}", look.palette.good(&verdict));
    }
    text
}

fn lines(text: &mut String, lines: &[String]) {
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
}

/// Every value of a plan with who said it.
fn plan(text: &mut String, index: usize, planned: &Planned, look: &Look) {
    let heading = format!("run {}: {}", index + 1, printable(&planned.plan.name));
    let _ = writeln!(text, "{}", look.palette.strong(&heading));
    let mut table =
        Table::new(vec![Column::names("key"), Column::texts("from", 0), Column::texts("value", 0)]);
    let mut leaves = Vec::new();
    collect(&planned.plan.written, "", &mut leaves);
    for (path, value) in leaves {
        let origin = origin(planned, &path);
        table.row(vec![path, origin.to_string(), value]);
    }
    table.name_in_full();
    lines(text, &table.lines(2, look.width, &look.palette));
}

/// Who said the value at a path; of a list's item, whoever said the list.
fn origin<'a>(planned: &'a Planned, path: &str) -> &'a Origin {
    let list = path.rsplit_once('[').map_or(path, |(list, _)| list);
    planned.origins.get(path).or_else(|| planned.origins.get(list)).unwrap_or(&Origin::Default)
}

/// A list that is written shorter stays on one line.
const LIST_WIDTH: usize = 40;

/// The leaves of a value, each with its key path.
fn collect(value: &Value, path: &str, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(value, &path, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() && value.to_string().len() > LIST_WIDTH => {
            for (index, value) in items.iter().enumerate() {
                collect(value, &format!("{path}[{index}]"), leaves);
            }
        }
        Value::String(text) => leaves.push((path.to_owned(), text.clone())),
        other => leaves.push((path.to_owned(), other.to_string())),
    }
}
