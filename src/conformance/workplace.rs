//! The run in which agents work: who receives how, under which terms, and on which core.
//!
//! Agent 0 sends. Agents 1 to 3 have an inbox each; where the core has shared queues, agents 4 to 6 have one together.

use super::bench::{Bench, TestStop};
use super::play::IN_FLIGHT;
use super::workload::{NumberedNames, types};
use crate::cores::raw::Subject;
use crate::cores::{CoreError, GroupRow, RunClockKind, RunConfig, abi};
use serde_json::Map;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The agents that have an inbox each.
pub const OWN: Range<u32> = 1..4;
/// The agents that have a queue together.
pub const SHARING: Range<u32> = 4..7;
/// The party that is their queue.
pub const QUEUE: u32 = 7;

const MS: u64 = 1_000_000;
/// A lease that no test outlives, in units.
const LONG_LEASE: u64 = 150;

/// What the medium is asked to do for all agents that work.
#[derive(Debug, Clone, Copy)]
pub struct WorkTerms {
    /// The most unsettled copies of an agent.
    pub prefetch: u32,
    /// The length of a lease, in units of time.
    pub lease: u64,
    /// The most hand-overs of a copy; none for the medium's own.
    pub max_deliveries: Option<u32>,
    /// The delay before a copy is handed over again, in units of time.
    pub delay: u64,
}

impl Default for WorkTerms {
    fn default() -> WorkTerms {
        WorkTerms { prefetch: 100, lease: LONG_LEASE, max_deliveries: None, delay: 0 }
    }
}

/// The core under test. A layer stands over a broker, since a mock keeps no copies.
pub fn worked_for(bench: &Bench) -> Result<Arc<Subject>, TestStop> {
    let subject = bench.subject()?;
    if !subject.info().is_layer() {
        return Ok(Arc::clone(subject));
    }
    let broker = Subject::load(&bench.finder, Path::new(""), "broker", Arc::new(|_| {}));
    match broker.and_then(|broker| broker.with(&Map::new())) {
        Ok(broker) => Ok(Arc::new(subject.as_ref().clone().over(broker))),
        Err(CoreError::NotFound { .. }) => {
            Err(TestStop::Inapplicable("the core `broker`, to lie below the layer, is not there".to_owned()))
        }
        Err(error) => Err(TestStop::Blocked(error.to_string())),
    }
}

/// The unit of time of a clock: what is a lease in most tests. Of real time as little as a busy machine allows.
pub fn unit_ns(clock: RunClockKind) -> u64 {
    match clock {
        RunClockKind::Virtual => 30_000 * MS,
        RunClockKind::Wall => 400 * MS,
    }
}

/// A run with agents that work under these terms, as far as the core can keep them.
pub fn config(run: u32, seed: u64, can: u64, terms: WorkTerms) -> RunConfig {
    let clock = match can & abi::SIMULATED {
        0 => RunClockKind::Wall,
        _ => RunClockKind::Virtual,
    };
    let unit_ns = unit_ns(clock);
    let sharing = can & abi::SHARES != 0;
    let idle = GroupRow {
        name: "Planner".to_owned(),
        first_agent: 0,
        agents: 1,
        queue: None,
        prefetch: None,
        lease_ns: None,
        max_deliveries: None,
        redelivery_ns: Vec::new(),
    };
    let working = |name: &str, agents: Range<u32>, queue| GroupRow {
        name: name.to_owned(),
        first_agent: agents.start,
        agents: agents.end - agents.start,
        queue,
        prefetch: (can & abi::LIMITS != 0).then_some(terms.prefetch),
        lease_ns: (can & abi::LEASES != 0).then_some(terms.lease * unit_ns),
        max_deliveries: terms.max_deliveries.filter(|_| can & abi::DEAD_LETTERS != 0),
        redelivery_ns: if terms.delay == 0 { Vec::new() } else { vec![terms.delay * unit_ns] },
    };
    let mut groups = vec![idle, working("Worker", OWN, None)];
    if sharing {
        groups.push(working("Sharer", SHARING, Some(QUEUE)));
    }
    let agents = if sharing { SHARING.end } else { OWN.end };
    RunConfig {
        run,
        seed,
        clock,
        agents,
        party_names: Arc::new(NumberedNames(agents + u32::from(sharing))),
        types: types(),
        receive: true,
        wants_content: false,
        max_in_flight: IN_FLIGHT,
        groups,
    }
}
