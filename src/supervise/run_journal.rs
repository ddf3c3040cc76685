//! What a supervised process writes down of its runs, so that they survive it.

use super::block::Block;
use crate::cores::vitals::current_slot;
use crate::results::Run;
use std::time::{Duration, Instant};

/// Results so far are written at most so often.
const INTERVAL: Duration = Duration::from_millis(250);
/// They take at most this share of the time: one part in so many.
const SHARE: u32 = 100;

/// The way from a process to whoever outlives it.
#[derive(Debug)]
pub struct RunJournal {
    block: &'static Block,
    next: Instant,
}

impl RunJournal {
    /// Makes a journal that writes into `block`.
    pub fn new(block: &'static Block) -> RunJournal {
        RunJournal { block, next: Instant::now() }
    }

    /// The same for a run beside others: its first results are due after a while.
    pub fn beside(&self) -> RunJournal {
        RunJournal { block: self.block, next: Instant::now() + INTERVAL }
    }

    /// A run begins: its first results are due.
    pub fn started(&mut self) {
        self.next = Instant::now();
    }

    /// Whether results so far are due.
    pub fn wants_results(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Writes the results so far of the calling thread's run.
    pub fn results_so_far(&mut self, run: &Run) {
        let start = Instant::now();
        let number = current_slot().and_then(|slot| self.block.shared().number_of(slot));
        if let Some(slot) = number {
            // Without room there is only less to tell, and the block says so.
            let _ = self
                .block
                .write_snapshot(slot, |file| serde_json::to_writer(file, run).map_err(std::io::Error::from));
        }
        self.next = Instant::now() + (start.elapsed() * SHARE).max(INTERVAL);
    }

    /// Writes down a run that is over. From any thread.
    pub fn finished(&self, run: &Run) {
        if let Ok(line) = serde_json::to_vec(run) {
            let _ = self.block.append(&line);
        }
    }
}
