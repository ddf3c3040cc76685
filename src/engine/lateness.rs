//! How much the schedule lag can have added to the times of messages, on the wall clock.
//!
//! A message that is generated late is handed over late, and may hold up others that were in time. Of two loads that
//! differ only in that some arrivals come later, first come first served, the later load ends no message sooner, and
//! none later by more than the largest lag since the system was last empty. Nor can a message have lost more than it
//! waited, from the moment at which it was due, for the core to take it.

use crate::metrics::Ended;
use crate::results::FinalOutcome;

/// Tracks the lag of generated messages.
#[derive(Debug, Clone, Default)]
pub struct Lateness {
    /// The largest lag since the system was last empty, in nanoseconds.
    carried_ns: u64,
    /// The lag of the newest message, in nanoseconds.
    newest_ns: u64,
}

impl Lateness {
    /// Notes a message that was generated with this lag; `empty` if nothing else was in the system.
    pub fn generated(&mut self, lag_ns: u64, empty: bool) {
        self.newest_ns = lag_ns;
        self.carried_ns = if empty { lag_ns } else { self.carried_ns.max(lag_ns) };
    }

    /// The most that lag can have added to a time of `waited_ns` from a message's intended arrival.
    pub fn added_ns(&self, waited_ns: u64) -> u64 {
        self.carried_ns.min(waited_ns)
    }

    /// The most that lag can have added to the times of an ended message.
    pub fn of(&self, ended: &Ended) -> u64 {
        self.added_ns(ended.first_accepted_ns.min(ended.ended_ns).saturating_sub(ended.intended_ns))
    }

    /// Whether lag alone may be the reason why a message was rejected or expired: without lag it would not have been
    /// too old, or the queue overflowed when several arrivals, `gap_ns` apart on average, came at once because one was
    /// late.
    pub fn may_have_spared(&self, ended: &Ended, by_queue: bool, expires_ns: u64, gap_ns: f64) -> bool {
        match ended.outcome {
            FinalOutcome::Expired => ended.ended_ns.saturating_sub(self.of(ended)) <= expires_ns,
            FinalOutcome::Rejected if by_queue => self.newest_ns as f64 > gap_ns,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::CellId;

    fn ended(intended_ns: u64, first_accepted_ns: u64, outcome: FinalOutcome) -> Ended {
        Ended {
            cell: CellId::FIRST,
            agent: 0,
            recipient: 0,
            intended_ns,
            first_accepted_ns,
            last_attempt: None,
            ended_ns: 100,
            outcome,
            attempts: 0,
            answered: 0,
            reason: 0,
        }
    }

    #[test]
    fn a_late_message_holds_up_those_behind_it_until_the_system_is_empty() {
        let mut lateness = Lateness::default();
        lateness.generated(30, true);
        lateness.generated(2, false);
        assert_eq!(lateness.added_ns(50), 30, "behind the late one");
        assert_eq!(lateness.added_ns(7), 7, "no more than it waited");
        lateness.generated(3, true);
        assert_eq!(lateness.added_ns(50), 3);
    }

    #[test]
    fn what_lag_alone_may_have_ended_is_told_from_what_would_have_ended_anyway() {
        let mut lateness = Lateness::default();
        lateness.generated(30, true);
        let expired = ended(0, u64::MAX, FinalOutcome::Expired);
        assert!(lateness.may_have_spared(&expired, false, 75, 10.0));
        assert!(!lateness.may_have_spared(&expired, false, 65, 10.0));
        let rejected = ended(90, u64::MAX, FinalOutcome::Rejected);
        assert!(lateness.may_have_spared(&rejected, true, u64::MAX, 10.0));
        assert!(!lateness.may_have_spared(&rejected, true, u64::MAX, 40.0), "one at a time");
        assert!(!lateness.may_have_spared(&rejected, false, u64::MAX, 10.0), "by the core");
        assert!(!lateness.may_have_spared(&ended(0, 5, FinalOutcome::Failed), false, 75, 10.0));
    }
}
