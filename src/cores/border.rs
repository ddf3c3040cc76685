//! One border: the calls into one core's session, checked and named, whoever calls — the engine or a layer.

use super::error::CoreFailure;
use super::vitals::{FUNCTIONS, Slot};
use mqscript_plugin::abi;
use mqscript_plugin::units::SIZE_MAX_BYTES;
use std::sync::Arc;

pub(super) const PUBLISH: usize = 0;
pub(super) const POLL: usize = 1;
pub(super) const ACKNOWLEDGE: usize = 2;
pub(super) const FLUSH: usize = 3;

type Publish = unsafe extern "C" fn(
    *mut abi::RawSession,
    u64,
    *const abi::Message,
    u32,
    *mut u32,
    *mut abi::Out,
    *mut abi::ErrorBuffer,
) -> i32;
type Poll = unsafe extern "C" fn(*mut abi::RawSession, u64, *mut abi::Out, *mut abi::ErrorBuffer) -> i32;
type Acknowledge = unsafe extern "C" fn(
    *mut abi::RawSession,
    u64,
    *const u64,
    u32,
    u32,
    *mut abi::Out,
    *mut abi::ErrorBuffer,
) -> i32;
type Flush = unsafe extern "C" fn(*mut abi::RawSession, u64, *mut abi::ErrorBuffer) -> i32;

/// The session functions of one core, known not to be NULL where the contract asks for them.
#[derive(Clone, Copy)]
pub(super) struct SessionCalls {
    pub publish: Publish,
    pub poll: Poll,
    pub acknowledge: Option<Acknowledge>,
    pub flush: Option<Flush>,
}

/// A session of one core, and what is needed to check its answers.
pub(super) struct Border {
    pub session: *mut abi::RawSession,
    pub calls: SessionCalls,
    pub core: Arc<str>,
    /// Position in the chain: 0 is innermost.
    pub depth: usize,
    /// The border below, for acknowledgements that a layer has no function for; NULL for the innermost.
    pub below: *mut Border,
    pub virtual_clock: bool,
    pub agents: u32,
    pub slot: &'static Slot,
    /// The first failure seen here: it ends the session, whatever a layer above makes of it.
    pub failure: Option<CoreFailure>,
}

/// Sizes of an `out` before a call.
#[derive(Clone, Copy)]
struct Before {
    outcomes: u32,
    deliveries: u32,
}

impl Before {
    #[inline]
    fn of(out: &abi::Out) -> Before {
        Before { outcomes: out.outcomes_len, deliveries: out.deliveries_len }
    }

    /// Takes back all that was appended.
    fn restore(self, out: &mut abi::Out) {
        (out.outcomes_len, out.deliveries_len) = (self.outcomes, self.deliveries);
    }
}

impl Border {
    /// Offers `n` messages; returns the status, with `failure` set if it is not OK.
    ///
    /// # Safety
    /// `messages` points to `n` messages whose pointers are good for the call; `out` and `error` are the host's
    /// own, with room as their fields say; the session is open and no other call of it is under way.
    #[inline(always)]
    pub unsafe fn publish(
        &mut self,
        now_ns: u64,
        messages: *const abi::Message,
        n: u32,
        accepted: &mut u32,
        out: &mut abi::Out,
        error: &mut abi::ErrorBuffer,
    ) -> i32 {
        let before = Before::of(out);
        *accepted = 0;
        error.len = 0;
        let called = self.slot.enter(self.depth, PUBLISH);
        // SAFETY: "None of these blocks"; "Everything passed in is borrowed for the call": the caller's promise.
        let status = unsafe { (self.calls.publish)(self.session, now_ns, messages, n, accepted, out, error) };
        self.slot.leave(called);
        let too_many = *accepted > n;
        if status == abi::OK
            && !too_many
            && !self.slot.is_caught()
            && self.appended_is_sound(out, before, now_ns)
        {
            return abi::OK;
        }
        if self.answer_for_deeds(PUBLISH) {
            *accepted = 0;
            before.restore(out);
            return abi::POISONED;
        }
        if too_many {
            let text = format!("it accepted {} messages of {n}", *accepted);
            *accepted = n;
            self.fail(CoreFailure::breach(&self.core, "publish", text));
        }
        self.settle(PUBLISH, status, out, before, now_ns, error)
    }

    /// Asks what has become known.
    ///
    /// # Safety
    /// As for [`Border::publish`].
    #[inline]
    pub unsafe fn poll(&mut self, now_ns: u64, out: &mut abi::Out, error: &mut abi::ErrorBuffer) -> i32 {
        let before = Before::of(out);
        error.len = 0;
        let called = self.slot.enter(self.depth, POLL);
        // SAFETY: as in `publish`.
        let status = unsafe { (self.calls.poll)(self.session, now_ns, out, error) };
        self.slot.leave(called);
        if status == abi::OK && !self.slot.is_caught() && self.appended_is_sound(out, before, now_ns) {
            return abi::OK;
        }
        self.settle(POLL, status, out, before, now_ns, error)
    }

