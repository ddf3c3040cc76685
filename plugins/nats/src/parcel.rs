//! Accepted messages as the client sends them: headers and content.

use async_nats::header::{HeaderMap, HeaderName, NATS_MESSAGE_ID};
use bytes::Bytes;
use mqscript_plugin::live::{Accepted, Waiting};
use mqscript_plugin::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// The name of the header with the stamp.
pub const STAMP: HeaderName = HeaderName::from_static(mqscript_plugin::STAMP_NAME);
/// The name of the header with the shown sender.
pub const SENDER: HeaderName = HeaderName::from_static("mqs-sender");
/// The name of the header with the recipient.
pub const RECIPIENT: HeaderName = HeaderName::from_static("mqs-recipient");
/// The name of the header with the wire type.
pub const TYPE: HeaderName = HeaderName::from_static("mqs-type");
const PRIORITY: HeaderName = HeaderName::from_static("mqs-priority");
const TAGS: HeaderName = HeaderName::from_static("mqs-tags");
const METADATA: HeaderName = HeaderName::from_static("mqs-metadata");

/// One accepted message, ready to be sent.
#[derive(Debug)]
pub struct Parcel {
    /// The token of this attempt at the host.
    pub token: u64,
    /// The recipient's number, or that for all.
    pub recipient: u32,
    /// All parts of the message except the content.
    pub headers: HeaderMap,
    /// The content of the message.
    pub content: Bytes,
}

/// Accepted messages, ready to be sent, in the order of acceptance. Their contents share one block of memory.
pub fn parcels(waiting: Waiting) -> impl Iterator<Item = Parcel> {
    let (messages, block) = waiting.into_parts();
    let block = Bytes::from(block);
    messages.into_iter().map(move |message| Parcel {
        token: message.token,
        recipient: message.recipient_id,
        headers: headers(&message, &block),
        content: block.slice(message.content()),
    })
}

fn headers(message: &Accepted, block: &[u8]) -> HeaderMap {
    let stamp = message.stamp.encode();
    let Stamp { run, sender, sequence, .. } = message.stamp;
    let mut headers = HeaderMap::new();
    // The attempt is not part of the id, so that the server recognizes a message that it stored in an earlier,
    // uncertain attempt.
    headers.insert(NATS_MESSAGE_ID, format!("{run:08x}-{sender}-{sequence}"));
    headers.insert(STAMP, std::str::from_utf8(&stamp).unwrap_or_default());
    headers.insert(PRIORITY, message.priority());
    // An empty list gets no header.
    let list = |range: Range<usize>, empty: &[u8]| if block[range.clone()] == *empty { 0..0 } else { range };
    for (name, part) in [
        (SENDER, message.sender()),
        (RECIPIENT, message.recipient()),
        (TYPE, message.message_type()),
        (TAGS, list(message.tags(), b"[]")),
        (METADATA, list(message.metadata(), b"{}")),
    ] {
        let text = std::str::from_utf8(&block[part]).unwrap_or_default();
        if !text.is_empty() {
            headers.insert(name, &*header_text(text));
        }
    }
    headers
}

/// A text on one line, as a header needs it.
fn header_text(text: &str) -> Cow<'_, str> {
    match text.contains(['\r', '\n']) {
        true => text.replace(['\r', '\n'], " ").into(),
        false => text.into(),
    }
}
