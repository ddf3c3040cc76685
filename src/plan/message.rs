//! What a message is made of.

use super::Template;
use super::distribution::Distribution;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The number of a message type: its place in `Plan::types`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TypeId(pub u16);

impl TypeId {
    /// Its place in tables of all types.
    #[inline(always)]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A message type: its name in the mix, and what every message of it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageType {
    /// The name in the mix and in results.
    pub name: String,
    /// The message type on the wire: TEXT, BROADCAST, ONBOARDING and so on.
    pub wire_type: String,
    /// What its messages have unless a group's mix or the sending callback says otherwise.
    pub settings: MessageSettings,
}

/// The settings that every message of a type has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageSettings {
    /// The sender that the message shows.
    pub sender: Sender,
    /// The recipient of the message.
    pub recipient: Recipient,
    /// In which order it is taken.
    pub priority: Priority,
    /// The content of the message.
    pub content: Content,
    /// The tags of the message.
    pub tags: Vec<String>,
    /// Its metadata; texts in it are templates.
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// It is not handed over when older than this, in nanoseconds.
    pub time_to_live_ns: Option<u64>,
}

impl Default for MessageSettings {
    fn default() -> Self {
        MessageSettings {
            sender: Sender::Agent,
            recipient: Recipient::Other,
            priority: Priority::Regular,
            content: Content::default(),
            tags: vec!["SYSTEM".to_owned()],
            metadata: BTreeMap::new(),
            time_to_live_ns: None,
        }
    }
}

/// The content of a type's messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// The text with its placeholders.
    pub template: Template,
    /// The content is padded with spaces to this many bytes.
    pub size: Option<Distribution>,
}

impl Default for Content {
    fn default() -> Self {
        let template = Template::parse("Test message {number}").expect("the default template is well formed");
        Content { template, size: None }
    }
}

/// The sender that a message shows; the ledger knows the generating agent all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sender {
    /// The agent that generates the message.
    Agent,
    /// A sender with a fixed name.
    Named(String),
}

/// The recipient or recipients of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recipient {
    /// Any agent but the generating one, equally likely.
    Other,
    /// Any agent, equally likely.
    Any,
    /// Every agent but the generating one.
    All,
    /// Any agent of the group with this number, equally likely; not the generating one if there is another.
    Group(usize),
    /// The agent with this number.
    Agent(u32),
}

/// The order in which messages are taken: urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[repr(u8)]
pub enum Priority {
    /// Messages that the queue gives out last.
    Low = 0,
    /// The priority that messages have by default.
    #[default]
    Regular = 1,
    /// Taken before regular messages.
    High = 2,
    /// Messages that the queue gives out first.
    Urgent = 3,
}

impl Priority {
    /// All priorities, the lowest first.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Regular, Priority::High, Priority::Urgent];

    /// The name in scripts and results.
    pub fn name(self) -> &'static str {
        ["low", "regular", "high", "urgent"][self as usize]
    }

    /// The priority with this name.
    pub fn from_name(name: &str) -> Option<Priority> {
        Priority::ALL.into_iter().find(|priority| priority.name() == name)
    }
}
