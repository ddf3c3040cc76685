//! Memory that a process and its supervisor share, and that outlives the process.

use super::pages::{Frames, Pages, sum_of};
use crate::cores::vitals::Shared;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The memory: what the process shows, a file for what is over, and one for results so far. The files have no names, and
/// only what was written takes room.
///
/// *Rationale.* A core can write to all of it. The memory that both see cannot be made shorter (it is sealed, and nobody
/// has a descriptor of it), so looking at it never faults; what stands in the files carries its length and a sum over its
/// bytes, so what a core wrote over is known to be lost.
#[derive(Debug)]
pub struct Block {
    shared: &'static Shared,
    /// What marks the shared memory as ours. Each process has a copy where a core does not write by accident.
    mark: AtomicU64,
    journal: Frames,
    snapshots: Pages,
}

/// All blocks that this process has made.
static ALL: Mutex<Vec<&Block>> = Mutex::new(Vec::new());

/// The kinds of frames in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
enum RecordKind {
    /// A line of what is over.
    Line = 1,
    /// The result that the process gave at its end.
    Result = 2,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Where results so far stand: an offset, a length and a sum over the bytes; the newest first.
pub type Written = [(u64, u64, u64); 2];

impl Block {
    /// A new block, all zero. It is never given back.
    ///
    /// # Errors
    /// The system has none.
    pub fn new() -> io::Result<&'static Block> {
        let block = Block {
            shared: map_shared()?,
            mark: AtomicU64::new(0),
            journal: Frames::new("mqscript-journal")?,
            snapshots: Pages::new("mqscript-results")?,
        };
        block.clear()?;
        let block: &'static Block = Box::leak(Box::new(block));
        ALL.lock().unwrap_or_else(PoisonError::into_inner).push(block);
        Ok(block)
    }

    /// Lets go of all blocks but this one: in a process that was forked off to work, a core would reach the blocks of its
    /// neighbours. To be called while it has one thread.
    pub(super) fn let_go_of_others(&self) {
        let others = std::mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner));
        for other in others.into_iter().filter(|other| !std::ptr::eq(*other, self)) {
            #[cfg(target_os = "linux")]
            // SAFETY: whoever holds the other blocks is the supervisor, whose copies of all of this go on; here nobody
            // looks at them any more.
            unsafe {
                let start: *const Shared = other.shared;
                let _ = rustix::mm::munmap(start.cast_mut().cast(), size_of::<Shared>());
            }
            other.journal.close();
            other.snapshots.close();
        }
    }

    /// All zero again, with a new mark. Nobody may use it meanwhile.
    pub(super) fn clear(&self) -> io::Result<()> {
        self.journal.clear()?;
        self.snapshots.clear()?;
        self.mark.store(rand::random::<u64>() | 1, Ordering::Relaxed);
        self.shared.begin(self.mark());
        Ok(())
    }

    /// The state that the process shows.
    pub fn shared(&self) -> &'static Shared {
        self.shared
    }

    fn mark(&self) -> u64 {
        self.mark.load(Ordering::Relaxed)
    }

    /// Whether what the process shows can be believed: nobody has written over it.
    pub(super) fn is_marked(&self) -> bool {
        self.shared.is_marked(self.mark())
    }

    /// Says that all is done, with this exit code.
    pub(super) fn done(&self, code: u8) {
        self.shared.done.store(self.mark() ^ (u64::from(code) + 1), Ordering::Release);
    }

    /// The exit code with which all was done, if the process said so: nobody else can.
    pub(super) fn said_done(&self) -> Option<u8> {
        match self.shared.done.load(Ordering::Acquire) {
            0 => None,
            word => (word ^ self.mark()).checked_sub(1).and_then(|code| u8::try_from(code).ok()),
        }
    }

    /// Writes the results so far of the loop in a slot; a reader sees them whole or not at all.
    pub(super) fn write_snapshot(
        &self,
        slot: usize,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let slot_of = &self.shared.slots()[slot];
        let next = slot_of.snapshots.load(Ordering::Acquire) + 1;
        let turn = (next & 1) as usize;
        let (at, len, sum) = self.noted(self.snapshots.write(slot, turn, write))?;
        let place = &slot_of.places[turn];
        place.at.store(at, Ordering::Relaxed);
        place.len.store(len, Ordering::Relaxed);
        place.sum.store(sum, Ordering::Relaxed);
        slot_of.snapshots.store(next, Ordering::Release);
        // Those before take room for nothing.
        self.snapshots.forget(slot, 1 - turn);
        Ok(())
    }

    /// Where the results so far of the loop in a slot stand.
    pub(super) fn written(&self, slot: usize) -> Written {
        let slot = &self.shared.slots()[slot];
        let newest = (slot.snapshots.load(Ordering::Acquire) & 1) as usize;
        [newest, 1 - newest].map(|turn| {
            let place = &slot.places[turn];
            let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
            (load(&place.at), load(&place.len), load(&place.sum))
        })
    }

    /// The newest results that stand whole at one of these places.
    pub(super) fn snapshot(&self, written: &Written) -> Option<Vec<u8>> {
        written.iter().find_map(|(at, len, sum)| {
            let bytes = self.snapshots.read(*at, *len).ok().filter(|bytes| !bytes.is_empty())?;
            (sum_of(&bytes) == *sum).then_some(bytes)
        })
    }

    /// Appends a line to the journal. From any thread of the process.
    ///
    /// # Errors
    /// There is no room.
    pub fn append(&self, line: &[u8]) -> io::Result<()> {
        self.noted(self.journal.append(RecordKind::Line as u64, line))
    }

    /// Writes the result of the process, once, at its end.
    ///
    /// # Errors
    /// There is no room.
    pub fn set_result(&self, words: &[u8]) -> io::Result<()> {
        self.journal.append(RecordKind::Result as u64, words)
    }

    /// The result that the process wrote at its end, if it came to that.
    pub fn result(&self) -> Option<Vec<u8>> {
        self.journal
            .read()
            .into_iter()
            .rev()
            .find_map(|(kind, words)| (kind == RecordKind::Result as u64).then_some(words))
    }

    /// All lines of the journal, as far as they are whole.
    pub fn journal(&self) -> Vec<Vec<u8>> {
        let lines = self.journal.read().into_iter().filter(|(kind, _)| *kind == RecordKind::Line as u64);
        lines.map(|(_, line)| line).collect()
    }

    /// Notes, for whoever reads it, why something was not written down.
    fn noted<T>(&self, written: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &written {
            let number = error.raw_os_error().unwrap_or(libc::EIO) as u32;
            self.shared.unwritten.store(number, Ordering::Relaxed);
        }
        written
    }
}

