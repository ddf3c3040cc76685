//! What is doubtful about a run.

use super::cause::WarningCause;
use super::few_samples::few_samples;
use super::growth::growth;
use super::settling::changepoint;
use super::short_lease::{lease_of, short_leases};
use super::stretches::outlying;
use super::window_means::WindowMeans;
use crate::judgement::bands::is_turned_by_lag;
use crate::plan::units::canonical_duration;
use crate::plan::{Check, DRAIN_NS, Plan};
use crate::results::{Facts, Run, Shortfall};

/// What was asked for, as far as the search for warnings needs it.
#[derive(Debug, Clone)]
pub struct LoadExpectation<'a> {
    /// Arrivals of the window that were generated after it.
    pub late: u64,
    /// The schedule lag that the plan allows, if it says.
    pub lag_max_ns: Option<u64>,
    /// Whether the load was meant to be the same all the time.
    pub steady: bool,
    /// The length of the warm-up, in nanoseconds.
    pub warm_up_ns: u64,
    /// How long outcomes are waited for after the load, if the plan says.
    pub drain_ns: Option<u64>,
    /// The setting `processor.max_messages` of the plan.
    pub max_messages: Option<u64>,
    /// The checks of the plan.
    pub checks: &'a [Check],
    /// Where the load ended before its count of messages: how many were asked for, how many of these were generated,
    /// and why.
    pub shortfall: Option<(u64, u64, Shortfall)>,
    /// The groups of consumers that never ask for more time, with their leases in nanoseconds.
    pub leases: Vec<(&'a str, u64)>,
}

