//! What became of copies, as results hold it: the receiver's ledger, and the first copies of some classes by name.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The receiver's ledger: received = expected − lost − missing − given_up + recovered. A message to one agent is one copy, a
/// broadcast as many as there are other agents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Copies {
    /// Copies of delivered messages.
    pub expected: u64,
    /// Copies received, each message and agent once.
    pub received: u64,
    /// Expected copies that never came, though the core had confirmed them.
    pub lost: u64,
    /// Expected copies that never came over a core that does not confirm.
    pub missing: u64,
    /// Copies of messages that the agent had received before.
    pub duplicated: u64,
    /// Further copies at consumers, handed over again because the one before was not settled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub redelivered: u64,
    /// Copies received of messages that are not known as delivered.
    pub recovered: u64,
    /// Copies that nobody sent to that agent in this run, or without a stamp.
    pub unexpected: u64,
    /// Copies of another run; acknowledged and left out of everything else.
    pub foreign: u64,
    /// First attempts' copies older than one of the same sender, recipient and priority that came before; null if
    /// there were too many pairs to tell.
    pub out_of_order: Option<u64>,
    /// Copies whose content was not what was sent.
    pub corrupted: u64,
    /// Copies that came after the ledger had closed their part for want of memory (`ledger_memory`).
    pub late: u64,
    /// Expected copies that never came, of messages that a processor under test said it never will deliver.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub given_up: u64,
    /// Copies that came without their stamp, of contents that were sent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unstamped: u64,
    /// Copies that were not as they were sent, by the fields that differ.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub altered: BTreeMap<String, u64>,
    /// Calls of the injected core, by a processor under test, that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_calls: u64,
    /// What a processor under test did for the copies that were lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_by: Option<LostBy>,
    /// Why the wait for copies ended, where it was not because all had come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<Waited>,
    /// The first copies of some classes, by name.
    #[serde(default, skip_serializing_if = "NamedCopies::is_empty")]
    pub named: NamedCopies,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Lost copies, by what a processor under test did for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LostBy {
    /// The processor made no call for their messages.
    pub never_tried: u64,
    /// All calls for their messages failed.
    pub tried_and_given_up: u64,
    /// A call succeeded, for another recipient.
    pub sent_but_not_received: u64,
}

/// Why the wait for what is still to come ended, where it had not all come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Waited {
    /// The medium said that it holds nothing more of this run.
    Empty,
    /// Nothing happened for `drain`.
    Silence,
    /// It had lasted for `drain_max`.
    Limit,
}

/// The first thousand copies of some classes, each class in the order in which its messages were due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NamedCopies {
    /// Copies that are lost or missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<NamedCopy>,
    /// Copies that were received before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicated: Vec<NamedCopy>,
    /// Older than one that came before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out_of_order: Vec<NamedCopy>,
    /// Of messages that a processor under test gave up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<NamedCopy>,
}

impl NamedCopies {
    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        [&self.lost, &self.duplicated, &self.out_of_order, &self.given_up]
            .iter()
            .all(|names| names.is_empty())
    }
}

/// A copy, so that it can be found in somebody's own records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NamedCopy {
    /// The agent that generated the message.
    pub sender: String,
    /// The agent whose copy it is; ALL if it is every agent's.
    pub recipient: String,
    /// The message's number among its sender's.
    pub sequence: u64,
    /// Its message type; null for lost copies on the virtual clock.
    pub r#type: Option<String>,
    /// When its message was due, from the load's start; null for lost copies on the virtual clock.
    pub intended_ns: Option<u64>,
    /// When it came, or was given up; null if it never came.
    pub at_ns: Option<u64>,
    /// Calls of a processor under test for its message that failed.
    #[serde(default, skip_serializing_if = "is_zero_32")]
    pub failed_calls: u32,
    /// Why the last of these failed, or why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn is_zero_32(number: &u32) -> bool {
    *number == 0
}
