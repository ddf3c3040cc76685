//! All that is judged of a run, in order.

use super::bottlenecks::{Machinery, limits};
use super::checks::evaluate;
use super::validity::judge_validity;
use super::warnings::{Asked, Doubt, doubts};
use crate::plan::Plan;
use crate::results::{Facts, Run, Stopped, seal};

/// Judges a run, and seals it with its digest. `plan` is what was asked for.
pub fn judge(run: &mut Run, plan: &Plan, facts: &Facts) {
    let plan = &*plan.as_played_on(run.can("PROCESSES"));
    judge_validity(run, plan, facts);
    let asked = Asked::of(plan, &run.clock, facts);
    run.warnings = doubts(run, &asked).iter().map(Doubt::warning).collect();
    run.limits = limits(run, &Machinery::of(plan));
    // The checks are on a run that came to its end, be it the user's.
    if matches!(facts.stopped, None | Some(Stopped::ByUser)) {
        run.checks = plan.checks.iter().map(|check| evaluate(run, check)).collect();
    }
    if facts.kept {
        seal(run);
    }
}
