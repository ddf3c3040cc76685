//! What the engine returns for a run.

use super::stop::Stop;
use crate::results::{Facts, Run};

/// A run that was played, completely or in part.
#[derive(Debug)]
pub struct Played {
    /// The results, not judged yet. If the run stopped, they hold what was measured until then.
    pub run: Run,
    /// Further facts that judging needs.
    pub facts: Facts,
    /// Why the run stopped before its time; none if it did not.
    pub stop: Option<Stop>,
}
