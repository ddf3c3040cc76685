//! The callbacks of agents. The engine knows this trait, not the language behind it.

use crate::plan::{Priority, Recipient, TypeId};
use mqscript_plugin::random::Stream;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A failure inside a callback; it ends the run. The error inside is for the maker of the behaviour.
#[derive(Debug)]
pub struct BehaviourError(pub Box<dyn std::error::Error + Send + Sync>);

/// A message that a callback wants to send. A field that is `None` is taken from the type's settings.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The number of the message type.
    pub type_id: TypeId,
    /// The recipient of the message.
    pub recipient: Option<Recipient>,
    /// The content, which is used as it is, without placeholders.
    pub content: Option<String>,
    /// The priority of the message.
    pub priority: Option<Priority>,
    /// The tags of the message.
    pub tags: Option<Vec<String>>,
    /// The metadata of the message.
    pub metadata: Option<BTreeMap<String, Value>>,
    /// The delay before the message is sent, in nanoseconds.
    pub after_ns: u64,
}

/// What a callback may read and fill while it runs.
#[derive(Debug)]
pub struct Sending<'a> {
    /// The number of the agent.
    pub agent: u32,
    /// The time since the load began, in nanoseconds.
    pub now_ns: u64,
    /// Whether the load has ended: `me.send` then returns false and counts in `suppressed`.
    pub closed: bool,
    /// The agent's own random stream, for `me.random`, `me.choose` and random delays.
    pub random: &'a mut Stream,
    /// The messages that the callback sends, in order.
    pub drafts: &'a mut Vec<Draft>,
    /// The number of calls of `me.send` after the end of the load.
    pub suppressed: &'a mut u64,
}

/// The texts of a message that an agent is told of. They are made when they are read: most callbacks read few of them.
pub trait MessageTexts: fmt::Debug + Send + Sync {
    /// The name of the sender that the message shows.
    fn sender(&self) -> String;
    /// The name of the recipient, or ALL.
    fn recipient(&self) -> String;
    /// The content of the message.
    fn content(&self) -> String;
    /// The tags of the message.
    fn tags(&self) -> Vec<String>;
    /// The metadata of the message.
    fn metadata(&self) -> BTreeMap<String, Value>;
}

/// A message as a callback sees it. It stands for itself, so that a callback may keep it.
#[derive(Debug, Clone)]
pub struct MessageView {
    /// The number of the message type.
    pub type_id: TypeId,
    /// The priority of the message.
    pub priority: Priority,
    /// The number of the message among its agent's, from 1.
    pub sequence: u64,
    /// The texts of the message.
    pub texts: Arc<dyn MessageTexts>,
}

/// The final outcome of a message as a callback sees it.
#[derive(Debug, Clone)]
pub struct OutcomeView {
    /// The name of the outcome, such as `delivered` or `failed`.
    pub result: &'static str,
    /// The reason, if it was not delivered; else empty.
    pub reason: String,
    /// The number of attempts that were made.
    pub attempts: u8,
    /// The time from the intended arrival to the end, in nanoseconds.
    pub total_ns: u64,
}

/// What an agent says of a message on which it has worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageAnswer {
    /// The work is done.
    Accepted,
    /// It is to be done again: the copy is given back.
    Refused,
    /// It is never to be done again: the copy becomes a dead letter.
    Rejected,
}

/// The callbacks of all agents. The engine calls only those that some group of the plan names.
pub trait Behaviour {
    /// Tells an agent that the load begins.
    ///
    /// # Errors
    /// The behaviour failed; the run ends.
    fn on_start(&mut self, sending: &mut Sending<'_>) -> Result<(), BehaviourError>;

    /// Asks an agent for the message of an arrival that is due; `None` sends nothing.
    ///
    /// # Errors
    /// The behaviour failed; the run ends.
    fn next(&mut self, sending: &mut Sending<'_>) -> Result<Option<Draft>, BehaviourError>;

    /// Tells an agent of a message that it received; one that works on what it receives, when the work is done. Only the
    /// answer of such an agent counts.
    ///
    /// # Errors
    /// The behaviour failed; the run ends.
    fn on_message(
        &mut self,
        sending: &mut Sending<'_>,
        message: MessageView,
    ) -> Result<MessageAnswer, BehaviourError>;

    /// Tells an agent of the final outcome of its own message.
    ///
    /// # Errors
    /// The behaviour failed; the run ends.
    fn on_outcome(
        &mut self,
        sending: &mut Sending<'_>,
        message: MessageView,
        outcome: OutcomeView,
    ) -> Result<(), BehaviourError>;

    /// The wall time spent in callbacks so far, in seconds; `None` without callbacks.
    fn seconds(&self) -> Option<f64>;
}

/// A behaviour without any callbacks.
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
        _message: MessageView,
    ) -> Result<MessageAnswer, BehaviourError> {
        Ok(MessageAnswer::Accepted)
    }

    fn on_outcome(
        &mut self,
        _sending: &mut Sending<'_>,
        _message: MessageView,
        _outcome: OutcomeView,
    ) -> Result<(), BehaviourError> {
        Ok(())
    }

    fn seconds(&self) -> Option<f64> {
        None
    }
}
