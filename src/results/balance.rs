//! The sender's balance: every message that was generated ends under exactly one name, or is still without one when the run
//! ends.

use serde::{Deserialize, Serialize};

/// Counts of messages and attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// The number of messages generated.
    pub generated: u64,
    /// The number of messages delivered.
    pub delivered: u64,
    /// Messages refused on their last attempt.
    pub failed: u64,
    /// Failed or uncertain messages kept as dead letters.
    pub dead_lettered: u64,
    /// Messages turned away by the queue or, for ever, by the core.
    pub rejected: u64,
    /// Messages that grew older than their time to live.
    pub expired: u64,
    /// Messages of which nobody knows whether they were delivered.
    pub uncertain: u64,
    /// Messages without a final outcome at the end of the run.
    pub unanswered: u64,
    /// Hand-overs accepted by the core.
    pub attempts: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Attempts that had an outcome from the core in time.
    pub answered: u64,
}

impl Counts {
    /// Adds all of another.
    pub fn merge(&mut self, other: &Counts) {
        self.generated += other.generated;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.dead_lettered += other.dead_lettered;
        self.rejected += other.rejected;
        self.expired += other.expired;
        self.uncertain += other.uncertain;
        self.unanswered += other.unanswered;
        self.attempts += other.attempts;
        self.retries += other.retries;
        self.answered += other.answered;
    }

    /// Whether the balance holds: as many messages were generated as are accounted for.
    pub fn is_balanced(&self) -> bool {
        self.generated == self.accounted()
    }

    /// Messages with a name, whatever it is.
    pub fn accounted(&self) -> u64 {
        self.delivered
            + self.failed
            + self.dead_lettered
            + self.rejected
            + self.expired
            + self.uncertain
            + self.unanswered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_balance_holds_only_while_every_message_has_one_name() {
        let all = Counts {
            generated: 28,
            delivered: 1,
            failed: 2,
            dead_lettered: 3,
            rejected: 4,
            expired: 5,
            uncertain: 6,
            unanswered: 7,
            ..Counts::default()
        };
        assert!(all.is_balanced());
        assert!(!Counts { generated: 29, ..all }.is_balanced(), "a message without a name");
        assert!(!Counts { failed: 3, ..all }.is_balanced(), "a message with two names");
        let mut twice = all;
        twice.merge(&all);
        assert!(twice.is_balanced() && twice.accounted() == 56);
    }
}
