//! The files of one run: opened before it, kept after it.

use super::invocation::{Format, OutputPaths};
use super::outputs::OutputFile;
use crate::diagnostics::Exit;
use crate::diagnostics::{Diagnostic, Diagnostics};
use std::path::PathBuf;

/// The files that a run leaves behind.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    pub results: Option<OutputFile>,
    pub events: Option<OutputFile>,
}

impl Outputs {
    pub fn files(&self) -> impl Iterator<Item = &OutputFile> {
        [&self.results, &self.events].into_iter().flatten()
    }

    /// Whether one of them is standard output: then nothing else goes there.
    pub fn take_stdout(&self) -> bool {
        self.files().any(OutputFile::is_stdout)
    }

    /// Opens the files before anything is played.
    ///
    /// # Errors
    /// One cannot be written, or two go to standard output.
    pub fn open(paths: &OutputPaths, format: Format) -> Result<Outputs, Diagnostics> {
        let mut wrong = Diagnostics::new();
        let mut open = |flag, path: &Option<PathBuf>| {
            let opened = path.as_deref().map(|path| OutputFile::open(flag, path, paths.force)).transpose();
            opened.unwrap_or_else(|fault| {
                wrong.append(fault);
                None
            })
        };
        let results = open("--output", &paths.results);
        let events = open("--events", &paths.events);
        let both = |flags: [&str; 2]| {
            let title = format!("`{}` and `{}` both go to standard output", flags[0], flags[1]);
            Diagnostic::new(Exit::Usage, title).help("send one of them to a file")
        };
        let to_stdout = |output: &Option<OutputFile>| output.as_ref().is_some_and(OutputFile::is_stdout);
        if to_stdout(&results) && to_stdout(&events) {
            wrong.push(both(["--output -", "--events -"]));
        } else if to_stdout(&events) && format == Format::Json {
            wrong.push(both(["--events -", "--format json"]));
        }
        if wrong.is_empty() { Ok(Outputs { results, events }) } else { Err(wrong) }
    }
}
