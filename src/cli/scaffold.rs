//! Making a folder with files in it: what `new` and `core new` share.

use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::files::in_words;
use mqscript::report::printable;
use mqscript::session::outputs::is_stdout;
use std::fs;
use std::io;
use std::path::Path;

/// A file to be written: its path inside the folder, and its text.
pub(super) type NewFile = (String, String);

pub(super) fn usage(title: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Exit::Usage, title)
}

/// Writes the files into a folder that is not there yet; on a failure nothing stays of it.
///
/// # Errors
/// Something of that name is there, or cannot be written.
pub(super) fn write(folder: &Path, files: &[NewFile]) -> Result<(), Diagnostics> {
    let shown = printable(&folder.display().to_string());
    if is_stdout(folder) {
        return Err(usage(format!("`{shown}` is no folder"))
            .help("name a folder: many files are made")
            .into());
    }
    if folder.symlink_metadata().is_ok() {
        return Err(usage(format!("`{shown}` is already there, and nothing is ever overwritten"))
            .help("name another folder after the name, or move that one away")
            .into());
    }
    let cannot = |error: io::Error| {
        Diagnostics::from(usage(format!("`{shown}` cannot be written: {}", in_words(&error))))
    };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(cannot)?;
    }
    fs::create_dir(folder).map_err(cannot)?;
    let written = files.iter().try_for_each(|(path, text)| {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)
    });
    written.map_err(|error| {
        let _ = fs::remove_dir_all(folder);
        cannot(error)
    })
}

/// The folder, what it is, and the files in it, a line each.
pub(super) fn listed(folder: &Path, what: &str, files: &[NewFile]) -> String {
    let paths: String = files.iter().map(|(path, _)| format!("  {path}\n")).collect();
    format!("{}: {what}\n{paths}", printable(&folder.display().to_string()))
}
