//! What agents do of their own accord. The engine knows this trait, not the language behind it.

use crate::plan::{Priority, Recipient};
use mqscript_plugin::random::Stream;
use serde_json::Value;
use std::collections::BTreeMap;

/// A failure inside a behaviour; it ends the run. The payload is for whoever made the behaviour.
#[derive(Debug)]
pub struct BehaviourError(pub Box<dyn std::error::Error + Send + Sync>);

/// A message that a behaviour wants to send. What is `None` comes from the type's settings.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The type's id.
    pub type_id: u16,
    /// To whom.
    pub recipient: Option<Recipient>,
    /// What it says; taken as it stands, no placeholders.
    pub content: Option<String>,
    /// Its priority.
    pub priority: Option<Priority>,
    /// Its tags.
    pub tags: Option<Vec<String>>,
    /// Its metadata.
    pub metadata: Option<BTreeMap<String, Value>>,
    /// Sent after this long, in nanoseconds.
    pub after_ns: u64,
}

/// What a callback may use and fill while it runs.
#[derive(Debug)]
pub struct Sending<'a> {
    /// The agent's number.
    pub agent: u32,
    /// The run's time.
    pub now_ns: u64,
    /// Whether the load has ended: `me.send` then returns false, and counts in `suppressed`.
    pub closed: bool,
    /// The agent's own stream for `me.random`, `me.choose` and random delays.
    pub random: &'a mut Stream,
    /// What the callback sends, in order.
    pub drafts: &'a mut Vec<Draft>,
    /// Calls of `me.send` that came after the end of the load.
    pub suppressed: &'a mut u64,
}

/// A message as a callback sees it.
#[derive(Debug)]
pub struct MessageView<'a> {
    /// The type's id.
    pub type_id: u16,
    /// The sender shown.
    pub sender: &'a str,
    /// The recipient's name, or ALL.
    pub recipient: &'a str,
    /// The content.
    pub content: &'a str,
    /// The priority.
    pub priority: Priority,
    /// The tags.
    pub tags: &'a [String],
    /// The metadata.
    pub metadata: &'a BTreeMap<String, Value>,
    /// The number among its agent's, from 1.
    pub sequence: u64,
}

/// A final outcome as a callback sees it.
#[derive(Debug)]
pub struct OutcomeView<'a> {
    /// How it ended: `delivered`, `failed` …
    pub result: &'static str,
    /// Why, if it was not delivered.
    pub reason: &'a str,
    /// Attempts made.
    pub attempts: u8,
    /// From the intended arrival to the end, in nanoseconds.
    pub total_ns: u64,
}

/// The agents' own part in a run. The engine asks `uses` of the plan's callbacks and calls nothing that no group
/// names.
pub trait Behaviour {
    /// The load begins for an agent.
    ///
    /// # Errors
    /// The behaviour failed; the run ends.
    fn on_start(&mut self, sending: &mut Sending<'_>) -> Result<(), BehaviourError>;

    /// An arrival is due: what to send, or nothing.
    ///
    /// # Errors
    /// The behaviour failed; the run ends.
    fn next(&mut self, sending: &mut Sending<'_>) -> Result<Option<Draft>, BehaviourError>;

    /// A message was received.
    ///
    /// # Errors
    /// The behaviour failed; the run ends.
    fn on_message(
        &mut self,
        sending: &mut Sending<'_>,
        message: &MessageView<'_>,
    ) -> Result<(), BehaviourError>;

    /// An own message has its final outcome.
    ///
    /// # Errors
    /// The behaviour failed; the run ends.
    fn on_outcome(
        &mut self,
        sending: &mut Sending<'_>,
        message: &MessageView<'_>,
        outcome: &OutcomeView<'_>,
    ) -> Result<(), BehaviourError>;

    /// Seconds of wall time spent in callbacks so far; `None` without callbacks.
    fn seconds(&self) -> Option<f64>;
}

/// Agents without callbacks.
#[derive(Debug, Default)]
pub struct NoBehaviour;

impl Behaviour for NoBehaviour {
    fn on_start(&mut self, _sending: &mut Sending<'_>) -> Result<(), BehaviourError> {
        Ok(())
    }

    fn next(&mut self, _sending: &mut Sending<'_>) -> Result<Option<Draft>, BehaviourError> {
        Ok(None)
    }

    fn on_message(
        &mut self,
        _sending: &mut Sending<'_>,
        _message: &MessageView<'_>,
    ) -> Result<(), BehaviourError> {
        Ok(())
    }

    fn on_outcome(
        &mut self,
        _sending: &mut Sending<'_>,
        _message: &MessageView<'_>,
        _outcome: &OutcomeView<'_>,
    ) -> Result<(), BehaviourError> {
        Ok(())
    }

    fn seconds(&self) -> Option<f64> {
        None
    }
}
