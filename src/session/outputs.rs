//! Files that a run leaves behind: refused before the run, written in whole or not at all.

use super::terminal;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files;
use crate::files::in_words;
use crate::files::keeper::{self, KeptFile};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const BUFFER_BYTES: usize = 1 << 16;
/// No line of events is longer: contents are bounded.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// What stands for standard output where a file is asked for.
pub const STDOUT: &str = "-";

/// Whether what a flag names is standard output: `-`, or the name that the system has for it.
pub fn is_stdout(path: &Path) -> bool {
    [STDOUT, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Two flags that name the same file, which would take both; each flag with the file that it names.
pub fn same_file(named: &[(&str, Option<&Path>)]) -> Option<Diagnostic> {
    let named: Vec<(&str, &Path)> = named.iter().filter_map(|(flag, path)| Some((*flag, (*path)?))).collect();
    let others = |place: usize| named[place + 1..].iter();
    named.iter().enumerate().find_map(|(place, one)| others(place).find_map(|other| same(*one, *other)))
}

fn same((flag, output): (&str, &Path), (other_flag, events): (&str, &Path)) -> Option<Diagnostic> {
    let plain = |path: &Path| !is_stdout(path) && fs::metadata(path).map_or(true, |found| found.is_file());
    let whole = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        path.canonicalize().ok().or_else(|| Some(folder.canonicalize().ok()?.join(path.file_name()?)))
    };
    if !plain(output) || !plain(events) || whole(output)? != whole(events)? {
        return None;
    }
    let fault = Diagnostic::new(Exit::Usage, format!("`{flag}` and `{other_flag}` name the same file"));
    Some(fault.found(format!("`{}`", output.display())).expected("a file for each of them"))
}

/// A file under construction. It stands under a temporary name in the same folder until [`OutputFile::keep`] moves
/// it to its place in one step; dropped before, it leaves nothing.
#[derive(Debug)]
pub struct OutputFile {
    /// The path, as it was asked for.
    said: PathBuf,
    place: Destination,
    writer: Option<BufWriter<Sink>>,
}

/// The place where the file will stand.
#[derive(Debug)]
enum Destination {
    /// What is no plain file, such as a pipe or standard output: it is written to as it stands.
    AsItStands,
    /// A file, by its whole path, whatever becomes of the working folder; and where it stands meanwhile.
    File { path: PathBuf, temporary: Option<PathBuf>, replaces: bool },
}

#[derive(Debug)]
enum Sink {
    Stdout,
    File(KeptFile),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Stdout => terminal::write_result(bytes).map(|()| bytes.len()),
            Sink::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OutputFile {
    /// Checks that `path` can be written and opens it; `flag` is named in errors.
    ///
    /// # Errors
    /// The file exists and `force` is false; it is a folder; its folder is missing or not writable.
    pub fn open(flag: &'static str, path: &Path, force: bool) -> Result<OutputFile, Diagnostics> {
        let refuse = |why: String, help: Option<&str>| {
            let fault = Diagnostic::new(Exit::Usage, format!("`{flag} {}`: {why}", path.display()));
            Diagnostics::from(fault.help_if(help.map(str::to_owned)))
        };
        let cannot = |error: io::Error| refuse(format!("cannot be written: {}", in_words(&error)), None);
        if is_stdout(path) {
            return Ok(OutputFile::new(path, Destination::AsItStands, Sink::Stdout));
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(refuse("is a folder".to_owned(), Some("name a file in it")));
            }
            // Also what stands under a descriptor's name: to replace a link such as `/dev/fd/3` is not to write there.
            Ok(found) if !found.is_file() || is_descriptor(path) => {
                let file = OpenOptions::new().append(true).open(path).map_err(cannot)?;
                return Ok(OutputFile::new(path, Destination::AsItStands, Sink::File(KeptFile::new(file))));
            }
            Ok(_) if !force => {
                let help = "choose another name, or say `--force` to replace it";
                return Err(refuse("is already there".to_owned(), Some(help)));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot(error)),
        }
        if path.file_name().is_none() {
            return Err(refuse("does not name a file".to_owned(), None));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(refuse(format!("there is no folder `{}`", folder.display()), Some("make it first")));
        }
        // A link to a file that is replaced stays, and the file that it leads to is replaced.
        let whole = path.canonicalize().or_else(|_| std::path::absolute(path)).map_err(cannot)?;
        let (temporary, file) = files::begin(&whole, files::mode_of(&whole)).map_err(cannot)?;
        files::dress_like(&file, &whole);
        let place = Destination::File { path: whole, temporary: Some(temporary), replaces: force };
        Ok(OutputFile::new(path, place, Sink::File(KeptFile::new(file))))
    }

    fn new(said: &Path, place: Destination, sink: Sink) -> OutputFile {
        let writer = Some(BufWriter::with_capacity(BUFFER_BYTES, sink));
        OutputFile { said: said.to_owned(), place, writer }
    }

    fn file(&self) -> Option<&KeptFile> {
        match self.writer.as_ref()?.get_ref() {
            Sink::File(file) => Some(file),
            Sink::Stdout => None,
        }
    }

    /// Whether it is standard output.
    pub fn is_stdout(&self) -> bool {
        is_stdout(&self.said)
    }

    /// Closes the file everywhere but where no core comes to it: once, after the keeper was started.
    pub fn keep_apart(&self) {
        if let Some(file) = self.file() {
            file.keep_apart();
        }
    }

    /// Takes the file over from a process that died while it wrote: from its start again.
    ///
    /// # Errors
    /// The system refuses.
    pub fn start_again(&mut self) -> io::Result<()> {
        match (self.file(), &self.place) {
            (Some(file), Destination::File { .. }) => {
                file.file().set_len(0)?;
                file.file().rewind()
            }
            _ => Ok(()),
        }
    }

    /// Takes the file over from a process that died while it wrote: a line that was cut short is taken off.
    ///
    /// # Errors
    /// The system refuses.
    pub fn cut_to_whole_lines(&mut self) -> io::Result<()> {
        let (Some(file), Destination::File { .. }) = (self.file(), &self.place) else { return Ok(()) };
        let mut written: &File = file.file();
        let len = written.metadata()?.len();
        let start = len.saturating_sub(LINE_BYTES_MAX);
        written.seek(SeekFrom::Start(start))?;
        let mut end = Vec::new();
        written.read_to_end(&mut end)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(start, |at| start + at as u64 + 1);
        written.set_len(whole)?;
        written.seek(SeekFrom::Start(whole)).map(drop)
    }

    /// The names under which it stands, now and later; none if it is no file of ours.
    pub fn places(&self) -> Vec<&Path> {
        match &self.place {
            Destination::File { path, temporary: Some(temporary), .. } => vec![path, temporary],
            _ => Vec::new(),
        }
    }

    /// Ends the file and moves it to its place. Gives the line that says so, where it is a file.
    ///
    /// # Errors
    /// The disk is full, or without `force` another program has made the file in the meantime.
    pub fn keep(mut self) -> Result<Option<String>, Diagnostics> {
        let said = self.said.display().to_string();
        match self.finish() {
            Ok(()) => Ok((!self.is_stdout()).then(|| format!("saved {}", crate::report::printable(&said)))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let title =
                    format!("`{said}` cannot be written: another file has come there in the meantime");
                Err(Diagnostic::new(Exit::Usage, title)
                    .help("choose another name, or say `--force` to replace it")
                    .into())
            }
            Err(error) => {
                let title = format!("`{said}` cannot be written: {}", in_words(&error));
                Err(Diagnostic::new(Exit::Usage, title).into())
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Some(writer) = self.writer.take() {
            writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        }
        let Destination::File { path, temporary, replaces } = &mut self.place else { return Ok(()) };
        let Some(temporary) = temporary.take() else { return Ok(()) };
        let (path, replaces) = (path.clone(), *replaces);
        keeper::at(move || {
            files::settle(&temporary, &path, replaces).inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            })
        })
    }
}

/// Whether a path is one of the names that the system has for open descriptors.
fn is_descriptor(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text == "/dev/stderr"
        || text.starts_with("/dev/fd/")
        || text.starts_with("/proc/") && text.contains("/fd/")
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().map_or(Ok(0), |writer| writer.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Destination::File { temporary, .. } = &mut self.place
            && let Some(temporary) = temporary.take()
        {
            let _ = keeper::at(move || fs::remove_file(temporary));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let mut output = OutputFile::open("--output", &path, false).unwrap();
        output.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(output);
        assert!(files(folder.path()).is_empty());

        let mut output = OutputFile::open("--output", &path, false).unwrap();
        output.write_all(b"whole").unwrap();
        output.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(files(folder.path()), ["results.json"]);
    }

    #[test]
    fn what_is_there_stays_without_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        fs::write(&path, "old").unwrap();
        let fault = OutputFile::open("--output", &path, false).unwrap_err();
        assert!(fault.to_string().contains("is already there") && fault.exit() == Exit::Usage, "{fault}");

        let mut output = OutputFile::open("--output", &path, true).unwrap();
        output.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        output.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(files(folder.path()), ["results.json"]);
    }

    #[test]
    fn results_and_events_do_not_go_into_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let (one, way_round) = (folder.path().join("q.json"), folder.path().join("./q.json"));
        let told = |output: &Path, events: &Path| {
            same_file(&[("--output", Some(output)), ("--report", None), ("--events", Some(events))]).is_some()
        };
        assert!(told(&one, &one) && told(&one, &way_round));
        assert!(!told(&one, &folder.path().join("events.jsonl")));
        assert!(
            !told(Path::new("/dev/null"), Path::new("/dev/null")) && !told(Path::new("-"), Path::new("-"))
        );
        assert!(same_file(&[("--output", Some(&one)), ("--events", None)]).is_none());
    }

    #[test]
    fn a_file_that_came_during_the_run_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let output = OutputFile::open("--output", &path, false).unwrap();
        fs::write(&path, "somebody else's").unwrap();
        let told = output.keep().unwrap_err().to_string();
        assert!(told.contains("in the meantime") && !told.contains("os error"), "{told}");
        assert_eq!(fs::read(&path).unwrap(), b"somebody else's");
        assert_eq!(files(folder.path()), ["results.json"]);
    }

    #[test]
    fn folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("missing/results.json"), "/".into()] {
            let fault = OutputFile::open("--output", &path, true).unwrap_err();
            assert_eq!(fault.exit(), Exit::Usage, "{}", path.display());
        }
    }
}
