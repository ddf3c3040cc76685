//! What became of messages, as the host is told.

use mqscript_plugin::prelude::*;

/// What became of messages with consecutive tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The first token.
    pub first: u64,
    /// How many.
    pub count: u32,
    /// In the contract's terms.
    pub result: OutcomeResult,
    /// Interned.
    pub reason: u32,
    /// When that was known.
    pub at_ns: u64,
}

impl Settled {
    /// One message.
    pub fn one(token: u64, result: OutcomeResult, reason: u32, at_ns: u64) -> Settled {
        Settled { first: token, count: 1, result, reason, at_ns }
    }

    /// Whether `next` continues this; then it does so from now on.
    pub fn continues_with(&mut self, next: &Settled) -> bool {
        let alike = (self.result, self.reason, self.at_ns) == (next.result, next.reason, next.at_ns);
        let continues = alike && self.first + u64::from(self.count) == next.first;
        if continues {
            self.count += next.count;
        }
        continues
    }
}
