//! `core list` and `core info`; the other commands about cores have files of their own.

use super::core_arguments::{CoreCommand, CoreFolders, CoreInfoFlags};
use super::{core_check, core_new};
use mqscript::cores::{
    CoreInfo, Finder, ListedFile, abi, capability_names, core_info, library_sha256, list_cores_by,
};
use mqscript::diagnostics::{Diagnostics, Exit};
use mqscript::report::Look;
use mqscript::report::printable;
use mqscript::report::text::wrapped;
use mqscript::session::{apart, terminal};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// Does one command about cores.
pub fn command(command: &CoreCommand) -> Exit {
    let wrong = match command {
        CoreCommand::List(folders) => list(folders),
        CoreCommand::Info(flags) => info(flags),
        CoreCommand::New(flags) => core_new::command(flags),
        CoreCommand::Check(flags) => return core_check::command(flags),
    };
    terminal::complain(&wrong);
    wrong.exit()
}

/// All cores that are found, and where; files that cannot be loaded are told as faults.
fn list(flags: &CoreFolders) -> Diagnostics {
    let finder = Finder::new(&flags.core_path);
    let mut wrong = Diagnostics::new();
    // Each in a process of its own: one that crashes or hangs is told, and the list goes on.
    let files = list_cores_by(&finder, |path, load| match apart::cores(&path.display().to_string(), load) {
        Ok((cores, after)) => {
            wrong.append(after);
            Ok(cores)
        }
        Err(faults) => {
            wrong.append(faults);
            Err(())
        }
    });
    let cores: Vec<&CoreInfo> = files.iter().filter_map(|file| file.cores.as_ref().ok()).flatten().collect();
    let text = if cores.is_empty() && wrong.is_empty() {
        let folders =
            finder.folders().map(|folder| format!("  {}\n", printable(&folder.display().to_string())));
        format!("no cores found; looked in\n{}", folders.collect::<String>())
    } else {
        listing(&cores, &files, &terminal::look())
    };
    wrong.append(terminal::print(&text).err().unwrap_or_default());
    wrong
}

/// Each core: its id, version, kind and capabilities, what it is, and its file; then the files that are not used.
fn listing<E>(cores: &[&CoreInfo], files: &[ListedFile<E>], look: &Look) -> String {
    let mut text = String::new();
    for info in cores {
        let able = capability_names(info.capabilities & !(abi::SIMULATED | abi::LAYER));
        let head = format!("{} {} · {}", printable(&info.id), printable(&info.version), kind(info));
        let _ = writeln!(text, "{}", look.palette.strong(&head));
        let path = info.path.display().to_string();
        for line in [&info.summary, &able.join(" "), &path].into_iter().filter(|line| !line.is_empty()) {
            let _ = writeln!(text, "{}", wrapped(&printable(line), 2, look.width).join("\n"));
        }
    }
    for file in files {
        if let Some(winner) = &file.hidden_by
            && !is_same_build(winner, &file.path)
        {
            let [path, winner] = [&file.path, winner].map(|path| printable(&path.display().to_string()));
            let _ = writeln!(
                text,
                "{}",
                look.palette.doubt(&format!("{path} is not used: {winner} comes first"))
            );
        }
    }
    text
}

/// Whether two files are the two places in which one build leaves a library: a folder and its `deps`.
fn is_same_build(one: &Path, other: &Path) -> bool {
    let folder = |path: &Path| {
        let folder = path.parent().unwrap_or(path);
        if folder.ends_with("deps") {
            folder.parent().unwrap_or(folder).to_owned()
        } else {
            folder.to_owned()
        }
    };
    folder(one) == folder(other)
}

/// One core: what it can do, and its options with their defaults.
fn info(flags: &CoreInfoFlags) -> Diagnostics {
    let finder = Finder::new(&flags.folders.core_path).trusting(&flags.core);
    let load = || Ok(vec![core_info(&finder, Path::new(""), &flags.core)?]);
    match apart::cores(&format!("core `{}`", printable(&flags.core)), load) {
        Ok((cores, mut wrong)) => {
            let text: String = cores.iter().map(|info| description(info, &terminal::look())).collect();
            wrong.append(terminal::print(&text).err().unwrap_or_default());
            wrong
        }
        Err(wrong) => wrong,
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
    if let Some(sum) = library_sha256(&info.path) {
        let _ = writeln!(text, "  sha256   {sum}");
    }
    let _ =
        writeln!(text, "  library  {}, plugin ABI {}.{}", printable(&info.library), info.abi.0, info.abi.1);
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
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
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

/// The kind of value that an option takes.
fn shape(option: &Value) -> String {
    if let Some(choices) = option.get("enum").and_then(Value::as_array) {
        return choices.iter().map(shown).collect::<Vec<_>>().join(" | ");
    }
    let text = |key| option.get(key).and_then(Value::as_str);
    let shape = text("format").or(text("type")).unwrap_or_default();
    let secret = if option.get("writeOnly") == Some(&Value::Bool(true)) { " (secret)" } else { "" };
    format!("{}{secret}", shape.replace('-', " "))
}
