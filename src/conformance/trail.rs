//! Which function a test's process is in: written to a file before each call, so that it survives a crash.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const NAME_BYTES: usize = 32;

/// The writing end.
pub struct Trail(Mutex<(File, u64)>);

impl Trail {
    /// A trail in this file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn new(path: &Path) -> std::io::Result<Trail> {
        Ok(Trail(Mutex::new((File::create(path)?, 0))))
    }

    /// The process enters a function of the core; an empty name: it is back.
    pub fn note(&self, function: &str) {
        let mut trail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trail.1 += 1;
        let mut bytes = [0u8; 8 + NAME_BYTES];
        bytes[..8].copy_from_slice(&trail.1.to_le_bytes());
        let len = function.len().min(NAME_BYTES);
        bytes[8..8 + len].copy_from_slice(&function.as_bytes()[..len]);
        // A trail that cannot be written only makes a crash harder to place.
        let _ = trail.0.seek(SeekFrom::Start(0)).and_then(|_| trail.0.write_all(&bytes));
    }
}

/// Where a process is: how many steps it has made, and the function it is in, if any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// Unchanged between two looks = still the same call.
    pub number: u64,
    /// The function of the contract.
    pub function: Option<String>,
}

/// The last step in a trail's file.
pub fn last_step(path: &Path) -> Step {
    let bytes = std::fs::read(path).unwrap_or_default();
    let Some((number, name)) = bytes.split_first_chunk::<8>() else { return Step::default() };
    let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
    Step { number: u64::from_le_bytes(*number), function: Some(name).filter(|name| !name.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trail");
        assert_eq!(last_step(&path), Step::default());
        let trail = Trail::new(&path).unwrap();
        trail.note("acknowledge");
        assert_eq!(last_step(&path), Step { number: 1, function: Some("acknowledge".to_owned()) });
        trail.note("");
        assert_eq!(last_step(&path), Step { number: 2, function: None });
    }
}
