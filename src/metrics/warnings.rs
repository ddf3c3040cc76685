//! Reasons to doubt the numbers of a run.

use super::results::{Run, Times, Warning};
use crate::plan::units::human_duration;

/// What may make a number doubtful.
#[derive(Debug, Clone, PartialEq)]
pub enum Doubt {
    /// The load was generated too late or not in full.
    GeneratorLimited {
        /// Share of the window's arrivals that were generated in it.
        generated: f64,
        /// 99th percentile of the schedule lag.
        lag_ns: u64,
        /// The largest that would have been accepted.
        lag_max_ns: u64,
    },
    /// Fewer than ten messages lie beyond a percentile that is shown.
    FewSamples {
        /// Messages delivered.
        count: u64,
        /// The highest percentile with ten messages beyond it.
        reliable: Option<&'static str>,
    },
    /// Messages of which nobody knows whether they were delivered.
    Uncertain(u64),
    /// Messages without an outcome.
    Unanswered(u64),
    /// Percentiles beyond an hour are cut.
    Saturated(u64),
}

impl Doubt {
    /// In words.
    pub fn warning(&self) -> Warning {
        let (kind, seen, why, help) = match self {
            Doubt::GeneratorLimited { generated, lag_ns, lag_max_ns } => (
                "generator_limited",
                format!(
                    "{:.1} % of the arrivals were generated in time; schedule lag p99 {} (at most {})",
                    generated * 100.0,
                    human_duration(*lag_ns),
                    human_duration(*lag_max_ns)
                ),
                "the load was lighter than asked for, so waits look shorter than they would be",
                "lower the rate, use a machine with a free processor, or set max_schedule_lag",
            ),
            Doubt::FewSamples { count, reliable } => (
                "few_samples",
                format!("{count} messages were delivered"),
                "a percentile with fewer than ten messages beyond it moves from seed to seed",
                match reliable {
                    Some("p99") => "p99 can be relied on, p99.9 cannot: run longer (--duration)",
                    Some("p95") => "p95 can be relied on, p99 cannot: run longer (--duration)",
                    Some("p90") => "p90 can be relied on, p95 cannot: run longer (--duration)",
                    Some(_) => "p50 can be relied on, p90 cannot: run longer (--duration)",
                    None => "no percentile can be relied on: run longer (--duration)",
                },
            ),
            Doubt::Uncertain(count) => (
                "uncertain",
                format!("{count} messages are uncertain"),
                "the core did not say whether they were delivered",
                "raise processor.timeout or processor.retry.attempts, or look at the core's notices",
            ),
            Doubt::Unanswered(count) => (
                "unanswered",
                format!("{count} messages had no final outcome when the run ended"),
                "their times are in no figure",
                "give the run a longer drain, more workers, or no max_messages",
            ),
            Doubt::Saturated(count) => (
                "histogram_saturated",
                format!("times of more than an hour, the largest of {count}"),
                "percentiles are cut at an hour; means, minima and maxima are exact",
                "look at the mean and the maximum, or relieve the queue",
            ),
        };
        Warning { kind: kind.to_owned(), seen, why: why.to_owned(), help: help.to_owned() }
    }
}

/// The percentiles shown, with the share of messages beyond each.
const PERCENTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.1), ("p95", 0.05), ("p99", 0.01), ("p99.9", 0.001)];

/// Whether at least ten of `count` messages lie beyond a percentile that leaves the share `beyond`.
pub fn is_reliable(count: u64, beyond: f64) -> bool {
    count as f64 * beyond >= 10.0
}

/// What is doubtful about a run whose other figures stand. `late` arrivals of the window were generated after it;
/// `mean_gap_ns` is the mean time between arrivals, `lag_max_ns` what the plan allows, if it says.
pub fn doubts(run: &Run, late: u64, mean_gap_ns: f64, lag_max_ns: Option<u64>) -> Vec<Doubt> {
    let mut found = Vec::new();
    found.extend(generator_limit(run, late, mean_gap_ns, lag_max_ns));
    let Times { count, max_ns, .. } = run.figures.total;
    if count > 0 && !is_reliable(count, 0.01) {
        let reliable = PERCENTILES.iter().rev().find(|(_, beyond)| is_reliable(count, *beyond));
        found.push(Doubt::FewSamples { count, reliable: reliable.map(|(name, _)| *name) });
    }
    let counts = &run.ledger.counts;
    found.extend((counts.uncertain > 0).then_some(Doubt::Uncertain(counts.uncertain)));
    found.extend((counts.unanswered > 0).then_some(Doubt::Unanswered(counts.unanswered)));
    let saturated = max_ns.is_some_and(|max| max > super::histogram::VALUE_MAX_NS);
    found.extend(saturated.then_some(Doubt::Saturated(count)));
    found
}

/// "Generator-limited if fewer than 99 % of the arrivals scheduled in the window were generated in it, or p99
/// schedule lag exceeds the largest of 1 ms, 10 % of the mean gap and 5 % of the median total."
fn generator_limit(run: &Run, late: u64, mean_gap_ns: f64, lag_max_ns: Option<u64>) -> Option<Doubt> {
    let offered = run.figures.counts.generated;
    if run.clock != "wall" || offered == 0 {
        return None;
    }
    let by_rule =
        (mean_gap_ns * 0.1).max(run.figures.total.p50_ns.unwrap_or(0) as f64 * 0.05).max(1e6) as u64;
    let lag_max_ns = lag_max_ns.unwrap_or(by_rule);
    let lag_ns = run.schedule_lag.p99_ns.unwrap_or(0);
    let generated = offered.saturating_sub(late) as f64 / offered as f64;
    (generated < 0.99 || lag_ns > lag_max_ns).then_some(Doubt::GeneratorLimited {
        generated,
        lag_ns,
        lag_max_ns,
    })
}
