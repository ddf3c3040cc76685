//! Where a core leaves outcomes, deliveries and failures.

use crate::abi::{self, Bytes, Delivery, OutcomeResult, Stamp};
use crate::copies::handover_flags;
use crate::message::{ArrivedText, Message};
use std::marker::PhantomData;
use std::ptr;

/// The host's buffer for what is known. What does not fit stays with the core, which then calls
/// [`more`](Out::more).
#[repr(transparent)]
#[derive(Debug)]
pub struct Out<'s>(pub(crate) abi::Out, PhantomData<&'s [u8]>);

/// A place in an [`Out`]: what was appended after it can be edited.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    outcomes: u32,
    deliveries: u32,
}

/// A copy of a message that arrived.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arrived<'s> {
    /// The message's identity; [`Stamp::NONE`] if it bore none.
    pub stamp: Stamp,
    /// Its content, borrowed from the session or from the messages of this call.
    pub content: &'s [u8],
    /// Its texts, where the medium kept them.
    pub text: Option<&'s ArrivedText>,
    /// When, in nanoseconds since the origin.
    pub at_ns: u64,
    /// The agent it arrived at; [`abi::ALL`] = every agent but the sender (simulated cores only).
    pub recipient_id: u32,
    /// What the host acknowledges it by; 0 = nothing to acknowledge.
    pub ack_tag: u64,
    /// The medium says that it delivered this copy before.
    pub redelivered: bool,
    /// The how-manieth hand-over of this copy it is, from 1; 0 = not known. From the second on it is marked as redelivered.
    pub handed_over: u32,
    /// What this is: an ordinary copy, mostly. All else only to a host of [`minor`](crate::Host::minor) 1 or newer.
    pub report: Report,
    /// The how-manieth call of a processor under test for this message it was, from 1; 0 = not told.
    pub attempt: u32,
}

/// What an [`Arrived`] tells. The numbers are interned texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Report {
    /// The delivery is a copy of a message.
    #[default]
    Copy,
    /// A copy that is not as it was sent: the fields that differ, such as "sender, type".
    Altered(u32),
    /// A copy that bears no stamp, and whose content is one that was sent in this run.
    Unstamped,
    /// No copy: a call of a processor that tried to deliver this message and failed, and how.
    FailedCall(u32),
    /// No copy: a processor never will deliver this message, and why.
    GivenUp(u32),
}

impl Report {
    /// The flags and the reason, as the contract has them.
    fn raw(self) -> (u32, u32) {
        match self {
            Report::Copy => (0, 0),
            Report::Altered(fields) => (abi::DELIVERY_ALTERED, fields),
            Report::Unstamped => (abi::DELIVERY_UNSTAMPED, 0),
            Report::FailedCall(reason) => (abi::DELIVERY_FAILED_CALL, reason),
            Report::GivenUp(reason) => (abi::DELIVERY_GIVEN_UP, reason),
        }
    }
}

impl<'s> Out<'s> {
    /// Wraps the buffer of a session call.
    ///
    /// # Safety
    /// `raw` is the host's buffer, for the length of one session call, of which `'s` is no longer than the
    /// time until the next call.
    #[inline]
    pub(crate) unsafe fn from_raw<'o>(raw: *mut abi::Out) -> &'o mut Out<'s> {
        // SAFETY: a transparent wrapper; the caller's promise.
        unsafe { &mut *raw.cast::<Out<'s>>() }
    }

    /// The number of further outcomes that find room.
    #[inline]
    pub fn outcome_room(&self) -> u32 {
        self.0.outcomes_cap - self.0.outcomes_len
    }

    /// The number of further deliveries that find room.
    #[inline]
    pub fn delivery_room(&self) -> u32 {
        self.0.deliveries_cap - self.0.deliveries_len
    }

    /// Says what became of one message. `false`: no room.
    #[inline]
    pub fn outcome(&mut self, token: u64, result: OutcomeResult, reason: u32, at_ns: u64) -> bool {
        self.outcomes(token, 1, result, reason, at_ns)
    }

    /// Says what became of `count` messages with consecutive tokens. `false`: no room.
    #[inline]
    pub fn outcomes(
        &mut self,
        first: u64,
        count: u32,
        result: OutcomeResult,
        reason: u32,
        at_ns: u64,
    ) -> bool {
        let outcome = abi::Outcome { count, ..abi::Outcome::one(first, result as u32, reason, at_ns) };
        if self.outcome_room() == 0 {
            return false;
        }
        // SAFETY: "host-owned; the core appends": the slot lies below `outcomes_cap`.
        unsafe { self.0.outcomes.add(self.0.outcomes_len as usize).write(outcome) };
        self.0.outcomes_len += 1;
        true
    }

