//! One line of JSON for each message, each copy of one, and each execution of a consumer. Times are nanoseconds since the load began.

use super::json_line::JsonLine;
use crate::engine::{CopyRecord, ExecutionRecord, MessageRecord};
use crate::files::in_words;
use std::io::{self, Write};

/// A record of the engine that has a line in an events file.
pub(super) trait Event {
    /// Writes the fields of the line, of run number `run`.
    ///
    /// # Errors
    /// A value has no form in JSON.
    fn write(&self, run: usize, line: &mut JsonLine) -> serde_json::Result<()>;
}

impl Event for MessageRecord<'_> {
    fn write(&self, run: usize, line: &mut JsonLine) -> serde_json::Result<()> {
        line.number("run", run as u64);
        line.text("event", "message");
        line.text("agent", self.agent);
        line.number("sequence", self.sequence);
        line.text("type", self.type_name);
        line.text("content", self.content);
        line.text("sender", self.sender);
        line.text("recipient", self.recipient);
        line.text("message_type", self.message_type);
        line.text("priority", self.priority.name());
        line.texts("tags", self.tags);
        line.value("metadata", self.metadata)?;
        line.number("intended_ns", self.intended_ns);
        line.number_or_null("first_accepted_ns", self.first_accepted_ns);
        line.number_or_null("last_accepted_ns", self.last_accepted_ns);
        line.number("ended_ns", self.ended_ns);
        line.number("attempts", u64::from(self.attempts));
        line.text("outcome", self.outcome.name());
        line.text_or_null("reason", Some(self.reason).filter(|reason| !reason.is_empty()));
        Ok(())
    }
}

/// A copy, or a processor's word about a message.
impl Event for CopyRecord<'_> {
    fn write(&self, run: usize, line: &mut JsonLine) -> serde_json::Result<()> {
        line.number("run", run as u64);
        line.text("event", self.what);
        line.text("agent", self.agent);
        line.number("sequence", self.sequence);
        line.text_or_null("type", self.type_name);
        line.text("recipient", self.recipient);
        line.number_or_null("intended_ns", self.intended_ns);
        line.number("at_ns", self.at_ns);
        // Null unless a processor counts its calls.
        line.number_or_null("call", Some(u64::from(self.call)).filter(|call| *call > 0));
        line.flag("out_of_order", self.out_of_order);
        line.flag("corrupted", self.corrupted);
        line.text_or_null("reason", Some(self.reason).filter(|reason| !reason.is_empty()));
        Ok(())
    }
}

/// The work of a consumer on a copy.
impl Event for ExecutionRecord<'_> {
    fn write(&self, run: usize, line: &mut JsonLine) -> serde_json::Result<()> {
        line.number("run", run as u64);
        line.text("event", "execution");
        line.text("agent", self.agent);
        line.number("sequence", self.sequence);
        line.text("type", self.type_name);
        line.text("consumer", self.consumer);
        line.flag("to_all", self.to_all);
        // Null unless the core counts its hand-overs.
        line.number_or_null("hand_over", Some(u64::from(self.hand_over)).filter(|times| *times > 0));
        line.number("intended_ns", self.intended_ns);
        line.number("handed_ns", self.handed_ns);
        line.number("began_ns", self.began_ns);
        line.number("ended_ns", self.ended_ns);
        line.text("end", self.end.name());
        line.flag("lease_expired", self.lease_expired);
        line.text_or_null("settled", self.settled);
        Ok(())
    }
}

/// An events file.
#[derive(Debug)]
pub(super) struct EventLines<W> {
    pub into: W,
    line: JsonLine,
}

impl<W: Write> EventLines<W> {
    pub fn new(into: W) -> EventLines<W> {
        EventLines { into, line: JsonLine::default() }
    }

    /// Writes the line of an event.
    ///
    /// # Errors
    /// The file cannot be written; the text is for the user.
    pub fn write(&mut self, run: usize, event: &impl Event) -> Result<(), String> {
        self.line.begin();
        let written = event.write(run, &mut self.line).map_err(io::Error::from);
        written
            .and_then(|()| self.into.write_all(self.line.end()))
            .map_err(|error| format!("the events file cannot be written: {}", in_words(&error)))
    }
}
