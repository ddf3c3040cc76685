//! Messages that were accepted and are not with the client yet: copied, one after the other, into one block of bytes.

use async_nats::header::{HeaderMap, HeaderName, NATS_MESSAGE_ID};
use bytes::Bytes;
use mqscript_plugin::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// The names of priorities in the header.
const PRIORITIES: [&str; 4] = ["low", "regular", "high", "urgent"];

/// The header with the stamp.
pub const STAMP: HeaderName = HeaderName::from_static(mqscript_plugin::STAMP_NAME);
/// The header with the shown sender.
pub const SENDER: HeaderName = HeaderName::from_static("mqs-sender");
/// The header with the recipient.
pub const RECIPIENT: HeaderName = HeaderName::from_static("mqs-recipient");
/// The header with the wire type.
pub const TYPE: HeaderName = HeaderName::from_static("mqs-type");
const PRIORITY: HeaderName = HeaderName::from_static("mqs-priority");
const TAGS: HeaderName = HeaderName::from_static("mqs-tags");
const METADATA: HeaderName = HeaderName::from_static("mqs-metadata");

/// A batch of accepted messages.
#[derive(Debug, Default)]
pub struct Waiting {
    rows: Vec<Row>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Row {
    token: u64,
    stamp: Stamp,
    recipient: u32,
    priority: u8,
    start: usize,
    /// Where content, sender, recipient, wire type, tags and metadata end.
    ends: [usize; 6],
}

/// One accepted message, ready to be sent.
#[derive(Debug)]
pub struct Parcel {
    /// The host's name for it.
    pub token: u64,
    /// Whom it is for.
    pub recipient: u32,
    /// Everything but the content.
    pub headers: HeaderMap,
    /// The content.
    pub content: Bytes,
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
                self.bytes.extend_from_slice(header_text(part).as_bytes());
                *end = self.bytes.len();
            }
            self.push_list([b'[', b']'], text.tags(), json);
            ends[4] = self.bytes.len();
            self.push_list([b'{', b'}'], text.metadata(), |bytes, (key, value)| {
                json(bytes, key);
                bytes.push(b':');
                json(bytes, value);
            });
            ends[5] = self.bytes.len();
        } else {
            ends = [ends[0]; 6];
        }
        self.rows.push(Row {
            token: message.token(),
            stamp: message.stamp(),
            recipient: message.recipient_id(),
            priority: message.priority(),
            start,
            ends,
        });
    }

    /// A list as JSON; nothing where it is empty.
    fn push_list<T>(
        &mut self,
        [open, close]: [u8; 2],
        items: impl Iterator<Item = T>,
        write: impl Fn(&mut Vec<u8>, T),
    ) {
        let before = self.bytes.len();
        for item in items {
            self.bytes.push(if self.bytes.len() == before { open } else { b',' });
            write(&mut self.bytes, item);
        }
        if self.bytes.len() > before {
            self.bytes.push(close);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many messages.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Their tokens, in the order of acceptance.
    pub fn tokens(&self) -> impl Iterator<Item = u64> + '_ {
        self.rows.iter().map(|row| row.token)
    }

    /// The messages, in the order of acceptance. Their contents share the block.
    pub fn into_parcels(self) -> impl Iterator<Item = Parcel> {
        let bytes = Bytes::from(self.bytes);
        self.rows.into_iter().map(move |row| Parcel {
            token: row.token,
            recipient: row.recipient,
            headers: headers(&row, &bytes),
            content: bytes.slice(row.start..row.ends[0]),
        })
    }
}

fn headers(row: &Row, bytes: &[u8]) -> HeaderMap {
    let part = |range: Range<usize>| std::str::from_utf8(&bytes[range]).unwrap_or_default();
    let stamp = row.stamp.encode();
    let Stamp { run, sender, sequence, .. } = row.stamp;
    let mut headers = HeaderMap::new();
    // Without the attempt: the server knows a message again that was in fact stored when an attempt was uncertain.
    headers.insert(NATS_MESSAGE_ID, format!("{run:08x}-{sender}-{sequence}"));
    headers.insert(STAMP, std::str::from_utf8(&stamp).unwrap_or_default());
    headers.insert(PRIORITY, PRIORITIES[usize::from(row.priority & 3)]);
    for (index, name) in [SENDER, RECIPIENT, TYPE, TAGS, METADATA].into_iter().enumerate() {
        let range = row.ends[index]..row.ends[index + 1];
        if !range.is_empty() {
            headers.insert(name, part(range));
        }
    }
    headers
}

/// A text that may stand in a header: in one line.
fn header_text(text: &str) -> Cow<'_, str> {
    match text.contains(['\r', '\n']) {
        true => text.replace(['\r', '\n'], " ").into(),
        false => text.into(),
    }
}

/// A text as JSON, which has no line breaks.
fn json(bytes: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(bytes, text).expect("a text is JSON, and memory takes it");
}
