//! Memory that a process and its supervisor share, and that outlives the process.

use crate::cores::vitals::{SLOTS, Shared};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// Two places for the results so far of each loop, written in turns.
const SNAPSHOT_BYTES: u64 = 1 << 32;
/// The first of them.
const SNAPSHOTS: u64 = 1 << 32;
/// Where the process says at its end what came of it.
const PARTING: u64 = 1 << 31;
/// Where the finished runs stand, one line of JSON each.
const JOURNAL: u64 = SNAPSHOTS + SNAPSHOT_BYTES * 2 * SLOTS as u64;

/// The memory: a file that has no name. Only what was written takes room.
#[derive(Debug)]
pub struct Block {
    file: std::fs::File,
    shared: &'static Shared,
    /// Held by the thread that appends to the journal.
    appending: Mutex<()>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Block {
    /// A new block, all zero. It is never given back.
    ///
    /// # Errors
    /// The system has none.
    #[cfg(target_os = "linux")]
    pub fn new() -> io::Result<&'static Block> {
        use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
        use rustix::mm::{MapFlags, ProtFlags, mmap};
        let file = memfd_create("mqscript", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, size_of::<Shared>() as u64)?;
        // SAFETY: a new mapping that is never removed, of a file that is as long; nobody shortens it.
        let start = unsafe {
            let (len, both) = (size_of::<Shared>(), ProtFlags::READ | ProtFlags::WRITE);
            mmap(std::ptr::null_mut(), len, both, MapFlags::SHARED, &file, 0)?
        };
        // SAFETY: the mapping begins at a page, is long enough and never goes away; `Shared` is made of atomics alone,
        // so that zeros are a value and other processes may write to it.
        let shared = unsafe { &*start.cast::<Shared>() };
        Ok(Box::leak(Box::new(Block { file: file.into(), shared, appending: Mutex::new(()) })))
    }

    /// There is no such memory on this system.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(target_os = "linux"))]
    pub fn new() -> io::Result<&'static Block> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// All zero again. Nobody may use it meanwhile.
    pub(super) fn clear(&self) -> io::Result<()> {
        // What lies behind the end of a file is lost, and zero if the file grows again.
        self.file.set_len(0)?;
        self.file.set_len(size_of::<Shared>() as u64)
    }

    /// What the process shows.
    pub fn shared(&self) -> &'static Shared {
        self.shared
    }

    /// Writes the results so far of the loop in a slot; a reader sees them whole or not at all.
    pub(super) fn write_snapshot(&self, slot: usize, bytes: &[u8]) -> io::Result<()> {
        let word = &self.shared.slots()[slot].snapshot;
        let which = !word.load(Ordering::Acquire) & 1;
        self.write(snapshot_at(slot, which), bytes)?;
        word.store((bytes.len() as u64) << 1 | which, Ordering::Release);
        Ok(())
    }

    /// The results so far of the loop in a slot, if it has written any.
    pub(super) fn snapshot(&self, slot: usize) -> Option<Vec<u8>> {
        let word = self.shared.slots()[slot].snapshot.load(Ordering::Acquire);
        let len = word >> 1;
        (len > 0).then(|| self.read(snapshot_at(slot, word & 1), len).ok()).flatten()
    }

    /// Appends a line to the journal. From any thread of the process.
    ///
    /// # Errors
    /// There is no room.
    pub fn append(&self, line: &[u8]) -> io::Result<()> {
        let _one_by_one = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let len = &self.shared.journal_len;
        let end = len.load(Ordering::Acquire);
        self.write(JOURNAL + end, line)?;
        len.store(end + line.len() as u64, Ordering::Release);
        Ok(())
    }

    /// Says at the end, once, what came of it all.
    ///
    /// # Errors
    /// There is no room.
    pub fn part(&self, words: &[u8]) -> io::Result<()> {
        self.write(PARTING, words)?;
        self.shared.parting_len.store(words.len() as u64, Ordering::Release);
        Ok(())
    }

    /// What the process said at its end, if it came to that.
    pub fn parting(&self) -> Option<Vec<u8>> {
        let len = self.shared.parting_len.load(Ordering::Acquire);
        (len > 0).then(|| self.read(PARTING, len).ok()).flatten()
    }

    /// All of the journal.
    pub fn journal(&self) -> Vec<u8> {
        let len = self.shared.journal_len.load(Ordering::Acquire);
        self.read(JOURNAL, len).unwrap_or_default()
    }

    #[cfg(unix)]
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, at)
    }

    #[cfg(unix)]
    fn read(&self, at: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        std::os::unix::fs::FileExt::read_exact_at(&self.file, &mut bytes, at)?;
        Ok(bytes)
    }

    #[cfg(not(unix))]
    fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(not(unix))]
    fn read(&self, _: u64, _: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn snapshot_at(slot: usize, which: u64) -> u64 {
    SNAPSHOTS + SNAPSHOT_BYTES * (2 * slot as u64 + which)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_whole_and_the_newest_counts() {
        let block = Block::new().unwrap();
        assert_eq!((block.snapshot(3), block.journal()), (None, Vec::new()));
        block.write_snapshot(3, b"first").unwrap();
        block.write_snapshot(3, b"second one").unwrap();
        block.write_snapshot(4, b"other").unwrap();
        assert_eq!(block.snapshot(3).unwrap(), b"second one");
        assert_eq!(block.snapshot(4).unwrap(), b"other");
        block.append(b"a\n").unwrap();
        block.append(b"b\n").unwrap();
        assert_eq!(block.journal(), b"a\nb\n");
        assert_eq!(block.parting(), None);
        block.part(b"well").unwrap();
        assert_eq!(block.parting().unwrap(), b"well");
        block.clear().unwrap();
        assert_eq!((block.snapshot(3), block.journal(), block.parting()), (None, Vec::new(), None));
    }
}
