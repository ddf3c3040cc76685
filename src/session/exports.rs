//! Files in the formats of other tools: opened before a run, written after it.

use super::outputs::OutputFile;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::export::{CsvTable, interval_log, openmetrics, tables};
use crate::files::in_words;
use crate::results::Run;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The files in which other tools find the results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportPaths {
    /// The interval log of HdrHistogram.
    pub hdr: Option<PathBuf>,
    /// OpenMetrics text, for a collector of text files.
    pub metrics: Option<PathBuf>,
    /// The folder for tidy CSV tables.
    pub csv: Option<PathBuf>,
}

/// The same files, open.
#[derive(Debug, Default)]
pub struct Exports {
    hdr: Option<OutputFile>,
    metrics: Option<OutputFile>,
    /// Each table of the folder by its name.
    csv: Vec<(&'static str, OutputFile)>,
}

impl Exports {
    /// Opens the files; the folder is made if it is missing.
    ///
    /// # Errors
    /// One of them cannot be written, or is there and `force` is false.
    pub fn open(paths: &ExportPaths, force: bool) -> Result<Exports, Diagnostics> {
        let mut wrong = Diagnostics::new();
        let mut kept =
            |opened: Result<OutputFile, Diagnostics>| opened.map_err(|fault| wrong.append(fault)).ok();
        let mut open =
            |flag, path: Option<&Path>| path.and_then(|path| kept(OutputFile::open(flag, path, force)));
        let hdr = open("--hdr", paths.hdr.as_deref());
        let metrics = open("--metrics", paths.metrics.as_deref());
        let mut csv = Vec::new();
        if let Some(folder) = &paths.csv {
            if let Err(error) = fs::create_dir_all(folder) {
                let title =
                    format!("`--csv {}`: the folder cannot be made: {}", folder.display(), in_words(&error));
                wrong.push(Diagnostic::new(Exit::Usage, title).help("choose another name"));
            } else {
                for table in tables(&[]) {
                    let path = folder.join(format!("{}.csv", table.name));
                    csv.extend(open("--csv", Some(&path)).map(|file| (table.name, file)));
                }
            }
        }
        if wrong.is_empty() { Ok(Exports { hdr, metrics, csv }) } else { Err(wrong) }
    }

    /// The files themselves, in order.
    pub fn files(&self) -> impl Iterator<Item = &OutputFile> {
        self.hdr.iter().chain(&self.metrics).chain(self.csv.iter().map(|(_, file)| file))
    }

    /// The same, to be changed.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut OutputFile> {
        self.hdr.iter_mut().chain(&mut self.metrics).chain(self.csv.iter_mut().map(|(_, file)| file))
    }

    /// Writes the results of these runs: the lines that say so, and what could not be written.
    pub fn keep(self, runs: &[Run]) -> (Vec<String>, Diagnostics) {
        let (mut saved, mut unwritten) = (Vec::new(), Diagnostics::new());
        let mut write = |file: OutputFile, text: &str| match save_text(file, text) {
            Ok(said) => saved.extend(said),
            Err(faults) => unwritten.append(faults),
        };
        if let Some(file) = self.metrics {
            write(file, &openmetrics(runs));
        }
        if !self.csv.is_empty() {
            let told = tables(runs);
            let text = |name: &str| {
                told.iter().find(|table: &&CsvTable| table.name == name).map_or("", |table| &table.text)
            };
            self.csv.into_iter().for_each(|(name, file)| write(file, text(name)));
        }
        if let Some(file) = self.hdr {
            match interval_log(runs) {
                Ok(text) => write(file, &text),
                Err(error) => {
                    let title = format!("`--hdr`: a distribution of the results is damaged: {error}");
                    unwritten.push(Diagnostic::new(Exit::Contents, title));
                }
            }
        }
        (saved, unwritten)
    }
}

/// Writes a text where it was asked for. Gives the line that says so, where it is a file.
///
/// # Errors
/// The disk is full, or another program has made the file in the meantime.
pub fn save_text(mut output: OutputFile, text: &str) -> Result<Option<String>, Diagnostics> {
    output.write_all(text.as_bytes()).map_err(|error| {
        Diagnostic::new(Exit::Usage, format!("the results cannot be written: {}", in_words(&error)))
    })?;
    output.keep()
}
