//! How much of a plan is played to try settings out.
//!
//! What is spent depends on the messages of the run alone, never on the time it took: the same script and seed give the
//! same advice on every machine.

use crate::plan::{ClockKind, End, Plan};
use crate::results::Run;
use serde_json::Value;

/// All trials together may take this part of the time that the run took.
const SHARE: f64 = 0.25;
/// All trials together may take this many steps (some 3 ms), if that is more: else short runs would get no advice.
const STEPS_MIN: f64 = 7_500.0;
/// All trials together never take more steps than this.
const STEPS_MAX: f64 = 60_000.0;
/// What a run takes beside its agents and messages, from the start of the program to its results, in steps.
const STEPS_OF_RUN: f64 = 14_000.0;
/// The same share for a single trial.
const STEPS_OF_TRIAL: f64 = 2_700.0;
/// A callback of the script takes as long as so many steps.
const STEPS_OF_CALLBACK: f64 = 20.0;
/// A beginning with fewer messages tells nothing.
const MESSAGES_MIN: f64 = 400.0;

/// How much of the plan a trial plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Extent {
    /// The whole plan: the run itself shows what happens without the setting.
    Whole,
    /// This share of its load, with and without the setting.
    Beginning(f64),
}

impl Extent {
    /// Of a run with so many settings to try; none if that would take too long.
    pub fn of(run: &Run, plan: &Plan, settings: usize) -> Option<Extent> {
        let agents = f64::from(plan.agents());
        let messages = steps_of_messages(run, plan);
        let allowed = (SHARE * (STEPS_OF_RUN + agents + messages)).clamp(STEPS_MIN, STEPS_MAX);
        let is_simulated = run.clock == ClockKind::Virtual.name();
        if is_simulated && settings as f64 * (STEPS_OF_TRIAL + agents + messages) <= allowed {
            return Some(Extent::Whole);
        }
        let plays = settings as f64 + 1.0;
        let share = ((allowed / plays - STEPS_OF_TRIAL - agents) / messages.max(1.0)).min(1.0);
        if share == 1.0 {
            return Some(Extent::Beginning(1.0));
        }
        let enough = share * run.ledger.counts.generated as f64 >= MESSAGES_MIN;
        (enough && is_steady(run, plan)).then_some(Extent::Beginning(share))
    }

    /// Whether the run itself shows what happens without a setting.
    pub fn is_whole(self) -> bool {
        self == Extent::Whole
    }

    /// What is played: the plan without the settings unless the run shows that, then with each.
    pub fn of_each(self, plan: &Plan, changed: Vec<Plan>) -> Option<Vec<Plan>> {
        let without = (!self.is_whole()).then(|| plan.clone());
        let share = if let Extent::Beginning(share) = self { share } else { 1.0 };
        without.into_iter().chain(changed).map(|plan| beginning(plan, share)).collect()
    }
}

/// The times that the messages of a run took.
fn steps_of_messages(run: &Run, plan: &Plan) -> f64 {
    let counts = &run.ledger.counts;
    let received = run.ledger.copies.as_ref().map_or(0, |copies| copies.received);
    let calls = match plan.has_callback(|callbacks| callbacks.any()) {
        true => STEPS_OF_CALLBACK * (counts.generated + received) as f64,
        false => 0.0,
    };
    (counts.generated + counts.attempts + received) as f64 + calls
}

/// Whether the beginning of the run is like the rest of it.
fn is_steady(run: &Run, plan: &Plan) -> bool {
    let options = &plan.core.options;
    plan.has_steady_load()
        && plan.core.layers.is_empty()
        && options
            .get("stall")
            .is_none_or(|stalls| stalls.as_array().is_some_and(Vec::is_empty) || *stalls == Value::Null)
        && plan.processor.max_messages.is_none()
        && run.outages.is_empty()
}

/// The first part of a plan, on the virtual clock; none if it has no such part.
fn beginning(mut plan: Plan, share: f64) -> Option<Plan> {
    let part = |whole: u64| (whole as f64 * share).ceil() as u64;
    // Each agent sends whole messages.
    let each = |whole: u64| (whole as f64 * share).floor() as u64;
    plan.clock = Some(ClockKind::Virtual);
    if share >= 1.0 {
        return Some(plan);
    }
    plan.warm_up_ns = part(plan.warm_up_ns);
    plan.end = match plan.end {
        End::Duration(ns) => End::Duration(part(ns)),
        End::Messages(count) => End::Messages(part(count)),
        End::MessagesPerAgent(count) => End::MessagesPerAgent(each(count)),
        End::First { duration_ns, messages, messages_per_agent } => End::First {
            duration_ns: duration_ns.map(part),
            messages: messages.map(part),
            messages_per_agent: messages_per_agent.map(each),
        },
    };
    (plan.end.messages_per_agent() != Some(0)).then_some(plan)
}