    /// Says that the copies with these tags were taken.
    ///
    /// # Safety
    /// As for [`Border::publish`]; `tags` points to `n` tags.
    pub unsafe fn acknowledge(
        &mut self,
        now_ns: u64,
        tags: *const u64,
        n: u32,
        kind: u32,
        out: &mut abi::Out,
        error: &mut abi::ErrorBuffer,
    ) -> i32 {
        let before = Before::of(out);
        error.len = 0;
        let Some(acknowledge) = self.calls.acknowledge else {
            // SAFETY: `below` is NULL or the border of the session below, which lives as long as this one ("a
            // layer without this function passes acknowledgements on to the core below").
            if let Some(below) = unsafe { self.below.as_mut() } {
                // SAFETY: the caller's promise is the callee's.
                return unsafe { below.acknowledge(now_ns, tags, n, kind, out, error) };
            }
            let text = "it gave tags to acknowledge, but has no such function";
            self.fail(CoreFailure::breach(&self.core, "acknowledge", text));
            return abi::INVALID;
        };
        let called = self.slot.enter(self.depth, ACKNOWLEDGE);
        // SAFETY: as in `publish`.
        let status = unsafe { acknowledge(self.session, now_ns, tags, n, kind, out, error) };
        self.slot.leave(called);
        if status == abi::OK && !self.slot.is_caught() && self.appended_is_sound(out, before, now_ns) {
            return abi::OK;
        }
        self.settle(ACKNOWLEDGE, status, out, before, now_ns, error)
    }

    /// Says that no more will be generated.
    ///
    /// # Safety
    /// As for [`Border::publish`].
    pub unsafe fn flush(&mut self, now_ns: u64, error: &mut abi::ErrorBuffer) -> i32 {
        let Some(flush) = self.calls.flush else { return abi::OK };
        error.len = 0;
        let called = self.slot.enter(self.depth, FLUSH);
        // SAFETY: as in `publish`.
        let status = unsafe { flush(self.session, now_ns, error) };
        self.slot.leave(called);
        self.answer_for_deeds(FLUSH);
        if status != abi::OK {
            self.fail(CoreFailure::from_status(&self.core, FUNCTIONS[FLUSH], status, &told(error)));
        }
        if self.failure.is_some() && status == abi::OK { abi::INVALID } else { status }
    }

    /// Names what the core was caught at, before anything else that went wrong: it may be what came of it. True if so:
    /// then nothing that it answered in this call counts.
    #[cold]
    fn answer_for_deeds(&mut self, function: usize) -> bool {
        let Some(deed) = self.slot.take_deed() else { return false };
        self.fail(CoreFailure::forbidden(&self.core, FUNCTIONS[function], deed));
        true
    }

    /// Whether a core of the chain was caught at something that nobody has answered for: what is called from a layer
    /// then does nothing, for the layer's own border will name it.
    pub(super) fn is_caught(&self) -> bool {
        self.slot.is_caught()
    }

    fn fail(&mut self, failure: CoreFailure) {
        self.failure.get_or_insert(failure);
    }

    /// The slow end of a call that went wrong: names the first failure and cuts `out` to what is sound.
    #[cold]
    fn settle(
        &mut self,
        function: usize,
        status: i32,
        out: &mut abi::Out,
        before: Before,
        now_ns: u64,
        error: &abi::ErrorBuffer,
    ) -> i32 {
        let name = FUNCTIONS[function];
        if self.answer_for_deeds(function) {
            before.restore(out);
            return abi::POISONED;
        }
        // A breach told first: it is the cause where there are both.
        if let Some(text) = self.breach_in_appended(out, before, now_ns) {
            self.fail(CoreFailure::breach(&self.core, name, text));
        }
        if status != abi::OK {
            self.fail(CoreFailure::from_status(&self.core, name, status, &told(error)));
            return status;
        }
        abi::INVALID
    }

    /// Whether all that was appended could be true. The hot path: no branch per outcome but the loop.
    #[inline]
    fn appended_is_sound(&self, out: &abi::Out, before: Before, now_ns: u64) -> bool {
        if out.outcomes_len < before.outcomes
            || out.outcomes_len > out.outcomes_cap
            || out.deliveries_len < before.deliveries
            || out.deliveries_len > out.deliveries_cap
        {
            return false;
        }
        let (floor_ns, ceiling_ns) = self.bounds(now_ns);
        let mut sound = true;
        for outcome in appended_outcomes(out, before) {
            sound &= outcome_is_sound(outcome, floor_ns, ceiling_ns);
        }
        if out.deliveries_len != before.deliveries {
            for delivery in appended_deliveries(out, before) {
                sound &= self.delivery_is_sound(delivery, floor_ns, ceiling_ns);
            }
        }
        sound
    }

    /// "`at_ns` ≥ the `now` of the accepting publish and ≤ now + 366 days; on the virtual clock also ≥ the `now`
    /// of the reporting call": the accepting publish is known to the engine alone.
    #[inline]
    fn bounds(&self, now_ns: u64) -> (u64, u64) {
        (if self.virtual_clock { now_ns } else { 0 }, now_ns.saturating_add(abi::AHEAD_MAX_NS))
    }

