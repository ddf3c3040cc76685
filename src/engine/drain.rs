//! The wait after the load: what is still to come, and when the run ends without it.
//!
//! One rule for all cores. The run waits until every message has ended and every expected copy has come; or until the
//! core says that it holds nothing more; or until nothing happened for `drain`; and never beyond `drain_max`. When all
//! copies have come, it waits for another `linger`, for copies that come twice.

use super::clock::Clock;
use super::player::Player;
use crate::cores::abi;
use crate::plan::DRAIN_NS;
use crate::results::Waited;

impl<C: Clock> Player<'_, C> {
    /// Whether every message has ended and every copy has come, or the wait has ended otherwise.
    pub fn is_finished(&mut self) -> bool {
        if !self.load.is_over() {
            return false;
        }
        if self.limit_ns().is_some_and(|limit| self.pace.now_ns() >= limit) {
            self.waited = Some(Waited::Limit);
            return true;
        }
        if self.is_unfinished() || self.copies_missing() {
            let silent = self.is_silent();
            self.waited = silent.then_some(Waited::Silence);
            return silent;
        }
        if self.receiver.is_active() && !self.receiver.all_received() {
            self.waited = match (self.is_out_of_patience(), self.is_simulated()) {
                (true, _) => Some(Waited::Limit),
                (false, false) => Some(Waited::Empty),
                (false, true) => self.waited,
            };
        }
        self.pace.now_ns() >= self.listens_until_ns()
    }

    /// When the wait ends as things stand, in nanoseconds since the load began; `u64::MAX` if never.
    pub fn wait_ends_ns(&mut self) -> u64 {
        let silent = self.silence_ends_ns().unwrap_or(u64::MAX);
        let drains = self.load.is_over() && !C::VIRTUAL;
        let over = if drains { self.listens_until_ns() } else { 0 };
        // A `linger` that is already over is no reason to look again.
        let over = if over > self.pace.now_ns() { over } else { u64::MAX };
        silent.min(over).min(self.limit_ns().unwrap_or(u64::MAX))
    }

    /// Whether nothing happened for so long that nothing more is expected.
    pub fn is_silent(&mut self) -> bool {
        self.silence_ends_ns().is_some_and(|end| self.pace.now_ns() >= end)
    }

    /// Whether copies of messages that were delivered may still come.
    pub fn copies_missing(&self) -> bool {
        if self.receiver.pending() > 0 || self.callbacks.has_pending() || self.work_is_left() {
            return true;
        }
        if !self.receiver.is_active() || self.receiver.all_received() || self.is_out_of_patience() {
            return false;
        }
        if self.is_simulated() {
            return self.core.due_ns() != u64::MAX;
        }
        !self.core.out.empty
    }

    /// Whether consumers still have work, or will get some again.
    fn work_is_left(&self) -> bool {
        let Some(consumption) = &self.account.recorder.consumption else { return false };
        let comes_again = consumption.unfinished() > 0 && self.core.due_ns() != u64::MAX;
        !self.is_out_of_patience() && (comes_again || !self.consumers.are_idle())
    }

    /// Whether consumers have completed nothing for so long that they never will: a copy whose work always fails may come
    /// again for ever, and keep those behind it waiting.
    fn is_out_of_patience(&self) -> bool {
        let Some(consumption) = &self.account.recorder.consumption else { return false };
        let since_ns = consumption.progress_ns.max(self.load.ended_ns().unwrap_or(u64::MAX));
        self.pace.now_ns() >= since_ns.saturating_add(self.setup.rules.patience_ns)
    }

    /// Whether some messages have not ended and still may.
    fn is_unfinished(&self) -> bool {
        let unable = self.processor.hand_overs_left() == 0 && self.processor.in_flight() == 0;
        !unable && (self.account.recorder.ended < self.account.recorder.generated || self.load.has_held())
    }

    /// Whether the core is simulated: nothing happens in it between two calls, and it has told what follows.
    fn is_simulated(&self) -> bool {
        C::VIRTUAL || self.setup.scene.capabilities & abi::SIMULATED != 0
    }

    /// The end of `drain_max`, in nanoseconds since the load began.
    fn limit_ns(&self) -> Option<u64> {
        Some(self.load.ended_ns()?.saturating_add(self.setup.rules.drain_max_ns?))
    }

    /// Until when the run waits for copies that come twice, or that another run left.
    fn listens_until_ns(&self) -> u64 {
        if !self.receiver.is_active() || self.is_simulated() || self.core.out.empty {
            return 0;
        }
        self.receiver
            .last_ns()
            .max(self.account.recorder.last_end_ns)
            .saturating_add(self.setup.rules.linger_ns)
    }

    /// When nothing will have happened for too long; `None` while something other than the core is still due.
    fn silence_ends_ns(&mut self) -> Option<u64> {
        if std::mem::take(&mut self.core.out.working) {
            self.pace.core_works();
        }
        let drains = self.load.is_over();
        if !self.only_core_is_left() || (!drains && self.setup.rules.ends_by_time) {
            self.pace.break_silence();
            return None;
        }
        // A core that has a longer `drain` may also be silent for longer during the load.
        let limit_ns =
            if drains { self.setup.rules.drain_ns } else { DRAIN_NS.max(self.setup.rules.drain_ns) };
        let due_ns = self.core.due_ns();
        Some(self.pace.silence_until(self.processor.hand_overs(), due_ns, limit_ns))
    }

    /// Whether nothing will happen unless the core acts. Messages that wait go on as soon as the core takes them; on
    /// the wall clock the core need not announce that.
    fn only_core_is_left(&self) -> bool {
        let waits = self.processor.has_waiting() || self.load.has_held();
        let timed = self.processor.in_flight() > 0 && self.setup.plan.processor.timeout_ns.is_some();
        self.pace.has_only_timers()
            && !timed
            && self.processor.cycle_ready_ns(self.pace.now_ns()).is_none()
            && !(C::VIRTUAL && waits)
    }
}
