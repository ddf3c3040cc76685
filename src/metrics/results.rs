//! Results: plain data that reports, comparisons and batches read, and the form in which they are saved.
//!
//! Times are nanoseconds since the load began; `_per_s` is per second of the run's clock; shares lie in 0 … 1.
//! On the virtual clock everything but `environment` is a function of script, parameters and seed.

use super::comparisons::{Aggregate, Comparison};
pub use super::copies::{Copies, LostBy, NamedCopies, NamedCopy, Waited};
pub use super::environment::Environment;
use super::histograms::Histograms;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The name of the file format, with its version.
pub const FORMAT: &str = "mqscript.report/1";

/// A file of results.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// [`FORMAT`].
    pub format: String,
    /// One entry for each run, in order.
    pub runs: Vec<Run>,
    /// Comparisons between runs.
    pub comparisons: Vec<Comparison>,
    /// Figures over several runs.
    pub aggregates: Vec<Aggregate>,
}

impl Report {
    /// A report of these runs.
    pub fn new(runs: Vec<Run>) -> Report {
        Report { format: FORMAT.to_owned(), runs, comparisons: Vec::new(), aggregates: Vec::new() }
    }
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Run {
    /// The scenario's name.
    pub name: String,
    /// The seed.
    pub seed: u64,
    /// `virtual` or `wall`.
    pub clock: String,
    /// What delivered.
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
    /// By message type.
    pub by_type: BTreeMap<String, Figures>,
    /// By generating agent; above 1,000 agents the 10 slowest and the 10 most failing.
    pub by_agent: BTreeMap<String, AgentFigures>,
    /// By group of agents, where `by_agent` does not hold them all.
    pub by_group: BTreeMap<String, AgentFigures>,
    /// By recipient (an agent, or ALL); above 1,000 agents the 10 most addressed.
    pub by_recipient: BTreeMap<String, RecipientFigures>,
    /// By phase, in order of time.
    pub phases: Vec<Phase>,
    /// The course of the run.
    pub series: Series,
    /// Integrals over time of the number of messages in a place, in message-nanoseconds (as decimal text: they
    /// exceed what a JSON number holds exactly).
    pub occupancy: Occupancy,
    /// The processor's cycles; null without `batch_interval`.
    pub cycles: Option<Cycles>,
    /// What happened on the way, by kind.
    pub notices: BTreeMap<String, Notice>,
    /// Outages that a core told of, and what they did to the messages; the first 1,000.
    pub outages: Vec<Outage>,
    /// The scenario's checks, and those that the script made.
    pub checks: Vec<CheckResult>,
    /// What makes the numbers doubtful.
    pub warnings: Vec<Warning>,
    /// What limits the run, most important first: at most two, and what fails.
    pub limits: Vec<Limit>,
    /// The scenario as it was played, in canonical form.
    pub plan: Value,
    /// What depends on the machine, a path or the wall clock.
    #[serde(skip_serializing_if = "Environment::is_blank")]
    pub environment: Environment,
}

impl Run {
    /// Whether what counts is what was received: the core only takes messages over (STORES), and its copies were.
    pub fn is_of_copies(&self) -> bool {
        self.ledger.copies.is_some() && self.can("STORES")
    }

    /// Whether the core has this capability, by its name in the contract.
    pub fn can(&self, capability: &str) -> bool {
        self.core.capabilities.iter().any(|name| name == capability)
    }
}

/// What limits a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limit {
    /// `generator`, `queue`, `processor`, `retries`, `core` or `failures`.
    pub kind: String,
    /// What it is, with the figure that shows it.
    pub seen: String,
    /// What would change it.
    pub help: String,
    /// A setting that helps, as `--set` takes it; null where none is known to.
    pub setting: Option<String>,
    /// What came of the setting when it was played; null where it could not be.
    #[serde(default)]
    pub tried: Option<Tried>,
}

/// What a setting did to the figure that it is meant for, in a run of the same plan, or of its beginning, on the virtual
/// clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tried {
    /// The figure, as checks name it.
    pub figure: String,
    /// Its value without the setting; in nanoseconds, per second, or a share.
    pub without: f64,
    /// Its value with the setting.
    pub with: f64,
}

/// The processor's cycles, over the whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cycles {
    /// How many have ended.
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
    /// Its id.
    pub id: String,
    /// Its version.
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

/// One layer over a core.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Layer {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its options with all defaults filled in.
    pub options: Value,
}

/// The sender's ledger: every message generated in the whole run, under exactly one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ledger {
    /// generated = delivered + failed + dead_lettered + rejected + expired + uncertain + unanswered
    pub balanced: bool,
    /// The counts.
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

