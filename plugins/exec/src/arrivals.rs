//! Copies on their way from a processor under test to the host.

use mqscript_plugin::abi;
use mqscript_plugin::prelude::*;
use std::collections::HashMap;
use std::ops::Range;

/// The agents of the run, by name: the program knows names alone.
#[derive(Debug, Default)]
pub struct Agents {
    numbers: HashMap<Box<str>, u32>,
    /// Senders and recipients that are no agents: they have no inbox.
    others: Vec<Box<str>>,
}

impl Agents {
    /// Those of `run`.
    pub fn of(run: &Run) -> Agents {
        let name = |id| Box::<str>::from(run.party_name(id));
        Agents {
            numbers: (0..run.agents()).map(|id| (name(id), id)).collect(),
            others: (run.agents()..run.parties()).map(name).collect(),
        }
    }

    /// Whom a copy is for: an agent, [`abi::ALL`], or nobody with an inbox. `None`: nobody of the run is called so.
    pub fn recipients(&self, name: &str, sender: u32) -> Option<Vec<u32>> {
        if name == "ALL" {
            let all = 0..self.numbers.len() as u32;
            return Some(all.filter(|agent| *agent != sender).collect());
        }
        match self.numbers.get(name) {
            Some(agent) => Some(vec![*agent]),
            None => self.others.iter().any(|other| **other == *name).then(Vec::new),
        }
    }
}

/// One copy.
#[derive(Debug, Clone, Copy)]
struct Copy {
    agent: u32,
    /// Which message of the batch it is a copy of.
    message: usize,
}

#[derive(Debug)]
struct Received {
    stamp: Stamp,
    at_ns: u64,
    bytes: Range<usize>,
    text: Option<ArrivedText>,
}

/// A batch of copies, with the messages they are copies of.
#[derive(Debug, Default)]
pub struct Arrivals {
    copies: Vec<Copy>,
    messages: Vec<Received>,
    bytes: Vec<u8>,
}

impl Arrivals {
    /// Adds a message with its copies.
    pub fn push(
        &mut self,
        stamp: Stamp,
        content: &[u8],
        text: Option<ArrivedText>,
        agents: &[u32],
        at_ns: u64,
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(content);
        let message = self.messages.len();
        self.messages.push(Received { stamp, at_ns, bytes: start..self.bytes.len(), text });
        self.copies.extend(agents.iter().map(|agent| Copy { agent: *agent, message }));
    }

    /// Adds those of another batch, which is left empty.
    pub fn append(&mut self, other: &mut Arrivals) {
        let (messages, bytes) = (self.messages.len(), self.bytes.len());
        self.copies
            .extend(other.copies.drain(..).map(|copy| Copy { message: copy.message + messages, ..copy }));
        self.messages.extend(other.messages.drain(..).map(|message| Received {
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

    /// Forgets them; the memory stays.
    pub fn clear(&mut self) {
        self.copies.clear();
        self.messages.clear();
        self.bytes.clear();
    }

    /// A copy as the host takes it.
    pub fn arrived(&self, index: usize) -> Arrived<'_> {
        let copy = self.copies[index];
        let message = &self.messages[copy.message];
        Arrived {
            stamp: message.stamp,
            content: &self.bytes[message.bytes.clone()],
            text: message.text.as_ref(),
            at_ns: message.at_ns,
            recipient_id: copy.agent,
            // The processor has sent it, and will not send it again for want of an acknowledgement.
            ack_tag: 0,
            redelivered: false,
        }
    }
}

/// Who sent the message that bears this stamp; nobody if it bears none.
pub fn sender_of(stamp: &Stamp) -> u32 {
    if stamp.sequence == 0 { abi::ALL } else { stamp.sender }
}
