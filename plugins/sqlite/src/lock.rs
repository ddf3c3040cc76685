//! Allows only one run at a time on one file.
//!
//! *Rationale.* SQLite's own locks last as long as a transaction; between two, another run could read the same
//! messages and hand them out a second time. A lock on a file beside the queue lasts as long as the run, and the system
//! lets go of it however the process ends. The queue itself stays readable for the `sqlite3` shell meanwhile.

use mqscript_plugin::prelude::*;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A lock that is held as long as the value lives. Its file is removed with it.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes the lock of the queue in `queue`, without waiting. Fails if another run holds it.
    pub fn take(queue: &Path) -> Result<Lock, Error> {
        let path = beside(queue, "-lock");
        loop {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&path)
                .map_err(|error| cannot(queue, &error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(queue, &mut file)),
                Err(TryLockError::Error(error)) => return Err(cannot(queue, &error)),
            }
            // Another run may have removed the file after we opened it and before we locked it.
            if is_at(&file, &path) {
                let mut lock = Lock { path, file };
                lock.sign().map_err(|error| cannot(queue, &error))?;
                return Ok(lock);
            }
        }
    }
}

impl Lock {
    /// Writes into the lock's file which process holds it.
    fn sign(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        write!(self.file, "{}", std::process::id())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file is removed while the lock is held, so no other run can have taken it. A file that stays does no
        // harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The path of a file beside the queue.
pub fn beside(queue: &Path, ending: &str) -> PathBuf {
    let mut name = queue.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), path.metadata()) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Always true on this system, where an open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

fn cannot(queue: &Path, error: &io::Error) -> Error {
    let at = queue.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            crate::failure::read_only(queue)
        }
        io::ErrorKind::StorageFull => Error::new(
            Status::NO_SPACE,
            format!("`path`: {at}: no space is left there; free some, or name a file elsewhere"),
        ),
        _ => Error::new(Status::IO, format!("`path`: {at}-lock, which keeps other runs off: {error}")),
    }
}

fn held(queue: &Path, file: &mut File) -> Error {
    let mut holder = String::new();
    // If the holder cannot be read, it is not named.
    let _ = file.read_to_string(&mut holder);
    let who = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
    Error::new(
        Status::IO,
        format!(
            "`path`: {} is in use by another run of mqscript{who}; wait for it to end, or name another file",
            queue.display()
        ),
    )
}
