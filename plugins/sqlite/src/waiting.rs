//! Messages that were accepted and are not stored yet: copied, one after the other, into one block of bytes.

use mqscript_plugin::prelude::*;
use std::ops::Range;

/// The names of priorities in the table.
const PRIORITIES: [&str; 4] = ["low", "regular", "high", "urgent"];

/// A batch of accepted messages. Emptied and filled again, it allocates nothing.
#[derive(Debug, Default)]
pub struct Waiting {
    rows: Vec<Row>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Row {
    token: u64,
    stamp: Stamp,
    priority: u8,
    start: usize,
    /// Where content, sender, recipient, wire type, tags and metadata end.
    ends: [usize; 6],
}

/// One accepted message.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    /// Its identity.
    pub stamp: Stamp,
    /// Its priority, by name.
    pub priority: &'static str,
    /// Its content.
    pub content: &'a [u8],
    /// The shown sender.
    pub sender: &'a [u8],
    /// The recipient's name.
    pub recipient: &'a [u8],
    /// The wire type.
    pub message_type: &'a [u8],
    /// The tags, as a JSON array.
    pub tags: &'a [u8],
    /// The metadata, as a JSON object.
    pub metadata: &'a [u8],
}

impl Waiting {
    /// Copies a message.
    pub fn push(&mut self, message: &Message<'_>) {
        let start = self.bytes.len();
        let mut ends = [start; 6];
        self.bytes.extend_from_slice(message.content());
        ends[0] = self.bytes.len();
        if let Some(text) = message.text() {
            for (end, part) in
                ends[1..4].iter_mut().zip([text.sender(), text.recipient(), text.message_type()])
            {
                self.bytes.extend_from_slice(part.as_bytes());
                *end = self.bytes.len();
            }
            self.push_list(b'[', b']', text.tags(), json);
            ends[4] = self.bytes.len();
            self.push_list(b'{', b'}', text.metadata(), |bytes, (key, value)| {
                json(bytes, key);
                bytes.push(b':');
                json(bytes, value);
            });
            ends[5] = self.bytes.len();
        } else {
            ends = [ends[0]; 6];
        }
        let (token, stamp, priority) = (message.token(), message.stamp(), message.priority());
        self.rows.push(Row { token, stamp, priority, start, ends });
    }

    fn push_list<T>(
        &mut self,
        open: u8,
        close: u8,
        items: impl Iterator<Item = T>,
        write: impl Fn(&mut Vec<u8>, T),
    ) {
        self.bytes.push(open);
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.bytes.push(b',');
            }
            write(&mut self.bytes, item);
        }
        self.bytes.push(close);
    }

    /// How many messages.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets them; the memory stays.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.bytes.clear();
    }

    /// The messages, in the order of acceptance.
    pub fn iter(&self) -> impl Iterator<Item = Accepted<'_>> {
        self.rows.iter().map(|row| {
            let part = |index: usize| &self.bytes[row.ends[index - 1]..row.ends[index]];
            Accepted {
                stamp: row.stamp,
                priority: PRIORITIES[usize::from(row.priority & 3)],
                content: &self.bytes[row.start..row.ends[0]],
                sender: part(1),
                recipient: part(2),
                message_type: part(3),
                tags: part(4),
                metadata: part(5),
            }
        })
    }

    /// Their tokens, as ranges of consecutive ones.
    pub fn tokens(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.rows
            .chunk_by(|a, b| a.token + 1 == b.token)
            .map(|run| run[0].token..run[run.len() - 1].token + 1)
    }
}

/// A text as JSON.
fn json(bytes: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(bytes, text).expect("a text is JSON, and memory takes it");
}