    /// Hands over a copy that arrived. `false`: no room.
    #[inline]
    pub fn deliver(&mut self, copy: Arrived<'s>) -> bool {
        let (flags, reason) = copy.report.raw();
        self.append(Delivery {
            stamp: copy.stamp,
            content: Bytes::new(copy.content),
            at_ns: copy.at_ns,
            ack_tag: copy.ack_tag,
            recipient_id: copy.recipient_id,
            flags: flags
                | handover_flags(copy.handed_over)
                | if copy.redelivered { abi::DELIVERY_REDELIVERED } else { 0 },
            text: copy.text.map_or(ptr::null(), ArrivedText::as_raw),
            reason,
            attempt: copy.attempt,
            reserved: 0,
        })
    }

    /// Hands over a published message as it is, content and texts included. `false`: no room.
    #[inline]
    pub fn deliver_message(&mut self, message: &'s Message<'s>, at_ns: u64) -> bool {
        self.append(Delivery {
            stamp: message.0.stamp,
            content: message.0.content,
            at_ns,
            ack_tag: 0,
            recipient_id: message.0.recipient_id,
            text: message.0.text,
            ..Delivery::EMPTY
        })
    }

    #[inline]
    pub(crate) fn append(&mut self, delivery: Delivery) -> bool {
        if self.delivery_room() == 0 {
            return false;
        }
        // SAFETY: as for outcomes.
        unsafe { self.0.deliveries.add(self.0.deliveries_len as usize).write(delivery) };
        self.0.deliveries_len += 1;
        true
    }

    /// More is ready: the host polls again before it sleeps.
    #[inline]
    pub fn more(&mut self) {
        self.0.flags |= abi::OUT_MORE;
    }

    /// The medium holds nothing more of this run: no copy will follow those told by now. Only in `poll`.
    #[inline]
    pub fn empty(&mut self) {
        self.0.flags |= abi::OUT_EMPTY;
    }

    /// The medium is not empty after all: a layer holds something back.
    #[inline]
    pub fn not_empty(&mut self) {
        self.0.flags &= !abi::OUT_EMPTY;
    }

    /// A sign of work: something of this run was worked on since the last call.
    #[inline]
    pub fn working(&mut self) {
        self.0.flags |= abi::OUT_WORKING;
    }

    /// Asks to be polled no later than `at_ns`. The earliest wish stands until the next poll.
    #[inline]
    pub fn poll_by(&mut self, at_ns: u64) {
        self.0.next_due_ns = self.0.next_due_ns.min(at_ns);
    }

    /// This place. A layer marks it, lets the core below append, and edits what came.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark { outcomes: self.0.outcomes_len, deliveries: self.0.deliveries_len }
    }

    /// The outcomes appended after `mark`.
    #[inline]
    pub fn outcomes_since(&mut self, mark: Mark) -> &mut [abi::Outcome] {
        let first = mark.outcomes.min(self.0.outcomes_len);
        // SAFETY: between the mark and the length all slots are written ("never rewinds"); `&mut self` borrows them.
        unsafe {
            let start = self.0.outcomes.add(first as usize);
            std::slice::from_raw_parts_mut(start, (self.0.outcomes_len - first) as usize)
        }
    }

    /// The deliveries appended after `mark`.
    #[inline]
    pub fn deliveries_since(&mut self, mark: Mark) -> &mut [Delivery] {
        let first = mark.deliveries.min(self.0.deliveries_len);
        // SAFETY: as for outcomes.
        unsafe {
            let start = self.0.deliveries.add(first as usize);
            std::slice::from_raw_parts_mut(start, (self.0.deliveries_len - first) as usize)
        }
    }

    /// Forgets the deliveries appended after `mark`.
    pub(crate) fn rewind_deliveries(&mut self, mark: Mark) {
        self.0.deliveries_len = self.0.deliveries_len.min(mark.deliveries);
    }

    /// Removes the `index`-th delivery after `mark`, as a layer that swallows a copy does. The order stays.
    pub fn swallow(&mut self, mark: Mark, index: usize) {
        let deliveries = self.deliveries_since(mark);
        if index < deliveries.len() {
            deliveries.copy_within(index + 1.., index);
            self.0.deliveries_len -= 1;
        }
    }
}

/// Writes a failure into the caller's buffer and returns its status.
///
/// # Safety
/// `error` is NULL or the caller's buffer with room for `cap` bytes.
pub(crate) unsafe fn write_error(error: *mut abi::ErrorBuffer, code: i32, text: &str) -> i32 {
    // SAFETY: "Errors are written into a caller-owned buffer".
    if let Some(error) = unsafe { error.as_mut() } {
        error.code = code;
        let mut len = text.len().min(error.cap as usize);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        if !error.buf.is_null() {
            // SAFETY: `len` is at most `cap`.
            unsafe { ptr::copy_nonoverlapping(text.as_ptr(), error.buf, len) };
            error.len = len as u32;
        }
    }
    code
}
