//! The wait after the load: what is still to come, and when a run goes on without it.
//!
//! One rule for all cores: the run waits until every message has its end and every copy that is expected has come; or until
//! the medium says that it holds nothing more; or until `drain` has passed in silence; and never beyond `drain_max`. Where all
//! have come it listens on for `linger`, for copies that come twice.

use super::clock::Clock;
use super::player::Player;
use crate::cores::abi;
use crate::plan::DRAIN_NS;
use crate::results::Waited;

impl<C: Clock> Player<'_, C> {
    /// Whether every message has its end and every copy has come, or the wait for them has ended otherwise.
    pub fn is_finished(&mut self) -> bool {
        if self.load_ended_ns.is_none() {
            return false;
        }
        if self.limit_ns().is_some_and(|limit| self.now_ns >= limit) {
            self.waited = Some(Waited::Limit);
            return true;
        }
        if self.is_unfinished() || self.copies_missing() {
            let silent = self.is_silent();
            self.waited = silent.then_some(Waited::Silence);
            return silent;
        }
        if self.receiving.active && !self.receiving.all_received() && !self.is_simulated() {
            self.waited = Some(Waited::Empty);
        }
        self.now_ns >= self.listens_until_ns()
    }

    /// When the run goes on without what is still to come, as things stand; `u64::MAX` if never.
    pub fn wait_ends_ns(&mut self) -> u64 {
        let silent = self.silence_ends_ns().unwrap_or(u64::MAX);
        let drains = self.load_ended_ns.is_some() && !C::VIRTUAL;
        let over = if drains { self.listens_until_ns() } else { 0 };
        // The end of listening that has passed is no reason to look again.
        let over = if over > self.now_ns { over } else { u64::MAX };
        silent.min(over).min(self.limit_ns().unwrap_or(u64::MAX))
    }

    /// Whether there was silence for so long that nothing more is expected.
    pub fn is_silent(&mut self) -> bool {
        self.silence_ends_ns().is_some_and(|end| self.now_ns >= end)
    }

    /// Whether copies that were acknowledged to senders may still come.
    pub fn copies_missing(&self) -> bool {
        if self.receiving.pending() > 0 || self.untold > 0 {
            return true;
        }
        if !self.receiving.active || self.receiving.all_received() {
            return false;
        }
        if self.is_simulated() {
            return self.core_due_ns() != u64::MAX;
        }
        !self.out.empty
    }

    /// Whether messages are without an end that may still get one.
    fn is_unfinished(&self) -> bool {
        let unable = self.hand_overs_left() == 0 && self.in_flight == 0;
        !unable && (self.recorder.ended < self.recorder.generated || !self.blocked.is_empty())
    }

    /// Nothing happens in a simulated core between two calls: it has told what follows.
    fn is_simulated(&self) -> bool {
        C::VIRTUAL || self.scene.capabilities & abi::SIMULATED != 0
    }

    /// `drain_max`, on the load's clock.
    fn limit_ns(&self) -> Option<u64> {
        Some(self.load_ended_ns?.saturating_add(self.rules.drain_max_ns?))
    }

    /// Until when copies that come twice, or that another run left, are listened for.
    fn listens_until_ns(&self) -> u64 {
        if !self.receiving.active || self.is_simulated() || self.out.empty {
            return 0;
        }
        self.receiving.last_ns.max(self.recorder.last_end_ns).saturating_add(self.rules.linger_ns)
    }

    /// When there was silence for too long; `None` while something else than the core makes the run go on.
    fn silence_ends_ns(&mut self) -> Option<u64> {
        if std::mem::take(&mut self.out.working) {
            self.signs += 1;
        }
        let drains = self.load_ended_ns.is_some();
        if !self.only_core_is_left() || (!drains && self.rules.ends_by_time) {
            self.silence.is_broken();
            return None;
        }
        // Under load a core that is given longer to end than that may also be silent for longer.
        let limit_ns = if drains { self.rules.drain_ns } else { DRAIN_NS.max(self.rules.drain_ns) };
        let due_ns = self.core_due_ns();
        let happened = self.entries - self.idle_entries + self.handed_over + self.signs;
        Some(self.silence.until(happened, self.now_ns, due_ns, limit_ns))
    }

    /// Whether nothing will happen unless a core makes it happen. What waits goes on as soon as the core takes it, which
    /// on the wall clock it need not say beforehand.
    fn only_core_is_left(&self) -> bool {
        let waits = !self.waiting.is_empty() || !self.cycle.taken.is_empty() || !self.blocked.is_empty();
        let timed = self.in_flight > 0 && self.plan.processor.timeout_ns.is_some();
        self.timeline.len() == self.timers
            && !timed
            && self.cycle_ready_ns().is_none()
            && !(C::VIRTUAL && waits)
    }
}
