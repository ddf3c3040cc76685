//! What a process shows, as its supervisor last saw it: a copy that no core can write over.

use super::block::{Block, Written};
use crate::cores::vitals::Liveness;
use crate::cores::{Signs, WatchedCall};
use std::sync::atomic::Ordering;

/// An engine loop that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loop {
    /// The number of its slot.
    pub number: usize,
    /// Its thread, as the kernel numbers it.
    pub thread: u32,
    /// The call under way, if any.
    pub call: Option<WatchedCall>,
    /// The names of its cores, innermost first.
    pub cores: Vec<String>,
    /// The counts of its run before its last call.
    pub signs: Signs,
    /// The place of the results so far.
    pub written: Written,
}

/// The state that a process shows, copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// The loops at work.
    pub loops: Vec<Loop>,
    /// The library that is being loaded, if any.
    pub loading: Option<String>,
    /// All libraries that were loaded.
    pub libraries: Vec<String>,
    /// Whether the process was about to die.
    pub dying: bool,
    /// Whether it had written down what it had before it died.
    pub told: bool,
    /// The fatal signal, 0 if none came; [`LEFT`](crate::cores::vitals::LEFT) if a call was left.
    pub signal: i32,
    /// The thread to which it came; 0 if none did.
    pub thread: u32,
    /// The number from 1 of that thread's loop; 0 if it has none.
    pub slot: usize,
    /// Whether the thread was the host's own, outside of any call.
    pub in_host: bool,
    /// The library whose code ran there, if known.
    pub library: Option<String>,
    /// The bytes that the host asked for and did not get; 0 if it always did.
    pub bytes_refused: u64,
    /// The error that kept something from being written down, as the system numbers it; 0 if none did.
    pub unwritten: u32,
}

impl Picture {
    /// As it is now; `None` if somebody has written over it.
    pub(super) fn of(block: &Block) -> Option<Picture> {
        if !block.is_marked() {
            return None;
        }
        let (shared, fatal) = (block.shared(), &block.shared().fatal);
        let instruction = fatal.instruction.load(Ordering::Acquire);
        let a_loop = |(number, slot): (usize, &crate::cores::vitals::Slot)| Loop {
            number,
            thread: slot.thread.load(Ordering::Relaxed),
            call: slot.current(),
            cores: slot.cores(),
            signs: slot.signs(),
            written: block.written(number),
        };
        let picture = Picture {
            loops: shared.busy().map(a_loop).collect(),
            loading: Some(shared.loading.get()).filter(|path| !path.is_empty()),
            libraries: shared.libraries(),
            dying: fatal.stage() != Liveness::Alive,
            told: fatal.stage() == Liveness::Told,
            signal: fatal.signal.load(Ordering::Acquire),
            thread: fatal.thread.load(Ordering::Acquire),
            slot: fatal.slot.load(Ordering::Acquire) as usize,
            in_host: fatal.in_host.load(Ordering::Acquire) != 0,
            library: shared.library_at(instruction),
            bytes_refused: fatal.bytes_refused.load(Ordering::Acquire),
            unwritten: shared.unwritten.load(Ordering::Acquire),
        };
        // Not while it was being copied, either.
        block.is_marked().then_some(picture)
    }

    /// The call under way in the loop that the fatal signal came to; where none came, in any.
    pub(super) fn call(&self) -> Option<WatchedCall> {
        match self.slot.checked_sub(1) {
            Some(number) => self.loops.iter().find(|one| one.number == number)?.call.clone(),
            // A thread of a core's own names no call.
            None if self.library.is_some() || self.in_host => None,
            None => self.loops.iter().find_map(|one| one.call.clone()),
        }
    }

    /// The names of all cores at work.
    pub(super) fn cores(&self) -> Vec<String> {
        self.loops.iter().flat_map(|one| one.cores.iter().cloned()).collect()
    }
}
