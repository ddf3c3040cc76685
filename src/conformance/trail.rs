//! Which function a test's process is in: written to a file before each call, so that it survives a crash.

use crate::cores::raw::{PAGE_WORDS, map_page};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// A function's name is cut to so many bytes; before it stands the number of the step.
const NAME_BYTES: usize = (PAGE_WORDS - 1) * 8;

/// The writing end of the trail: the steps that a test has taken.
pub struct StepTrail(Option<&'static [AtomicU64; PAGE_WORDS]>);

impl StepTrail {
    /// A trail in this file. On a system that cannot map files into memory it stays empty.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn new(path: &Path) -> std::io::Result<StepTrail> {
        let file =
            std::fs::OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path)?;
        // A trail that cannot be written only makes a crash harder to place.
        Ok(StepTrail(map_page(&file).ok()))
    }

    /// The process enters a function of the core; an empty name: it is back.
    pub fn note(&self, function: &str) {
        let Some([number, words @ ..]) = self.0 else { return };
        let mut bytes = [0u8; NAME_BYTES];
        let len = function.len().min(NAME_BYTES);
        bytes[..len].copy_from_slice(&function.as_bytes()[..len]);
        for (word, bytes) in words.iter().zip(bytes.as_chunks().0) {
            word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
        }
        number.fetch_add(1, Ordering::Release);
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
    Step { number: u64::from_ne_bytes(*number), function: Some(name).filter(|name| !name.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trail");
        assert_eq!(last_step(&path), Step::default());
        let trail = StepTrail::new(&path).unwrap();
        trail.note("acknowledge");
        assert_eq!(last_step(&path), Step { number: 1, function: Some("acknowledge".to_owned()) });
        trail.note("");
        assert_eq!(last_step(&path), Step { number: 2, function: None });
    }
}
