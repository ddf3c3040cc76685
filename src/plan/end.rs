//! When the load of a run ends.

use serde::{Deserialize, Serialize};

/// The condition that ends the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The load ends so many nanoseconds after the warm-up.
    Duration(u64),
    /// After so many messages in all.
    Messages(u64),
    /// After so many messages from each agent.
    MessagesPerAgent(u64),
    /// At whichever of these comes first; at least two of them are said.
    First {
        /// Nanoseconds after the warm-up.
        duration_ns: Option<u64>,
        /// The number of messages at which the load ends.
        messages: Option<u64>,
        /// Messages from each agent.
        messages_per_agent: Option<u64>,
    },
}

impl End {
    /// Each of the ends that are said, alone.
    pub fn bounds(&self) -> impl Iterator<Item = End> {
        let duration = self.duration_ns().map(End::Duration);
        let messages = self.messages().map(End::Messages);
        [duration, messages, self.messages_per_agent().map(End::MessagesPerAgent)].into_iter().flatten()
    }

    /// How long the load lasts at most after the warm-up, in nanoseconds, if that is said.
    pub fn duration_ns(&self) -> Option<u64> {
        match *self {
            End::Duration(ns) => Some(ns),
            End::First { duration_ns, .. } => duration_ns,
            End::Messages(_) | End::MessagesPerAgent(_) => None,
        }
    }

    /// How many messages there are at most, if that is said.
    pub fn messages(&self) -> Option<u64> {
        match *self {
            End::Messages(count) => Some(count),
            End::First { messages, .. } => messages,
            End::Duration(_) | End::MessagesPerAgent(_) => None,
        }
    }

    /// How many messages there are at most from each agent, if that is said.
    pub fn messages_per_agent(&self) -> Option<u64> {
        match *self {
            End::MessagesPerAgent(count) => Some(count),
            End::First { messages_per_agent, .. } => messages_per_agent,
            End::Duration(_) | End::Messages(_) => None,
        }
    }
}
