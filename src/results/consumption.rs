//! What consumers did with what they received.

use super::times::Times;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What all consumers did, and those of each group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Consumption {
    /// The figures of all groups together.
    #[serde(flatten)]
    pub all: ConsumerFigures,
    /// The sum over all copies of the time from hand-over until they were settled, forgotten, or the run ended: it equals
    /// `occupancy.held`. In nanoseconds, as decimal text.
    pub held_sum: String,
    /// The figures of each group that has consumers.
    pub by_group: BTreeMap<String, ConsumerFigures>,
    /// What each agent did that works on what it receives; empty where the run has more than 1,000 agents.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_agent: BTreeMap<String, AgentWork>,
}

/// The work of one agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AgentWork {
    /// Executions, those included that were under way when the run ended.
    pub executions: u64,
    /// The share of its workers' time, until the run ended, in which they worked.
    pub busy: f64,
    /// The mean time from hand-over until the work began, in nanoseconds; null without executions.
    pub held_mean_ns: Option<f64>,
}

impl Consumption {
    /// Whether the executions and copies of each group are accounted for.
    pub fn balance(&self) -> bool {
        self.all.balance() && self.by_group.values().all(ConsumerFigures::balance)
    }
}

impl ConsumerFigures {
    /// The times of a name; none of another name.
    pub fn times_named(&self, name: &str) -> Option<&Times> {
        match name {
            "held" => Some(&self.held),
            "service" => Some(&self.service),
            "completion" => Some(&self.completion),
            _ => None,
        }
    }

    /// Whether every execution ended in one way, and every copy that was handed over is accounted for.
    pub fn balance(&self) -> bool {
        self.executions == self.succeeded + self.failed + self.crashed + self.cut_off
            && self.handed_over == self.executions + self.forgotten + self.waiting
    }
}

/// The figures of consumers. Counts are over the whole run, times over the measured window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConsumerFigures {
    /// Executions that began: `executions = succeeded + failed + crashed + cut_off`.
    pub executions: u64,
    /// Executions that ended with success.
    pub succeeded: u64,
    /// Executions that ended without success.
    pub failed: u64,
    /// Executions in which the agent died.
    pub crashed: u64,
    /// Executions under way when the run ended.
    pub cut_off: u64,
    /// Successful executions of messages that had been completed before.
    pub duplicate_executions: u64,
    /// Executions that ended after the lease of their copy; null where the lease is the medium's own.
    pub lease_expired: Option<u64>,
    /// Of these, those that settled their copy then; null where the lease is the medium's own.
    pub late_settlements: Option<u64>,
    /// Copies that consumers got: `handed_over = executions + forgotten + waiting`.
    pub handed_over: u64,
    /// Of these, copies that were handed over again.
    pub redelivered: u64,
    /// Copies that waited for an agent that died, or came while it was away; nothing was settled.
    pub forgotten: u64,
    /// Copies that waited for a worker when the run ended.
    pub waiting: u64,
    /// Messages that were executed with success.
    pub completed: u64,
    /// Messages that were executed with success more than once.
    pub repeated: u64,
    /// Messages that are delivered, as their senders know, and neither completed nor given up by the end.
    pub unfinished: u64,
    /// Messages that the medium gave up.
    pub dead_letters: u64,
    /// The share of the work's time spent on executions that did not count: repeats, and those whose lease had gone; null
    /// without work.
    pub wasted_service: Option<f64>,
    /// The share of the workers' time, until the run ended, in which they worked.
    pub busy: f64,
    /// From hand-over until the work begins.
    pub held: Times,
    /// The time of the work.
    pub service: Times,
    /// From intended arrival to the end of the first successful execution.
    pub completion: Times,
}
