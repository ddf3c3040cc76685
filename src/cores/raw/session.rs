//! An open session, called without a guard.

use super::super::lent::LentError;
use super::super::surroundings::float;
use super::arrays::{Appended, Arrays, CallFault};
use super::inner::Below;
use super::subject::Subject;
use mqscript_plugin::Settlement;
use mqscript_plugin::abi::{self, ErrorBuffer, RawSession};
use std::sync::Arc;

/// The result of a session call.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// The status that the call returned.
    pub status: i32,
    /// What the core said, where the status is not OK.
    pub text: String,
    /// As written by `publish`.
    pub accepted: u32,
    /// What the call appended to the arrays.
    pub appended: Appended,
}

/// A session. It must be [closed](ProbeSession::close); dropping it leaves it open.
pub struct ProbeSession {
    pub(super) raw: *mut RawSession,
    pub(super) subject: Arc<Subject>,
    /// NULL for a core that stands over none.
    below: *mut Below,
}

// SAFETY: "used by one thread at a time": every call takes `&mut self`.
unsafe impl Send for ProbeSession {}

impl ProbeSession {
    pub(super) fn new(raw: *mut RawSession, subject: Arc<Subject>, below: *mut Below) -> ProbeSession {
        ProbeSession { raw, subject, below }
    }

    /// The core below, for a layer.
    pub fn below(&mut self) -> Option<&mut Below> {
        // SAFETY: NULL or from `Below::make`, until `close`; the layer uses it only inside its own calls.
        unsafe { self.below.as_mut() }
    }

    fn call(
        &mut self,
        name: &'static str,
        arrays: &mut Arrays,
        call: impl FnOnce(&Self, *mut abi::Out, *mut u32, *mut ErrorBuffer) -> i32,
    ) -> Called {
        let mut bytes = [0u8; 512];
        let mut error = ErrorBuffer {
            struct_size: size_of::<ErrorBuffer>() as u32,
            code: abi::OK,
            len: 0,
            cap: bytes.len() as u32,
            buf: bytes.as_mut_ptr(),
        };
        let lent = LentError::of(&error);
        let (mut out, mut accepted) = (arrays.raw(), 0);
        (self.subject.trail)(name);
        let status = call(self, &raw mut out, &raw mut accepted, &raw mut error);
        let rounds = !float::is_as_before();
        if rounds {
            float::put_back();
        }
        (self.subject.trail)("reading what it delivered");
        let mut appended = arrays.take(&out);
        appended.slips.extend(rounds.then_some(CallFault::Rounding));
        appended.slips.extend(lent.put_back(&mut error).map(CallFault::Touched));
        (self.subject.trail)("");
        let text = if status == abi::OK { String::new() } else { lent.told(&error) };
        Called { status, text, accepted, appended }
    }

    /// Calls `publish`. The pointers in `batch` must be good for the call.
    pub fn publish(&mut self, now_ns: u64, batch: &[abi::Message], arrays: &mut Arrays) -> Called {
        let before = batch.to_vec();
        let mut called = self.call("publish", arrays, |this, out, accepted, error| {
            let publish = this.subject.vetted.calls.session.publish;
            // SAFETY: the batch outlives the call, the rest is this function's own; `&mut self` keeps other calls
            // away ("used by one thread at a time"). So below.
            unsafe { publish(this.raw, now_ns, batch.as_ptr(), batch.len() as u32, accepted, out, error) }
        });
        let bytes = |messages: *const abi::Message| {
            // SAFETY: so many whole messages stand in both, and a message has no padding.
            unsafe { std::slice::from_raw_parts(messages.cast::<u8>(), size_of_val(batch)) }
        };
        if bytes(std::hint::black_box(batch.as_ptr())) != bytes(before.as_ptr()) {
            called.appended.slips.push(CallFault::Touched("*messages"));
        }
        called
    }

    /// Calls the function `poll` at `now_ns`.
    pub fn poll(&mut self, now_ns: u64, arrays: &mut Arrays) -> Called {
        self.call("poll", arrays, |this, out, _, error| {
            // SAFETY: as in `publish`.
            unsafe { (this.subject.vetted.calls.session.poll)(this.raw, now_ns, out, error) }
        })
    }

    /// Says that the copies with these tags were taken, as [`settle`](ProbeSession::settle) does.
    pub fn acknowledge(&mut self, now_ns: u64, tags: &[u64], arrays: &mut Arrays) -> Option<Called> {
        self.settle(now_ns, Settlement::Acknowledge, tags, arrays)
    }

    /// Calls `acknowledge`; a layer without it passes tags on. `None` if nobody has such a function.
    pub fn settle(
        &mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        arrays: &mut Arrays,
    ) -> Option<Called> {
        let Some(acknowledge) = self.subject.vetted.calls.session.acknowledge else {
            return self.below()?.session.settle(now_ns, how, tags, arrays);
        };
        let (n, kind) = (tags.len() as u32, how.raw());
        Some(self.call("acknowledge", arrays, |this, out, _, error| {
            // SAFETY: as in `publish`.
            unsafe { acknowledge(this.raw, now_ns, tags.as_ptr(), n, kind, out, error) }
        }))
    }

    /// Calls `flush`, the layer first; `None` if nobody has such a function.
    pub fn flush(&mut self, now_ns: u64) -> Option<Called> {
        let mut none = Arrays::new(0, 0, 0);
        let mine = self.subject.vetted.calls.session.flush.map(|flush| {
            self.call("flush", &mut none, |this, _, _, error| {
                // SAFETY: as in `publish`.
                unsafe { flush(this.raw, now_ns, error) }
            })
        });
        match (mine, self.below()) {
            (Some(failed), _) if failed.status != abi::OK => Some(failed),
            (mine, Some(below)) => below.session.flush(now_ns).or(mine),
            (mine, None) => mine,
        }
    }

    /// Calls `close`, the layer first.
    pub fn close(self) {
        (self.subject.trail)("close");
        // SAFETY: "[control] Closes the session": `self` goes.
        unsafe { (self.subject.vetted.calls.close)(self.raw) };
        (self.subject.trail)("");
        if !self.below.is_null() {
            // SAFETY: from `Below::make`; the layer is closed, and `self` goes.
            unsafe { Below::close(self.below) };
        }
    }
}
