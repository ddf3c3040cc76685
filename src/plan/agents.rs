//! Groups of agents.

use super::{Arrival, Consumer, MessageSettings, TypeId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most agents that a plan may have.
pub const AGENTS_MAX: u32 = 50_000_000;

/// Agents that behave alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The group's name, and that of its only agent if `numbered` is false.
    pub name: String,
    /// The number of agents in the group.
    pub count: u32,
    /// Whether agents are called NAME-1, NAME-2 …; false for one agent of exactly the group's name.
    pub numbered: bool,
    /// The arrivals of messages, for each agent.
    pub arrival: Arrival,
    /// What they send; empty only for agents that send from callbacks alone.
    pub mix: Vec<MixEntry>,
    /// The initial value of `me.state`.
    pub state: Value,
    /// The script's functions for this group.
    pub callbacks: Callbacks,
    /// The work of its agents on what they receive; none if they take each copy at once.
    pub consumer: Option<Consumer>,
}

impl Group {
    /// The name of the group's agent number `index`, counted from 0.
    pub fn agent_name(&self, index: u32) -> String {
        if self.numbered { format!("{}-{}", self.name, index + 1) } else { self.name.clone() }
    }
}

/// One message type in a mix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixEntry {
    /// The id of the message type.
    pub type_id: TypeId,
    /// Its share, relative to the sum of all weights; positive.
    pub weight: f64,
    /// The type's settings with the group's own keys over them.
    pub settings: MessageSettings,
}

/// A function of the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Callback {
    /// A script function by its name.
    Named(String),
    /// A closure, known by its place among the script's closures and by where it stands ("file:line").
    Closure {
        /// Index into the script's table of closures.
        index: usize,
        /// Where the callback stands in the script.
        place: String,
    },
}

/// The functions that a group names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callbacks {
    /// Called once for each agent when the load begins.
    pub on_start: Option<Callback>,
    /// Replaces the mix: called for each arrival.
    pub next: Option<Callback>,
    /// Called for each message received.
    pub on_message: Option<Callback>,
    /// Called for each final outcome of an own message.
    pub on_outcome: Option<Callback>,
}

impl Callbacks {
    /// Whether there is any.
    pub fn any(&self) -> bool {
        self.on_start.is_some()
            || self.next.is_some()
            || self.on_message.is_some()
            || self.on_outcome.is_some()
    }
}
