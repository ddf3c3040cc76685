//! The folder of a batch: its journal, and a folder for each cell.
//!
//! Every batch has a folder of its own below the output folder, numbered, so that nothing is ever overwritten and no
//! clock is asked. A cell is over when its `cell.json` is there, which is moved to its place in one step; the journal
//! tells what the batch was made of and what happened when, one line of JSON each.
//!
//! *Rationale.* Nothing waits for the disk: what a process has written outlives its death. A power cut may take the last
//! seconds along; an outcome that is not whole then counts as none, and its cell is played again.

use super::outcome::CellOutcome;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::in_words;
use crate::files::keep;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

pub(super) const JOURNAL: &str = "journal.ndjson";
pub(super) const OUTCOME: &str = "cell.json";
pub(super) const LATEST: &str = "latest";
/// The file that holds a cell's results.
pub const RESULTS: &str = "results.json";

/// What a batch was made of when it began: the first line of its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name of the batch.
    pub batch: String,
    /// The version of mqscript.
    pub version: String,
    /// Every cell with its fingerprint.
    pub cells: Vec<(String, String)>,
}

/// A line of the journal behind the first.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum JournalEvent<'a> {
    /// A cell began to play.
    Began {
        /// The name of the cell.
        cell: &'a str,
    },
    /// A cell is over.
    Ended {
        /// The name of the cell.
        cell: &'a str,
        /// The exit code of the cell.
        exit: u8,
        /// Wall time in seconds.
        wall_s: f64,
    },
    /// The batch goes on after it was cut short.
    Resumed,
}

/// The folder of a batch that is being played; nobody else plays one below the same output folder meanwhile.
#[derive(Debug)]
pub struct Folder {
    /// The path of the folder.
    pub path: PathBuf,
    journal: File,
    /// Whether the journal's last line was cut.
    torn: bool,
    _lock: File,
}

impl Folder {
    /// A new folder below `output`, with a journal that begins with `header`.
    ///
    /// # Errors
    /// The output folder is no folder, cannot be written to, or another batch is at work in it.
    pub fn create(output: &Path, header: &Header) -> Result<Folder, Diagnostics> {
        let refused = |error: io::Error| cannot(output, &error);
        fs::create_dir_all(output).map_err(refused)?;
        let lock = lock(output)?;
        let path = numbered(output).map_err(refused)?;
        let begun = || {
            let mut journal = OpenOptions::new().append(true).create_new(true).open(path.join(JOURNAL))?;
            write_line(&mut journal, header)?;
            Ok(journal)
        };
        // A batch that has not begun leaves nothing to go on with.
        let journal = begun().map_err(refused).inspect_err(|_| {
            let _ = fs::remove_dir_all(&path);
        })?;
        point_latest_at(output, &path);
        Ok(Folder { path, journal, torn: false, _lock: lock })
    }

    /// The newest folder below `output`, to go on with, and what its batch was made of.
    ///
    /// # Errors
    /// There is none, its journal cannot be read, or another batch is at work.
    pub fn resume(output: &Path) -> Result<(Folder, Header), Diagnostics> {
        let newest = numbers(output).into_iter().max().map(|number| output.join(named(number)));
        let Some(path) = newest else {
            let fault = Diagnostic::new(Exit::Usage, "there is no batch to go on with");
            return Err(fault.found(format!("no results below `{}`", output.display())).into());
        };
        let lock = lock(output)?;
        let header = header(&path)?;
        let place = path.join(JOURNAL);
        let refused = |error: io::Error| cannot(&path, &error);
        // A journal that was cut in mid-line ends with a line that says nothing.
        let torn = !fs::read(&place).map_err(refused)?.ends_with(b"\n");
        let journal = OpenOptions::new().append(true).open(place).map_err(refused)?;
        let mut folder = Folder { path, journal, torn, _lock: lock };
        folder.note(&JournalEvent::Resumed)?;
        Ok((folder, header))
    }

    /// Writes a line into the journal.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn note(&mut self, event: &JournalEvent<'_>) -> Result<(), Diagnostics> {
        let written = match self.torn {
            true => self.journal.write_all(b"\n").and_then(|()| write_line(&mut self.journal, event)),
            false => write_line(&mut self.journal, event),
        };
        self.torn = written.is_err();
        written.map_err(|error| cannot(&self.path, &error))
    }

    /// The folder of a cell, made if need be: its place in the matrix, and its name as far as file systems like it.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn cell(&self, place: usize, name: &str) -> Result<PathBuf, Diagnostics> {
        let path = self.path.join("cells").join(format!("{:04}-{}", place + 1, slug(name)));
        fs::create_dir_all(&path).map_err(|error| cannot(&path, &error))?;
        Ok(path)
    }

    /// Writes down that a cell is over.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn ended(&mut self, cell: &Path, outcome: &CellOutcome) -> Result<(), Diagnostics> {
        keep(&cell.join(OUTCOME), &serde_json::to_vec(outcome).expect("an outcome is plain data"))
            .map_err(|error| cannot(cell, &error))?;
        let CellOutcome { cell, exit, wall_s, .. } = outcome;
        self.note(&JournalEvent::Ended { cell, exit: *exit, wall_s: *wall_s })
    }
}

/// The outcome of a cell, if it is over.
pub fn outcome(cell: &Path) -> Option<CellOutcome> {
    serde_json::from_slice(&fs::read(cell.join(OUTCOME)).ok()?).ok()
}