/// New memory that is shared with processes to come, all zero, and that nobody can make shorter.
#[cfg(target_os = "linux")]
fn map_shared() -> io::Result<&'static Shared> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
    use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous};
    let (len, both) = (size_of::<Shared>(), ProtFlags::READ | ProtFlags::WRITE);
    let sealed = || -> io::Result<*mut std::ffi::c_void> {
        let file = memfd_create("mqscript", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, len as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        // SAFETY: a new mapping that is never removed, of a file that is as long and stays so.
        Ok(unsafe { mmap(std::ptr::null_mut(), len, both, MapFlags::SHARED, &file, 0)? })
    };
    // Limits on the size of files, and on how many are open, are none on memory.
    let start = match sealed() {
        Ok(start) => start,
        // SAFETY: a new mapping that is never removed.
        Err(_) => unsafe { mmap_anonymous(std::ptr::null_mut(), len, both, MapFlags::SHARED)? },
    };
    // SAFETY: the mapping begins at a page, is long enough and never goes away; `Shared` is made of atomics alone, so
    // that zeros are a value and other processes may write to it.
    Ok(unsafe { &*start.cast::<Shared>() })
}

#[cfg(not(target_os = "linux"))]
fn map_shared() -> io::Result<&'static Shared> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn write(block: &Block, slot: usize, bytes: &[u8]) {
        block.write_snapshot(slot, |file| file.write_all(bytes)).unwrap();
    }

    fn snapshot(block: &Block, slot: usize) -> Option<Vec<u8>> {
        block.snapshot(&block.written(slot))
    }

    #[test]
    fn what_is_written_is_read_whole_and_the_newest_counts() {
        let block = Block::new().unwrap();
        assert_eq!((snapshot(block, 3), block.journal().len()), (None, 0));
        write(block, 3, b"first");
        write(block, 3, b"second one");
        write(block, 4, b"other");
        write(block, 3, &vec![b'3'; 300_000]);
        write(block, 4, b"another");
        assert_eq!(snapshot(block, 3).unwrap(), vec![b'3'; 300_000]);
        assert_eq!(snapshot(block, 4).unwrap(), b"another");
        block.append(b"a").unwrap();
        block.append(b"b").unwrap();
        assert_eq!(block.journal(), [b"a", b"b"]);
        assert_eq!(block.result(), None);
        block.set_result(b"well").unwrap();
        assert_eq!((block.result().unwrap(), block.journal().len()), (b"well".to_vec(), 2));
        block.clear().unwrap();
        assert_eq!((snapshot(block, 3), block.journal().len(), block.result()), (None, 0, None));
    }

    #[test]
    fn what_somebody_wrote_over_is_not_believed() {
        let block = Block::new().unwrap();
        assert!(block.is_marked() && block.said_done().is_none());
        write(block, 3, b"results");
        block.append(b"a run").unwrap();
        block.done(7);
        assert_eq!(block.said_done(), Some(7));
        for byte in [0, 1, 0x5a, 0xff] {
            let shared: *const Shared = block.shared();
            // SAFETY: as a core in the same process might; nobody else uses the block.
            unsafe { std::ptr::write_bytes(shared.cast::<u8>().cast_mut(), byte, size_of::<Shared>()) };
            assert!(!block.is_marked(), "{byte}");
            assert_eq!((block.said_done(), snapshot(block, 3)), (None, None), "{byte}");
            assert_eq!(block.journal(), [b"a run"], "{byte}");
        }
        // Places that lie anywhere are no reason to fault, nor to ask for all the memory there is.
        let mad = [(u64::MAX, u64::MAX, 0), (7, 1 << 60, 0)];
        assert_eq!(block.snapshot(&mad), None);
    }
}
