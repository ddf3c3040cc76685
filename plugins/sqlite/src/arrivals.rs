//! Copies on their way from the file to the host.

use mqscript_plugin::prelude::*;
use std::ops::Range;

/// One copy.
#[derive(Debug)]
pub struct Arrival {
    /// What the host acknowledges it by.
    pub tag: u64,
    /// The agent it is for.
    pub agent: u32,
    /// Whether it was handed out before.
    pub redelivered: bool,
    /// When it was read.
    pub at_ns: u64,
    /// Which message of the batch it is a copy of.
    message: usize,
}

#[derive(Debug)]
struct Content {
    stamp: Stamp,
    bytes: Range<usize>,
    text: Option<ArrivedText>,
}

/// A batch of copies, with the messages they are copies of.
#[derive(Debug, Default)]
pub struct Arrivals {
    copies: Vec<Arrival>,
    messages: Vec<Content>,
    bytes: Vec<u8>,
}

impl Arrivals {
    /// Adds a message; its copies follow.
    pub fn push_message(&mut self, stamp: Stamp, content: &[u8], text: Option<ArrivedText>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(content);
        self.messages.push(Content { stamp, bytes: start..self.bytes.len(), text });
    }

    /// Adds a copy of the message added last.
    pub fn push_copy(&mut self, tag: u64, agent: u32, redelivered: bool, at_ns: u64) {
        let message = self.messages.len() - 1;
        self.copies.push(Arrival { tag, agent, redelivered, at_ns, message });
    }

    /// Adds the copies of another batch, which is left empty.
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

    /// How many copies.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// How many bytes of content.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The copies.
    pub fn copies(&self) -> &[Arrival] {
        &self.copies
    }

    /// Forgets them; the memory stays.
    pub fn clear(&mut self) {
        self.copies.clear();
        self.messages.clear();
        self.bytes.clear();
    }

    /// A copy as the host takes it.
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
        }
    }
}
