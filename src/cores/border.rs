//! One border: the calls into one core's session, checked and named, whoever calls — the engine or a layer.

use super::appended::{
    appended_deliveries, appended_outcomes, can_be_read, outcome_breach, outcome_is_sound, text_breach,
    time_breach,
};
use super::error::CoreFailure;
use super::lent::{Lent, LentError};
use super::returning::returning;
use super::services::{EventQueue, Interner, LogLine};
use super::surroundings::float;
use super::violations::{Caught, Misuse};
use super::vitals::{FUNCTIONS, Slot};
use mqscript_plugin::abi;
use mqscript_plugin::units::SIZE_MAX_BYTES;
use std::sync::Arc;

pub(super) const PUBLISH: usize = 0;
pub(super) const POLL: usize = 1;
pub(super) const ACKNOWLEDGE: usize = 2;
pub(super) const FLUSH: usize = 3;

pub(super) type Publish = unsafe extern "C-unwind" fn(
    *mut abi::RawSession,
    u64,
    *const abi::Message,
    u32,
    *mut u32,
    *mut abi::Out,
    *mut abi::ErrorBuffer,
) -> i32;
pub(super) type Poll =
    unsafe extern "C-unwind" fn(*mut abi::RawSession, u64, *mut abi::Out, *mut abi::ErrorBuffer) -> i32;