/// Counts of messages and attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// Messages generated.
    pub generated: u64,
    /// Messages delivered.
    pub delivered: u64,
    /// Messages refused on their last attempt.
    pub failed: u64,
    /// Failed or uncertain messages kept as dead letters.
    pub dead_lettered: u64,
    /// Messages turned away by the queue or, for ever, by the core.
    pub rejected: u64,
    /// Messages that grew older than their time to live.
    pub expired: u64,
    /// Messages of which nobody knows whether they were delivered.
    pub uncertain: u64,
    /// Messages without a final outcome at the end of the run.
    pub unanswered: u64,
    /// Hand-overs accepted by the core.
    pub attempts: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Attempts that had an outcome from the core in time.
    pub answered: u64,
}

impl Counts {
    /// Adds all of another.
    pub fn merge(&mut self, other: &Counts) {
        self.generated += other.generated;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.dead_lettered += other.dead_lettered;
        self.rejected += other.rejected;
        self.expired += other.expired;
        self.uncertain += other.uncertain;
        self.unanswered += other.unanswered;
        self.attempts += other.attempts;
        self.retries += other.retries;
        self.answered += other.answered;
    }

    /// Messages with a name, whatever it is.
    pub fn accounted(&self) -> u64 {
        self.delivered
            + self.failed
            + self.dead_lettered
            + self.rejected
            + self.expired
            + self.uncertain
            + self.unanswered
    }
}

/// The figures of a set of messages: the whole window, a type, or a phase.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figures {
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Messages that fell due ÷ length of the window; null if it has none, as are the other rates.
    pub offered_per_s: Option<f64>,
    /// Deliveries within the window, whenever the message fell due ÷ length of the window; over a core that only takes
    /// messages over (STORES), copies received.
    pub throughput_per_s: Option<f64>,
    /// Messages of the window that were delivered, however late ÷ length of the window.
    #[serde(default)]
    pub delivered_rate_per_s: Option<f64>,
    /// Delivered ÷ generated; null if nothing was generated.
    pub success_rate: Option<f64>,
    /// Successful ÷ answered attempts; null if none was answered.
    pub attempt_success_rate: Option<f64>,
    /// Intended arrival to first acceptance by the core.
    pub queue_wait: Times,
    /// Acceptance to outcome of the last attempt.
    pub delivery: Times,
    /// Intended arrival to final outcome, of delivered messages.
    pub total: Times,
    /// The same of all messages: what was not delivered counts as later than any time.
    #[serde(default)]
    pub total_all: TimesOfAll,
    /// Intended arrival to the end, of messages not delivered.
    pub gave_up: Times,
    /// Intended arrival to reception, of copies received; without any unless the core receives.
    pub end_to_end: Times,
    /// Acceptance to reception, of copies received by live cores.
    #[serde(default, skip_serializing_if = "Times::is_of_nothing")]
    pub transit: Times,
}

impl Times {
    /// Whether there is nothing that it is a statistic of.
    pub fn is_of_nothing(&self) -> bool {
        self.count == 0
    }
}

/// A statistic of times. All but `count` are null if `count` is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Times {
    /// How many.
    pub count: u64,
    /// Exact mean.
    pub mean_ns: Option<f64>,
    /// Exact smallest.
    pub min_ns: Option<u64>,
    /// A tenth lie at or below.
    pub p10_ns: Option<u64>,
    /// Half lie at or below.
    pub p50_ns: Option<u64>,
    /// 90 % lie at or below.
    pub p90_ns: Option<u64>,
    /// 95 % lie at or below.
    pub p95_ns: Option<u64>,
    /// 99 % lie at or below.
    pub p99_ns: Option<u64>,
    /// 99.9 % lie at or below.
    pub p999_ns: Option<u64>,
    /// Exact largest.
    pub max_ns: Option<u64>,
}

/// A statistic of times over all messages. Of those that were not delivered the time is *never*, which is more than any
/// time: if `count` is not 0, a mean, percentile or maximum that they decide is null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimesOfAll {
    /// How many were not delivered.
    pub never: u64,
    /// The statistic; its `count` is that of all messages.
    #[serde(flatten)]
    pub times: Times,
}

impl TimesOfAll {
    /// Of `all` messages; `times` is [`Buckets::times_among`](super::histogram::Buckets::times_among) them.
    pub(super) fn new(delivered: u64, times: Times) -> TimesOfAll {
        TimesOfAll { never: times.count - delivered, times }
    }
}