impl<'a> LoadExpectation<'a> {
    /// Of this plan, played on the clock that results call so.
    pub fn of(plan: &'a Plan, clock: &str, facts: &Facts) -> LoadExpectation<'a> {
        LoadExpectation {
            late: facts.generated_late,
            lag_max_ns: plan.max_schedule_lag_ns,
            steady: plan.has_steady_load(),
            warm_up_ns: plan.warm_up_ns,
            drain_ns: plan.drain_ns.or((clock == "wall").then_some(DRAIN_NS)),
            max_messages: plan.processor.max_messages,
            checks: &plan.checks,
            shortfall: facts.shortfall,
            leases: plan.groups.iter().filter_map(lease_of).collect(),
        }
    }
}

/// Fewer of the window's arrivals generated in it are not the load that was asked for.
const GENERATED_MIN: f64 = 0.99;

/// What is doubtful about a run whose other figures stand.
pub fn find_warnings(run: &Run, asked: &LoadExpectation<'_>) -> Vec<WarningCause> {
    let mut found = Vec::new();
    found.extend(lag(run, asked));
    found.extend(few_samples(run, asked.checks));
    found.extend(unsteady(run, asked));
    if run.partial.is_none() {
        let short = |(asked, generated, because)| WarningCause::CountNotReached { asked, generated, because };
        found.extend(asked.shortfall.map(short));
        found.extend((run.figures.counts.generated == 0).then_some(WarningCause::NothingMeasured));
    }
    let counts = &run.ledger.counts;
    found.extend(altered(run));
    found.extend(short_leases(run, &asked.leases).into_iter().map(WarningCause::LeaseShorterThanWork));
    found.extend((counts.uncertain > 0).then(|| uncertain(run)));
    let unanswered = || WarningCause::Unanswered { count: counts.unanswered, help: would_answer(run, asked) };
    found.extend((counts.unanswered > 0).then(unanswered));
    found
}

/// Copies that a processor changed, where it has not promised otherwise.
fn altered(run: &Run) -> Option<WarningCause> {
    let copies = run.ledger.copies.as_ref()?;
    let (fields, _) = copies.altered.iter().max_by_key(|(_, number)| **number)?;
    let count = copies.altered.values().sum();
    (!run.can("UNALTERED")).then(|| WarningCause::Altered { count, fields: fields.clone() })
}

fn uncertain(run: &Run) -> WarningCause {
    let reasons = run.ledger.by_reason.get("uncertain");
    let most = reasons.and_then(|reasons| reasons.iter().max_by_key(|(_, count)| **count));
    WarningCause::Uncertain {
        count: run.ledger.counts.uncertain,
        reason: most.map(|(reason, _)| reason.clone()),
    }
}

/// What would have given all messages an outcome.
fn would_answer(run: &Run, asked: &LoadExpectation<'_>) -> String {
    match (&run.partial, asked.max_messages, asked.drain_ns) {
        (Some(why), ..) if why.starts_with("interrupted") => "let the run come to its end".to_owned(),
        (Some(_), ..) => "see why the run ended before its time".to_owned(),
        (_, Some(max), _) if run.ledger.counts.attempts >= max => {
            format!("raise processor.max_messages, which is {max}, or leave it out")
        }
        (.., Some(drain_ns)) => {
            format!("wait longer for them: --drain {}", canonical_duration(drain_ns.saturating_mul(2)))
        }
        _ => "give up attempts that the core never answers: processor.timeout".to_owned(),
    }
}

/// What is wrong with a course that should be the same all the time. One thing is told, what explains most first; what
/// an outage did is told with the outage.
fn unsteady(run: &Run, asked: &LoadExpectation<'_>) -> Option<WarningCause> {
    if !asked.steady || !run.outages.is_empty() || run.partial.is_some() {
        return None;
    }
    if let Some(growth) = growth(run) {
        return Some(WarningCause::QueueGrowing(growth));
    }
    let course = WindowMeans::of(run, asked.warm_up_ns)?;
    let stretches = course.means_ns.len();
    if let Some(found) = outlying(&course.means_ns) {
        // At the very beginning it is what a warm-up is for.
        if found.worst >= found.count {
            return Some(WarningCause::Outliers {
                stretches: (found.count, stretches),
                length_ns: course.length_ns,
                worst_at_ns: course.starts_ns(found.worst),
                worst_ns: found.worst_mean,
                median_ns: found.median,
                live: run.clock == "wall",
            });
        }
    }
    let change = changepoint(&course.means_ns)?;
    Some(WarningCause::NotSettled {
        at_ns: course.starts_ns(change.at),
        before_ns: change.before,
        after_ns: change.after,
        early: 2 * change.at <= stretches,
    })
}

/// "Generator-limited if fewer than 99 % of the arrivals of the window were generated in it, or the p99 of `schedule_lag`
/// exceeds `max_schedule_lag`." Without that setting, lag is told if its p99 exceeds 1 ms and 5 % of the median `total`,
/// or if a check hangs on it.
fn lag(run: &Run, asked: &LoadExpectation<'_>) -> Option<WarningCause> {
    let offered = run.figures.counts.generated;
    if run.clock != "wall" || offered == 0 {
        return None;
    }
    let lag_ns = run.schedule_lag.p99_ns.unwrap_or(0);
    let generated = offered.saturating_sub(asked.late) as f64 / offered as f64;
    let exceeded_ns = asked.lag_max_ns.filter(|allowed| lag_ns > *allowed);
    if generated < GENERATED_MIN || exceeded_ns.is_some() {
        return Some(WarningCause::GeneratorLimited { generated, lag_ns, lag_max_ns: exceeded_ns });
    }
    let total = run.figures.total;
    let little_ns = (total.p50_ns.unwrap_or(0) as f64 * 0.05).max(1e6) as u64;
    let decided = !asked.checks.iter().any(|check| is_turned_by_lag(run, check));
    let shows = asked.lag_max_ns.is_none() && lag_ns > little_ns;
    (shows || !decided).then(|| WarningCause::SentLate {
        lag_ns,
        lag_max_ns: run.schedule_lag.max_ns.unwrap_or(0),
        total_ns: total.p99_ns,
        without_ns: run.without_lag.as_ref().and_then(|without| without.figures.total.p99_ns),
        decided,
    })
}
