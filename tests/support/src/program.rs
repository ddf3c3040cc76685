//! The program as its users meet it: a process with arguments, two streams and an exit code.

use crate::exec::there_is;
use crate::place;
use std::process::{Command, Output, Stdio};

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it told.
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        Ended {
            code: output.status.code().expect("not ended by a signal"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on stdout"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on stderr"),
        }
    }
}

/// The program, not started yet, in the repository's folder and in a known environment.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(place::program());
    command.args(arguments).current_dir(place::repository()).stdin(Stdio::null());
    for variable in ["MQSCRIPT_SEED", "MQSCRIPT_CORE_PATH", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the program to its end.
pub fn mqscript(arguments: &[&str]) -> Ended {
    command(arguments).output().expect("the program starts").into()
}

/// Compares a text with a file under `tests/golden`; with `UPDATE_GOLDEN=1` writes the file.
pub fn golden(name: &str, text: &str) {
    let path = place::repository().join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{name} differs (UPDATE_GOLDEN=1 accepts it):\n{text}");
}

/// Whether python3 is there; where it is not, says that something is skipped, or fails where nothing may be.
pub fn there_is_python() -> bool {
    there_is("python3")
}

/// A folder that goes away with the test.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
