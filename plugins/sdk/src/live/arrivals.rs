//! Copies on their way from a medium to the host.

use crate::abi::Stamp;
use crate::buffers::{Arrived, Report};
use crate::message::ArrivedText;
use std::ops::Range;

/// One copy of a message, or a note about the message.
#[derive(Debug)]
pub struct Arrival {
    /// The number by which the host acknowledges the copy; 0 = nothing to acknowledge.
    pub tag: u64,
    /// The agent it is for.
    pub agent: u32,
    /// Whether it was handed out before.
    pub redelivered: bool,
    /// The number of hand-overs of this copy, this one included; 0 = not known.
    pub handed_over: u32,
    /// Whether this is a copy or a note, and of which kind.
    pub report: Report,
    /// The number of the call for its message that this was, from 1; 0 = unknown.
    pub attempt: u32,
    /// When it arrived, in nanoseconds since the origin.
    pub at_ns: u64,
    /// The index of its message in the batch.
    message: usize,
}

#[derive(Debug)]
struct Content {
    stamp: Stamp,
    bytes: Range<usize>,
    text: Option<ArrivedText>,
}

/// A batch of copies, with their messages. A core's thread fills it, and the session hands the copies out from it. It
/// can be emptied and filled again without an allocation.
#[derive(Debug, Default)]
pub struct Arrivals {
    copies: Vec<Arrival>,
    messages: Vec<Content>,
    bytes: Vec<u8>,
}

impl Arrivals {
    /// Adds a message; its copies must be added next.
    pub fn push_message(&mut self, stamp: Stamp, content: &[u8], text: Option<ArrivedText>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(content);
        self.messages.push(Content { stamp, bytes: start..self.bytes.len(), text });
    }

    /// Adds a copy of the message added last.
    ///
    /// # Panics
    /// No message was added.
    pub fn push_copy(&mut self, tag: u64, agent: u32, redelivered: bool, at_ns: u64) {
        self.copies.push(Arrival { tag, redelivered, ..self.of_newest(agent, at_ns) });
    }

    /// Adds a copy of the message added last that was handed over so often, this time included; 0 = not known.
    ///
    /// # Panics
    /// No message was added.
    pub fn push_handed_over(&mut self, tag: u64, agent: u32, handed_over: u32, at_ns: u64) {
        let redelivered = handed_over > 1;
        self.copies.push(Arrival { tag, redelivered, handed_over, ..self.of_newest(agent, at_ns) });
    }

    /// Adds a note about the message added last. A note is not acknowledged.
    ///
    /// # Panics
    /// No message was added.
    pub fn push_report(&mut self, report: Report, attempt: u32, agent: u32, at_ns: u64) {
        self.copies.push(Arrival { report, attempt, ..self.of_newest(agent, at_ns) });
    }

    /// A copy of the message added last, of which nothing more is known.
    fn of_newest(&self, agent: u32, at_ns: u64) -> Arrival {
        let message = self.messages.len().checked_sub(1).expect("a message comes before its copies");
        Arrival {
            tag: 0,
            agent,
            redelivered: false,
            handed_over: 0,
            report: Report::Copy,
            attempt: 0,
            at_ns,
            message,
        }
    }

    /// Adds the copies of another batch, and empties that one.
    pub fn append(&mut self, other: &mut Arrivals) {
        if self.copies.is_empty() {
            self.clear();
            std::mem::swap(self, other);
            return;
        }
        let (messages, bytes) = (self.messages.len(), self.bytes.len());
        let moved = |copy: Arrival| Arrival { message: copy.message + messages, ..copy };
        self.copies.extend(other.copies.drain(..).map(moved));
        self.messages.extend(other.messages.drain(..).map(|message| Content {
            bytes: message.bytes.start + bytes..message.bytes.end + bytes,
            ..message
        }));
        self.bytes.append(&mut other.bytes);
    }

    /// The number of copies and notes.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    /// Whether there is no copy and no note.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// The number of bytes of all contents.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// All copies and notes, in order.
    pub fn copies(&self) -> &[Arrival] {
        &self.copies
    }

    /// Removes everything; the memory is kept.
    pub fn clear(&mut self) {
        self.copies.clear();
        self.messages.clear();
        self.bytes.clear();
    }

    /// One of [`copies`](Arrivals::copies) as the host takes it.
    pub fn arrived(&self, copy: &Arrival) -> Arrived<'_> {
        let message = &self.messages[copy.message];
        Arrived {
            stamp: message.stamp,
            content: &self.bytes[message.bytes.clone()],
            text: message.text.as_ref(),
            at_ns: copy.at_ns,
            recipient_id: copy.agent,
            ack_tag: copy.tag,
            redelivered: copy.redelivered,
            handed_over: copy.handed_over,
            report: copy.report,
            attempt: copy.attempt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(sequence: u64) -> Stamp {
        Stamp { sequence, ..Stamp::NONE }
    }

    fn batch(first: u64, contents: &[&str]) -> Arrivals {
        let mut batch = Arrivals::default();
        for (content, sequence) in contents.iter().zip(first..) {
            batch.push_message(stamp(sequence), content.as_bytes(), None);
            for agent in 0..2 {
                batch.push_copy(sequence * 10, agent, agent == 1, sequence + 100);
            }
        }
        batch
    }

    fn told(batch: &Arrivals) -> Vec<(u64, &[u8], u32, u64, bool)> {
        let copies = batch.copies().iter().map(|copy| batch.arrived(copy));
        copies.map(|c| (c.stamp.sequence, c.content, c.recipient_id, c.ack_tag, c.redelivered)).collect()
    }

    #[test]
    fn batches_put_together_keep_every_copy_with_its_message() {
        let (mut all, mut more) = (batch(1, &["one", ""]), batch(3, &["three"]));
        all.append(&mut more);
        let expected: [(u64, &[u8], u32, u64, bool); 6] = [
            (1, b"one", 0, 10, false),
            (1, b"one", 1, 10, true),
            (2, b"", 0, 20, false),
            (2, b"", 1, 20, true),
            (3, b"three", 0, 30, false),
            (3, b"three", 1, 30, true),
        ];
        assert_eq!(told(&all), expected);
        assert_eq!((all.len(), all.bytes(), more.is_empty(), more.bytes()), (6, 8, true, 0));
    }

    #[test]
    fn a_copy_tells_how_often_it_was_handed_over() {
        let mut batch = Arrivals::default();
        batch.push_message(stamp(1), b"one", None);
        batch.push_handed_over(7, 3, 1, 5);
        batch.push_handed_over(8, 4, 2, 6);
        let told = batch.copies().iter().map(|copy| batch.arrived(copy));
        let told: Vec<_> =
            told.map(|c| (c.ack_tag, c.recipient_id, c.handed_over, c.redelivered, c.at_ns)).collect();
        assert_eq!(told, [(7, 3, 1, false, 5), (8, 4, 2, true, 6)]);
    }

    #[test]
    fn an_empty_batch_takes_the_other_over() {
        let (mut all, mut more) = (Arrivals::default(), batch(1, &["one"]));
        all.push_message(stamp(9), b"without copies", None);
        all.append(&mut more);
        assert_eq!((told(&all)[0].1, all.bytes(), more.is_empty()), (&b"one"[..], 3, true));
        all.clear();
        assert!(all.is_empty() && all.bytes() == 0);
    }
}
