//! The loop under load: instant after instant, for as long as the timeline alone decides what comes next.
//!
//! *Rationale.* Between two instants, [`play`](Player::play) asks for everything that could come next: a poll, a cycle,
//! the end of a count, of a wait, or of a silence. On the virtual clock none of these can come while agents still send
//! and the core has no wish. That is nearly the whole time of a simulation, and asking would take a tenth of it.

use super::clock::Clock;
use super::player::{Player, ROUNDS_MAX};
use crate::cores::abi;

impl<C: Clock> Player<'_, C> {
    /// Plays the load for as long as the timeline alone decides. What it leaves is for
    /// [`instant`](Player::instant), which does the same and looks for all else.
    #[inline(always)]
    pub fn play_load(&mut self) {
        if !C::VIRTUAL || self.processor.has_cycles() {
            return;
        }
        let mut rounds = 0;
        while self.timeline_decides() {
            let next_ns = self.pace.next_ns();
            if next_ns == u64::MAX {
                return;
            }
            if next_ns > self.pace.now_ns() {
                self.pace.wait(next_ns);
                rounds = 0;
            } else if self.is_endless(&mut rounds) {
                return;
            }
            self.run_due();
            if self.stop.is_some() {
                return;
            }
            self.finish_instant();
            self.dispatch();
        }
    }

    /// Whether nothing but the timeline says what comes next.
    #[inline(always)]
    fn timeline_decides(&self) -> bool {
        let core_is_passive = self.core.out.next_due_ns == abi::NEVER && !self.core.out.more;
        let lasts = !self.load.is_over() && (self.setup.rules.ends_by_time || !self.load.has_no_sources());
        core_is_passive && lasts && !self.load.has_held() && self.stop.is_none() && !self.pace.is_woken()
    }

    /// Counts a round without time advancing. Returns whether there were too many, which ends the run.
    #[inline(always)]
    pub fn is_endless(&mut self, rounds: &mut u64) -> bool {
        *rounds += 1;
        *rounds > ROUNDS_MAX && self.stop_endless_rounds()
    }
}
