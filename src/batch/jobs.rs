//! From cells to what is played.

use super::{BatchFile, MatrixCell};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::in_words;
use crate::plan::Overrides;
use crate::plan::tree::{TreeNode, Written};
use crate::script::Comparing;
use crate::session::{Invocation, OutputPaths};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A cell, and what is played for it.
#[derive(Debug, Clone)]
pub(super) struct CellJob {
    pub cell: MatrixCell,
    /// Its place in the matrix, from 0.
    pub place: usize,
    pub invocation: Invocation,
}

impl CellJob {
    /// Makes the job of a cell of this file.
    pub fn of(file: &BatchFile, cell: MatrixCell, core_path: &[PathBuf], known_flags: &[String]) -> CellJob {
        let invocation = Invocation {
            overrides: Overrides {
                seed: Some(file.seed),
                set: cell.set.clone(),
                core: cell.core.clone().map(|core| from(&file.folder, core)),
                checks: file.checks.clone(),
                ..Overrides::default()
            },
            params: cell.params.clone(),
            core_path: core_path.to_vec(),
            known_flags: known_flags.to_vec(),
            comparing: Comparing {
                repeats: (file.repeats > 1).then_some(file.repeats),
                ..Comparing::default()
            },
            // Of the batch, which sets it.
            hang_timeout: Duration::MAX,
            outputs: OutputPaths { force: true, ..OutputPaths::default() },
            quiet: true,
            ..Invocation::of(script(&file.folder, &cell.script))
        };
        CellJob { place: cell.place, cell, invocation }
    }
}

/// A path is relative to the batch file; a bare name may be that of a bundled script.
fn script(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    if name.contains('/') || path.is_file() { path.display().to_string() } else { name.to_owned() }
}

/// A core's file is relative to the batch file.
fn from(folder: &Path, mut core: TreeNode) -> TreeNode {
    let absolute = |node: &mut TreeNode| {
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
