//! The place of the queue's file, and whether the file stays.

use crate::lock::{Lock, beside};
use crate::options::Settings;
use mqscript_plugin::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The place of the file, reserved for this run.
#[derive(Debug)]
pub struct Place {
    file: PathBuf,
    /// Whether the file stays after the run.
    keeps: bool,
    /// Whether the file was made by this run and is not a queue yet.
    fresh: bool,
    /// The temporary folder that was made for the file.
    folder: Option<TempDir>,
    /// A folder made for one run needs no lock.
    _lock: Option<Lock>,
}

impl Place {
    /// Finds or makes the place that the options name. Fails if it cannot be made or is locked.
    pub fn take(settings: &Settings) -> Result<Place, Error> {
        match &settings.path {
            Some(path) => Place::named(Path::new(path), settings.keep.unwrap_or(true)),
            None => Place::temporary(settings.keep.unwrap_or(false)),
        }
    }

    fn temporary(keeps: bool) -> Result<Place, Error> {
        let made = tempfile::Builder::new().prefix("mqscript-").tempdir().map_err(|error| {
            let at = std::env::temp_dir();
            Error::new(
                Status::IO,
                format!(
                    "{}: no temporary folder can be made there: {error}; name a file by `path`",
                    at.display()
                ),
            )
        })?;
        Ok(Place { file: made.path().join("queue.db"), keeps, fresh: false, folder: Some(made), _lock: None })
    }

    fn named(path: &Path, keeps: bool) -> Result<Place, Error> {
        let file = whole(path)?;
        let at = file.display();
        match fs::metadata(&file) {
            Ok(found) if found.is_dir() => {
                let inside = file.join("queue.db");
                return Err(Error::config(format!(
                    "`path`: {at} is a folder; name a file, such as {}",
                    inside.display()
                )));
            }
            Ok(found) if !found.is_file() => {
                return Err(Error::config(format!(
                    "`path`: {at} is no plain file; name one, or one to be made"
                )));
            }
            Ok(found) if !keeps && found.len() > 0 => {
                return Err(Error::config(format!(
                    "`keep: false` would remove {at}, which was there before this run; leave `keep` out, or name \
                     a file that is not there"
                )));
            }
            _ => {}
        }
        let lock = Lock::take(&file)?;
        let fresh = !file.exists();
        Ok(Place { file, keeps, fresh, folder: None, _lock: Some(lock) })
    }

    /// The path of the queue's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether the file stays after the run.
    pub fn keeps(&self) -> bool {
        self.keeps
    }

    /// Whether the file was made for this run in a temporary folder.
    pub fn is_temporary(&self) -> bool {
        self.folder.is_some()
    }

    /// Notes that the file is a queue now.
    pub fn has_become_a_queue(&mut self) {
        self.fresh = false;
    }

    /// Removes what does not stay, after the run, when the file is closed.
    pub fn leave(&mut self) -> Result<(), Error> {
        let failed = |path: &Path, error: std::io::Error| {
            Error::new(Status::IO, format!("{} cannot be removed: {error}", path.display()))
        };
        match (self.folder.take(), self.keeps) {
            (Some(folder), true) => drop(folder.keep()),
            (Some(folder), false) => {
                let path = folder.path().to_owned();
                folder.close().map_err(|error| failed(&path, error))?;
            }
            (None, true) => {}
            (None, false) => {
                remove_with_log(&self.file).map_err(|(path, error)| failed(&path, error))?;
            }
        }
        Ok(())
    }

    /// Whether the file lies in memory, so that a flush costs nothing and proves nothing.
    #[cfg(target_os = "linux")]
    pub fn is_in_memory(&self) -> bool {
        const TMPFS: i128 = 0x0102_1994;
        const RAMFS: i128 = 0x8584_58f6;
        let kind = self.file.parent().and_then(|folder| rustix::fs::statfs(folder).ok());
        kind.is_some_and(|kind| [TMPFS, RAMFS].contains(&(kind.f_type as i128)))
    }

    /// Whether the file lies in memory: not known on this system.
    #[cfg(not(target_os = "linux"))]
    pub fn is_in_memory(&self) -> bool {
        false
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A file that never became a queue is removed.
        if self.fresh {
            let _ = remove_with_log(&self.file);
        }
    }
}

/// Removes a database and SQLite's files beside it, as far as they exist.
fn remove_with_log(file: &Path) -> Result<(), (PathBuf, std::io::Error)> {
    for path in ["", "-wal", "-shm"].map(|ending| beside(file, ending)) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err((path, error)),
            _ => {}
        }
    }
    Ok(())
}

/// The full path with all links resolved: each file has one name, and so one lock.
fn whole(path: &Path) -> Result<PathBuf, Error> {
    let path = std::path::absolute(path)
        .map_err(|error| Error::config(format!("`path`: {}: {error}", path.display())))?;
    if let Ok(there) = path.canonicalize() {
        return Ok(there);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::config(format!("`path`: {} names no file", path.display())));
    };
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() => Ok(folder.join(name)),
        Ok(_) => Err(Error::config(format!(
            "`path`: {}: {} is no folder, so no file can be made in it; name another",
            path.display(),
            folder.display()
        ))),
        Err(error) => Err(Error::config(format!(
            "`path`: {}: its folder cannot be reached ({error}); make it first, or name another",
            path.display(),
        ))),
    }
}
