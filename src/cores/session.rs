//! The engine's handle on a chain of cores: one thread, no locks, a few nanoseconds around each call.

use super::appended::{ENTRIES_MAX, wrong_text};
use super::border::Border;
use super::error::CoreFailure;
use super::links::Links;
use super::out::Out;
use mqscript_plugin::{Settlement, abi};
use std::sync::Arc;

const ERROR_BYTES: usize = 512;

/// What a `publish` did.
#[derive(Debug)]
#[must_use]
pub struct Published {
    /// So many of the batch were accepted, from its start.
    pub accepted: u32,
    /// The core is finished; `accepted` and what stands in `out` still count.
    pub failure: Option<CoreFailure>,
}

/// What a core says of one message that it accepts, if it says no more than this.
#[derive(Debug, Clone, Copy)]
pub struct OneAnswer {
    /// The outcome of the message.
    pub outcome: abi::Outcome,
    /// Whether the one copy of the message arrives at its recipient together with the outcome.
    pub with_copy: bool,
}

/// The texts of a delivery, as its core filled them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveredText<'a> {
    /// The sender that the message shows.
    pub sender: &'a str,
    /// The recipient that the message shows.
    pub recipient: &'a str,
    /// The message type on the wire.
    pub message_type: &'a str,
    /// The tags of the message.
    pub tags: Vec<&'a str>,
    /// The metadata: keys and values.
    pub metadata: Vec<(&'a str, &'a str)>,
}

/// `len` items from `first` on; none at NULL, and no more than the border lets pass.
///
/// # Safety
/// Unless `first` is NULL, so many items lie there for as long as `'a`.
unsafe fn raw_slice<'a, T>(first: *const T, len: u32) -> &'a [T] {
    if first.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(first, len.min(ENTRIES_MAX) as usize) }
}

/// Whether a delivery is the one copy of this message, as it was sent, at the time of this outcome, and asks for nothing.
#[inline]
fn is_plain_copy(copy: &abi::Delivery, message: &abi::Message, outcome: &abi::Outcome) -> bool {
    let bare = copy.ack_tag == 0 && copy.flags == 0 && copy.reason == 0 && copy.attempt == 0;
    let own = copy.stamp == message.stamp && copy.recipient_id == message.recipient_id;
    let delivered = copy.at_ns == outcome.at_ns && outcome.result == abi::DELIVERED;
    bare && own && delivered && copy.recipient_id != abi::ALL && copy.stamp.flags & abi::STAMP_CHECKSUM == 0
}

/// An open session on a chain of cores. It belongs to one thread at a time.
pub struct Session {
    top: Box<Border>,
    /// The borders below the top, outermost first; layers hold pointers to them.
    below: Vec<*mut Border>,
    links: Arc<Links>,
    error: Box<[u8; ERROR_BYTES]>,
    wish_ns: u64,
    more: bool,
    finished: bool,
    closed: bool,
    receives: bool,
    call: u64,
    /// The function that was called last.
    called: &'static str,
}

// SAFETY: "session = the engine loop's handle: used by one thread at a time, needs no lock"; the borders that
// `below` points to are owned by this value alone.
unsafe impl Send for Session {}

impl Session {
    /// The session of a chain with these borders, outermost first.
    ///
    /// # Safety
    /// There is at least one border. Each was made by [`Box::into_raw`], nobody else owns it, and no layer knows the pointer
    /// to the outermost one.
    pub(super) unsafe fn new(mut borders: Vec<*mut Border>, links: Arc<Links>, receives: bool) -> Session {
        // SAFETY: the caller's promise.
        let top = unsafe { Box::from_raw(borders.remove(0)) };
        let below = borders;
        Session {
            top,
            below,
            links,
            error: Box::new([0; ERROR_BYTES]),
            wish_ns: abi::NEVER,
            more: false,
            finished: false,
            closed: false,
            receives,
            call: 0,
            called: "open",
        }
    }

    /// The name of the outermost core or layer.
    pub fn core(&self) -> &str {
        &self.top.core
    }

