//! What is passed in arrays and never grows: texts, bytes, stamps, messages, outcomes, deliveries.

use std::ptr;

/// A borrowed text: UTF-8, not terminated by NUL.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Str {
    /// First byte; may be NULL if `len` is 0.
    pub ptr: *const u8,
    /// The number of bytes.
    pub len: u64,
}

/// Borrowed bytes of any kind.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Bytes {
    /// First byte; may be NULL if `len` is 0.
    pub ptr: *const u8,
    /// The number of bytes.
    pub len: u64,
}

/// One entry of a message's metadata.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The key of the pair.
    pub key: Str,
    /// The value; what is no text stands here as JSON.
    pub value: Str,
}

/// The texts of a message, beside its content. Only filled for cores with READS_CONTENT.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// The sender's name, as shown.
    pub sender: Str,
    /// The recipient's name, as shown; "ALL" for a broadcast.
    pub recipient: Str,
    /// The wire type, such as "BROADCAST".
    pub message_type: Str,
    /// First of `tags_len` tags.
    pub tags: *const Str,
    /// First of `metadata_len` entries.
    pub metadata: *const Pair,
    /// The number of tags.
    pub tags_len: u32,
    /// Number of metadata entries.
    pub metadata_len: u32,
    /// Reserved, and always zero.
    pub reserved: u64,
}

/// The identity of a message: readable by all, written by the host alone, returned bit for bit.
///
/// In memory and in its text form all numbers are little-endian.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// The number of the run.
    pub run: u32,
    /// The generating agent, even where the shown sender is another.
    pub sender: u32,
    /// The message's number among that agent's, from 1; 0 = no stamp.
    pub sequence: u64,
    /// When it should have been generated, in nanoseconds since the origin.
    pub intended_ns: u64,
    /// CRC-32C of the content, if the flag says so.
    pub checksum: u32,
    /// Its message type: index into the run's types.
    pub type_id: u16,
    /// The attempt, from 1.
    pub attempt: u8,
    /// Bits 0–1 the priority, bit 2 `checksum` is set.
    pub flags: u8,
}

/// One message handed to a core. Borrowed, with all it points to, for the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Message {
    /// The host's name for this attempt: strictly increasing in a session.
    pub token: u64,
    /// The stamp that identifies the message.
    pub stamp: Stamp,
    /// The shown sender: a party.
    pub sender_id: u32,
    /// The recipient: an agent, ALL, or (1.1) the queue of a group. A host names no other party here; should one do so,
    /// nobody receives for it: carry the message, answer for it, and deliver no copy.
    pub recipient_id: u32,
    /// Its message type: index into the run's types.
    pub type_id: u16,
    /// 0 low, 1 regular, 2 high, 3 urgent.
    pub priority: u8,
    /// The attempt, from 1.
    pub attempt: u8,
    /// Zero; unknown bits are to be ignored.
    pub flags: u32,
    /// When it was generated, in nanoseconds since the origin.
    pub created_ns: u64,
    /// When it is of no more use, in nanoseconds since the origin; NEVER = always of use.
    pub expires_ns: u64,
    /// Its content, only filled for cores with READS_CONTENT.
    pub content: Bytes,
    /// Its texts; NULL unless the core has READS_CONTENT.
    pub text: *const Text,
    /// The key of the generating agent's name, to draw random numbers by (`mqs_text_key` of the name); 0 = not told.
    /// Since 1.1: zero from a host of minor version 0.
    pub sender_key: u64,
    /// Reserved, and always zero.
    pub reserved: [u64; 3],
}

/// What became of a range of consecutive accepted tokens. Every accepted token gets exactly one.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The first of the tokens.
    pub first: u64,
    /// Number of tokens, at least 1.
    pub count: u32,
    /// DELIVERED, REFUSED, REJECTED or UNCERTAIN.
    pub result: u32,
    /// Interned text that names the reason; 0 = none.
    pub reason: u32,
    /// Reserved, and always zero.
    pub reserved: u32,
    /// When, in nanoseconds since the origin. It may lie ahead: the host keeps the outcome until then.
    pub at_ns: u64,
    /// Reserved, and always zero.
    pub reserved_tail: u64,
}

/// One copy of a message that arrived (or, if `at_ns` lies ahead, will).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// The message's identity; all zero if it bore none.
    pub stamp: Stamp,
    /// Its content: the core's memory, valid until the next call on the session.
    pub content: Bytes,
    /// When it arrived, in nanoseconds since the origin.
    pub at_ns: u64,
    /// What the host settles it by: a number of the core's choice, another for each hand-over; 0 = nothing to settle.
    pub ack_tag: u64,
    /// The agent it arrived at; ALL = one copy at every agent but the sender (simulated cores only). The sender is the
    /// stamp's, also where the message shows another.
    pub recipient_id: u32,
    /// DELIVERY flags: redelivered, altered, unstamped; or that this is no copy, but a failed call or a message given up.
    pub flags: u32,
    /// Its texts, where the core has them; NULL otherwise. Valid as long as `content`.
    pub text: *const Text,
    /// Interned text: what is altered, how a call failed, why a message was given up; 0 = none (1.1).
    pub reason: u32,
    /// The how-manieth call of a processor under test for this message it was, from 1; 0 = not told (1.1).
    pub attempt: u32,
    /// Reserved, and always zero.
    pub reserved: u64,
}

