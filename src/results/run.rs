//! The results of one run: plain data that reports, comparisons and batches read, and the form in which they are saved.
//!
//! Times are nanoseconds since the load began; `_per_s` is per second of the run's clock; shares lie in 0 … 1.
//! On the virtual clock everything but `environment` is a function of script, parameters and seed.

use super::agents::{AgentFigures, RecipientFigures};
use super::balance::Counts;
use super::bottleneck::Bottleneck;
use super::consumption::Consumption;
use super::copies::Copies;
use super::environment::Environment;
use super::histograms::Histograms;
use super::notes::{CheckResult, Notice, Outage, Warning};
use super::series::Series;
use super::times::{Figures, LaglessFigures, Times};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The results of one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Run {
    /// The name of the scenario.
    pub name: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// The clock: `virtual` or `wall`.
    pub clock: String,
    /// The core that delivered the messages.
    pub core: Core,
    /// SHA-256 over everything else but `environment`, `warnings` and `limits`, in hexadecimal.
    pub digest: String,
    /// Whether every message is accounted for: true, false, or null for unknown.
    pub valid: Option<bool>,
    /// Why `valid` is not true; empty if it is.
    pub invalid_because: Vec<String>,
    /// What would have made the run invalid, but for the scenario's `tolerate`.
    pub tolerated: Vec<String>,
    /// Why the run ended before its time (interrupted, core failed); null for a whole run.
    pub partial: Option<String>,
    /// The sender's ledger, over the whole run.
    pub ledger: Ledger,
    /// From the start of the load to the last final outcome, drain included; over a core that only takes messages over (STORES)
    /// to the last copy.
    pub duration_ns: u64,
    /// Length of the measured window.
    pub window_ns: u64,
    /// The figures of all messages whose intended time lies in the window.
    #[serde(flatten)]
    pub figures: Figures,
    /// Intended arrival to actual generation; all zero on the virtual clock.
    pub schedule_lag: Times,
    /// What the figures would be had every message been sent in time: what is true of the system lies between these and
    /// those that were measured. Null on the virtual clock, where both are the same, and where `max_schedule_lag` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_lag: Option<LaglessFigures>,
    /// The whole distributions behind these figures; empty in results of earlier versions.
    #[serde(default)]
    pub histograms: Histograms,
    /// The figures of each message type.
    pub by_type: BTreeMap<String, Figures>,
    /// By generating agent; above 1,000 agents the 10 slowest and the 10 most failing.
    pub by_agent: BTreeMap<String, AgentFigures>,
    /// By group of agents, where `by_agent` does not hold them all.
    pub by_group: BTreeMap<String, AgentFigures>,
    /// By recipient (an agent, or ALL); above 1,000 agents the 10 most addressed.
    pub by_recipient: BTreeMap<String, RecipientFigures>,
    /// The figures of each phase, in order of time.
    pub phases: Vec<Phase>,
    /// The course of the run.
    pub series: Series,
    /// What consumers did with what they received; null where no group has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumers: Option<Consumption>,
    /// Integrals over time of the number of messages in a place, in message-nanoseconds (as decimal text: they
    /// exceed what a JSON number holds exactly).
    pub occupancy: Occupancy,
    /// The processor's cycles; null without `batch_interval`.
    pub cycles: Option<Cycles>,
    /// The notices of cores during the run, by kind.
    pub notices: BTreeMap<String, Notice>,
    /// Outages that a core told of, and what they did to the messages; the first 1,000.
    pub outages: Vec<Outage>,
    /// The scenario's checks, and those that the script made.
    pub checks: Vec<CheckResult>,
    /// The warnings about the numbers.
    pub warnings: Vec<Warning>,
    /// What limits the run, most important first: at most two, and what fails.
    pub limits: Vec<Bottleneck>,
    /// The scenario as it was played, in canonical form.
    pub plan: Value,
    /// What depends on the machine, a path or the wall clock.
    #[serde(skip_serializing_if = "Environment::is_blank")]
    pub environment: Environment,
}

impl Run {
    /// Whether what counts is what was received: the core only takes messages over (STORES), or that of another side of a
    /// comparison does.
    pub fn is_of_copies(&self) -> bool {
        self.ledger.copies.is_some() && (self.can("STORES") || self.series.of_copies)
    }

    /// Whether the core has this capability, by its name in the contract.
    pub fn can(&self, capability: &str) -> bool {
        self.core.capabilities.iter().any(|name| name == capability)
    }
}

/// The processor's cycles, over the whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cycles {
    /// The number of messages that have ended.
    pub count: u64,
    /// Those that took as many messages as a batch may have.
    pub full: u64,
    /// How long they lasted together; the processor slept the rest of the time.
    pub active_ns: u64,
}

/// The core of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Core {
    /// The name it is shown under.
    pub name: String,
    /// The name of the core.
    pub id: String,
    /// The version of its library.
    pub version: String,
    /// Its options with all defaults filled in; secrets as `***`.
    pub options: Value,
    /// The layers, innermost first.
    pub layers: Vec<Layer>,
    /// Names of the effective capabilities.
    pub capabilities: Vec<String>,
    /// Figures of the core's own, as it told them at the end.
    pub stats: Value,
}

/// A layer over a core.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Layer {
    /// The name of the layer.
    pub id: String,
    /// The version of its library.
    pub version: String,
    /// Its options with all defaults filled in.
    pub options: Value,
}

/// The sender's ledger: every message generated in the whole run, under exactly one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ledger {
    /// Whether `generated` is the sum of delivered, failed, dead_lettered, rejected, expired, uncertain and unanswered.
    pub balanced: bool,
    /// The counts of messages by outcome.
    #[serde(flatten)]
    pub counts: Counts,
    /// Counts of final outcomes by class and reason, all classes but `delivered`.
    pub by_reason: BTreeMap<String, BTreeMap<String, u64>>,
    /// Attempts that ended without success by reason (`timeout` among them).
    pub attempts_by_reason: BTreeMap<String, u64>,
    /// Outcomes that came for attempts already given up.
    pub late_outcomes: u64,
    /// Arrivals that were held back by a full queue.
    pub blocked: u64,
    /// Slots for which `next` sent nothing.
    pub skipped: u64,
    /// Calls of `me.send` after the end of the load.
    pub suppressed: u64,
    /// The receiver's ledger, over the whole run; null unless copies were received.
    pub copies: Option<Copies>,
}

/// A phase of the load.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Phase {
    /// The name of the phase.
    pub name: String,
    /// When the phase starts, in nanoseconds.
    pub start_ns: u64,
    /// When the phase ends, in nanoseconds.
    pub end_ns: u64,
    /// The figures of the messages whose intended time lies in it.
    #[serde(flatten)]
    pub figures: Figures,
    /// Of these messages, intended arrival to the end of the first successful execution; null without consumers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<Times>,
}

/// Integrals over time of how many messages were in a place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Occupancy {
    /// In the queue, or held before it.
    pub queue: String,
    /// In flight: handed to the core, and not yet ended.
    pub processor: String,
    /// Waiting for another attempt.
    pub backoff: String,
    /// The sum over all messages of the time from intended arrival to the end.
    pub in_system: String,
    /// Copies that consumers hold: handed over, and not settled or forgotten; null without consumers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}
