//! Accepted messages that are not yet with the medium, copied into one block of bytes.

use crate::abi::Stamp;
use crate::message::Message;
use std::ops::Range;

/// The names of the priorities.
const PRIORITIES: [&str; 4] = ["low", "regular", "high", "urgent"];

/// A batch of accepted messages. It can be emptied and filled again without an allocation.
#[derive(Debug, Default)]
pub struct Waiting {
    messages: Vec<Accepted>,
    block: Vec<u8>,
}

/// One accepted message: where its parts lie in the batch's block.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// The host's token for this attempt.
    pub token: u64,
    /// The identity of the message.
    pub stamp: Stamp,
    /// The recipient: a party's number, or [`abi::ALL`](crate::abi::ALL).
    pub recipient_id: u32,
    priority: u8,
    start: usize,
    /// The ends of content, sender, recipient, wire type, tags and metadata in the block.
    ends: [usize; 6],
}

impl Accepted {
    /// The name of the message's priority.
    pub fn priority(&self) -> &'static str {
        PRIORITIES[usize::from(self.priority & 3)]
    }

    /// The range of the content.
    pub fn content(&self) -> Range<usize> {
        self.start..self.ends[0]
    }

    /// The range of the shown sender.
    pub fn sender(&self) -> Range<usize> {
        self.ends[0]..self.ends[1]
    }

    /// The range of the recipient's name.
    pub fn recipient(&self) -> Range<usize> {
        self.ends[1]..self.ends[2]
    }

    /// The range of the wire type.
    pub fn message_type(&self) -> Range<usize> {
        self.ends[2]..self.ends[3]
    }

    /// The range of the tags, a JSON array; empty if the message came without texts.
    pub fn tags(&self) -> Range<usize> {
        self.ends[3]..self.ends[4]
    }

    /// The range of the metadata, a JSON object; empty if the message came without texts.
    pub fn metadata(&self) -> Range<usize> {
        self.ends[4]..self.ends[5]
    }
}

impl Waiting {
    /// Adds a copy of a message.
    pub fn push(&mut self, message: &Message<'_>) {
        let start = self.block.len();
        self.block.extend_from_slice(message.content());
        let mut ends = [self.block.len(); 6];
        if let Some(text) = message.text() {
            let parts = [text.sender(), text.recipient(), text.message_type()];
            for (end, part) in ends[1..4].iter_mut().zip(parts) {
                self.block.extend_from_slice(part.as_bytes());
                *end = self.block.len();
            }
            self.push_list(b'[', b']', text.tags(), json);
            ends[4] = self.block.len();
            self.push_list(b'{', b'}', text.metadata(), |bytes, (key, value)| {
                json(bytes, key);
                bytes.push(b':');
                json(bytes, value);
            });
            ends[5] = self.block.len();
        }
        self.messages.push(Accepted {
            token: message.token(),
            stamp: message.stamp(),
            recipient_id: message.recipient_id(),
            priority: message.priority(),
            start,
            ends,
        });
    }

    fn push_list<T>(
        &mut self,
        open: u8,
        close: u8,
        items: impl Iterator<Item = T>,
        write: impl Fn(&mut Vec<u8>, T),
    ) {
        self.block.push(open);
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.block.push(b',');
            }
            write(&mut self.block, item);
        }
        self.block.push(close);
    }

    /// The number of messages in the batch.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is no message.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The number of bytes in the block.
    pub fn bytes(&self) -> usize {
        self.block.len()
    }

    /// Removes all messages; the memory is kept.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.block.clear();
    }

    /// The messages, in the order of acceptance.
    pub fn messages(&self) -> &[Accepted] {
        &self.messages
    }

    /// The bytes of one part of a message.
    pub fn part(&self, range: Range<usize>) -> &[u8] {
        &self.block[range]
    }

    /// The tokens of all messages, as ranges of consecutive tokens.
    pub fn tokens(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.messages
            .chunk_by(|a, b| a.token + 1 == b.token)
            .map(|run| run[0].token..run[run.len() - 1].token + 1)
    }

    /// The messages, and the block to which their ranges refer.
    pub fn into_parts(self) -> (Vec<Accepted>, Vec<u8>) {
        (self.messages, self.block)
    }
}

/// Appends a text as a JSON string.
fn json(bytes: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(bytes, text).expect("a text is JSON, and memory takes it");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{self, Bytes, Pair, Str, Text};

    fn pushed(waiting: &mut Waiting, token: u64, content: &[u8], text: *const Text) {
        let raw =
            abi::Message { token, content: Bytes::new(content), text, priority: 3, ..abi::Message::EMPTY };
        // SAFETY: one message, which with all it points to outlives the call.
        waiting.push(&unsafe { Message::slice(&raw, 1) }[0]);
    }

    #[test]
    fn every_part_is_found_again() {
        let tags = [Str::new("SYSTEM"), Str::new("a \"b\"")];
        let metadata = [Pair { key: Str::new("step"), value: Str::new("3\n") }];
        let text = Text {
            sender: Str::new("Agent-1"),
            recipient: Str::new("ALL"),
            message_type: Str::new("BROADCAST"),
            tags: tags.as_ptr(),
            tags_len: 2,
            metadata: metadata.as_ptr(),
            metadata_len: 1,
            ..Text::EMPTY
        };
        let mut waiting = Waiting::default();
        pushed(&mut waiting, 1, b"", std::ptr::null());
        pushed(&mut waiting, 2, b"hello", &text);
        let told = |message: &Accepted| {
            let parts = [
                message.content(),
                message.sender(),
                message.recipient(),
                message.message_type(),
                message.tags(),
                message.metadata(),
            ];
            parts.map(|range| String::from_utf8(waiting.part(range).to_vec()).unwrap())
        };
        assert_eq!(told(&waiting.messages()[0]), [""; 6]);
        let expected =
            ["hello", "Agent-1", "ALL", "BROADCAST", r#"["SYSTEM","a \"b\""]"#, r#"{"step":"3\n"}"#];
        assert_eq!(told(&waiting.messages()[1]), expected);
        assert_eq!((waiting.messages()[1].priority(), waiting.len()), ("urgent", 2));
    }

    #[test]
    fn tokens_come_as_ranges() {
        let mut waiting = Waiting::default();
        for token in [1, 2, 3, 7, 9, 10] {
            pushed(&mut waiting, token, b"x", std::ptr::null());
        }
        assert_eq!(waiting.tokens().collect::<Vec<_>>(), [1..4, 7..8, 9..11]);
        assert_eq!(waiting.bytes(), 6);
        waiting.clear();
        assert!(waiting.is_empty() && waiting.tokens().next().is_none());
    }
}