    /// The function that was called last: what stands in an `Out` is from that call.
    pub fn called(&self) -> &'static str {
        self.called
    }

    /// Offers a batch. The pointers in `batch` must stay good until the next call on this session.
    #[inline(never)]
    pub fn publish(&mut self, now_ns: u64, batch: &[abi::Message], out: &mut Out) -> Published {
        if self.finished {
            return Published { accepted: 0, failure: Some(self.is_finished("publish")) };
        }
        self.called = "publish";
        out.make_room(batch.len());
        if self.receives {
            out.make_room_for_deliveries(batch.len());
        }
        let (mut raw, mut error, mut accepted) = (out.raw(), self.error_buffer(), 0);
        // SAFETY: the batch outlives the call; `raw` and `error` are the host's own; `&mut self` keeps other
        // calls away ("used by one thread at a time").
        let status = unsafe {
            let n = batch.len() as u32;
            self.top.publish(now_ns, batch.as_ptr(), n, &mut accepted, &mut raw, &mut error)
        };
        self.take_back(&raw, out);
        Published { accepted, failure: self.outcome_of_call(status).err() }
    }

    /// Offers one message, while `out` is empty. Returns the answer if the core accepts the message and says no more than
    /// its outcome, and perhaps that its one copy, as it was sent, comes at the same time. That stands nowhere else.
    /// Without `COPIES`, no copy is part of such an answer.
    ///
    /// # Errors
    /// The core said something else: it stands in `out` and in what [`publish`](Session::publish) returns.
    #[inline(always)]
    pub fn publish_one<const COPIES: bool>(
        &mut self,
        now_ns: u64,
        message: &abi::Message,
        out: &mut Out,
    ) -> Result<OneAnswer, Published> {
        let plain = !self.finished && !self.more && self.wish_ns == abi::NEVER;
        let has_room = out.outcomes.capacity() > 0 && (out.deliveries.capacity() > 0 || !COPIES);
        if !plain || self.receives != COPIES || !has_room || !out.outcomes.is_empty() {
            return Err(self.publish(now_ns, std::slice::from_ref(message), out));
        }
        self.called = "publish";
        let (mut raw, mut error, mut accepted) = (out.raw(), self.error_buffer(), 0);
        // SAFETY: as in `publish`.
        let status = unsafe { self.top.publish(now_ns, message, 1, &mut accepted, &mut raw, &mut error) };
        let whole = status == abi::OK && self.outcome_of_call(status).is_ok();
        let one = whole && accepted == 1 && raw.outcomes_len == 1;
        if one && raw.deliveries_len <= u32::from(COPIES) && raw.flags == 0 && raw.next_due_ns == abi::NEVER {
            // SAFETY: there is room for one, and all of the room is initialised (`Out::make_room`).
            let outcome = unsafe { *out.outcomes.as_ptr() };
            let with_copy = COPIES && raw.deliveries_len == 1;
            // SAFETY: as above; there is a delivery, so there was room for one.
            let is_plain =
                !with_copy || is_plain_copy(unsafe { &*out.deliveries.as_ptr() }, message, &outcome);
            if (outcome.first, outcome.count) == (message.token, 1) && is_plain {
                out.empty = false;
                // What deliveries of an earlier call point to is good no more.
                self.call += 1;
                return Ok(OneAnswer { outcome, with_copy });
            }
        }
        self.take_back(&raw, out);
        Err(Published { accepted, failure: self.outcome_of_call(status).err() })
    }

    /// Asks what has become known.
    ///
    /// # Errors
    /// The core is finished; what stands in `out` still counts.
    #[inline]
    pub fn poll(&mut self, now_ns: u64, out: &mut Out) -> Result<(), CoreFailure> {
        if self.finished {
            return Err(self.is_finished("poll"));
        }
        self.called = "poll";
        out.make_room(1);
        if self.receives {
            out.make_room_for_deliveries(1);
        }
        // "A wish stands until the next `poll`."
        (self.wish_ns, self.more) = (abi::NEVER, false);
        let (mut raw, mut error) = (out.raw(), self.error_buffer());
        // SAFETY: as in `publish`.
        let status = unsafe { self.top.poll(now_ns, &mut raw, &mut error) };
        self.take_back(&raw, out);
        self.outcome_of_call(status)
    }

    /// Settles the copies with these tags, or extends their leases.
    ///
    /// # Errors
    /// The core is finished; what stands in `out` still counts.
    pub fn acknowledge(
        &mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        out: &mut Out,
    ) -> Result<(), CoreFailure> {
        if self.finished {
            return Err(self.is_finished("acknowledge"));
        }
        self.called = "acknowledge";
        let (mut raw, mut error) = (out.raw(), self.error_buffer());
        let n = tags.len() as u32;
        // SAFETY: as in `publish`; the tags outlive the call.
        let status =
            unsafe { self.top.acknowledge(now_ns, tags.as_ptr(), n, how.raw(), &mut raw, &mut error) };
        self.take_back(&raw, out);
        self.outcome_of_call(status)
    }

    /// Says, once, that no more will be generated; layers first. Then polls, as the contract asks.
    ///
    /// # Errors
    /// The core is finished; what stands in `out` still counts.
    pub fn flush(&mut self, now_ns: u64, out: &mut Out) -> Result<(), CoreFailure> {
        if self.finished {
            return Err(self.is_finished("flush"));
        }
        let mut error = self.error_buffer();
        // SAFETY: as in `publish`.
        let mut status = unsafe { self.top.flush(now_ns, &mut error) };
        for border in &self.below {
            if status == abi::OK {
                // SAFETY: the borders below live until this session is closed, and nothing else refers to them
                // while no call is under way.
                status = unsafe { (**border).flush(now_ns, &mut error) };
            }
        }
        self.outcome_of_call(status)?;
        self.poll(now_ns, out)
    }

    /// Closes the sessions of the chain, layers first.
    ///
    /// # Errors
    /// A `close` did not return in time.
    pub fn close(mut self) -> Result<(), CoreFailure> {
        self.close_all()
    }

    /// The bytes of the `index`-th delivery in `out`; `None` once another call has been made, or without such a
    /// delivery.
    #[inline]
    pub fn content<'a>(&'a self, out: &'a Out, index: usize) -> Option<&'a [u8]> {
        let delivery = self.current(out, index)?;
        // SAFETY: "the bytes that a delivery points to are the core's, valid until the next call on the
        // session": no call was made since, and `&self` keeps them away for as long as the bytes are borrowed.
        Some(unsafe { delivery.content.as_slice() })
    }

    /// The texts of the `index`-th delivery in `out`, where its core gave any; `None` as for
    /// [`content`](Session::content), or if they are not UTF-8.
    pub fn text<'a>(&'a self, out: &'a Out, index: usize) -> Option<DeliveredText<'a>> {
        let delivery = self.current(out, index)?;
        // SAFETY: as for `content`: "Valid as long as `content`".
        let text = unsafe { delivery.text.as_ref() }?;
        let read = |part: abi::Str| match wrong_text(part) {
            Some(_) => None,
            // SAFETY: as above, for what the text points to.
            None => std::str::from_utf8(unsafe { part.as_bytes() }).ok(),
        };
        // SAFETY: as above: so many tags and pairs, as the core says.
        let (tags, pairs) =
            unsafe { (raw_slice(text.tags, text.tags_len), raw_slice(text.metadata, text.metadata_len)) };
        Some(DeliveredText {
            sender: read(text.sender)?,
            recipient: read(text.recipient)?,
            message_type: read(text.message_type)?,
            tags: tags.iter().map(|tag| read(*tag)).collect::<Option<_>>()?,
            metadata: pairs
                .iter()
                .map(|pair| Some((read(pair.key)?, read(pair.value)?)))
                .collect::<Option<_>>()?,
        })
    }

    #[inline]
    fn current<'a>(&self, out: &'a Out, index: usize) -> Option<&'a abi::Delivery> {
        if out.filled_by != self.call {
            return None;
        }
        out.deliveries.get(index)
    }

    #[inline]
    fn error_buffer(&mut self) -> abi::ErrorBuffer {
        abi::ErrorBuffer {
            struct_size: size_of::<abi::ErrorBuffer>() as u32,
            code: abi::OK,
            len: 0,
            cap: ERROR_BYTES as u32,
            buf: self.error.as_mut_ptr(),
        }
    }

    #[inline]
    fn take_back(&mut self, raw: &abi::Out, out: &mut Out) {
        out.take_back(raw);
        self.call += 1;
        out.filled_by = self.call;
        self.wish_ns = self.wish_ns.min(raw.next_due_ns);
        self.more |= raw.flags & abi::OUT_MORE != 0;
        out.next_due_ns = self.wish_ns;
        out.more = self.more;
        out.empty = raw.flags & abi::OUT_EMPTY != 0;
        out.working |= raw.flags & abi::OUT_WORKING != 0;
    }

    /// OK, unless the top or any border below has failed: a layer cannot hide what broke beneath it.
    #[inline]
    fn outcome_of_call(&mut self, status: i32) -> Result<(), CoreFailure> {
        if status == abi::OK && self.below.is_empty() {
            return Ok(());
        }
        self.first_failure(status)
    }

    fn first_failure(&mut self, status: i32) -> Result<(), CoreFailure> {
        for border in self.below.iter().rev() {
            // SAFETY: as in `flush`.
            if let Some(failure) = unsafe { (**border).failure.clone() } {
                self.finished = true;
                return Err(failure);
            }
        }
        if status == abi::OK {
            return Ok(());
        }
        self.finished = true;
        Err(self.top.failure.clone().unwrap_or_else(|| {
            CoreFailure::from_status(&self.top.core, "publish", status, "the layer gave no reason")
        }))
    }

    #[cold]
    fn is_finished(&self, function: &'static str) -> CoreFailure {
        CoreFailure::from_status(
            &self.top.core,
            function,
            abi::POISONED,
            "the session ended before this call",
        )
    }

    fn close_all(&mut self) -> Result<(), CoreFailure> {
        if self.closed {
            return Ok(());
        }
        self.closed = true;
        self.finished = true;
        let mut sessions = vec![(self.top.depth, self.top.session)];
        for border in self.below.iter() {
            // SAFETY: as in `flush`.
            sessions.push(unsafe { ((**border).depth, (**border).session) });
        }
        let result = self.links.close_sessions(&sessions);
        if result.is_ok() {
            for border in self.below.drain(..) {
                // SAFETY: made by `Box::into_raw` when the chain was opened; every layer that knew the pointer
                // is closed ("valid until the layer's `close` returns"). After a `close` that hangs they leak.
                drop(unsafe { Box::from_raw(border) });
            }
        }
        result
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Nobody is left to tell; a `close` that hangs costs its time limit, once.
        let _ = self.close_all();
    }
}
