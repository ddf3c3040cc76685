//! The records of one message type in one phase, and what they are told.

use super::histogram::Histogram;
use super::memory::prefetch;
use crate::results::{Counts, FinalOutcome};

/// The number of a cell: the records of one message type in one phase. Cells of a phase follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellId(pub(super) u16);

impl CellId {
    /// The cell of the first type in the first phase.
    pub const FIRST: CellId = CellId(0);

    /// The cell of a type in a phase, where each phase has `types` of them.
    #[inline(always)]
    pub fn of(phase: usize, types: u16, type_number: u16) -> CellId {
        CellId(phase as u16 * types + type_number)
    }

    /// The place of its records.
    #[inline(always)]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The records of one message type in one phase.
#[derive(Debug, Clone, Default)]
pub struct CellRecords {
    /// The counts of messages by outcome.
    pub counts: Counts,
    /// Deliveries of this type in this phase, of messages of whatever phase.
    pub deliveries: u64,
    /// Intended arrival to first acceptance.
    pub queue_wait: Histogram,
    /// Acceptance to outcome, last attempt.
    pub delivery: Histogram,
    /// Intended arrival to final outcome, delivered messages.
    pub total: Histogram,
    /// Intended arrival to the end, messages not delivered.
    pub gave_up: Histogram,
    /// Intended arrival to reception, the first copy of each message and agent.
    pub end_to_end: Histogram,
    /// Acceptance to reception, of the same copies, where acceptance is known.
    pub transit: Histogram,
    /// Copies of this type received in this phase, of messages of whatever phase.
    pub receptions: u64,
}

impl CellRecords {
    /// A message has ended.
    #[inline(always)]
    pub(super) fn ended(&mut self, e: &Ended) {
        *e.outcome.of(&mut self.counts) += 1;
        self.counts.attempts += u64::from(e.attempts);
        self.counts.retries += u64::from(e.attempts.saturating_sub(1));
        self.counts.answered += u64::from(e.answered);
        if let Some(wait_ns) = e.queue_wait_ns() {
            self.queue_wait.record(wait_ns);
            if let Some(delivery_ns) = e.delivery_ns() {
                self.delivery.record(delivery_ns);
            }
        }
        let delivered = e.outcome == FinalOutcome::Delivered;
        let totals = if delivered { &mut self.total } else { &mut self.gave_up };
        totals.record(e.total_ns());
    }

    /// Prefetches the records that [`ended`](CellRecords::ended) will write for a message that is delivered.
    #[inline(never)]
    pub(super) fn prefetch(&self, e: &Ended) {
        prefetch(&self.counts);
        self.queue_wait.prefetch(e.queue_wait_ns().unwrap_or(0));
        self.delivery.prefetch(e.delivery_ns().unwrap_or(0));
        self.total.prefetch(e.total_ns());
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &CellRecords) {
        self.counts.merge(&other.counts);
        self.deliveries += other.deliveries;
        self.queue_wait.merge(&other.queue_wait);
        self.delivery.merge(&other.delivery);
        self.total.merge(&other.total);
        self.gave_up.merge(&other.gave_up);
        self.end_to_end.merge(&other.end_to_end);
        self.transit.merge(&other.transit);
        self.receptions += other.receptions;
    }
}

/// What the recorder must know of a message that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// The number of its cell.
    pub cell: CellId,
    /// The number of its agent.
    pub agent: u32,
    /// Its recipient; `u32::MAX` = all.
    pub recipient: u32,
    /// The intended arrival, in nanoseconds.
    pub intended_ns: u64,
    /// When first accepted; `u64::MAX` = never.
    pub first_accepted_ns: u64,
    /// When the last attempt was accepted and when it ended, if it did.
    pub last_attempt: Option<(u64, u64)>,
    /// When the message ended, in nanoseconds.
    pub ended_ns: u64,
    /// How the message ended.
    pub outcome: FinalOutcome,
    /// Interned reason; 0 = none.
    pub reason: u32,
    /// The number of attempts that the core accepted.
    pub attempts: u8,
    /// The number of those that it answered in time.
    pub answered: u8,
}

impl Ended {
    /// The time from the intended arrival to the end, in nanoseconds.
    #[inline(always)]
    pub fn total_ns(&self) -> u64 {
        self.ended_ns.saturating_sub(self.intended_ns)
    }

    /// The time from the intended arrival to the first acceptance, in nanoseconds; `None` if it was never accepted.
    #[inline(always)]
    fn queue_wait_ns(&self) -> Option<u64> {
        (self.first_accepted_ns != u64::MAX).then(|| self.first_accepted_ns.saturating_sub(self.intended_ns))
    }

    /// The time from acceptance to outcome of the last attempt, in nanoseconds, if it had an outcome.
    #[inline(always)]
    fn delivery_ns(&self) -> Option<u64> {
        self.last_attempt.map(|(accepted_ns, ended_ns)| ended_ns.saturating_sub(accepted_ns))
    }
}

/// A copy that was received, the first of its message and agent.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    /// The cell of its message.
    pub cell: CellId,
    /// The agent that received it.
    pub agent: u32,
    /// When it arrived, in nanoseconds.
    pub at_ns: u64,
    /// The intended arrival to reception.
    pub end_to_end_ns: u64,
    /// Acceptance to reception, where acceptance is known.
    pub transit_ns: Option<u64>,
}
