//! How messages end.

use super::balance::Counts;

/// How a message ended, as the ledger names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FinalOutcome {
    /// The core reported that the message was delivered.
    Delivered,
    /// Refused on the last attempt.
    Failed,
    /// Failed or uncertain, and kept.
    DeadLettered,
    /// Turned away by the queue or, for ever, by the core.
    Rejected,
    /// Older than its time to live.
    Expired,
    /// Nobody knows whether the message was delivered.
    Uncertain,
    /// Without a final outcome at the end of the run.
    Unanswered,
}

impl FinalOutcome {
    /// All outcomes, in the order of the ledger.
    pub const ALL: [FinalOutcome; 7] = [
        FinalOutcome::Delivered,
        FinalOutcome::Failed,
        FinalOutcome::DeadLettered,
        FinalOutcome::Rejected,
        FinalOutcome::Expired,
        FinalOutcome::Uncertain,
        FinalOutcome::Unanswered,
    ];

    /// The name in scripts and results.
    pub fn name(self) -> &'static str {
        ["delivered", "failed", "dead_lettered", "rejected", "expired", "uncertain", "unanswered"]
            [self as usize]
    }

    /// The count to which the outcome belongs.
    #[inline]
    pub fn of(self, counts: &mut Counts) -> &mut u64 {
        match self {
            FinalOutcome::Delivered => &mut counts.delivered,
            FinalOutcome::Failed => &mut counts.failed,
            FinalOutcome::DeadLettered => &mut counts.dead_lettered,
            FinalOutcome::Rejected => &mut counts.rejected,
            FinalOutcome::Expired => &mut counts.expired,
            FinalOutcome::Uncertain => &mut counts.uncertain,
            FinalOutcome::Unanswered => &mut counts.unanswered,
        }
    }
}
