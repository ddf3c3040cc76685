//! What was read of calls and not yet handed in, and what was counted.

use crate::fingerprint::FIELDS;
use mqscript_plugin::live::Arrivals;

/// What was done, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallTally {
    /// Calls that succeeded.
    pub sent: u64,
    /// Of these, to nobody of the run.
    pub sent_to_nobody: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Of these, by an exception.
    pub raised: u64,
    /// Messages that the processor gave up.
    pub given_up: u64,
    /// Copies without a stamp, of a content that was sent.
    pub unstamped: u64,
    /// Calls whose copy is not as it was sent, by field.
    pub altered: [u64; FIELDS.len()],
}

impl CallTally {
    /// Adds another.
    pub fn add(&mut self, more: &CallTally) {
        let CallTally { sent, sent_to_nobody, failed, raised, given_up, unstamped, altered } = more;
        self.sent += sent;
        self.sent_to_nobody += sent_to_nobody;
        self.failed += failed;
        self.raised += raised;
        self.given_up += given_up;
        self.unstamped += unstamped;
        self.altered.iter_mut().zip(altered).for_each(|(sum, more)| *sum += more);
    }
}

/// What was read from one stream and not yet handed in.
#[derive(Debug, Default)]
pub struct CallsRead {
    /// Copies and notes.
    pub arrivals: Arrivals,
    /// What was counted.
    pub tally: CallTally,
    /// A sign of work was among it.
    pub working: bool,
    /// Counters of messages that were sent or given up; none where one has no counter.
    pub finished: Vec<Option<u32>>,
}

impl CallsRead {
    /// Whether there is nothing to hand in.
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty() && !self.working && self.tally == CallTally::default()
    }
}