impl Str {
    /// A text without any bytes.
    pub const EMPTY: Str = Str { ptr: ptr::null(), len: 0 };

    /// Points to `text`, without keeping it alive.
    #[inline]
    pub const fn new(text: &str) -> Str {
        Str { ptr: text.as_ptr(), len: text.len() as u64 }
    }

    /// The bytes of this text, which are UTF-8 only if the other side kept its word.
    ///
    /// # Safety
    /// `ptr` points to `len` readable bytes that stay unchanged during `'a`, or `len` is 0.
    #[inline]
    pub const unsafe fn as_bytes<'a>(self) -> &'a [u8] {
        let bytes = Bytes { ptr: self.ptr, len: self.len };
        // SAFETY: the caller's promise is the callee's.
        unsafe { bytes.as_slice() }
    }
}

impl Bytes {
    /// An empty run of bytes.
    pub const EMPTY: Bytes = Bytes { ptr: ptr::null(), len: 0 };

    /// Points to `bytes`, without keeping them alive.
    #[inline]
    pub const fn new(bytes: &[u8]) -> Bytes {
        Bytes { ptr: bytes.as_ptr(), len: bytes.len() as u64 }
    }

    /// The bytes pointed to.
    ///
    /// # Safety
    /// `ptr` points to `len` readable bytes that stay unchanged during `'a`, or `len` is 0.
    #[inline]
    pub const unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.ptr.is_null() || self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise; "valid until the next call on the session", "borrowed for the call".
        unsafe { std::slice::from_raw_parts(self.ptr, self.len as usize) }
    }
}

impl Text {
    /// A text whose parts are all empty.
    pub const EMPTY: Text = Text {
        sender: Str::EMPTY,
        recipient: Str::EMPTY,
        message_type: Str::EMPTY,
        tags: ptr::null(),
        metadata: ptr::null(),
        tags_len: 0,
        metadata_len: 0,
        reserved: 0,
    };
}

impl Stamp {
    /// The stamp of a delivery that bore none.
    pub const NONE: Stamp = Stamp {
        run: 0,
        sender: 0,
        sequence: 0,
        intended_ns: 0,
        checksum: 0,
        type_id: 0,
        attempt: 0,
        flags: 0,
    };
}

impl Message {
    /// A message of zeros, without expiry, to be filled field by field.
    pub const EMPTY: Message = Message {
        token: 0,
        stamp: Stamp::NONE,
        sender_id: 0,
        recipient_id: 0,
        type_id: 0,
        priority: super::PRIORITY_REGULAR,
        attempt: 1,
        flags: 0,
        created_ns: 0,
        expires_ns: super::NEVER,
        content: Bytes::EMPTY,
        text: ptr::null(),
        sender_key: 0,
        reserved: [0; 3],
    };
}

impl Outcome {
    /// An outcome of zeros: no valid answer, to be filled.
    pub const EMPTY: Outcome =
        Outcome { first: 0, count: 0, result: 0, reason: 0, reserved: 0, at_ns: 0, reserved_tail: 0 };

    /// The outcome of one token.
    #[inline]
    pub const fn one(token: u64, result: u32, reason: u32, at_ns: u64) -> Outcome {
        Outcome { first: token, count: 1, result, reason, reserved: 0, at_ns, reserved_tail: 0 }
    }
}

impl Delivery {
    /// A delivery of zeros, to be filled.
    pub const EMPTY: Delivery = Delivery {
        stamp: Stamp::NONE,
        content: Bytes::EMPTY,
        at_ns: 0,
        ack_tag: 0,
        recipient_id: 0,
        flags: 0,
        text: ptr::null(),
        reason: 0,
        attempt: 0,
        reserved: 0,
    };
}

// SAFETY: plain data; whoever follows a pointer makes the promise that it is still valid ("everything passed in
// is borrowed for the call"), on whatever thread.
unsafe impl Send for Str {}
// SAFETY: as above; nothing here has interior mutability.
unsafe impl Sync for Str {}
// SAFETY: as for `Str`.
unsafe impl Send for Bytes {}
// SAFETY: as for `Str`.
unsafe impl Sync for Bytes {}
// SAFETY: as for `Str`.
unsafe impl Send for Text {}
// SAFETY: as for `Str`.
unsafe impl Sync for Text {}
// SAFETY: as for `Str`.
unsafe impl Send for Message {}
// SAFETY: as for `Str`.
unsafe impl Sync for Message {}
// SAFETY: as for `Str`.
unsafe impl Send for Delivery {}
// SAFETY: as for `Str`.
unsafe impl Sync for Delivery {}
