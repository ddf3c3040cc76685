//! From cells to what is played: the flags that would be typed for each.

use super::super::arguments::{CompareSettings, Format, PlanFlags, RunFlags};
use super::super::values::{KeyValue, Seed};
use crate::batch::{BatchFile, Cell};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::in_words;
use crate::plan::tree::{Node, Written};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A cell and the flags of its run.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub cell: Cell,
    /// Its place in the matrix, from 0.
    pub place: usize,
    pub flags: RunFlags,
}

impl Job {
    pub fn of(file: &BatchFile, cell: Cell, core_path: &[PathBuf]) -> Job {
        let pair = |(key, value): &(String, String)| KeyValue { key: key.clone(), value: value.clone() };
        let plan = PlanFlags {
            params: cell.params.iter().map(pair).collect(),
            set: cell.set.iter().map(pair).collect(),
            seed: Some(Seed::Number(file.seed)),
            session_core: cell.core.clone().map(|core| from(&file.folder, core)),
            checks: file.checks.clone(),
            core_path: core_path.to_vec(),
            ..PlanFlags::default()
        };
        let flags = RunFlags {
            script: script(&file.folder, &cell.script),
            plan,
            // Of the batch, which sets it.
            hang_timeout: Duration::MAX,
            in_process: false,
            repeats: (file.repeats > 1).then_some(file.repeats),
            compare: None,
            comparing: CompareSettings::default(),
            output: None,
            events: None,
            format: Format::Text,
            force: true,
            verbose: false,
            quiet: true,
            side_by_side: None,
            block: None,
        };
        Job { place: cell.place, cell, flags }
    }
}

/// A path is relative to the batch file; a bare name may be that of a bundled script.
fn script(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    if name.contains('/') || path.is_file() { path.display().to_string() } else { name.to_owned() }
}

/// A core's file is relative to the batch file.
fn from(folder: &Path, mut core: Node) -> Node {
    let absolute = |node: &mut Node| {
        if let Written::Text(text) = &node.value
            && text.contains('/')
            && let Ok(path) = std::path::absolute(folder.join(text))
        {
            node.value = Written::Text(path.display().to_string());
        }
    };
    absolute(&mut core);
    for key in ["core", "layer"] {
        if let Some(node) = core.get_mut(key) {
            absolute(node);
        }
    }
    if let Some(inner) = core.get_mut("over") {
        *inner = from(folder, inner.clone());
    }
    core
}

/// Runs the shell commands of `setup` or `cleanup`, in the batch file's folder.
///
/// # Errors
/// One of them fails: those behind it are not run.
pub(super) fn shell(file: &BatchFile, key: &str, commands: &[String]) -> Result<(), Diagnostics> {
    for command in commands {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).stdin(Stdio::null());
        if !file.folder.as_os_str().is_empty() {
            shell.current_dir(&file.folder);
        }
        let fault = Diagnostic::new(Exit::Usage, format!("a command of `{key}` failed"));
        let fault = fault.note(format!("`{command}`"));
        match shell.status() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(fault.found(status.to_string()).into()),
            Err(error) => return Err(fault.found(in_words(&error)).into()),
        }
    }
    Ok(())
}
