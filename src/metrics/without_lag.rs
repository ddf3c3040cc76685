//! The times of a run on the wall clock once more, each without what the lag of the generator may have added to it.

use super::cell::{CellRecords, Ended};
use super::histogram::Histogram;
use crate::results::FinalOutcome;

/// Beside the records of a run: the same times, shortened.
#[derive(Debug, Clone)]
pub struct WithoutLag {
    /// By phase and type, as those of the run; their counts are those of messages that ended like this but may have been
    /// delivered without lag.
    pub cells: Vec<CellRecords>,
    /// What lag may have added to the times of each message, in the window.
    pub added: Histogram,
}

impl WithoutLag {
    /// For so many cells.
    pub fn new(cells: usize) -> WithoutLag {
        WithoutLag { cells: vec![CellRecords::default(); cells], added: Histogram::default() }
    }

    /// A message has ended.
    pub fn ended(&mut self, e: &Ended, added_ns: u64, spared: bool, in_window: bool) {
        if in_window {
            self.added.record(added_ns);
        }
        let cell = &mut self.cells[e.cell.index()];
        let without = |until_ns: u64| until_ns.saturating_sub(e.intended_ns).saturating_sub(added_ns);
        if e.first_accepted_ns != u64::MAX {
            cell.queue_wait.record(without(e.first_accepted_ns));
        }
        if spared {
            *e.outcome.of(&mut cell.counts) += 1;
            // At best it would have been there at once.
            cell.total.record(0);
        } else if e.outcome == FinalOutcome::Delivered {
            cell.total.record(without(e.ended_ns));
        } else {
            cell.gave_up.record(without(e.ended_ns));
        }
    }

    /// One of these cells, with all that lag has no part in from the run's own.
    pub fn completed(without: &CellRecords, measured: &CellRecords) -> CellRecords {
        let mut counts = measured.counts;
        let spared = &without.counts;
        counts.rejected -= spared.rejected;
        counts.expired -= spared.expired;
        counts.delivered += spared.rejected + spared.expired;
        CellRecords {
            counts,
            deliveries: measured.deliveries,
            receptions: measured.receptions,
            delivery: measured.delivery.clone(),
            transit: measured.transit.clone(),
            ..without.clone()
        }
    }
}
