//! Passes copies from the client to the host.

use crate::exchange::Wire;
use crate::parcel::{RECIPIENT, SENDER, STAMP, TYPE};
use async_nats::{HeaderMap, Message as Received};
use mqscript_plugin::live::State;
use mqscript_plugin::prelude::*;

/// The stamp in the headers of a message.
pub fn stamp_of(message: &Received) -> Stamp {
    let text = message.headers.as_ref().and_then(|headers| headers.get(STAMP));
    text.and_then(|text| Stamp::decode(text.as_str().as_bytes())).unwrap_or(Stamp::NONE)
}

fn texts_of(headers: &HeaderMap) -> Option<ArrivedText> {
    let text = |name| headers.get(name).map_or("", |value| value.as_str());
    headers.get(SENDER.clone())?;
    Some(ArrivedText::new(text(SENDER), text(RECIPIENT), text(TYPE)))
}

/// Adds the copy `message`, with its texts if agents read them. The content is always added: the host compares it with
/// the stamp's checksum even where no agent reads it.
pub fn push_copy(
    state: &mut State<Wire>,
    message: Received,
    stamp: Stamp,
    agent: u32,
    wants_text: bool,
    at_ns: u64,
) {
    let text = message.headers.as_ref().filter(|_| wants_text).and_then(texts_of);
    let redelivered = message.reply.as_deref().is_some_and(|reply| deliveries(reply) > 1);
    state.arrived.push_message(stamp, &message.payload, text);
    let tag = state.medium.tag(message.reply);
    state.arrived.push_copy(tag, agent, redelivered, at_ns);
}

/// How often the server has handed out a copy. The number is part of the subject for the acknowledgement,
/// `$JS.ACK.STREAM.CONSUMER.DELIVERIES.…`, or with domain and account before the stream (ADR-15).
fn deliveries(reply: &str) -> u64 {
    let words = reply.split('.').count();
    let place = if words >= 11 { 6 } else { 4 };
    reply.split('.').nth(place).and_then(|word| word.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::deliveries;

    #[test]
    fn deliveries_are_counted_by_the_server() {
        assert_eq!(deliveries("$JS.ACK.stream.consumer.2.10.20.1700000000000000000.0"), 2);
        assert_eq!(deliveries("$JS.ACK.hub.ACCHASH.stream.consumer.3.10.20.1700000000000000000.0.token"), 3);
        assert_eq!(deliveries("_INBOX.abc"), 1);
    }
}
