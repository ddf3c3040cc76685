//! Texts for errors of SQLite, as the contract asks: where, what was found, what to do.

use mqscript_plugin::prelude::*;
use rusqlite::ErrorCode;
use std::path::Path;

/// The error for a failure of SQLite; `doing` names what was tried.
pub fn of(error: &rusqlite::Error, doing: &str, file: &Path) -> Error {
    let at = file.display();
    let code = error.sqlite_error_code();
    let full = || Error::new(Status::NO_SPACE, no_space(doing, file));
    match code {
        Some(ErrorCode::DiskFull) => full(),
        // SQLite reports a full disk differently for some of its files beside the database.
        Some(ErrorCode::SystemIoFailure) if is_full(file) => full(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => locked(file),
        Some(ErrorCode::NotADatabase) => Error::config(format!(
            "`path`: {at} is not an SQLite database; name another file, or one that is not there yet"
        )),
        Some(ErrorCode::DatabaseCorrupt) => Error::new(
            Status::IO,
            format!(
                "{doing} {at}: the database is damaged ({error}); `sqlite3 {at} .recover` saves what can be \
                 read, and another `path` starts anew"
            ),
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => read_only(file),
        Some(ErrorCode::CannotOpen) => Error::new(
            Status::IO,
            format!(
                "{doing} {at}: it cannot be opened; the queue needs a file and a folder that may be written to"
            ),
        ),
        _ => Error::new(Status::IO, format!("{doing} {at}: {error}")),
    }
}

/// The error for a file or folder that may not be written.
pub fn read_only(file: &Path) -> Error {
    let at = file.display();
    Error::new(
        Status::IO,
        format!(
            "`path`: {at} may only be read; the queue needs a file and a folder that may be written to (it keeps \
             {at}-wal and {at}-shm beside it)"
        ),
    )
}

/// The error for a database that another program has locked.
pub fn locked(file: &Path) -> Error {
    let at = file.display();
    Error::new(
        Status::IO,
        format!(
            "`path`: {at} is locked by another program, perhaps a `sqlite3` shell in a transaction; end that, or \
             name another file"
        ),
    )
}

fn no_space(doing: &str, file: &Path) -> String {
    let at = file.display();
    format!(
        "{doing} {at}: no space is left there; free some, or name a file elsewhere by `path`. What was confirmed \
         before is in the file"
    )
}

/// Whether the disk with the file has no free block.
#[cfg(unix)]
fn is_full(file: &Path) -> bool {
    rustix::fs::statvfs(file.parent().unwrap_or(file)).is_ok_and(|place| place.f_bavail == 0)
}

/// Whether the disk with the file has no free block: not known on this system.
#[cfg(not(unix))]
fn is_full(_file: &Path) -> bool {
    false
}
