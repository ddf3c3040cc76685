//! The engine's news. It prints nothing itself: whoever shows a run implements [`Observer`].

use crate::plan::{ClockKind, Plan, Priority};
use crate::results::{Facts, FinalOutcome, Run};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a run is about, told once before it starts.
#[derive(Debug, Clone)]
pub struct Started {
    /// The scenario's name.
    pub name: String,
    /// The core's name.
    pub core: String,
    /// The run's clock.
    pub clock: ClockKind,
    /// The seed.
    pub seed: u64,
    /// How many agents.
    pub agents: u32,
    /// Length of the load, where it is known beforehand.
    pub load_ns: Option<u64>,
    /// How much of it comes before the measured window.
    pub warm_up_ns: u64,
    /// Messages in all, where they are known beforehand.
    pub messages: Option<u64>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// The run's time.
    pub now_ns: u64,
    /// Messages generated.
    pub generated: u64,
    /// Messages that have ended, under whatever name.
    pub ended: u64,
    /// Messages delivered.
    pub delivered: u64,
    /// Whether the load has ended and the rest is awaited.
    pub draining: bool,
    /// Copies that are expected and have not come.
    pub awaited: u64,
}

/// One message with its whole story, told when it has ended.
#[derive(Debug)]
pub struct MessageRecord<'a> {
    /// The generating agent's name.
    pub agent: &'a str,
    /// The message's number among its agent's, from 1.
    pub sequence: u64,
    /// The type's name in the mix.
    pub type_name: &'a str,
    /// The content of the last attempt; empty unless it is text.
    pub content: &'a str,
    /// The sender shown.
    pub sender: &'a str,
    /// The recipient's name, or ALL.
    pub recipient: &'a str,
    /// The type on the wire.
    pub message_type: &'a str,
    /// The priority.
    pub priority: Priority,
    /// The tags.
    pub tags: &'a [String],
    /// The metadata.
    pub metadata: &'a BTreeMap<String, Value>,
    /// The intended arrival.
    pub intended_ns: u64,
    /// When the core first accepted it.
    pub first_accepted_ns: Option<u64>,
    /// When the core last accepted it.
    pub last_accepted_ns: Option<u64>,
    /// When it ended.
    pub ended_ns: u64,
    /// Attempts made.
    pub attempts: u8,
    /// How it ended.
    pub outcome: FinalOutcome,
    /// Why, if it was not delivered.
    pub reason: &'a str,
}

/// A copy that came, or a processor's word about a message.
#[derive(Debug)]
pub struct CopyRecord<'a> {
    /// What it is: "received", "duplicated", "unexpected", "late", "foreign", "unstamped", "failed_call", "given_up".
    pub what: &'static str,
    /// The generating agent's name; empty if nobody knows.
    pub agent: &'a str,
    /// The message's number among its agent's; 0 if nobody knows.
    pub sequence: u64,
    /// The type's name in the mix, where it is known.
    pub type_name: Option<&'a str>,
    /// The agent whose copy it is, or ALL.
    pub recipient: &'a str,
    /// When its message was due.
    pub intended_ns: Option<u64>,
    /// When it came.
    pub at_ns: u64,
    /// The how-manieth call of a processor for its message it was; 0 if that was not told.
    pub call: u32,
    /// Whether it came after a younger one.
    pub out_of_order: bool,
    /// Whether its content was not what was sent.
    pub corrupted: bool,
    /// What of it was altered, how the call failed, or why it was given up; empty if nothing was said.
    pub reason: &'a str,
}

/// The results so far of a run, as if its core had died just now; nobody has judged them yet.
#[derive(Debug)]
pub struct SoFar<'a> {
    /// What was measured.
    pub run: Run,
    /// What judges must know besides.
    pub facts: Facts,
    /// What is played.
    pub plan: &'a Plan,
    /// They are told because the core has died, not because they were wanted: nothing more is told.
    pub dying: bool,
}

/// Who is told the news. Called on the engine's thread: it must be quick.
pub trait Observer {
    /// A run begins.
    fn started(&mut self, started: &Started);

    /// Called now and then (on the wall clock at least ten times a second, on the virtual clock at least every
    /// 65,536 messages). Returns whether to go on; false ends the run as interrupted.
    fn progress(&mut self, progress: &Progress) -> bool;

    /// A core wants the user to read something; `level` is 1 error … 4 debug.
    fn log(&mut self, _core: &str, _level: u32, _text: &str) {}

    /// Whether the results so far are wanted now; asked where [`Observer::progress`] is.
    fn wants_results(&mut self) -> bool {
        false
    }

    /// The results so far, as if the core had died just now.
    fn results_so_far(&mut self, _so_far: SoFar<'_>) {}

    /// Whether [`Observer::message`] is wanted; asked once, before the run.
    fn wants_messages(&self) -> bool {
        false
    }

    /// Whether the results are kept, by whoever plays: only then do they get their distributions and their digest; asked
    /// once, before the run.
    fn keeps_results(&self) -> bool {
        true
    }

    /// A message has ended. An error (such as a full disk) ends the run as interrupted, with this text.
    fn message(&mut self, _record: &MessageRecord<'_>) -> Result<(), String> {
        Ok(())
    }

    /// A copy came, or a processor told of a message; called where [`Observer::message`] is. An error as there.
    fn copy(&mut self, _record: &CopyRecord<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// Listens to nothing.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn started(&mut self, _started: &Started) {}

    fn progress(&mut self, _progress: &Progress) -> bool {
        true
    }
}
