//! Results without a run, for `mqscript check`: every figure is there, and zero.

use super::player::PlanPlayer;
use crate::diagnostics::Diagnostics;
use crate::engine::Behaviour;
use crate::plan::{ClockKind, Plan};
use crate::results::{
    AgentFigures, ConsumerFigures, Consumption, Core, Environment, Figures, Ledger, Occupancy, Phase,
    RecipientFigures, Run, Series, Times, TimesOfAll,
};
use std::collections::BTreeMap;
use std::path::Path;

/// Above so many agents results hold only a few of them.
const AGENTS_MAX: u32 = 1_000;

/// A player that plays nothing and gives placeholders.
#[derive(Debug, Default)]
pub struct PlaceholderPlayer;

impl PlanPlayer for PlaceholderPlayer {
    fn play(
        &mut self,
        plan: &Plan,
        _base: &Path,
        _behaviour: &mut dyn Behaviour,
    ) -> Result<Run, Diagnostics> {
        Ok(placeholder(plan))
    }
}

fn times() -> Times {
    let zero = Some(0);
    Times {
        count: 0,
        mean_ns: Some(0.0),
        min_ns: zero,
        p50_ns: zero,
        p10_ns: zero,
        p90_ns: zero,
        p95_ns: zero,
        p99_ns: zero,
        p999_ns: zero,
        max_ns: zero,
    }
}

fn figures() -> Figures {
    Figures {
        offered_per_s: Some(0.0),
        throughput_per_s: Some(0.0),
        delivered_rate_per_s: Some(0.0),
        success_rate: Some(0.0),
        attempt_success_rate: Some(0.0),
        queue_wait: times(),
        delivery: times(),
        total: times(),
        total_all: TimesOfAll { never: 0, times: times() },
        gave_up: times(),
        ..Figures::default()
    }
}

fn consumers() -> Consumption {
    let all = ConsumerFigures {
        lease_expired: Some(0),
        late_settlements: Some(0),
        wasted_service: Some(0.0),
        held: times(),
        service: times(),
        completion: times(),
        ..ConsumerFigures::default()
    };
    Consumption { all, ..Consumption::default() }
}

/// The results of a plan that was not played.
pub fn placeholder(plan: &Plan) -> Run {
    let works = plan.groups.iter().any(|group| group.consumer.is_some());
    let agents = || plan.groups.iter().flat_map(|group| (0..group.count).map(|i| group.agent_name(i)));
    let agent = AgentFigures {
        success_rate: Some(0.0),
        last_activity_ns: Some(0),
        total: times(),
        ..AgentFigures::default()
    };
    let recipient =
        RecipientFigures { received: Some(0), last_activity_ns: Some(0), ..RecipientFigures::default() };
    let shown = AGENTS_MAX as usize;
    let mut start_ns = plan.warm_up_ns;
    let phases = plan.stages().iter().map(|stage| {
        let begins = start_ns;
        start_ns += stage.duration_ns;
        let completion = works.then(times);
        Phase { name: stage.name.clone(), start_ns: begins, end_ns: start_ns, figures: figures(), completion }
    });
    Run {
        name: plan.name.clone(),
        seed: plan.seed,
        clock: plan.clock.unwrap_or(ClockKind::Virtual).name().to_owned(),
        core: Core { name: plan.core.name.clone(), id: plan.core.core.clone(), ..Core::default() },
        digest: String::new(),
        valid: Some(true),
        invalid_because: Vec::new(),
        tolerated: Vec::new(),
        partial: None,
        ledger: Ledger { balanced: true, ..Ledger::default() },
        duration_ns: 0,
        window_ns: 0,
        figures: figures(),
        schedule_lag: times(),
        without_lag: None,
        histograms: Default::default(),
        by_type: plan.types.iter().map(|kind| (kind.name.clone(), figures())).collect(),
        by_agent: agents().take(shown).map(|name| (name, agent.clone())).collect(),
        by_group: BTreeMap::new(),
        by_recipient: agents()
            .take(shown)
            .chain(["ALL".to_owned()])
            .map(|name| (name, recipient.clone()))
            .collect(),
        phases: phases.collect(),
        series: Series::default(),
        occupancy: Occupancy::default(),
        cycles: None,
        consumers: works.then(consumers),
        notices: BTreeMap::new(),
        outages: Vec::new(),
        checks: Vec::new(),
        warnings: Vec::new(),
        limits: Vec::new(),
        plan: plan.written.clone(),
        environment: Environment::default(),
    }
}
