//! `check`: everything that is wrong, and the plans with the origin of every value.

use super::arguments::CheckFlags;
use super::interrupt::Interrupt;
use super::{batch, settings, terminal};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::plan::Planned;
use crate::plan::tree::Origin;
use crate::report::text::Look;
use crate::report::{Column, Table, count, printable};
use crate::script::{self, Execution, ParamOrigin, Settings};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// Checks a script, or a batch file.
pub fn command(flags: &CheckFlags) -> Exit {
    let ending = Path::new(&flags.script).extension().and_then(std::ffi::OsStr::to_str);
    if matches!(ending, Some("yaml" | "yml")) {
        return batch::check(Path::new(&flags.script), &flags.plan.core_path);
    }
    let wrong = match check(flags) {
        Ok(wrong) | Err(wrong) => wrong,
    };
    terminal::complain(&wrong);
    wrong.exit()
}

fn check(flags: &CheckFlags) -> Result<Diagnostics, Diagnostics> {
    let overrides = settings::overrides(&flags.plan)?;
    let source = settings::script(&flags.script)?;
    let interrupt = Interrupt::listen()
        .map_err(|error| Diagnostic::new(Exit::Bug, format!("signals cannot be listened to: {error}")))?;
    let settings = Settings {
        overrides,
        params: settings::pairs(&flags.plan.params),
        print: Arc::new(terminal::note),
        ..Settings::default()
    };
    let execution = script::check(&source, &settings, &interrupt.flag());
    let printed = terminal::print(&found(&execution, &source.text.file, &terminal::look()));
    let mut wrong = execution.diagnostics;
    wrong.append(printed.err().unwrap_or_default());
    Ok(wrong)
}

/// Parameters, plans, and what a check cannot know.
fn found(execution: &Execution, file: &str, look: &Look) -> String {
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
    if execution.diagnostics.is_empty() {
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