pub(super) type Acknowledge = unsafe extern "C-unwind" fn(
    *mut abi::RawSession,
    u64,
    *const u64,
    u32,
    u32,
    *mut abi::Out,
    *mut abi::ErrorBuffer,
) -> i32;
pub(super) type Flush = unsafe extern "C-unwind" fn(*mut abi::RawSession, u64, *mut abi::ErrorBuffer) -> i32;

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
    /// What was asked of the host's services that cannot be.
    pub misuse: Arc<Misuse>,
    /// The reasons that outcomes may name.
    pub reasons: Arc<Interner>,
    /// Receives what the user should read.
    pub log: Arc<EventQueue<LogLine>>,
    /// It was told that the core changes how numbers are rounded.
    pub rounds: bool,
    /// What was lent to the layer above for the call that is under way.
    pub above: Option<Lent>,
    /// The name of the layer, or none for the innermost core.
    pub layer: Option<Arc<str>>,
    /// The first failure seen here: it ends the session, whatever a layer above makes of it.
    pub failure: Option<CoreFailure>,
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
        *accepted = 0;
        error.len = 0;
        let lent = Lent::of(out, error);
        self.lend_on(&lent);
        let called = self.slot.enter(self.depth, PUBLISH);
        // SAFETY: "None of these blocks"; "Everything passed in is borrowed for the call": the caller's promise.
        let status = returning(|| unsafe {
            (self.calls.publish)(self.session, now_ns, messages, n, accepted, out, error)
        });
        if !float::is_as_before() {
            self.put_rounding_back();
        }
        let too_many = *accepted > n;
        let sound = status == abi::OK
            && !too_many
            && !self.slot.is_caught()
            && lent.is_untouched(out, error)
            && self.appended_is_sound(out, &lent, now_ns);
        self.slot.leave(called);
        if sound {
            return abi::OK;
        }
        if self.answer_for_violations(PUBLISH) {
            *accepted = 0;
            lent.restore(out);
            return abi::POISONED;
        }
        if too_many {
            let text = format!("it accepted {} messages of {n}", *accepted);
            *accepted = n;
            self.fail(CoreFailure::breach(&self.core, "publish", text));
        }
        self.settle(PUBLISH, status, out, lent, now_ns, error)
    }

    /// Asks what has become known.
    ///
    /// # Safety
    /// As for [`Border::publish`].
    #[inline]
    pub unsafe fn poll(&mut self, now_ns: u64, out: &mut abi::Out, error: &mut abi::ErrorBuffer) -> i32 {
        let (session, poll) = (self.session, self.calls.poll);
        // SAFETY: as in `publish`.
        self.answer(POLL, now_ns, out, error, |out, error| unsafe { poll(session, now_ns, out, error) })
    }

    /// Makes a call that answers into `out`, and looks at what it left behind.
    #[inline(always)]
    fn answer(
        &mut self,
        function: usize,
        now_ns: u64,
        out: &mut abi::Out,
        error: &mut abi::ErrorBuffer,
        call: impl FnOnce(&mut abi::Out, &mut abi::ErrorBuffer) -> i32,
    ) -> i32 {
        error.len = 0;
        let lent = Lent::of(out, error);
        self.lend_on(&lent);
        let called = self.slot.enter(self.depth, function);
        let status = returning(|| call(out, error));
        if !float::is_as_before() {
            self.put_rounding_back();
        }
        let sound = status == abi::OK
            && !self.slot.is_caught()
            && lent.is_untouched(out, error)
            && self.appended_is_sound(out, &lent, now_ns);
        self.slot.leave(called);
        if sound { abi::OK } else { self.settle(function, status, out, lent, now_ns, error) }
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
        let Some(acknowledge) = self.calls.acknowledge else {
            // SAFETY: `below` is NULL or the border of the session below, which lives as long as this one ("a
            // layer without this function passes acknowledgements on to the core below").
            if let Some(below) = unsafe { self.below.as_mut() } {
                // SAFETY: the caller's promise is the callee's.
                return unsafe { below.acknowledge(now_ns, tags, n, kind, out, error) };
            }
            error.len = 0;
            let text = "it gave tags to acknowledge, but has no such function";
            self.fail(CoreFailure::breach(&self.core, "acknowledge", text));
            return abi::INVALID;
        };
        let session = self.session;
        // SAFETY: as in `publish`.
        self.answer(ACKNOWLEDGE, now_ns, out, error, |out, error| unsafe {
            acknowledge(session, now_ns, tags, n, kind, out, error)
        })
    }

    /// Says that no more will be generated.
    ///
    /// # Safety
    /// As for [`Border::publish`].
    pub unsafe fn flush(&mut self, now_ns: u64, error: &mut abi::ErrorBuffer) -> i32 {
        let Some(flush) = self.calls.flush else { return abi::OK };
        error.len = 0;
        let lent = LentError::of(error);
        let called = self.slot.enter(self.depth, FLUSH);
        // SAFETY: as in `publish`.
        let status = returning(|| unsafe { flush(self.session, now_ns, error) });
        self.slot.leave(called);
        if !float::is_as_before() {
            self.put_rounding_back();
        }
        if self.slot.is_caught() {
            self.answer_for_violations(FLUSH);
        }
        if let Some(text) = lent.breach(error) {
            self.fail(CoreFailure::breach(&self.core, FUNCTIONS[FLUSH], text));
        }
        if status != abi::OK {
            self.fail(CoreFailure::from_status(&self.core, FUNCTIONS[FLUSH], status, &lent.told(error)));
        }
        if self.failure.is_some() && status == abi::OK { abi::INVALID } else { status }
    }

    /// Names what the core was caught at, before anything else that went wrong: it may be what came of it. True if that
    /// was a violation: then nothing that it answered in this call counts.
    #[cold]
    fn answer_for_violations(&mut self, function: usize) -> bool {
        match self.slot.answer(&self.misuse) {
            None => false,
            Some(Caught::Violation(violation)) => {
                self.fail(CoreFailure::forbidden(&self.core, FUNCTIONS[function], violation));
                true
            }
            Some(Caught::Misuse(core, text)) => {
                self.fail(CoreFailure::breach(&core, FUNCTIONS[function], text));
                false
            }
        }
    }

    /// Puts back how numbers are rounded: every sum after it would be another. The first time it is told.
    #[cold]
    fn put_rounding_back(&mut self) {
        float::put_back();
        if !std::mem::replace(&mut self.rounds, true) {
            let text =
                "it changed how floating-point numbers are rounded, which is not its own; that was put back";
            let line = LogLine { core: self.core.clone(), level: abi::LOG_WARN, text: text.to_owned() };
            self.log.push(line, text.len());
        }
    }

    /// Whether a core of the chain was caught at something that nobody has answered for: what is called from a layer
    /// then does nothing, for the layer's own border will name it.
    pub(super) fn is_caught(&self) -> bool {
        self.slot.is_caught()
    }

    /// Tells the border below what this one's core, a layer, was lent.
    #[inline(always)]
    fn lend_on(&mut self, lent: &Lent) {
        if !self.below.is_null() {
            self.lend_below(lent);
        }
    }

    #[inline]
    fn lend_below(&mut self, lent: &Lent) {
        // SAFETY: not NULL: the border of the session below, which lives as long as this one, while no call of it is under
        // way.
        unsafe { (*self.below).above = Some(*lent) };
    }

    /// Whether a layer may call with this `out`: one that names more room in the host's arrays than it was lent would let
    /// the core below write over what is not there. If not, the layer has broken the contract.
    pub(super) fn admits(&mut self, function: &'static str, out: &abi::Out) -> bool {
        let (Some(lent), Some(layer)) = (&self.above, &self.layer) else { return true };
        let wrong = [
            ("out->outcomes_cap", out.outcomes == lent.outcomes && out.outcomes_cap > lent.outcomes_cap),
            ("out->outcomes_len", out.outcomes_len > out.outcomes_cap),
            (
                "out->deliveries_cap",
                out.deliveries == lent.deliveries && out.deliveries_cap > lent.deliveries_cap,
            ),
            ("out->deliveries_len", out.deliveries_len > out.deliveries_cap),
        ];
        let Some((field, _)) = wrong.into_iter().find(|(_, wrong)| *wrong) else { return true };
        let text = format!("it called the core below with another `{field}` than it was given");
        let failure = CoreFailure::breach(layer, function, text);
        self.fail(failure);
        false
    }

    fn fail(&mut self, failure: CoreFailure) {
        self.failure.get_or_insert(failure);
    }

    /// The slow end of a call that went wrong: names the first failure and cuts `out` to what is sound. What was lent is
    /// handed over by value, so that it need not stand in memory where all went well.
    #[cold]
    fn settle(
        &mut self,
        function: usize,
        status: i32,
        out: &mut abi::Out,
        lent: Lent,
        now_ns: u64,
        error: &mut abi::ErrorBuffer,
    ) -> i32 {
        let name = FUNCTIONS[function];
        if self.answer_for_violations(function) {
            lent.restore(out);
            return abi::POISONED;
        }
        // A breach told first: it is the cause where there are both.
        if let Some(text) = lent.put_back(out, error) {
            self.fail(CoreFailure::breach(&self.core, name, text));
        }
        if let Some(text) = self.breach_in_appended(out, &lent, now_ns) {
            self.fail(CoreFailure::breach(&self.core, name, text));
        }
        if status != abi::OK {
            self.fail(CoreFailure::from_status(&self.core, name, status, &lent.error.told(error)));
            return status;
        }
        abi::INVALID
    }

    /// Whether all that was appended could be true. The hot path: no branch per outcome but the loop. To be called while
    /// the call still counts as under way: whoever dies of what a delivery points to dies of the core.
    #[inline(always)]
    fn appended_is_sound(&self, out: &abi::Out, lent: &Lent, now_ns: u64) -> bool {
        if out.outcomes_len < lent.outcomes_len
            || out.outcomes_len > lent.outcomes_cap
            || out.deliveries_len < lent.deliveries_len
            || out.deliveries_len > lent.deliveries_cap
        {
            return false;
        }
        let ((floor_ns, ceiling_ns), reasons) = (self.bounds(now_ns), self.reasons.len());
        let is_sound = |outcome: &abi::Outcome| outcome_is_sound(outcome, floor_ns, ceiling_ns, reasons);
        // SAFETY: `out` is as it was lent but for its lengths, which were looked at just now, here and below.
        let mut sound = match unsafe { appended_outcomes(out, lent) } {
            [one] => is_sound(one),
            all => all.iter().all(is_sound),
        };
        if out.deliveries_len != lent.deliveries_len {
            // SAFETY: as for the outcomes.
            let deliveries = unsafe { appended_deliveries(out, lent) };
            sound &= self.deliveries_are_sound(deliveries, floor_ns, ceiling_ns);
        }
        sound
    }

    #[inline(never)]
    fn deliveries_are_sound(&self, deliveries: &[abi::Delivery], floor_ns: u64, ceiling_ns: u64) -> bool {
        deliveries.iter().all(|delivery| self.delivery_is_sound(delivery, floor_ns, ceiling_ns))
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
            && delivery.reason <= self.reasons.len()
            && delivery.content.len <= SIZE_MAX_BYTES
            && (delivery.content.len == 0 || !delivery.content.ptr.is_null() && {
                // SAFETY: of a delivery that the call has just appended, neither empty nor at NULL.
                unsafe { can_be_read(delivery.content) }
            })
            // SAFETY: of a delivery that the call has just appended.
            && (delivery.text.is_null() || unsafe { text_breach(delivery.text) }.is_none())
    }

    /// What of the contract was broken by what was appended; cuts `out` back to what is sound.
    #[cold]
    fn breach_in_appended(&self, out: &mut abi::Out, lent: &Lent, now_ns: u64) -> Option<String> {
        for (kind, len, cap, was) in [
            ("outcomes", &mut out.outcomes_len, lent.outcomes_cap, lent.outcomes_len),
            ("deliveries", &mut out.deliveries_len, lent.deliveries_cap, lent.deliveries_len),
        ] {
            if *len < was || *len > cap {
                let text = format!("it left {len} {kind} where {was} stood and {cap} have room");
                *len = was;
                return Some(text);
            }
        }
        let (floor_ns, ceiling_ns) = self.bounds(now_ns);
        let reasons = self.reasons.len();
        // SAFETY: as in `appended_is_sound`: the lengths were looked at above.
        for (i, outcome) in unsafe { appended_outcomes(out, lent) }.iter().enumerate() {
            if !outcome_is_sound(outcome, floor_ns, ceiling_ns, reasons) {
                let text = outcome_breach(outcome, floor_ns, ceiling_ns, reasons);
                out.outcomes_len = lent.outcomes_len + i as u32;
                return Some(text);
            }
        }
        // SAFETY: as for the outcomes.
        for (i, delivery) in unsafe { appended_deliveries(out, lent) }.iter().enumerate() {
            if !self.delivery_is_sound(delivery, floor_ns, ceiling_ns) {
                let text = self.delivery_breach(delivery, floor_ns, ceiling_ns);
                out.deliveries_len = lent.deliveries_len + i as u32;
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
        if delivery.reason > self.reasons.len() {
            return format!("a delivery has the reason {}, which was never interned", delivery.reason);
        }
        if delivery.content.len > SIZE_MAX_BYTES {
            return format!("a delivery of {} bytes; {SIZE_MAX_BYTES} are allowed", delivery.content.len);
        }
        if delivery.content.len > 0 && delivery.content.ptr.is_null() {
            return format!("a delivery of {} bytes at NULL", delivery.content.len);
        }
        // SAFETY: of a delivery that the call has just appended.
        if let Some(text) = unsafe { text_breach(delivery.text) } {
            return text;
        }
        time_breach("a delivery", delivery.at_ns, floor_ns, ceiling_ns)
    }
}
