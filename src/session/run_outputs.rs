//! The files of one run: opened before it, kept after it.

use super::exports::Exports;
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
    pub report: Option<OutputFile>,
    pub exports: Exports,
}

impl Outputs {
    pub fn files(&self) -> impl Iterator<Item = &OutputFile> {
        [&self.results, &self.events, &self.report].into_iter().flatten().chain(self.exports.files())
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
        let report = open("--report", &paths.report);
        let exports = Exports::open(&paths.exports, paths.force).unwrap_or_else(|faults| {
            wrong.append(faults);
            Exports::default()
        });
        let to_stdout = |output: &Option<OutputFile>| output.as_ref().is_some_and(OutputFile::is_stdout);
        let all = [("--output -", &results), ("--events -", &events), ("--report -", &report)];
        let mut there: Vec<&str> =
            all.iter().filter(|(_, output)| to_stdout(output)).map(|(flag, _)| *flag).collect();
        // The results as JSON are what `--output -` writes.
        if format == Format::Json && !to_stdout(&results) {
            there.push("--format json");
        }
        if let [first, second, ..] = there[..] {
            let title = format!("`{first}` and `{second}` both go to standard output");
            wrong.push(Diagnostic::new(Exit::Usage, title).help("send one of them to a file"));
        }
        if wrong.is_empty() { Ok(Outputs { results, events, report, exports }) } else { Err(wrong) }
    }
}
