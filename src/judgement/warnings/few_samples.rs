//! Percentiles that are the luck of a handful of messages.

use super::cause::WarningCause;
use crate::plan::{Check, Figure, Operand};
use crate::results::Run;
use crate::results::figures::times_of;
use serde_json::Value;

/// Messages that must lie beyond a percentile for it to be relied on.
const MESSAGES_BEYOND: f64 = 10.0;

/// The percentiles that are shown, with the share of messages beyond each.
const SHOWN: [(&str, f64); 5] = [("p50", 0.5), ("p90", 0.1), ("p95", 0.05), ("p99", 0.01), ("p99.9", 0.001)];

/// The percentiles that can be asked for, with the share of messages beyond each.
const ASKED: [(&str, f64); 6] =
    [("p10", 0.1), ("p50", 0.5), ("p90", 0.1), ("p95", 0.05), ("p99", 0.01), ("p999", 0.001)];

/// Whether at least ten of `count` messages lie beyond a percentile that leaves the share `beyond`.
pub fn is_reliable(count: u64, beyond: f64) -> bool {
    count as f64 * beyond >= MESSAGES_BEYOND
}

/// A percentile of too few messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFew {
    /// The number of messages that there are.
    pub count: u64,
    /// The number of messages that it takes.
    pub needed: u64,
}

/// Whether a figure is a percentile of too few messages in this run; without any message it has no value at all.
pub fn too_few(run: &Run, figure: &Figure) -> Option<TooFew> {
    let (_, beyond) = ASKED.iter().find(|(name, _)| figure.statistic.as_deref() == Some(name))?;
    let count = times_of(run, figure)?.count;
    let needed = (MESSAGES_BEYOND / beyond).ceil() as u64;
    (count > 0 && !is_reliable(count, *beyond)).then_some(TooFew { count, needed })
}

/// What is said of the very percentile that a check names says more than what is said of those that are shown.
pub(super) fn few_samples(run: &Run, checks: &[Check]) -> Option<WarningCause> {
    checks.iter().find_map(|check| of_check(run, check)).or_else(|| of_shown(run))
}

fn of_check(run: &Run, check: &Check) -> Option<WarningCause> {
    let other = match &check.operand {
        Operand::Figure(figure) => Some(figure),
        Operand::Literal(_) => None,
    };
    std::iter::once(&check.figure).chain(other).find_map(|figure| {
        let too_few = too_few(run, figure)?;
        Some(WarningCause::FewSamplesOf {
            figure: figure.path(),
            too_few,
            replications: None,
            longer: longer(run),
        })
    })
}

/// What makes a run longer: stages set the duration, and a number of messages takes the place of one.
pub fn longer(run: &Run) -> &'static str {
    let groups = run.plan.get("agents").and_then(Value::as_array).into_iter().flatten();
    let mut arrivals = groups.chain([&run.plan]).filter_map(|place| place.get("arrival"));
    if arrivals.any(|arrival| arrival.get("stages").is_some()) {
        "longer stages"
    } else if ["messages", "messages_per_agent"].iter().any(|key| run.plan.get(key).is_some()) {
        "--messages"
    } else {
        "--duration"
    }
}

fn of_shown(run: &Run) -> Option<WarningCause> {
    let total = &run.figures.total;
    if total.count == 0 || is_reliable(total.count, 0.01) {
        return None;
    }
    let reliable = SHOWN.iter().rev().find(|(_, beyond)| is_reliable(total.count, *beyond));
    Some(WarningCause::FewSamples {
        count: total.count,
        reliable: reliable.map(|(name, _)| *name),
        longer: longer(run),
    })
}
