//! A limit on messages per second: the generic cell rate algorithm (ITU-T I.371), in whole nanoseconds.

use crate::scope::Scope;

/// What happens to messages above the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// The message is not accepted until it may pass.
    Waits,
    /// The message is refused at once.
    IsRefused,
}

/// The limit, and how far it is used up.
#[derive(Debug, Clone)]
pub struct Throttle {
    /// The time between two messages, in nanoseconds.
    pub interval_ns: u64,
    /// The number of messages that may pass at once after a pause.
    pub bucket: u64,
    /// What happens to messages above the rate.
    pub excess: Excess,
    /// Whom it holds for.
    pub scope: Scope,
    /// When the next message would be due if none came early: "theoretical arrival time".
    pub due_ns: u64,
}

impl Throttle {
    fn early_ns(&self) -> u64 {
        (self.bucket - 1).saturating_mul(self.interval_ns)
    }

    /// The number of messages that may pass now.
    pub fn room(&self, now_ns: u64) -> u64 {
        let latest_ns = now_ns.saturating_add(self.early_ns());
        match latest_ns.checked_sub(self.due_ns.max(now_ns)) {
            Some(slack_ns) => slack_ns / self.interval_ns + 1,
            None => 0,
        }
    }

    /// Notes that so many messages have passed.
    pub fn passed(&mut self, now_ns: u64, messages: u64) {
        self.due_ns = self.due_ns.max(now_ns).saturating_add(messages.saturating_mul(self.interval_ns));
    }

    /// When the next message may pass, in nanoseconds.
    pub fn next_ns(&self) -> u64 {
        self.due_ns.saturating_sub(self.early_ns())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(bucket: u64) -> Throttle {
        let (excess, scope) = (Excess::Waits, Scope::EVERYWHERE);
        Throttle { interval_ns: 100, bucket, excess, scope, due_ns: 0 }
    }

    #[test]
    fn one_passes_in_each_interval() {
        let mut one = throttle(1);
        assert_eq!(one.room(1_000), 1);
        one.passed(1_000, 1);
        assert_eq!((one.room(1_099), one.next_ns(), one.room(1_100)), (0, 1_100, 1));
    }

    #[test]
    fn a_pause_fills_the_bucket_and_no_more() {
        let mut three = throttle(3);
        assert_eq!(three.room(5_000), 3);
        three.passed(5_000, 3);
        assert_eq!((three.room(5_000), three.next_ns()), (0, 5_100));
        assert_eq!((three.room(5_100), three.room(5_250), three.room(9_000)), (1, 2, 3));
    }
}
