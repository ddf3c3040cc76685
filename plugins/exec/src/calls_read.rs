//! What was read about calls and not yet passed to the session, and the counts.

use crate::fingerprint::FIELDS;
use mqscript_plugin::live::Arrivals;

/// Counts of calls and of what came of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallTally {
    /// Calls that succeeded, in number.
    pub sent: u64,
    /// Calls that succeeded, for a recipient that the run does not have.
    pub sent_to_nobody: u64,
    /// Calls that failed, in number.
    pub failed: u64,
    /// Calls that failed by an exception.
    pub raised: u64,
    /// Messages that the processor gave up.
    pub given_up: u64,
    /// Copies without a stamp whose content is that of a sent message.
    pub unstamped: u64,
    /// Calls whose copy differs from the message that was sent, counted for each of [`FIELDS`].
    pub altered: [u64; FIELDS.len()],
}

impl CallTally {
    /// Adds the counts of `more`.
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

/// What was read from one stream and not yet passed to the session.
#[derive(Debug, Default)]
pub struct CallsRead {
    /// Copies and notes for the host.
    pub arrivals: Arrivals,
    /// Counts of what was read.
    pub tally: CallTally,
    /// Whether a sign of work was read.
    pub working: bool,
    /// The counters of messages that were sent or given up; `None` for a message without a counter.
    pub finished: Vec<Option<u32>>,
}

impl CallsRead {
    /// Whether there is nothing to pass on.
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty() && !self.working && self.tally == CallTally::default()
    }
}
