//! The course of a run, interval by interval.

use serde::{Deserialize, Serialize};

/// The course of a run: at most 600 intervals of equal length.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Series {
    /// Whether it is of copies, as over a core that only takes messages over: then `generated` counts copies to come,
    /// `delivered` copies received, `queue_max` what waits or was accepted and not received, and times are end to end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_copies: bool,
    /// Length of one interval.
    pub interval_ns: u64,
    /// The intervals, the first starting at 0.
    pub points: Vec<SeriesPoint>,
    /// How many intervals there are to each entry of `total_p99_ns`; the last may have fewer.
    pub p99_intervals: u64,
    /// 99 % of what was delivered in so many intervals took at most so long, within 7 %; null where nothing was.
    pub total_p99_ns: Vec<Option<u64>>,
}

/// What happened in one interval of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SeriesPoint {
    /// Messages generated in it.
    pub generated: u64,
    /// Messages whose delivery became known in it.
    pub delivered: u64,
    /// Messages that ended in it without being delivered.
    pub not_delivered: u64,
    /// Largest number waiting in the queue.
    pub queue_max: u64,
    /// Mean total time of those delivered; null if none.
    pub total_mean_ns: Option<f64>,
    /// Largest total time of those delivered; null if none.
    pub total_max_ns: Option<u64>,
}
