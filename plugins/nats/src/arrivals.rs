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

/// Adds the content of `message`, and its texts if agents read them; its copy must be added next. The content is always
/// added: the host compares it with the stamp's checksum even where no agent reads it.
pub fn push_message(state: &mut State<Wire>, message: &Received, wants_text: bool) {
    let text = message.headers.as_ref().filter(|_| wants_text).and_then(texts_of);
    state.arrived.push_message(stamp_of(message), &message.payload, text);
}

/// Adds the copy `message` for an agent.
pub fn push_copy(state: &mut State<Wire>, message: Received, agent: u32, wants_text: bool, at_ns: u64) {
    push_message(state, &message, wants_text);
    let times = message.reply.as_deref().map_or(0, |reply| HandedOver::read(reply).times);
    let tag = state.medium.tag(message.reply);
    state.arrived.push_handed_over(tag, agent, times, at_ns);
}

/// What the server says of a copy in the subject for its acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedOver {
    /// How often the server has handed the copy over, this time included; 0 = not told.
    pub times: u32,
    /// The sequence of the message in its stream; 0 = not told.
    pub sequence: u64,
}

impl HandedOver {
    /// Reads `$JS.ACK.STREAM.CONSUMER.TIMES.SEQUENCE.…`, or the same with domain and account before the stream (ADR-15).
    pub fn read(reply: &str) -> HandedOver {
        let place = if reply.split('.').count() >= 11 { 6 } else { 4 };
        let mut numbers = reply.split('.').skip(place).map(|word| word.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        HandedOver { times: u32::try_from(next()).unwrap_or(u32::MAX), sequence: next() }
    }
}

#[cfg(test)]
mod tests {
    use super::HandedOver;

    #[test]
    fn deliveries_are_counted_by_the_server() {
        let read = |reply| (HandedOver::read(reply).times, HandedOver::read(reply).sequence);
        assert_eq!(read("$JS.ACK.stream.consumer.2.10.20.1700000000000000000.0"), (2, 10));
        assert_eq!(read("$JS.ACK.hub.ACCHASH.stream.consumer.3.11.20.1700000000000000000.0.token"), (3, 11));
        assert_eq!(read("_INBOX.abc"), (0, 0));
    }
}
