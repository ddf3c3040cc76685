//! Which script a user means.

use super::repeat::quoted;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::report::printable;
use crate::script::Source;
use std::path::{Path, PathBuf};

/// The script that a user means. A name without `/` and without an ending is looked for in `./scripts`, beside the
/// program, in its `../share/mqscript/scripts`, and inside the program.
///
/// # Errors
/// There is no such script, or it cannot be read.
pub fn find_script(reference: &str) -> Result<Source, Diagnostics> {
    let here = Path::new(reference);
    if matches!(here.extension().and_then(std::ffi::OsStr::to_str), Some("yaml" | "yml")) && here.is_file() {
        let title = format!("`{}` is no script but YAML", printable(reference));
        let fault = Diagnostic::new(Exit::Script, title).expected("a script, which ends in `.rhai`");
        let fault = fault.help(format!("a batch file is played by `mqscript batch {}`", quoted(reference)));
        return Err(fault.help("a scenario is played by a script: `run(load(\"FILE.yaml\"));`").into());
    }
    let is_name = !reference.contains('/') && here.extension().is_none();
    if is_name && !here.is_file() {
        let file = format!("{reference}.rhai");
        let mut paths = script_folders().into_iter().map(|folder| folder.join(&file));
        if let Some(path) = paths.find(|path| path.is_file()) {
            return Source::read(&path).map_err(|fault| (*fault).into());
        }
        if let Some(bundled) = Source::bundled(reference) {
            return Ok(bundled);
        }
    }
    Source::read(here).map_err(|fault| (*fault).into())
}

fn script_folders() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("scripts")];
    let program = std::env::current_exe().ok().and_then(|path| path.canonicalize().ok());
    if let Some(beside) = program.as_deref().and_then(Path::parent) {
        folders.push(beside.join("scripts"));
        folders.push(beside.join("../share/mqscript/scripts"));
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_told_apart() {
        assert!(find_script("nine_agents").is_ok());
        for missing in ["nine_agent", "./nine_agents", "nine_agents.rhai"] {
            assert_eq!(find_script(missing).unwrap_err().exit(), Exit::Script, "{missing}");
        }
    }
}
