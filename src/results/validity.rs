//! What a run is worth.

use super::notes::{CheckResult, Warning};
use super::run::Run;

/// The kind of the warning that a run's generator could not keep up.
pub const GENERATOR_LIMITED: &str = "generator_limited";

/// The verdict on the validity of a run, its checks apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Every message is accounted for.
    Valid,
    /// So it is, but for what the scenario tolerates.
    Tolerated,
    /// So it is, but the load was not the one that was asked for.
    GeneratorLimited,
    /// Nobody can know whether it is valid.
    Undecided,
    /// The ledger shows what must not be.
    Invalid,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// The check holds in this run.
    Holds,
    /// The check does not hold.
    Fails,
    /// The lag of the generator may have turned it.
    Undecided,
}

impl Run {
    /// The verdict on the validity of the run, its checks apart.
    pub fn validity(&self) -> Validity {
        match self.valid {
            Some(false) => Validity::Invalid,
            None => Validity::Undecided,
            Some(true) if self.generator_limited().is_some() => Validity::GeneratorLimited,
            Some(true) if !self.tolerated.is_empty() => Validity::Tolerated,
            Some(true) => Validity::Valid,
        }
    }

    /// The warning that its generator could not keep up, if it has one.
    pub fn generator_limited(&self) -> Option<&Warning> {
        self.warnings.iter().find(|warning| warning.kind == GENERATOR_LIMITED)
    }
}

impl CheckResult {
    /// The outcome of the check.
    pub fn outcome(&self) -> CheckOutcome {
        match (&self.undecided, self.holds) {
            (Some(_), _) => CheckOutcome::Undecided,
            (None, true) => CheckOutcome::Holds,
            (None, false) => CheckOutcome::Fails,
        }
    }
}
