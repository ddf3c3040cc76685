//! What a test found, as it goes from the test's process to the one that reports.

use super::bench::{Judged, TestStop};
use super::rules::Rule;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is known of the core from its descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The name of the core.
    pub id: String,
    /// The version of its library.
    pub version: String,
    /// The path of its library.
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
    /// What is wrong, in one line.
    pub title: String,
    /// Further facts about the fault.
    pub notes: Vec<String>,
    /// What the user can do about it.
    pub help: Option<String>,
}

/// The verdict of one test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum TestVerdict {
    /// The core does what the test asks for.
    Holds,
    /// The core breaks a rule.
    Fails {
        /// The number of the rule that is broken.
        rule: u16,
        /// What the test has seen.
        seen: String,
    },
    /// The test says nothing about this core.
    NotApplicable {
        /// Why the test does not apply.
        why: String,
    },
    /// Something that another test is about kept it from finding anything.
    Blocked {
        /// What stands in the way.
        why: String,
    },
}

impl From<Judged> for TestVerdict {
    fn from(judged: Judged) -> TestVerdict {
        match judged {
            Ok(()) => TestVerdict::Holds,
            Err(TestStop::Broken(rule, seen)) => TestVerdict::Fails { rule: rule.number(), seen },
            Err(TestStop::Inapplicable(why)) => TestVerdict::NotApplicable { why },
            Err(TestStop::Blocked(why)) => TestVerdict::Blocked { why },
        }
    }
}

impl TestVerdict {
    /// The verdict that the core breaks `rule`.
    pub fn broken(rule: Rule, seen: impl Into<String>) -> TestVerdict {
        TestVerdict::Fails { rule: rule.number(), seen: seen.into() }
    }
}

/// What the process of a test leaves on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRecord {
    /// The verdict of the test.
    #[serde(flatten)]
    pub verdict: TestVerdict,
    /// The core, where it could be loaded.
    pub description: Option<Description>,
    /// Why nothing can be said of any core.
    pub refused: Option<Refused>,
}

/// One test that is done, with its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The name of the test.
    pub test: &'static str,
    /// What the test has found.
    pub verdict: TestVerdict,
    /// The time that the test took.
    pub took: Duration,
}
