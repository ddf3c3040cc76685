//! Messages as a core sees them.

use crate::abi::{self, Stamp};
use crate::random::Stream;
use crate::run::Purpose;
use std::marker::PhantomData;

/// One message handed over, with everything it points to, for one call.
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub struct Message<'a>(pub(crate) abi::Message, PhantomData<&'a [u8]>);

/// The texts of a message, beside its content.
#[derive(Debug, Clone, Copy)]
pub struct MessageText<'a>(&'a abi::Text);

/// The texts of a copy that arrived, as [`Arrived`](crate::Arrived) points to them. The session keeps it until the
/// host's next call.
#[derive(Debug)]
pub struct ArrivedText {
    raw: abi::Text,
    /// What `raw` points into: never changed, so that its bytes stay where they are.
    _bytes: String,
}

impl ArrivedText {
    /// The names of sender and recipient as shown, and the wire type.
    pub fn new(sender: &str, recipient: &str, message_type: &str) -> ArrivedText {
        let bytes = [sender, recipient, message_type].concat();
        let part = |start: usize, len: usize| abi::Str::new(&bytes[start..start + len]);
        let raw = abi::Text {
            sender: part(0, sender.len()),
            recipient: part(sender.len(), recipient.len()),
            message_type: part(sender.len() + recipient.len(), message_type.len()),
            ..abi::Text::EMPTY
        };
        ArrivedText { raw, _bytes: bytes }
    }

    pub(crate) fn as_raw(&self) -> *const abi::Text {
        &self.raw
    }
}

/// Text from the other side; what is not UTF-8 (a breach) reads as empty.
fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

impl<'a> Message<'a> {
    /// The host's name for this attempt.
    #[inline]
    pub fn token(&self) -> u64 {
        self.0.token
    }

    /// The stamp that identifies the message.
    #[inline]
    pub fn stamp(&self) -> Stamp {
        self.0.stamp
    }

    /// The shown sender: a party.
    #[inline]
    pub fn sender_id(&self) -> u32 {
        self.0.sender_id
    }

    /// The recipient: a party, or [`abi::ALL`].
    #[inline]
    pub fn recipient_id(&self) -> u32 {
        self.0.recipient_id
    }

    /// Its message type: index into the run's types.
    #[inline]
    pub fn type_id(&self) -> u16 {
        self.0.type_id
    }

    /// 0 low, 1 regular, 2 high, 3 urgent.
    #[inline]
    pub fn priority(&self) -> u8 {
        self.0.priority
    }

    /// The attempt, from 1.
    #[inline]
    pub fn attempt(&self) -> u8 {
        self.0.attempt
    }

    /// When it was generated, in nanoseconds since the origin.
    #[inline]
    pub fn created_ns(&self) -> u64 {
        self.0.created_ns
    }

    /// When it is of no more use; [`abi::NEVER`] = always of use.
    #[inline]
    pub fn expires_ns(&self) -> u64 {
        self.0.expires_ns
    }

    /// Its content; empty unless the core reads content.
    #[inline]
    pub fn content(&self) -> &'a [u8] {
        // SAFETY: "Everything passed in is borrowed for the call", and a message lives no longer than that.
        unsafe { self.0.content.as_slice() }
    }

    /// Its texts; none unless the core reads content.
    #[inline]
    pub fn text(&self) -> Option<MessageText<'a>> {
        // SAFETY: as for `content`.
        unsafe { self.0.text.as_ref() }.map(MessageText)
    }

    /// The keyed stream of this attempt for one purpose: it meets the same luck whatever else happens.
    #[inline]
    pub fn random(&self, purpose: &Purpose) -> Stream {
        self.stream(purpose, None)
    }

    /// The keyed stream of one copy of this attempt: that for `recipient`.
    #[inline]
    pub fn random_for(&self, purpose: &Purpose, recipient: u32) -> Stream {
        self.stream(purpose, Some(recipient))
    }

    /// The host may tell the key of the sender's name; a host of minor version 0 does not.
    #[inline]
    fn stream(&self, purpose: &Purpose, recipient: Option<u32>) -> Stream {
        let sender_key = match self.0.sender_key {
            0 => purpose.key(self.0.stamp.sender),
            key => key,
        };
        purpose.stream(sender_key, self.0.stamp.sequence, self.0.attempt, recipient)
    }

    /// Views the messages of a call as a slice.
    ///
    /// # Safety
    /// `messages` points to `n` messages that, with all they point to, stay unchanged during `'a`.
    #[inline]
    pub(crate) unsafe fn slice<'s>(messages: *const abi::Message, n: u32) -> &'s [Message<'s>] {
        if n == 0 || messages.is_null() {
            return &[];
        }
        // SAFETY: `Message` is a transparent wrapper; the caller's promise.
        unsafe { std::slice::from_raw_parts(messages.cast::<Message<'s>>(), n as usize) }
    }
}

impl<'a> MessageText<'a> {
    fn read(part: abi::Str) -> &'a str {
        // SAFETY: "Everything passed in is borrowed for the call": `'a` ends with it.
        utf8(unsafe { part.as_bytes() })
    }

    /// The sender's name, as shown.
    pub fn sender(&self) -> &'a str {
        MessageText::read(self.0.sender)
    }

    /// The recipient's name, as shown; "ALL" for a broadcast.
    pub fn recipient(&self) -> &'a str {
        MessageText::read(self.0.recipient)
    }

    /// The message type on the wire.
    pub fn message_type(&self) -> &'a str {
        MessageText::read(self.0.message_type)
    }

    /// The tags of the message.
    pub fn tags(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        raw_slice(self.0.tags, self.0.tags_len).iter().map(|tag| MessageText::read(*tag))
    }

    /// The metadata: keys and values.
    pub fn metadata(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let pairs = raw_slice(self.0.metadata, self.0.metadata_len);
        pairs.iter().map(|pair| (MessageText::read(pair.key), MessageText::read(pair.value)))
    }
}

fn raw_slice<'a, T>(first: *const T, len: u32) -> &'a [T] {
    if first.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: part of a text that is "borrowed for the call"; the host sets pointer and length together.
    unsafe { std::slice::from_raw_parts(first, len as usize) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrived_texts_stay_good_when_they_are_moved() {
        let texts: Vec<ArrivedText> =
            (0..100).map(|i| ArrivedText::new(&format!("Agent-{i}"), "", "TEXT")).collect();
        for (i, text) in texts.iter().enumerate() {
            let seen = MessageText(&text.raw);
            assert_eq!(seen.sender(), format!("Agent-{i}"));
            assert_eq!((seen.recipient(), seen.message_type()), ("", "TEXT"));
            assert_eq!((seen.tags().count(), seen.metadata().count()), (0, 0));
        }
    }
}
