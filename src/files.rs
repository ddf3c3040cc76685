//! Files written whole or not at all: beside their place first, then moved there in one step.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a file stands until it is whole: in the folder of its place, under a name of this process.
pub fn beside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

/// Writes a file whole or not at all; one that is there is replaced.
///
/// # Errors
/// It cannot be written: what was there stays, and nothing is left beside it.
pub fn keep(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(place);
    let written = fs::write(&temporary, bytes);
    written.and_then(|()| settle(&temporary, place, true)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Moves a whole file to its place; only with `replaces` may there be one already.
///
/// # Errors
/// It cannot be moved, or its place is taken; without `replaces` it is gone then.
pub fn settle(temporary: &Path, place: &Path, replaces: bool) -> io::Result<()> {
    if replaces {
        return fs::rename(temporary, place);
    }
    // Unlike a rename, a link never replaces what has come there in the meantime.
    let moved = fs::hard_link(temporary, place).or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems know no hard links.
        _ if !place.exists() => fs::rename(temporary, place),
        _ => Err(error),
    });
    let _ = fs::remove_file(temporary);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("results.json");
        keep(&place, b"old").unwrap();
        keep(&place, b"new").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"new");
        // A folder in its place: nothing is replaced, and nothing is left.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(keep(&taken, b"new").is_err());
        assert!(keep(&folder.path().join("missing/results.json"), b"new").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