/// The figures of one agent or group of agents.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AgentFigures {
    /// The agents counted here.
    pub agents: u64,
    /// The counts of what they generated.
    #[serde(flatten)]
    pub counts: Counts,
    /// Messages addressed to them.
    pub addressed: u64,
    /// Delivered ÷ generated; null if nothing was generated.
    pub success_rate: Option<f64>,
    /// When they last generated a message or had an outcome; null if never.
    pub last_activity_ns: Option<u64>,
    /// Intended arrival to final outcome, of delivered messages; percentiles only up to 1,000 agents.
    pub total: Times,
}

/// What was addressed to one agent, or to ALL.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecipientFigures {
    /// Messages addressed to it.
    pub addressed: u64,
    /// Those that were delivered, as the sender knows.
    pub delivered: u64,
    /// Copies received, each message once; null without a receiving core.
    pub received: Option<u64>,
    /// Copies that it should have received and did not; null without a receiving core.
    pub lost: Option<u64>,
    /// Copies of messages that it had received before; null without a receiving core.
    pub duplicated: Option<u64>,
    /// When a message to it last had its outcome; null if never.
    pub last_activity_ns: Option<u64>,
}

/// Figures without what the lag of the generator may have added to them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LaglessFigures {
    /// Of the window.
    #[serde(flatten)]
    pub figures: Figures,
    /// By message type.
    pub by_type: BTreeMap<String, Figures>,
    /// By phase.
    pub phases: BTreeMap<String, Figures>,
    /// What lag may have added to the times of a message.
    pub added: Times,
}

/// One phase.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// When it starts.
    pub start_ns: u64,
    /// When it ends.
    pub end_ns: u64,
    /// The figures of the messages whose intended time lies in it.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The course of a run: at most 600 intervals of equal length.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Series {
    /// Whether it is of copies, as over a core that only takes messages over: then `generated` counts copies to come,
    /// `delivered` copies received, `queue_max` what waits or was accepted and not received, and times are end to end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_copies: bool,
    /// Length of one interval.
    pub interval_ns: u64,
    /// The intervals, the first starting at 0.
    pub points: Vec<SeriesPoint>,
    /// How many intervals there are to each entry of `total_p99_ns`; the last may have fewer.
    pub p99_intervals: u64,
    /// 99 % of what was delivered in so many intervals took at most so long, within 7 %; null where nothing was.
    pub total_p99_ns: Vec<Option<u64>>,
}

/// One interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SeriesPoint {
    /// Messages generated in it.
    pub generated: u64,
    /// Messages whose delivery became known in it.
    pub delivered: u64,
    /// Messages that ended in it without being delivered.
    pub not_delivered: u64,
    /// Largest number waiting in the queue.
    pub queue_max: u64,
    /// Mean total time of those delivered; null if none.
    pub total_mean_ns: Option<f64>,
    /// Largest total time of those delivered; null if none.
    pub total_max_ns: Option<u64>,
}

/// Integrals over time of how many messages were in a place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Occupancy {
    /// In the queue, or held before it.
    pub queue: String,
    /// In flight.
    pub processor: String,
    /// Waiting for another attempt.
    pub backoff: String,
    /// The sum over all messages of the time from intended arrival to the end.
    pub in_system: String,
}

/// Something that a core or the engine noticed, by kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Notice {
    /// How often.
    pub count: u64,
    /// When first.
    pub first_ns: u64,
    /// When last.
    pub last_ns: u64,
    /// The first few texts that came with it.
    pub sample: Vec<NoticeSample>,
}

/// One occurrence of a notice.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NoticeSample {
    /// When.
    pub at_ns: u64,
    /// What was said.
    pub text: String,
}

/// An outage that a core told of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outage {
    /// What the core said of it.
    pub text: String,
    /// When it began.
    pub start_ns: u64,
    /// When it ended; null if it had not by the end of the run.
    pub end_ns: Option<u64>,
    /// From its beginning to the first attempt that failed within it; null if none did.
    pub first_failure_after_ns: Option<u64>,
    /// From its end to the first delivery; null if there was none.
    pub recovered_after_ns: Option<u64>,
    /// Messages that waited (in the queue, held before it, or backing off) when it began.
    pub backlog_before: u64,
    /// The most that waited from then on until the backlog was as small again.
    pub backlog_max: u64,
    /// From its end until no more waited than before it; null if that did not happen.
    pub drained_after_ns: Option<u64>,
}

/// A check with what was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckResult {
    /// As written.
    pub expression: String,
    /// Whether it holds.
    pub holds: bool,
    /// The value seen, for people.
    pub seen: String,
    /// Why it might as well be the other way round; null if it is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided: Option<String>,
    /// What its figure covers, where that is less than one may think; null otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A reason to doubt a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Warning {
    /// Its kind, in snake_case.
    pub kind: String,
    /// What was seen.
    pub seen: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub help: String,
}
