//! All that a batch's report says, before it is laid out.

use super::against::{Against, Matched};
use super::asked::BatchInvocation;
use super::prepared::Prepared;
use super::{Folder, Outcome};
use crate::compare::{may_regress, regressions};
use crate::results::comparisons::Comparison;

/// All that is told of a batch.
pub(super) struct Told<'a> {
    pub prepared: &'a Prepared,
    pub folder: &'a Folder,
    pub outcomes: &'a [Option<Outcome>],
    pub flags: &'a BatchInvocation,
    /// Comparisons across an axis, each with what the compared cells have in common.
    pub across: Vec<(String, Comparison)>,
    pub against: Option<Against<'a>>,
}

impl Told<'_> {
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
