//! One line of JSON for each message, and for each copy of one.

use crate::engine::{CopyRecord, MessageRecord};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A message as it stands in an events file. Times are nanoseconds since the load began.
#[derive(Debug, Serialize)]
pub(super) struct Event<'a> {
    /// Which of the script's runs, from 0.
    run: usize,
    event: &'static str,
    agent: &'a str,
    sequence: u64,
    r#type: &'a str,
    content: &'a str,
    sender: &'a str,
    recipient: &'a str,
    message_type: &'a str,
    priority: &'static str,
    tags: &'a [String],
    metadata: &'a BTreeMap<String, Value>,
    intended_ns: u64,
    first_accepted_ns: Option<u64>,
    last_accepted_ns: Option<u64>,
    ended_ns: u64,
    attempts: u8,
    outcome: &'static str,
    /// The reason why it was not delivered; null if it was.
    reason: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// What is written of a message of run number `run`.
    pub(super) fn new(run: usize, record: &MessageRecord<'a>) -> Event<'a> {
        Event {
            run,
            event: "message",
            agent: record.agent,
            sequence: record.sequence,
            r#type: record.type_name,
            content: record.content,
            sender: record.sender,
            recipient: record.recipient,
            message_type: record.message_type,
            priority: record.priority.name(),
            tags: record.tags,
            metadata: record.metadata,
            intended_ns: record.intended_ns,
            first_accepted_ns: record.first_accepted_ns,
            last_accepted_ns: record.last_accepted_ns,
            ended_ns: record.ended_ns,
            attempts: record.attempts,
            outcome: record.outcome.name(),
            reason: Some(record.reason).filter(|reason| !reason.is_empty()),
        }
    }
}

/// A copy, or a processor's word about a message, as it stands in an events file. Times are nanoseconds since the load began.
#[derive(Debug, Serialize)]
pub(super) struct CopyEvent<'a> {
    /// Which of the script's runs, from 0.
    run: usize,
    event: &'static str,
    agent: &'a str,
    sequence: u64,
    r#type: Option<&'a str>,
    recipient: &'a str,
    intended_ns: Option<u64>,
    at_ns: u64,
    /// Null unless a processor counts its calls.
    call: Option<u32>,
    out_of_order: bool,
    corrupted: bool,
    reason: Option<&'a str>,
}

impl<'a> CopyEvent<'a> {
    /// What is written of a copy of run number `run`.
    pub(super) fn new(run: usize, record: &CopyRecord<'a>) -> CopyEvent<'a> {
        CopyEvent {
            run,
            event: record.what,
            agent: record.agent,
            sequence: record.sequence,
            r#type: record.type_name,
            recipient: record.recipient,
            intended_ns: record.intended_ns,
            at_ns: record.at_ns,
            call: Some(record.call).filter(|call| *call > 0),
            out_of_order: record.out_of_order,
            corrupted: record.corrupted,
            reason: Some(record.reason).filter(|reason| !reason.is_empty()),
        }
    }
}
