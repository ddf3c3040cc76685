//! `core list` and `core info`.

use super::arguments::{CoreFolders, CoreInfoFlags};
use super::{faults, terminal};
use crate::cores::{CoreInfo, Finder, abi, capability_names};
use crate::diagnostics::{Diagnostics, Exit};
use crate::report::text::{Look, wrapped};
use crate::report::{Column, Table, printable};
use serde_json::Value;
use std::fmt::Write;

/// All cores that are found, and where.
pub fn list(flags: &CoreFolders) -> Exit {
    let finder = Finder::new(&flags.core_path);
    let mut found = Vec::new();
    let mut broken = Diagnostics::new();
    for core in finder.list() {
        match core {
            Ok(info) => found.push(info),
            Err(error) => broken.append(faults::of_core(&error)),
        }
    }
    let printed = terminal::print(&listing(&found, &finder, &terminal::look()));
    broken.append(printed.err().map(Diagnostics::from).unwrap_or_default());
    terminal::complain(&broken);
    broken.exit()
}

fn listing(found: &[CoreInfo], finder: &Finder, look: &Look) -> String {
    if found.is_empty() {
        let folders: Vec<String> = finder.folders().map(|folder| format!("  {}\n", folder.display())).collect();
        return format!("no cores found; looked in\n{}", folders.concat());
    }
    let mut table = Table::new(vec![
        Column::names("core"),
        Column::texts("version", 0),
        Column::texts("kind", 0),
        Column::texts("what it is", 1),
    ]);
    for info in found {
        table.row(vec![info.id.clone(), info.version.clone(), kind(info).to_owned(), info.summary.clone()]);
    }
    let mut text = String::new();
    for line in table.lines(0, look.width, &look.palette) {
        text.push_str(&line);
        text.push('\n');
    }
    let mut files: Vec<String> = found.iter().map(|info| info.path.display().to_string()).collect();
    files.dedup();
    text.push('\n');
    for file in files {
        let _ = writeln!(text, "{}", look.palette.faint(&printable(&file)));
    }
    text
}

/// One core: what it can do, and its options with their defaults.
pub fn info(flags: &CoreInfoFlags) -> Exit {
    let finder = Finder::new(&flags.folders.core_path);
    let result = match finder.info(&flags.core) {
        Ok(info) => terminal::print(&description(&info, &terminal::look())).map_err(Diagnostics::from),
        Err(error) => Err(faults::of_core(&error)),
    };
    match result {
        Ok(()) => Exit::Success,
        Err(wrong) => {
            terminal::complain(&wrong);
            wrong.exit()
        }
    }
}

fn kind(info: &CoreInfo) -> &'static str {
    match (info.is_layer(), info.capabilities & abi::SIMULATED != 0) {
        (true, true) => "simulated layer",
        (true, false) => "layer",
        (false, true) => "simulated",
        (false, false) => "live",
    }
}

fn description(info: &CoreInfo, look: &Look) -> String {
    let mut text = format!(
        "{} {} · {}\n",
        look.palette.strong(&printable(&info.id)),
        printable(&info.version),
        kind(info)
    );
    for line in wrapped(&printable(&info.summary), 0, look.width) {
        let _ = writeln!(text, "{line}");
    }
    let capabilities = capability_names(info.capabilities);
    let _ = writeln!(text, "\n  file     {}", printable(&info.path.display().to_string()));
    let _ = writeln!(text, "  library  {}, plugin ABI {}.{}", printable(&info.library), info.abi.0, info.abi.1);
    for (place, line) in wrapped(&capabilities.join(" "), 11, look.width).iter().enumerate() {
        let label = if place == 0 { "  can      " } else { "           " };
        let _ = writeln!(text, "{label}{}", line.trim_start());
    }
    if info.panic_aborts {
        let _ = writeln!(text, "  beware   a panic in it ends the whole program");
    }
    let options = options(&info.schema, look);
    if options.is_empty() {
        text.push_str("\nIt has no options.\n");
    } else {
        let _ = write!(text, "\nOptions\n{options}");
    }
    text
}

/// Each option: its name, its default, what it means.
fn options(schema: &Value, look: &Look) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return String::new() };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = String::new();
    for (name, option) in properties {
        let default = match option.get("default") {
            Some(default) => format!(" = {}", shown(default)),
            None if required.contains(&name.as_str()) => " (must be given)".to_owned(),
            None => String::new(),
        };
        let shape = look.palette.faint(&shape(option));
        let name = look.palette.strong(&printable(name));
        let _ = writeln!(text, "  {name}{}  {shape}", printable(&default));
        if let Some(meaning) = option.get("description").and_then(Value::as_str) {
            for line in wrapped(&printable(meaning), 6, look.width) {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text
}

/// A default as it would be written on the command line.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What kind of value an option takes.
fn shape(option: &Value) -> String {
    if let Some(choices) = option.get("enum").and_then(Value::as_array) {
        return choices.iter().map(shown).collect::<Vec<_>>().join(" | ");
    }
    let text = |key| option.get(key).and_then(Value::as_str);
    let shape = text("format").or(text("type")).unwrap_or_default();
    let secret = if option.get("writeOnly") == Some(&Value::Bool(true)) { " (secret)" } else { "" };
    format!("{}{secret}", shape.replace('-', " "))
}
