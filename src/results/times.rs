//! Rates and times, as results have them.

use super::balance::Counts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The figures of a set of messages: the whole window, a type, or a phase.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figures {
    /// The counts of messages by outcome.
    #[serde(flatten)]
    pub counts: Counts,
    /// Messages that fell due ÷ length of the window; null if it has none, as are the other rates.
    pub offered_per_s: Option<f64>,
    /// Deliveries within the window, whenever the message fell due ÷ length of the window; over a core that only takes
    /// messages over (STORES), copies received.
    pub throughput_per_s: Option<f64>,
    /// Messages of the window that were delivered, however late ÷ length of the window.
    #[serde(default)]
    pub delivered_rate_per_s: Option<f64>,
    /// Delivered ÷ generated; null if nothing was generated.
    pub success_rate: Option<f64>,
    /// Successful ÷ answered attempts; null if none was answered.
    pub attempt_success_rate: Option<f64>,
    /// Intended arrival to first acceptance by the core.
    pub queue_wait: Times,
    /// Acceptance to outcome of the last attempt.
    pub delivery: Times,
    /// Intended arrival to final outcome, of delivered messages.
    pub total: Times,
    /// The same of all messages: what was not delivered counts as later than any time.
    #[serde(default)]
    pub total_all: TimesOfAll,
    /// Intended arrival to the end, of messages not delivered.
    pub gave_up: Times,
    /// Intended arrival to reception, of copies received; without any unless the core receives.
    pub end_to_end: Times,
    /// Acceptance to reception, of copies received by live cores.
    #[serde(default, skip_serializing_if = "Times::is_of_nothing")]
    pub transit: Times,
}

impl Times {
    /// Whether there is nothing that it is a statistic of.
    pub fn is_of_nothing(&self) -> bool {
        self.count == 0
    }
}

/// A statistic of times. All but `count` are null if `count` is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Times {
    /// The number of values.
    pub count: u64,
    /// The exact mean, in nanoseconds.
    pub mean_ns: Option<f64>,
    /// The exact smallest value, in nanoseconds.
    pub min_ns: Option<u64>,
    /// A tenth lie at or below.
    pub p10_ns: Option<u64>,
    /// Half lie at or below.
    pub p50_ns: Option<u64>,
    /// 90 % lie at or below.
    pub p90_ns: Option<u64>,
    /// 95 % lie at or below.
    pub p95_ns: Option<u64>,
    /// 99 % lie at or below.
    pub p99_ns: Option<u64>,
    /// 99.9 % lie at or below.
    pub p999_ns: Option<u64>,
    /// The exact largest value, in nanoseconds.
    pub max_ns: Option<u64>,
}

/// A statistic of times over all messages. Of those that were not delivered the time is *never*, which is more than any
/// time: if `count` is not 0, a mean, percentile or maximum that they decide is null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimesOfAll {
    /// The number of messages that were not delivered.
    pub never: u64,
    /// The statistic; its `count` is that of all messages.
    #[serde(flatten)]
    pub times: Times,
}

impl TimesOfAll {
    /// Of `all` messages; `times` is the `Buckets::times_among` of them.
    pub(crate) fn new(delivered: u64, times: Times) -> TimesOfAll {
        TimesOfAll { never: times.count - delivered, times }
    }
}

/// Figures without what the lag of the generator may have added to them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LaglessFigures {
    /// The figures of the measured window.
    #[serde(flatten)]
    pub figures: Figures,
    /// The figures of each message type.
    pub by_type: BTreeMap<String, Figures>,
    /// The figures of each phase.
    pub phases: BTreeMap<String, Figures>,
    /// What lag may have added to the times of a message.
    pub added: Times,
}