/// What the batch in this folder was made of when it began.
///
/// # Errors
/// There is no journal, or it does not say.
pub(super) fn header(folder: &Path) -> Result<Header, Diagnostics> {
    let path = folder.join(JOURNAL);
    let mut first = String::new();
    File::open(&path)
        .and_then(|journal| BufReader::new(journal).read_line(&mut first))
        .map_err(|error| cannot(folder, &error))?;
    serde_json::from_str(&first).map_err(|_| {
        let fault = Diagnostic::new(Exit::Contents, "the batch's journal does not say what it was made of");
        let help = "without `--resume` the batch begins anew, in a folder of its own";
        fault.found(format!("`{}`", path.display())).help(help).into()
    })
}

pub(super) fn write_line(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    file.write_all(&bytes)
}

/// A file of a batch that cannot be written.
pub fn cannot_write(path: &Path, why: impl fmt::Display) -> Diagnostic {
    Diagnostic::new(Exit::Usage, "the batch cannot write its results")
        .found(format!("`{}`: {why}", path.display()))
        .help("what is finished is kept: make room and go on with `--resume`")
}

pub(super) fn cannot(path: &Path, error: &io::Error) -> Diagnostics {
    let mut fault = cannot_write(path, in_words(error));
    match error.kind() {
        io::ErrorKind::StorageFull => {}
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            fault.help = vec!["name a folder that you can write to with `--output`".to_owned()];
        }
        _ => fault.help.clear(),
    }
    fault.into()
}

fn lock(output: &Path) -> Result<File, Diagnostics> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(output.join(".lock"));
    let file = file.map_err(|error| cannot(output, &error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let fault = Diagnostic::new(Exit::Usage, "another batch is at work on this output folder");
            let help = "wait for it, or name another folder with `--output`";
            Err(fault.found(format!("`{}`", output.display())).help(help).into())
        }
        Err(error) => Err(cannot(output, &error.into())),
    }
}

pub(super) fn named(number: u64) -> String {
    format!("{number:04}")
}

/// The numbers of the batches below a folder.
pub(super) fn numbers(output: &Path) -> Vec<u64> {
    let entries = fs::read_dir(output).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn numbered(output: &Path) -> io::Result<PathBuf> {
    let number = numbers(output).into_iter().max().unwrap_or(0) + 1;
    let path = output.join(named(number));
    fs::create_dir(&path)?;
    Ok(path)
}

/// A link is a comfort: a file system without any goes without.
fn point_latest_at(output: &Path, path: &Path) {
    let (link, temporary) = (output.join(LATEST), output.join(".latest"));
    let _ = fs::remove_file(&temporary);
    if let (Some(name), false) = (path.file_name(), link.is_dir() && !link.is_symlink()) {
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink(name, &temporary).and_then(|()| fs::rename(&temporary, &link));
        #[cfg(not(unix))]
        let _ = name;
    }
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' || c == '.' {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(60);
    slug.trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            batch: "b".to_owned(),
            version: "1".to_owned(),
            cells: vec![("a".to_owned(), "1".to_owned())],
        }
    }

    #[test]
    fn every_batch_has_a_folder_of_its_own_and_the_newest_goes_on() {
        let output = tempfile::tempdir().unwrap();
        assert!(Folder::resume(output.path()).is_err());
        let first = Folder::create(output.path(), &header()).unwrap();
        let busy = Folder::create(output.path(), &header()).unwrap_err();
        assert!(format!("{busy:?}").contains("another batch is at work"));
        drop(first);
        let second = Folder::create(output.path(), &header()).unwrap();
        assert!(second.path.ends_with("0002"));
        assert_eq!(fs::read_link(output.path().join(LATEST)).unwrap(), Path::new("0002"));
        drop(second);
        // Cut in mid-line.
        let journal = output.path().join("0002").join(JOURNAL);
        let mut text = fs::read_to_string(&journal).unwrap();
        text.push_str("{\"event\":\"began\",\"ce");
        fs::write(&journal, text).unwrap();
        let (folder, found) = Folder::resume(output.path()).unwrap();
        assert_eq!((found, folder.path.ends_with("0002")), (header(), true));
        drop(folder);
        assert!(fs::read_to_string(&journal).unwrap().ends_with("\n{\"event\":\"resumed\"}\n"));
        fs::write(&journal, "{\"batch\": \"b").unwrap();
        let damaged = Folder::resume(output.path()).unwrap_err();
        assert_eq!(damaged.exit(), Exit::Contents);
    }

    #[test]
    fn a_cell_is_over_when_its_outcome_is_there() {
        let output = tempfile::tempdir().unwrap();
        let mut folder = Folder::create(output.path(), &header()).unwrap();
        let cell = folder.cell(0, "nine agents · mock · rate=20/s").unwrap();
        assert!(cell.ends_with("cells/0001-nine-agents-mock-rate-20-s"), "{}", cell.display());
        assert!(outcome(&cell).is_none());
        let ended = CellOutcome {
            cell: "a".to_owned(),
            labels: Default::default(),
            fingerprint: "1".to_owned(),
            exit: 7,
            wall_s: 0.5,
            timed_out: false,
            summary: Default::default(),
        };
        folder.ended(&cell, &ended).unwrap();
        assert_eq!(outcome(&cell).unwrap().exit(), Exit::CheckFailed);
        let journal = fs::read_to_string(folder.path.join(JOURNAL)).unwrap();
        assert_eq!(journal.lines().last().unwrap(), r#"{"event":"ended","cell":"a","exit":7,"wall_s":0.5}"#);
        let file = output.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(Folder::create(&file, &header()).unwrap_err().exit(), Exit::Usage);
    }
}
