//! What the engine gives back.

use super::stop::Stop;
use crate::results::{Facts, Run};

/// A run that was played, to the end or not.
#[derive(Debug)]
pub struct Played {
    /// The results, which nobody has judged yet; what was measured until the run stopped, if it did.
    pub run: Run,
    /// What judges must know besides.
    pub facts: Facts,
    /// Why it stopped before its time.
    pub stop: Option<Stop>,
}
