//! The news that the engine sends during a run. It prints nothing itself: whoever shows a run implements [`Observer`].

use crate::metrics::ExecutionEnd;
use crate::plan::{ClockKind, Plan, Priority};
use crate::results::{Facts, FinalOutcome, Run};
use serde_json::Value;
use std::collections::BTreeMap;

/// The facts of a run, told once before it starts.
#[derive(Debug, Clone)]
pub struct Started {
    /// The name of the scenario.
    pub name: String,
    /// The name of the core.
    pub core: String,
    /// The clock of the run.
    pub clock: ClockKind,
    /// The seed of the run.
    pub seed: u64,
    /// The number of agents.
    pub agents: u32,
    /// The length of the load in nanoseconds, if it is known beforehand.
    pub load_ns: Option<u64>,
    /// The length of the warm-up before the measured window, in nanoseconds.
    pub warm_up_ns: u64,
    /// The number of messages, if it is known beforehand.
    pub messages: Option<u64>,
}

/// The state of a run at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// The time since the load began, in nanoseconds.
    pub now_ns: u64,
    /// The number of messages generated.
    pub generated: u64,
    /// The number of messages that have ended, with any outcome.
    pub ended: u64,
    /// The number of messages delivered.
    pub delivered: u64,
    /// Whether the load has ended and the run waits for the rest.
    pub draining: bool,
    /// The number of copies that are expected and have not come.
    pub awaited: u64,
}

/// All facts about one message, told when it has ended.
#[derive(Debug)]
pub struct MessageRecord<'a> {
    /// The name of the generating agent.
    pub agent: &'a str,
    /// The number of the message among its agent's, from 1.
    pub sequence: u64,
    /// The name of its type in the mix.
    pub type_name: &'a str,
    /// The content of the last attempt; empty unless it is text.
    pub content: &'a str,
    /// The name of the sender that the message shows.
    pub sender: &'a str,
    /// The name of the recipient, or ALL.
    pub recipient: &'a str,
    /// The name of its type on the wire.
    pub message_type: &'a str,
    /// The priority of the message.
    pub priority: Priority,
    /// The tags of the message.
    pub tags: &'a [String],
    /// The metadata of the message.
    pub metadata: &'a BTreeMap<String, Value>,
    /// The intended time of arrival, in nanoseconds since the load began.
    pub intended_ns: u64,
    /// When the core first accepted it, in nanoseconds since the load began.
    pub first_accepted_ns: Option<u64>,
    /// When the core last accepted it, in nanoseconds since the load began.
    pub last_accepted_ns: Option<u64>,
    /// When it ended, in nanoseconds since the load began.
    pub ended_ns: u64,
    /// The number of attempts made.
    pub attempts: u8,
    /// The outcome of the message.
    pub outcome: FinalOutcome,
    /// The reason, if it was not delivered; else empty.
    pub reason: &'a str,
}

/// A copy that came, or a report of a processor about a message.
#[derive(Debug)]
pub struct CopyRecord<'a> {
    /// The kind: "received", "duplicated", "unexpected", "late", "foreign", "unstamped", "failed_call", "given_up".
    pub what: &'static str,
    /// The name of the generating agent; empty if unknown.
    pub agent: &'a str,
    /// The number of the message among its agent's; 0 if unknown.
    pub sequence: u64,
    /// The name of its type in the mix, if known.
    pub type_name: Option<&'a str>,
    /// The agent whose copy it is, or ALL.
    pub recipient: &'a str,
    /// When its message was due, if known, in nanoseconds since the load began.
    pub intended_ns: Option<u64>,
    /// When it came, in nanoseconds since the load began.
    pub at_ns: u64,
    /// The number of the processor's call for its message, from 1; 0 if unknown.
    pub call: u32,
    /// Whether it came after the copy of a later message.
    pub out_of_order: bool,
    /// Whether its content differs from what was sent.
    pub corrupted: bool,
    /// Which fields were altered, how the call failed, or why the message was given up; empty if unknown.
    pub reason: &'a str,
}

/// The work of an agent on a copy, told when it has ended.
#[derive(Debug)]
pub struct ExecutionRecord<'a> {
    /// The name of the agent that generated the message.
    pub agent: &'a str,
    /// The number of the message among its agent's, from 1.
    pub sequence: u64,
    /// The name of its type in the mix.
    pub type_name: &'a str,
    /// The agent that worked.
    pub consumer: &'a str,
    /// Whether the message was for all agents.
    pub to_all: bool,
    /// The number of the hand-over of its copy, from 1; 0 if the core does not tell it.
    pub hand_over: u32,
    /// When its message was due, in nanoseconds since the load began.
    pub intended_ns: u64,
    /// When its copy came to the agent, in nanoseconds since the load began.
    pub handed_ns: u64,
    /// When the work began, in nanoseconds since the load began.
    pub began_ns: u64,
    /// When the work ended, in nanoseconds since the load began.
    pub ended_ns: u64,
    /// How the work ended.
    pub end: ExecutionEnd,
    /// Whether the lease of the copy had ended by then.
    pub lease_expired: bool,
    /// How the copy was settled then: "acknowledged", "given_back" or "rejected"; none if it was not.
    pub settled: Option<&'static str>,
}

/// The results of a run so far, as if its core had died now. They are not judged yet.
#[derive(Debug)]
pub struct SoFar<'a> {
    /// The results that were measured so far.
    pub run: Run,
    /// Further facts that judging needs.
    pub facts: Facts,
    /// The plan of the run.
    pub plan: &'a Plan,
    /// Whether the core has died, so that nothing more will be told; false if the results were asked for.
    pub dying: bool,
}

/// Receives the news of a run. It is called on the engine's thread and must be quick.
pub trait Observer {
    /// Tells that a run begins.
    fn started(&mut self, started: &Started);

    /// Tells the state of the run: on the wall clock at least ten times a second, on the virtual clock at least every
    /// 65,536 messages. Returns whether to go on; false ends the run as interrupted.
    fn progress(&mut self, progress: &Progress) -> bool;

    /// A core has a message for the user; `level` goes from 1 (error) to 4 (debug).
    fn log(&mut self, _core: &str, _level: u32, _text: &str) {}

    /// Whether the results so far are wanted now; asked together with [`Observer::progress`].
    fn wants_results(&mut self) -> bool {
        false
    }

    /// Tells the results so far, as if the core had died now.
    fn results_so_far(&mut self, _so_far: SoFar<'_>) {}

    /// Whether [`Observer::message`] is to be called; asked once, before the run.
    fn wants_messages(&self) -> bool {
        false
    }

    /// Whether the results will be kept. Only then do they get their distributions and their digest. Asked once, before
    /// the run.
    fn keeps_results(&self) -> bool {
        true
    }

    /// Tells that a message has ended. An error, such as a full disk, ends the run as interrupted, with this text.
    fn message(&mut self, _record: &MessageRecord<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Tells of a copy that came, or of a processor's report; only if [`Observer::message`] is called. An error works
    /// as there.
    fn copy(&mut self, _record: &CopyRecord<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Tells of a consumer's work that has ended; only if [`Observer::message`] is called. An error works as there.
    fn execution(&mut self, _record: &ExecutionRecord<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// An observer that ignores all news.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn started(&mut self, _started: &Started) {}

    fn progress(&mut self, _progress: &Progress) -> bool {
        true
    }
}
