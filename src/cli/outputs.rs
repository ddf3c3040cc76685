//! Files that a run leaves behind: refused before the run, written in whole or not at all.

use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const BUFFER_BYTES: usize = 1 << 16;
/// No line of events is longer: contents are bounded.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// A file under construction. It stands under a temporary name in the same folder until [`Output::keep`] moves
/// it to its place in one step; dropped before, it leaves nothing.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    /// `None` for what is no file, such as a pipe: it is written to as it stands.
    temporary: Option<PathBuf>,
    replaces: bool,
    writer: Option<BufWriter<File>>,
}

impl Output {
    /// Checks that `path` can be written and opens it; `flag` is named in errors.
    ///
    /// # Errors
    /// The file exists and `force` is false; it is a folder; its folder is missing or not writable.
    pub fn open(flag: &'static str, path: &Path, force: bool) -> Result<Output, Diagnostics> {
        let refuse = |why: String, help: Option<&str>| {
            let fault = Diagnostic::new(Exit::Usage, format!("`{flag} {}`: {why}", path.display()));
            Diagnostics::from(fault.help_if(help.map(str::to_owned)))
        };
        let cannot = |error: io::Error| refuse(format!("cannot be written: {error}"), None);
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(refuse("is a folder".to_owned(), Some("name a file in it")));
            }
            Ok(found) if !found.is_file() => {
                let file = OpenOptions::new().write(true).open(path).map_err(cannot)?;
                return Ok(Output::new(path, None, force, file));
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
        let temporary = files::beside(path);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary).map_err(cannot)?;
        Ok(Output::new(path, Some(temporary), force, file))
    }

    fn new(path: &Path, temporary: Option<PathBuf>, replaces: bool, file: File) -> Output {
        let writer = Some(BufWriter::with_capacity(BUFFER_BYTES, file));
        Output { path: path.to_owned(), temporary, replaces, writer }
    }

    /// Takes the file over from a process that died while it wrote: from its start again.
    ///
    /// # Errors
    /// The system refuses.
    pub fn start_again(&mut self) -> io::Result<()> {
        match (&mut self.writer, &self.temporary) {
            (Some(writer), Some(_)) => {
                writer.get_ref().set_len(0)?;
                writer.rewind()
            }
            _ => Ok(()),
        }
    }

    /// Takes the file over from a process that died while it wrote: a line that was cut short is taken off.
    ///
    /// # Errors
    /// The system refuses.
    pub fn cut_to_whole_lines(&mut self) -> io::Result<()> {
        let (Some(writer), Some(temporary)) = (&self.writer, &self.temporary) else { return Ok(()) };
        let mut written = File::open(temporary)?;
        let len = written.metadata()?.len();
        let start = len.saturating_sub(LINE_BYTES_MAX);
        written.seek(SeekFrom::Start(start))?;
        let mut end = Vec::new();
        written.read_to_end(&mut end)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(start, |at| start + at as u64 + 1);
        writer.get_ref().set_len(whole)
    }

    /// The names under which it stands, now and later; none if it is no file of ours.
    pub fn places(&self) -> Vec<&Path> {
        self.temporary.as_deref().map(|temporary| vec![self.path.as_path(), temporary]).unwrap_or_default()
    }

    /// Ends the file and moves it to its place.
    ///
    /// # Errors
    /// The disk is full, or without `force` another program has made the file in the meantime.
    pub fn keep(mut self) -> Result<(), Diagnostics> {
        self.finish().map_err(|error| {
            let title = format!("`{}` cannot be written: {error}", self.path.display());
            Diagnostic::new(Exit::Usage, title).into()
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Some(writer) = self.writer.take() {
            writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        }
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
        files::settle(&temporary, &self.path, self.replaces).inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().map_or(Ok(0), |writer| writer.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = fs::remove_file(temporary);
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
        let mut output = Output::open("--output", &path, false).unwrap();
        output.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(output);
        assert!(files(folder.path()).is_empty());

        let mut output = Output::open("--output", &path, false).unwrap();
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
        let fault = Output::open("--output", &path, false).unwrap_err();
        assert!(fault.to_string().contains("is already there") && fault.exit() == Exit::Usage, "{fault}");

        let mut output = Output::open("--output", &path, true).unwrap();
        output.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        output.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(files(folder.path()), ["results.json"]);
    }

    #[test]
    fn a_file_that_came_during_the_run_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let output = Output::open("--output", &path, false).unwrap();
        fs::write(&path, "somebody else's").unwrap();
        assert!(output.keep().is_err());
        assert_eq!(fs::read(&path).unwrap(), b"somebody else's");
        assert_eq!(files(folder.path()), ["results.json"]);
    }

    #[test]
    fn folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("missing/results.json"), "/".into()] {
            let fault = Output::open("--output", &path, true).unwrap_err();
            assert_eq!(fault.exit(), Exit::Usage, "{}", path.display());
        }
    }
}
