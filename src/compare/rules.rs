//! What comparisons go by.

/// How sure the verdicts of a comparison are together, and each interval of an aggregate.
pub const CONFIDENCE: f64 = 0.95;
/// With fewer replications there are numbers, but no verdict.
pub const REPLICATIONS_MIN: usize = 5;
