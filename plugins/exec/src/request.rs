//! Messages for a process, as lines of JSON.

use crate::call::Identity;
use crate::fingerprint::Fingerprint;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mqscript_plugin::prelude::*;

/// The names of priorities.
const PRIORITIES: [&str; 4] = ["low", "regular", "high", "urgent"];

/// Lines to be written, each with the token of its message. It can be emptied and filled again without an allocation.
#[derive(Debug, Default)]
pub struct Requests {
    bytes: Vec<u8>,
    /// The token of each line, and where the line ends.
    ends: Vec<(u64, usize)>,
}

impl Requests {
    /// Adds a message. If it has a counter (`slot`), its identity also carries hashes of its fields.
    pub fn push(&mut self, message: &Message<'_>, slot: Option<u32>) {
        let priority = PRIORITIES[usize::from(message.priority() & 3)];
        let sent = slot.zip(message.text()).map(|(slot, text)| {
            let (sender, message_type) = (text.sender(), text.message_type());
            (Fingerprint::of(sender, message_type, priority, text.tags(), text.metadata()), slot)
        });
        let bytes = &mut self.bytes;
        bytes.extend_from_slice(b"{\"id\":\"");
        bytes.extend_from_slice(message.token().to_string().as_bytes());
        bytes.extend_from_slice(b"\",\"attempt\":");
        bytes.extend_from_slice(message.attempt().to_string().as_bytes());
        bytes.extend_from_slice(b",\"stamp\":\"");
        Identity { stamp: message.stamp(), sent }.write(bytes);
        bytes.extend_from_slice(b"\",\"priority\":\"");
        bytes.extend_from_slice(priority.as_bytes());
        bytes.push(b'"');
        if let Some(text) = message.text() {
            for (key, value) in [
                ("sender", text.sender()),
                ("recipient", text.recipient()),
                ("message_type", text.message_type()),
            ] {
                push_key(bytes, key);
                push_text(bytes, value);
            }
            push_key(bytes, "tags");
            push_list(bytes, [b'[', b']'], text.tags(), push_text);
            push_key(bytes, "metadata");
            push_list(bytes, [b'{', b'}'], text.metadata(), |bytes, (key, value)| {
                push_text(bytes, key);
                bytes.push(b':');
                push_text(bytes, value);
            });
        }
        push_content(bytes, message.content());
        bytes.extend_from_slice(b"}\n");
        self.ends.push((message.token(), self.bytes.len()));
    }

    /// The bytes of all lines.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The tokens, in the order of the lines.
    pub fn tokens(&self) -> impl Iterator<Item = u64> + '_ {
        self.ends.iter().map(|(token, _)| *token)
    }

    /// The first message of which no byte is written, if `written` bytes are written.
    pub fn first_unwritten(&self, written: usize) -> Option<u64> {
        let first = match written {
            0 => 0,
            // The line after the one with the last written byte.
            _ => self.ends.partition_point(|(_, end)| *end < written) + 1,
        };
        self.ends.get(first).map(|(token, _)| *token)
    }

    /// Removes all lines; the memory is kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

fn push_key(bytes: &mut Vec<u8>, key: &str) {
    bytes.extend_from_slice(b",\"");
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend_from_slice(b"\":");
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(bytes, text).expect("a text is JSON, and memory takes it");
}

fn push_list<T>(
    bytes: &mut Vec<u8>,
    brackets: [u8; 2],
    items: impl Iterator<Item = T>,
    push: impl Fn(&mut Vec<u8>, T),
) {
    bytes.push(brackets[0]);
    for (index, item) in items.enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        push(bytes, item);
    }
    bytes.push(brackets[1]);
}

fn push_content(bytes: &mut Vec<u8>, content: &[u8]) {
    match std::str::from_utf8(content) {
        Ok(text) => {
            push_key(bytes, "content");
            push_text(bytes, text);
        }
        Err(_) => {
            push_key(bytes, "content_base64");
            push_text(bytes, &STANDARD.encode(content));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begun_counts_as_written() {
        let requests = Requests { bytes: vec![b'x'; 30], ends: vec![(5, 10), (7, 20), (8, 30)] };
        let first = |written| requests.first_unwritten(written);
        assert_eq!([first(0), first(1), first(10), first(11)], [Some(5), Some(7), Some(7), Some(8)]);
        assert_eq!([first(20), first(21), first(30)], [Some(8), None, None]);
        assert_eq!(Requests::default().first_unwritten(0), None);
    }
}
