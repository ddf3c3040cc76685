//! What is told of a run besides its figures: checks, warnings, notices, outages.

use serde::{Deserialize, Serialize};

/// A check with what was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckResult {
    /// The check, as it was written.
    pub expression: String,
    /// Whether the check holds.
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
    /// What was seen in the results.
    pub seen: String,
    /// Why it matters to the reader.
    pub why: String,
    /// What the user can do about it.
    pub help: String,
}

/// Something that a core or the engine noticed, by kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Notice {
    /// How often it was reported.
    pub count: u64,
    /// When it was first reported, in nanoseconds.
    pub first_ns: u64,
    /// When it was last reported, in nanoseconds.
    pub last_ns: u64,
    /// The first few texts that came with it.
    pub sample: Vec<NoticeSample>,
}

/// An occurrence of a notice.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NoticeSample {
    /// When it was said, in nanoseconds.
    pub at_ns: u64,
    /// The text that was said.
    pub text: String,
}

/// An outage that a core told of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outage {
    /// The text that the core gave.
    pub text: String,
    /// When the outage began, in nanoseconds.
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
