//! Copies in a layer's hands: taken out of the host's buffer, changed, put back, or kept for a later call.

use crate::abi::{self, Bytes, Delivery, Pair, Stamp, Str, Text};
use crate::buffers::{Mark, Out};
use crate::message::Message;
use std::marker::PhantomData;
use std::ptr;

/// A copy on its way through a layer. What it points to is good for `'s`: until the next call on the session.
#[derive(Debug, Clone, Copy)]
pub struct Passing<'s>(Delivery, PhantomData<&'s [u8]>);

impl<'s> Passing<'s> {
    /// The stamp that identifies the message.
    pub fn stamp(&self) -> &Stamp {
        &self.0.stamp
    }

    /// The content of the copy.
    pub fn content(&self) -> &'s [u8] {
        // SAFETY: `'s` ends before the next call on the session, until which the core's bytes are valid.
        unsafe { self.0.content.as_slice() }
    }

    /// When it arrives, in nanoseconds since the origin.
    pub fn at_ns(&self) -> u64 {
        self.0.at_ns
    }

    /// The agent it arrives at; [`ALL`](crate::abi::ALL) = every agent but the sender.
    pub fn recipient_id(&self) -> u32 {
        self.0.recipient_id
    }

    /// Whether it is a copy, and not a failed call or a message given up.
    pub fn is_copy(&self) -> bool {
        self.0.flags & crate::abi::DELIVERY_NO_COPY == 0
    }

    /// What the host acknowledges it by; 0 = nothing to acknowledge.
    pub fn ack_tag(&self) -> u64 {
        self.0.ack_tag
    }

    /// The same copy, arriving at another time.
    #[must_use]
    pub fn at(mut self, at_ns: u64) -> Self {
        self.0.at_ns = at_ns;
        self
    }

    /// The same copy, at one agent: a piece of what was told for all of them.
    #[must_use]
    pub fn only_at(mut self, recipient_id: u32) -> Self {
        self.0.recipient_id = recipient_id;
        self
    }

    /// The same copy, without anything to acknowledge.
    #[must_use]
    pub fn without_tag(mut self) -> Self {
        self.0.ack_tag = 0;
        self
    }

    /// The same copy, to be settled by this tag.
    #[must_use]
    pub fn with_tag(mut self, ack_tag: u64) -> Self {
        self.0.ack_tag = ack_tag;
        self
    }

    /// The same copy, handed over for the how-manieth time, from 1. From the second on it is marked as redelivered.
    #[must_use]
    pub fn handed_over(mut self, times: u32) -> Self {
        self.0.flags &= !(abi::DELIVERY_HANDOVERS | abi::DELIVERY_REDELIVERED);
        self.0.flags |= handover_flags(times);
        self
    }

    /// A copy of its own of everything, for a later call.
    pub fn keep(&self) -> Kept {
        let mut delivery = self.0;
        // SAFETY: "Valid as long as `content`": for `'s`.
        let text = unsafe { delivery.text.as_ref() }.map(KeptText::of);
        (delivery.content, delivery.text) = (Bytes::EMPTY, ptr::null());
        Kept { delivery, content: self.content().to_vec(), text }
    }
}

/// The flags of a delivery that is the how-manieth hand-over of its copy, from 1; 0 = not known.
pub(crate) fn handover_flags(times: u32) -> u32 {
    let number = times.min(u32::from(u8::MAX)) << abi::DELIVERY_HANDOVERS_SHIFT;
    if times > 1 { number | abi::DELIVERY_REDELIVERED } else { number }
}

impl Message<'_> {
    /// A copy of its own of the message, with content and texts, for later calls. It arrives at its recipient, and `at_ns`
    /// is still to be set.
    pub fn keep(&self) -> Kept {
        let delivery = Delivery {
            stamp: self.0.stamp,
            content: self.0.content,
            recipient_id: self.0.recipient_id,
            text: self.0.text,
            ..Delivery::EMPTY
        };
        Passing(delivery, PhantomData).keep()
    }
}

/// A copy that a layer, or a core with queues of its own, keeps beyond the call that brought it.
#[derive(Debug)]
pub struct Kept {
    delivery: Delivery,
    content: Vec<u8>,
    text: Option<KeptText>,
}

// SAFETY: its pointers lead into memory of its own.
unsafe impl Send for Kept {}

impl Kept {
    /// The stamp that identifies the message.
    pub fn stamp(&self) -> &Stamp {
        &self.delivery.stamp
    }

    /// When it arrives, in nanoseconds since the origin.
    pub fn at_ns(&self) -> u64 {
        self.delivery.at_ns
    }

    /// The agent it arrives at.
    pub fn recipient_id(&self) -> u32 {
        self.delivery.recipient_id
    }

    /// Lets it arrive at another time.
    pub fn set_at_ns(&mut self, at_ns: u64) {
        self.delivery.at_ns = at_ns;
    }

    /// Its content, to be changed.
    pub fn content_mut(&mut self) -> &mut Vec<u8> {
        &mut self.content
    }

    /// Sends it on its way.
    pub fn passing(&self) -> Passing<'_> {
        let mut delivery = self.delivery;
        delivery.content = Bytes::new(&self.content);
        delivery.text = self.text.as_ref().map_or(ptr::null(), |text| text.whole.as_ptr());
        Passing(delivery, PhantomData)
    }
}

