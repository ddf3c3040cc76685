//! The figures of one agent, and of one recipient.

use super::balance::Counts;
use super::times::Times;
use serde::{Deserialize, Serialize};

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

/// The figures of messages addressed to one agent, or to ALL.
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
