//! A virtual environment of Python with libraries from its package index.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether a command ends well; if not, what it said.
///
/// # Errors
/// It does not start, or ends with another code than 0.
pub fn done(command: &mut Command) -> Result<(), String> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// The folder of an environment's programs, with the libraries that the file `requirements` names. It is made at `place`
/// once, and again when other versions are asked for.
///
/// # Errors
/// There is no Python, or the libraries cannot be had.
pub fn environment(place: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let has = place.join("requirements.txt");
    let asked = fs::read_to_string(requirements).unwrap();
    if fs::read_to_string(&has).is_ok_and(|has| has == asked) {
        return Ok(place.join("bin"));
    }
    let _ = fs::remove_dir_all(place);
    done(Command::new("python3").args(["-m", "venv"]).arg(place))?;
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    done(Command::new(place.join("bin/python3")).args(quiet).arg(requirements))?;
    fs::write(&has, asked).unwrap();
    Ok(place.join("bin"))
}

/// Says why something is skipped; `MQSCRIPT_NO_SKIP` does not allow it.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "nothing may be skipped: {why}");
    println!("skipped: {why}");
}
