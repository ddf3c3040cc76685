//! `check`: everything that is wrong, and the plans with the origin of every value.

use super::arguments::CheckFlags;
use super::{parameters, settings};
use mqscript::batch::check_batch;
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::engine::Setting;
use mqscript::plan::Planned;
use mqscript::plan::tree::Origin;
use mqscript::report::{Column, Document, Element, Heading, Line, Section, Table, Tone, count, text};
use mqscript::script::{Execution, ParamOrigin, Settings, Source};
use mqscript::session::{Interrupt, Invocation, Rehearsed, panic, pure, terminal};
use mqscript::supervise::{self, ChildEnding, Side};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The longest time that a core may take to be loaded.
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

/// The kinds of files that can be checked.
struct PreparedCheck {
    source: Source,
    invocation: Invocation,
}

fn prepared(flags: &CheckFlags) -> Result<PreparedCheck, Diagnostics> {
    let invocation = settings::of_check(flags)?;
    Ok(PreparedCheck { source: invocation.source()?, invocation })
}

/// Checks in a child: cores are loaded, which may end a process.
fn apart(prepared: PreparedCheck) -> Result<Exit, Diagnostics> {
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
                ChildEnding::Done(code) => Ok(Exit::from_code(code).unwrap_or(Exit::Bug)),
                ChildEnding::Died(_, death) | ChildEnding::DiedAfter(_, death) => {
                    Err(death.diagnostic().into())
                }
            }
        }
    }
}

fn check(prepared: PreparedCheck, end: Option<pure::End>) -> Exit {
    // Some cores print when they are loaded.
    terminal::keep_stdout_for_results();
    let PreparedCheck { source, invocation } = prepared;
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
    let found = found(&rehearsed.execution, &wrong, &source.text.file);
    let printed = terminal::print(&text::write(&found, &terminal::look()));
    wrong.append(printed.err().unwrap_or_default());
    terminal::complain(&wrong);
    wrong.exit()
}

/// Parameters, plans, and what a check cannot know.
fn found(execution: &Execution, wrong: &Diagnostics, file: &str) -> Document {
    let mut elements = Vec::new();
    if !execution.params.is_empty() {
        elements.push(Element::Table(parameters_of(execution)));
    }
    let plans = execution.plans.iter().enumerate();
    elements.extend(plans.map(|(index, planned)| Section::of(plan(index, planned))));
    let notes = execution.notes.iter().map(|note| Line::whole(0, format!("note: {note}")));
    let number = execution.plans.len() as u64;
    let word = if number == 1 { "run" } else { "runs" };
    let verdict = Line::whole(0, format!("{file}: nothing wrong, {} {word}", count(number)));
    let verdict = wrong.is_empty().then(|| verdict.toned(Tone::Good));
    let closing: Vec<Element> = notes.chain(verdict).map(Element::Line).collect();
    if closing.is_empty() && !elements.is_empty() {
        // What is wrong is told on stderr, below an empty line.
        elements.push(Element::Line(Line::default()));
    }
    elements.push(Section::of(closing));
    Document { elements }
}

fn parameters_of(execution: &Execution) -> Table {
    let mut table = Table::new(
        0,
        vec![
            Column::texts("parameter", 0),
            Column::texts("value", 0),
            Column::texts("from", 0),
            Column::texts("what it is", 1),
        ],
    );
    for param in &execution.params {
        let origin = match &param.origin {
            ParamOrigin::Default => "default",
            ParamOrigin::Flag(flag) => flag,
        };
        table.row([param.name.as_str(), &param.value, origin, &param.doc]);
    }
    table
}

/// Every value of a plan with who said it.
fn plan(index: usize, planned: &Planned) -> Vec<Element> {
    let text = format!("run {}: {}", index + 1, planned.plan.name);
    let columns = vec![Column::texts("key", 0), Column::texts("from", 0), Column::texts("value", 0)];
    let mut table = Table::new(1, columns);
    let mut leaves = Vec::new();
    collect(&planned.plan.written, "", &mut leaves);
    for (path, value) in leaves {
        let origin = origin(planned, &path).to_string();
        table.row([path, origin, value]);
    }
    table.names_in_full = true;
    vec![Element::Heading(Heading { level: 2, text, ..Heading::default() }), Element::Table(table)]
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
