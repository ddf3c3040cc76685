//! All that is judged of a run, in order.

use super::bottlenecks::{Machinery, find_bottlenecks};
use super::checks::evaluate;
use super::validity::judge_validity;
use super::warnings::{LoadExpectation, WarningCause, find_warnings};
use crate::plan::Plan;
use crate::results::{Facts, Run, Stopped, seal};

/// Judges a run, and seals it with its digest. `plan` is what was asked for.
pub fn judge(run: &mut Run, plan: &Plan, facts: &Facts) {
    let plan = &*plan.as_played_on(run.can("PROCESSES"));
    judge_validity(run, plan, facts);
    let asked = LoadExpectation::of(plan, &run.clock, facts);
    run.warnings = find_warnings(run, &asked).iter().map(WarningCause::warning).collect();
    run.limits = find_bottlenecks(run, &Machinery::of(plan));
    // The checks are on a run that came to its end, be it the user's.
    if matches!(facts.stopped, None | Some(Stopped::ByUser)) {
        run.checks = plan.checks.iter().map(|check| evaluate(run, check)).collect();
    }
    if facts.kept {
        seal(run);
    }
}