    #[inline]
    fn delivery_is_sound(&self, delivery: &abi::Delivery, floor_ns: u64, ceiling_ns: u64) -> bool {
        let to = delivery.recipient_id;
        delivery.at_ns >= floor_ns
            && delivery.at_ns <= ceiling_ns
            && (to < self.agents || to == abi::ALL)
            && delivery.content.len <= SIZE_MAX_BYTES
            && (delivery.content.len == 0 || !delivery.content.ptr.is_null())
    }

    /// What of the contract was broken by what was appended; cuts `out` back to what is sound.
    #[cold]
    fn breach_in_appended(&self, out: &mut abi::Out, before: Before, now_ns: u64) -> Option<String> {
        for (kind, len, cap, was) in [
            ("outcomes", &mut out.outcomes_len, out.outcomes_cap, before.outcomes),
            ("deliveries", &mut out.deliveries_len, out.deliveries_cap, before.deliveries),
        ] {
            if *len < was || *len > cap {
                let text = format!("it left {len} {kind} where {was} stood and {cap} have room");
                *len = was;
                return Some(text);
            }
        }
        let (floor_ns, ceiling_ns) = self.bounds(now_ns);
        for (i, outcome) in appended_outcomes(out, before).iter().enumerate() {
            if !outcome_is_sound(outcome, floor_ns, ceiling_ns) {
                let text = outcome_breach(outcome, floor_ns, ceiling_ns);
                out.outcomes_len = before.outcomes + i as u32;
                return Some(text);
            }
        }
        for (i, delivery) in appended_deliveries(out, before).iter().enumerate() {
            if !self.delivery_is_sound(delivery, floor_ns, ceiling_ns) {
                let text = self.delivery_breach(delivery, floor_ns, ceiling_ns);
                out.deliveries_len = before.deliveries + i as u32;
                return Some(text);
            }
        }
        None
    }

    fn delivery_breach(&self, delivery: &abi::Delivery, floor_ns: u64, ceiling_ns: u64) -> String {
        let to = delivery.recipient_id;
        if to >= self.agents && to != abi::ALL {
            return format!("a delivery for agent {to} of {}", self.agents);
        }
        if delivery.content.len > SIZE_MAX_BYTES {
            return format!("a delivery of {} bytes; {SIZE_MAX_BYTES} are allowed", delivery.content.len);
        }
        if delivery.content.len > 0 && delivery.content.ptr.is_null() {
            return format!("a delivery of {} bytes at NULL", delivery.content.len);
        }
        time_breach("a delivery", delivery.at_ns, floor_ns, ceiling_ns)
    }
}

#[inline]
fn outcome_is_sound(outcome: &abi::Outcome, floor_ns: u64, ceiling_ns: u64) -> bool {
    (outcome.result.wrapping_sub(abi::DELIVERED) <= abi::UNCERTAIN - abi::DELIVERED)
        & (outcome.count >= 1)
        & (outcome.at_ns >= floor_ns)
        & (outcome.at_ns <= ceiling_ns)
}

fn outcome_breach(outcome: &abi::Outcome, floor_ns: u64, ceiling_ns: u64) -> String {
    let what = format!("the outcome of token {}", outcome.first);
    if abi::OutcomeResult::from_raw(outcome.result).is_none() {
        return format!("{what} has the unknown result {}", outcome.result);
    }
    if outcome.count == 0 {
        return format!("{what} counts no token");
    }
    time_breach(&what, outcome.at_ns, floor_ns, ceiling_ns)
}

fn time_breach(what: &str, at_ns: u64, floor_ns: u64, ceiling_ns: u64) -> String {
    if at_ns < floor_ns {
        return format!("{what} lies in the past: at_ns {at_ns}, now {floor_ns}");
    }
    let now_ns = ceiling_ns - abi::AHEAD_MAX_NS;
    format!("{what} lies more than 366 days ahead: at_ns {at_ns}, now {now_ns}")
}

#[inline]
fn appended_outcomes<'a>(out: &abi::Out, before: Before) -> &'a [abi::Outcome] {
    let len = (out.outcomes_len - before.outcomes) as usize;
    // SAFETY: the array is the host's ("host-owned; the core appends"), holds `outcomes_cap` initialised
    // outcomes, and the lengths were checked against it. The slice is dropped before `out` changes hands.
    unsafe { std::slice::from_raw_parts(out.outcomes.add(before.outcomes as usize), len) }
}

#[inline]
fn appended_deliveries<'a>(out: &abi::Out, before: Before) -> &'a [abi::Delivery] {
    let len = (out.deliveries_len - before.deliveries) as usize;
    // SAFETY: as for the outcomes.
    unsafe { std::slice::from_raw_parts(out.deliveries.add(before.deliveries as usize), len) }
}

/// What a core wrote into the error buffer.
pub(super) fn told(error: &abi::ErrorBuffer) -> String {
    let len = error.len.min(error.cap) as usize;
    if error.buf.is_null() {
        return String::new();
    }
    // SAFETY: "Errors are written into a caller-owned buffer": `buf` is the host's, with `cap` initialised bytes.
    String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(error.buf, len) }).into_owned()
}
