//! Comparisons between alternatives, and figures over several replications, as they are saved: with everything that
//! it takes to do them again.

use super::{Core, Warning};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Alternatives compared with the first of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// How sure all verdicts are together: 0.95.
    pub confidence: f64,
    /// The verdicts that share this confidence (Bonferroni): contenders × figures.
    pub verdicts: u64,
    /// The difference that is too small to matter.
    pub within: Within,
    /// The figures that get a verdict, fixed beforehand.
    pub figures: Vec<String>,
    /// What was compared; the first is the baseline.
    pub alternatives: Vec<Alternative>,
    /// Every other alternative against the baseline, in order.
    pub contenders: Vec<Contender>,
    /// Facts that must be known beside the numbers.
    pub notes: Vec<String>,
    /// The warnings about the numbers.
    pub warnings: Vec<Warning>,
}

/// A difference that is too small to matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Within {
    /// The margin as a share of the baseline's value.
    pub share: f64,
    /// As a time, for figures that are times; null if the share counts for them, too.
    pub time_ns: Option<f64>,
}

/// One of the alternatives that are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Alternative {
    /// Its name in the comparison.
    pub name: String,
    /// The name of the scenario.
    pub scenario: String,
    /// The core that delivered the messages.
    pub core: Core,
    /// The clock: `virtual` or `wall`.
    pub clock: String,
    /// The scenario of the first replication, in canonical form.
    pub plan: Value,
    /// Its replications, in order.
    pub replications: Vec<Replication>,
    /// How they went over time, on average; empty without load.
    #[serde(default)]
    pub course: CoarseSeries,
}

/// How deliveries and their times went while the load lasted, in stretches of equal length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CoarseSeries {
    /// The length of a stretch.
    pub stretch_ns: u64,
    /// Messages delivered a second, in each stretch.
    pub delivered_per_s: Vec<f64>,
    /// The 99th percentile of their total times, in nanoseconds; null where nothing was delivered.
    pub total_p99_ns: Vec<Option<f64>>,
}

/// A run of an alternative, with one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Replication {
    /// The seed of the run.
    pub seed: u64,
    /// The digest of the run.
    pub digest: String,
    /// Why it ended before its time; null for a whole run.
    pub partial: Option<String>,
    /// Whether every message is accounted for; null for unknown.
    pub valid: Option<bool>,
    /// The checks that did not hold, as they are written.
    #[serde(default)]
    pub failed_checks: Vec<String>,
    /// The checks that might be the other way round, as they are written, and why.
    #[serde(default)]
    pub undecided_checks: BTreeMap<String, String>,
    /// The kinds of the warnings about its numbers.
    pub warnings: Vec<String>,
    /// The version of mqscript that played it.
    pub version: String,
    /// The machine on which it ran.
    pub host: String,
    /// Every compared figure, in its unit; null where there were no samples, and where the time is never.
    pub values: BTreeMap<String, Option<f64>>,
    /// The compared figures whose time is never: a message that was not delivered decides them.
    #[serde(default)]
    pub never: Vec<String>,
    /// Those of them that would be others without the lag of the generator, on the wall clock.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_lag: BTreeMap<String, f64>,
}

/// An alternative against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Contender {
    /// The name of the alternative.
    pub name: String,
    /// How its replications are set against the baseline's.
    pub method: Method,
    /// Its figures, in order.
    pub rows: Vec<Row>,
}

/// How two sets of replications are set against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Student's t on the differences of replications with the same traffic.
    Paired,
    /// Welch's t on two independent sets.
    Welch,
}

/// One figure of an alternative against the baseline's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Row {
    /// The path of the figure.
    pub figure: String,
    /// `ns`, `per_s`, `share` or `count`.
    pub unit: String,
    /// Which way is better; null if neither.
    pub better: Option<Direction>,
    /// The baseline's replications; null if one of them lacks the figure, or it is never in one.
    pub baseline: Option<Sample>,
    /// The alternative's replications; null if one of them lacks the figure, or it is never in one.
    pub contender: Option<Sample>,
    /// The baseline's replications in which the time is never; null if there is none.
    #[serde(default)]
    pub baseline_never: Option<Never>,
    /// The alternative's replications in which the time is never; null if there is none.
    #[serde(default)]
    pub contender_never: Option<Never>,
    /// Alternative − baseline, in the figure's unit, with its simultaneous interval.
    pub difference: Option<Interval>,
    /// The difference as a share of the baseline, with its simultaneous interval; null if the baseline is 0.
    pub change: Option<Interval>,
    /// What is too small to matter here, as a share of the baseline, or in the figure's unit where `change` is null.
    pub within: Option<f64>,
    /// The verdict on the interval; null without an interval.
    pub verdict: Option<Verdict>,
    /// Of an undecided figure: the replications that would decide it at the spread and the change seen.
    pub needs: Option<u64>,
    /// Why there is no verdict, or none but `undecided`.
    pub because: Option<String>,
    /// The verdicts on what was measured, and on what it would be without the lag of the generator, where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_lag: Option<[Verdict; 2]>,
}

/// Replications in which a time is never: a message that was not delivered decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Never {
    /// The number of replications in which it was never reached.
    pub replications: u64,
    /// The number of all replications.
    pub of: u64,
}

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A higher value is better.
    Higher,
    /// A lower value is better.
    Lower,
}

/// One figure in several replications, one value each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sample {
    /// The number of replications with a value.
    pub replications: u64,
    /// The mean of their values.
    pub mean: f64,
    /// Their standard deviation; null for a single one.
    pub sd: Option<f64>,
    /// Half the length of the 95 % interval of the mean (of this figure alone); null for a single one.
    pub margin: Option<f64>,
}

/// An estimate and where it may lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Interval {
    /// The estimate of the difference.
    pub estimate: f64,
    /// The lower end; null if nothing bounds it.
    pub low: Option<f64>,
    /// The upper end; null if nothing bounds it.
    pub high: Option<f64>,
}

/// The verdict on an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The difference is too small to matter.
    Equivalent,
    /// The alternative is better.
    Better,
    /// The alternative is worse.
    Worse,
    /// The alternative is different, in a figure that is neither good nor bad.
    Different,
    /// The replications do not tell.
    Undecided,
}

impl Verdict {
    /// The verdict in one word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Equivalent => "equivalent",
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Different => "different",
            Verdict::Undecided => "undecided",
        }
    }
}

/// The figures of one scenario and core over several seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Aggregate {
    /// The name of the scenario.
    pub scenario: String,
    /// The name of the core.
    pub core: String,
    /// The seeds, in order.
    pub seeds: Vec<u64>,
    /// Of each figure by its path: mean and 95 % interval over the seeds; figures that a replication lacks are left
    /// out.
    pub figures: BTreeMap<String, AggregateFigure>,
    /// Facts that must be known beside the numbers.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A figure over several seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AggregateFigure {
    /// `ns`, `per_s`, `share` or `count`.
    pub unit: String,
    /// The values of all replications.
    #[serde(flatten)]
    pub sample: Sample,
    /// The smallest of the values.
    pub min: f64,
    /// The largest of the values.
    pub max: f64,
    /// Where the values are skewed, so that the interval holds the mean less often than in 95 of 100 cases: of how many
    /// replications, or more, it would.
    #[serde(default)]
    pub skewed: Option<u64>,
}