/// The texts of a copy, with the memory that they lie in.
///
/// *Rationale.* Vectors all through, `whole` (of one) too: their memory stays where it is when this value moves.
#[derive(Debug)]
struct KeptText {
    whole: Vec<Text>,
    _tags: Vec<Str>,
    _metadata: Vec<Pair>,
    _bytes: Vec<u8>,
}

impl KeptText {
    fn of(text: &Text) -> KeptText {
        // SAFETY: part of a text that is valid for the call; pointers and lengths belong together.
        let (tags, metadata) =
            unsafe { (raw(text.tags, text.tags_len), raw(text.metadata, text.metadata_len)) };
        let parts = [text.sender, text.recipient, text.message_type].into_iter();
        let pairs = metadata.iter().flat_map(|pair| [pair.key, pair.value]);
        let parts: Vec<Str> = parts.chain(tags.iter().copied()).chain(pairs).collect();
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len as usize).sum());
        for part in &parts {
            // SAFETY: as above.
            bytes.extend_from_slice(unsafe { part.as_bytes() });
        }
        let mut rest = bytes.as_slice();
        let mut next = |part: Str| {
            let (mine, after) = rest.split_at(part.len as usize);
            rest = after;
            Str { ptr: mine.as_ptr(), len: part.len }
        };
        let (sender, recipient, message_type) =
            (next(text.sender), next(text.recipient), next(text.message_type));
        let tags: Vec<Str> = tags.iter().map(|tag| next(*tag)).collect();
        let metadata: Vec<Pair> =
            metadata.iter().map(|pair| Pair { key: next(pair.key), value: next(pair.value) }).collect();
        let whole = Text {
            sender,
            recipient,
            message_type,
            tags: tags.as_ptr(),
            metadata: metadata.as_ptr(),
            tags_len: tags.len() as u32,
            metadata_len: metadata.len() as u32,
            reserved: 0,
        };
        KeptText { whole: vec![whole], _tags: tags, _metadata: metadata, _bytes: bytes }
    }
}

/// # Safety
/// `first` is NULL or points to `len` items that stay unchanged during `'a`.
unsafe fn raw<'a, T>(first: *const T, len: u32) -> &'a [T] {
    if first.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(first, len as usize) }
}

impl<'s> Out<'s> {
    /// Takes the copies appended after `mark` out again, in order.
    pub fn take(&mut self, mark: Mark) -> Vec<Passing<'s>> {
        let taken =
            self.deliveries_since(mark).iter().map(|delivery| Passing(*delivery, PhantomData)).collect();
        self.rewind_deliveries(mark);
        taken
    }

    /// Appends a copy. `false`: no room.
    pub fn put(&mut self, copy: Passing<'s>) -> bool {
        self.append(copy.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi;

    fn delivery(content: &[u8], text: *const Text) -> Delivery {
        Delivery {
            stamp: Stamp { sequence: 7, ..Stamp::NONE },
            content: Bytes::new(content),
            at_ns: 5,
            ack_tag: 9,
            recipient_id: abi::ALL,
            text,
            ..Delivery::EMPTY
        }
    }

    fn told(copy: Passing<'_>) -> (Vec<u8>, Vec<String>) {
        // SAFETY: the test's own copy, still there.
        unsafe {
            let text = &*copy.0.text;
            let tags = raw(text.tags, text.tags_len).iter().copied();
            let pairs = raw(text.metadata, text.metadata_len).iter().flat_map(|pair| [pair.key, pair.value]);
            let parts = [text.sender, text.recipient, text.message_type].into_iter().chain(tags).chain(pairs);
            let read = |part: Str| String::from_utf8(part.as_bytes().to_vec()).unwrap();
            (copy.content().to_vec(), parts.map(read).collect())
        }
    }

    #[test]
    fn what_is_kept_outlives_what_it_came_from() {
        let kept = {
            let content = b"hello".to_vec();
            let tags = [Str::new("SYSTEM"), Str::new("")];
            let metadata = [Pair { key: Str::new("k"), value: Str::new("v\u{e9}") }];
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
            Passing(delivery(&content, &text), PhantomData).keep()
        };
        let moved = [kept];
        let (content, texts) = told(moved[0].passing());
        assert_eq!(content, b"hello");
        assert_eq!(texts, ["Agent-1", "ALL", "BROADCAST", "SYSTEM", "", "k", "vé"]);
        let piece = moved[0].passing().only_at(3).at(6).without_tag();
        assert_eq!((piece.recipient_id(), piece.at_ns(), piece.ack_tag()), (3, 6, 0));
        assert_eq!((moved[0].recipient_id(), moved[0].at_ns(), moved[0].stamp().sequence), (abi::ALL, 5, 7));
    }

    #[test]
    fn without_texts_there_are_none() {
        let mut kept = Passing(delivery(b"", ptr::null()), PhantomData).keep();
        kept.content_mut().push(1);
        kept.set_at_ns(8);
        assert!(kept.passing().0.text.is_null());
        assert_eq!((kept.passing().content(), kept.at_ns(), kept.passing().ack_tag()), (&[1u8][..], 8, 9));
    }
}
