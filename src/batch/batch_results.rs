//! All that a batch's report says, before it is laid out.

use super::against::{BaselineComparison, Matched};
use super::invocation::BatchInvocation;
use super::prepared::PreparedBatch;
use super::{CellOutcome, Folder};
use crate::compare::{may_regress, regressions};
use crate::results::comparisons::Comparison;

/// Everything that the reports of a batch show.
pub(super) struct BatchResults<'a> {
    pub prepared: &'a PreparedBatch,
    pub folder: &'a Folder,
    pub outcomes: &'a [Option<CellOutcome>],
    pub flags: &'a BatchInvocation,
    /// Comparisons across an axis, each with what the compared cells have in common.
    pub across: Vec<(String, Comparison)>,
    pub against: Option<BaselineComparison<'a>>,
}

impl BatchResults<'_> {
    /// Cells that are worse than the baseline, where that counts.
    pub fn regressed(&self) -> impl Iterator<Item = &Matched> {
        let against = self.against.iter().filter(|_| self.flags.fail_on_regression);
        against.flat_map(|against| &against.cells).filter(|cell| !cell.regressed.is_empty())
    }

    pub fn regressed_at_all(&self) -> bool {
        let across = || self.across.iter().any(|(_, comparison)| !regressions(comparison).is_empty());
        self.regressed().next().is_some() || (self.flags.fail_on_regression && across())
    }

    /// Whether something would be worse if messages had been sent earlier, or as late as they were, but not both.
    pub fn may_have_regressed(&self) -> bool {
        let against =
            self.against.iter().flat_map(|against| &against.cells).flat_map(|cell| &cell.comparisons);
        let mut all = self.across.iter().map(|(_, comparison)| comparison).chain(against);
        self.flags.fail_on_regression && all.any(may_regress)
    }
}
