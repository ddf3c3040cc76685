//! What a test found, as it goes from the test's process to the one that reports.

use super::bench::{Judged, Stop};
use super::rules::Rule;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is known of the core from its descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Its name.
    pub id: String,
    /// Its library's version.
    pub version: String,
    /// Its library.
    pub path: String,
    /// What it declares under the options given.
    pub capabilities: u64,
    /// The names of its options that are secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// Why there is no core to be checked: none of that name, or options that it refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What is wrong.
    pub title: String,
    /// More about it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// The core does what the test asks for.
    Holds,
    /// It does not.
    Fails {
        /// The number of the rule that is broken.
        rule: u16,
        /// What was seen.
        seen: String,
    },
    /// The test says nothing about this core.
    NotApplicable {
        /// Why not.
        why: String,
    },
    /// Something that another test is about kept it from finding anything.
    Blocked {
        /// What.
        why: String,
    },
}

impl From<Judged> for Verdict {
    fn from(judged: Judged) -> Verdict {
        match judged {
            Ok(()) => Verdict::Holds,
            Err(Stop::Broken(rule, seen)) => Verdict::Fails { rule: rule.number(), seen },
            Err(Stop::Inapplicable(why)) => Verdict::NotApplicable { why },
            Err(Stop::Blocked(why)) => Verdict::Blocked { why },
        }
    }
}

impl Verdict {
    /// `rule` is broken.
    pub fn broken(rule: Rule, seen: impl Into<String>) -> Verdict {
        Verdict::Fails { rule: rule.number(), seen: seen.into() }
    }
}

/// What one test's process leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The core, where it could be loaded.
    pub description: Option<Description>,
    /// Why nothing can be said of any core.
    pub refused: Option<Refused>,
}

/// One test, done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The test's name.
    pub test: &'static str,
    /// What it found.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}
