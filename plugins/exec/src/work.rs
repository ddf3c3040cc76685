//! What a processor has taken and not sent yet, and when it last gave a sign of work.

use std::time::{Duration, Instant};

/// The work of all processes of the processor.
#[derive(Debug)]
pub struct Work {
    /// The last sign, or when there came to be something to do.
    last: Instant,
    taken: u64,
    finished: u64,
    /// One bit for each counter: its message was sent, or given up.
    done: Vec<u64>,
}

impl Default for Work {
    fn default() -> Work {
        Work { last: Instant::now(), taken: 0, finished: 0, done: Vec::new() }
    }
}

impl Work {
    /// The processor answers for so many more messages.
    pub fn take(&mut self, count: u64) {
        if count > 0 && self.outstanding() == 0 {
            self.last = Instant::now();
        }
        self.taken += count;
    }

    /// There was a sign of work.
    pub fn sign(&mut self) {
        self.last = Instant::now();
    }

    /// A message was sent, or given up, perhaps not for the first time. One without a counter is taken for another each time.
    pub fn finish(&mut self, slot: Option<u32>) {
        let Some(slot) = slot.map(|slot| slot as usize) else {
            self.finished += 1;
            return;
        };
        let (word, bit) = (slot / 64, 1 << (slot % 64));
        if self.done.len() <= word {
            self.done.resize(word + 1, 0);
        }
        self.finished += u64::from(self.done[word] & bit == 0);
        self.done[word] |= bit;
    }

    /// Messages that it answers for and has neither sent nor given up.
    pub fn outstanding(&self) -> u64 {
        self.taken.saturating_sub(self.finished)
    }

    /// Messages that it answers for.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// How long there has been no sign of work although there is something to do.
    pub fn silence(&self) -> Duration {
        if self.outstanding() == 0 { Duration::ZERO } else { self.last.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_finished_once_however_often_it_is_sent() {
        let mut work = Work::default();
        work.take(3);
        for slot in [Some(0), Some(0), Some(200)] {
            work.finish(slot);
        }
        assert_eq!((work.outstanding(), work.taken()), (1, 3));
        work.finish(None);
        work.finish(None);
        assert_eq!((work.outstanding(), work.silence()), (0, Duration::ZERO));
    }
}
