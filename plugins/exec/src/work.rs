//! Counts the messages that a processor has taken and not yet sent, and notes when it last gave a sign of work.

use std::time::{Duration, Instant};

/// The work of all processes of the processor.
#[derive(Debug)]
pub struct Work {
    /// When the last sign came, or when there first was something to do.
    last: Instant,
    taken: u64,
    finished: u64,
    /// One bit for each counter: whether its message was sent or given up.
    done: Vec<u64>,
}

impl Default for Work {
    fn default() -> Work {
        Work { last: Instant::now(), taken: 0, finished: 0, done: Vec::new() }
    }
}

impl Work {
    /// Counts `count` further messages that the processor has accepted.
    pub fn take(&mut self, count: u64) {
        if count > 0 && self.outstanding() == 0 {
            self.last = Instant::now();
        }
        self.taken += count;
    }

    /// Notes a sign of work.
    pub fn sign(&mut self) {
        self.last = Instant::now();
    }

    /// Counts a message that was sent or given up. A message with a counter counts once; one without a counter counts
    /// each time.
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

    /// The number of accepted messages that are neither sent nor given up.
    pub fn outstanding(&self) -> u64 {
        self.taken.saturating_sub(self.finished)
    }

    /// The number of messages that it has accepted.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The time without a sign of work while there is something to do; zero if there is nothing.
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
