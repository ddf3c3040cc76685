//! A program of the user's own: `--processor my_queue.py`, `--send my_send.py`.

use super::plan_arguments::PlanFlags;
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::plan::EXEC;
use mqscript::report::printable;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Endings of programs that an interpreter runs.
const INTERPRETERS: [(&str, &str); 7] = [
    ("py", "python3"),
    ("js", "node"),
    ("mjs", "node"),
    ("rb", "ruby"),
    ("sh", "sh"),
    ("pl", "perl"),
    ("php", "php"),
];

/// The program that the flags name.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    /// Options of the core that serves it, as `--core-option` takes them.
    pub options: Vec<(String, String)>,
}

/// The program that a flag names, if one does.
///
/// # Errors
/// There is no such file, nothing tells how to run it, or other flags say otherwise.
pub fn of_flags(flags: &PlanFlags) -> Result<Option<Program>, Diagnostics> {
    let (flag, mode, file) = match (&flags.processor, &flags.send) {
        (Some(file), _) => ("--processor", "processor", file),
        (None, Some(file)) => ("--send", "send", file),
        (None, None) => return Ok(None),
    };
    if let Some(real) = flags.real.as_deref().filter(|real| *real != EXEC) {
        let fault =
            Diagnostic::new(Exit::Usage, format!("`{flag}` and `--real={real}` both say who delivers"));
        let shown = printable(&file.display().to_string());
        return Err(fault
            .found(format!("`{flag} {shown}`"))
            .expected("one of them, or `--real=exec`")
            .into());
    }
    for key in ["command", "mode"] {
        let said =
            flags.core_options.iter().find(|pair| pair.key == key || pair.key == format!("{EXEC}.{key}"));
        if let Some(pair) = said {
            let title = format!("`{flag}` and `--core-option {}` both say the {key}", pair.key);
            return Err(Diagnostic::new(Exit::Usage, title).expected("one of them").into());
        }
    }
    let command = command(flag, file).map_err(|fault| Diagnostics::from(*fault))?;
    let options = vec![
        (format!("{EXEC}.mode"), mode.to_owned()),
        (format!("{EXEC}.command"), json!(command).to_string()),
    ];
    Ok(Some(Program { options }))
}

/// The words with which the file is run.
fn command(flag: &str, file: &Path) -> Result<Vec<String>, Box<Diagnostic>> {
    let shown = file.display().to_string();
    let fault = |title: String| Diagnostic::new(Exit::Usage, title);
    let printed = printable(&shown);
    let meta = match std::fs::metadata(file) {
        Ok(meta) => meta,
        Err(error) => {
            let why = mqscript::files::in_words(&error);
            let fault = fault(format!("`{flag} {printed}` cannot be read: {why}"));
            let fault = fault.expected("a program, such as my_queue.py").help(
                "the file is looked for from the current folder; `mqscript new --processor` writes one to begin with",
            );
            return Err(fault.into());
        }
    };
    if !meta.is_file() {
        let fault = fault(format!("`{flag} {printed}` is no file"));
        return Err(fault.expected("a program, such as my_queue.py").into());
    }
    let ending = file.extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
    if let Some((_, interpreter)) = INTERPRETERS.iter().find(|(known, _)| *known == ending) {
        return Ok(vec![(*interpreter).to_owned(), shown]);
    }
    if meta.permissions().mode() & 0o111 == 0 {
        let fault = fault(format!("`{flag} {printed}` cannot be run"));
        let fault = fault
            .found("a file that is not executable, and whose ending tells of no interpreter")
            .expected("a program that can be run, or a file that ends in .py, .js, .rb, .sh, .pl or .php")
            .help(format!(
                "`chmod +x {printed}`; or say how: --core exec --core-option command='PROGRAM {printed}'"
            ));
        return Err(fault.into());
    }
    Ok(vec![if shown.contains('/') { shown } else { format!("./{shown}") }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    #[test]
    fn the_ending_or_the_permission_says_how_a_program_is_run() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, mode: u32| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let python = file("queue.py", 0o644);
        let text = |path: &Path| path.display().to_string();
        assert_eq!(command("--processor", &python).unwrap(), ["python3".to_owned(), text(&python)]);
        let own = file("queue", 0o755);
        assert_eq!(command("--processor", &own).unwrap(), [text(&own)]);
        let title = |path: &Path| command("--send", path).unwrap_err().title;
        assert!(title(&file("queue.txt", 0o644)).ends_with("cannot be run"));
        assert!(title(&folder.path().join("none.py")).contains("cannot be read"));
        assert!(title(folder.path()).ends_with("is no file"));
    }
}
