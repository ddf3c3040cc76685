//! Scripts by name: a copy beside the user or the program, else the one inside the program.

use crate::diagnostics::{Diagnostic, Exit};
use std::path::{Path, PathBuf};

/// The scripts that the program carries.
const EMBEDDED: &[(&str, &str)] = &[("nine_agents", include_str!("../../scripts/nine_agents.rhai"))];

/// A script to be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Script {
    /// A file.
    File(PathBuf),
    /// The program's own copy, and the name it is shown under.
    Embedded {
        /// `nine_agents.rhai`
        name: String,
        /// The script.
        text: &'static str,
    },
}

/// Finds the script that a user means. A name without `/` and without an ending is looked for in `./scripts`,
/// beside the program, in its `../share/mqscript/scripts`, and inside the program.
///
/// # Errors
/// There is no such script.
pub fn find(reference: &str) -> Result<Script, Diagnostic> {
    let here = Path::new(reference);
    let is_name = !reference.contains('/') && here.extension().is_none();
    if !is_name || here.is_file() {
        return Ok(Script::File(here.to_owned()));
    }
    let file = format!("{reference}.rhai");
    if let Some(path) = folders().into_iter().map(|folder| folder.join(&file)).find(|path| path.is_file()) {
        return Ok(Script::File(path));
    }
    match EMBEDDED.iter().find(|(name, _)| *name == reference) {
        Some((_, text)) => Ok(Script::Embedded { name: file, text }),
        None => Err(unknown(reference)),
    }
}

fn folders() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("scripts")];
    let program = std::env::current_exe().ok().and_then(|path| path.canonicalize().ok());
    if let Some(beside) = program.as_deref().and_then(Path::parent) {
        folders.push(beside.join("scripts"));
        folders.push(beside.join("../share/mqscript/scripts"));
    }
    folders
}

fn unknown(reference: &str) -> Diagnostic {
    let known: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
    let near = crate::diagnostics::did_you_mean(reference, known.iter().copied());
    let mut fault = Diagnostic::new(Exit::Script, format!("there is no script `{reference}`"))
        .expected(format!("a file, or one of {}", known.join(", ")));
    if Path::new(reference).is_dir() {
        fault = fault.found("a folder");
    }
    fault
        .help_if(near)
        .help("a name without an ending is a bundled script; a file is written `my.rhai` or `./my`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_told_apart() {
        assert_eq!(find("./x").unwrap(), Script::File("./x".into()));
        assert_eq!(find("x.rhai").unwrap(), Script::File("x.rhai".into()));
        let fault = find("nine_agent").unwrap_err();
        assert_eq!(fault.exit, Exit::Script);
        assert!(fault.help[0].contains("nine_agents"), "{fault:?}");
    }

    #[test]
    fn every_bundled_script_is_found() {
        for (name, _) in EMBEDDED {
            assert!(find(name).is_ok(), "{name}");
        }
    }
}
