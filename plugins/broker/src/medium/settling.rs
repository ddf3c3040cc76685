//! What ends a hand-over: a settlement, a lease that ends, or too many hand-overs.

use super::{Medium, Told};
use crate::copies::{Copy, Place};
use mqscript_plugin::prelude::*;

impl Medium {
    /// The agent that holds a copy holds it no longer.
    pub(super) fn let_go(&mut self, id: u32) -> u32 {
        let agent = self.copies[id].holder;
        self.agents[agent as usize].held -= 1;
        agent
    }

    /// Whether a copy was handed over as often as it may be.
    pub(super) fn was_handed_over_too_often(&self, id: u32) -> bool {
        let terms = self.agents[self.copies[id].holder as usize].terms as usize;
        self.copies[id].handed_over >= self.terms[terms].max_deliveries
    }

    /// Gives up a copy that was handed over as often as it may be.
    pub(super) fn gives_up_for_count(&mut self, id: u32, now_ns: u64) {
        self.gives_up(id, self.reasons.max_deliveries, now_ns);
        self.copies.remove(id);
    }

    /// A copy that an agent held comes back: it is handed over again, after the delay for that, or given up.
    pub(super) fn comes_back(&mut self, id: u32, now_ns: u64) {
        let agent = self.let_go(id);
        if self.was_handed_over_too_often(id) {
            self.gives_up_for_count(id, now_ns);
        } else {
            let terms = &self.terms[self.agents[agent as usize].terms as usize];
            let delay_ns = terms.redelivery_after_ns(self.copies[id].handed_over);
            let queue = self.copies[id].queue;
            self.copies[id].place = Place::Delayed;
            if let Some(group) = self.group_of_queue(queue) {
                self.partitions[group].stalls(queue, true);
            }
            if delay_ns == 0 {
                self.enqueue(id, now_ns);
            } else {
                self.comes_at(now_ns.saturating_add(delay_ns), id);
            }
        }
        self.serve(agent, now_ns);
    }

    /// Tells that a copy is given up, by the agent that had it last.
    fn gives_up(&mut self, id: u32, reason: u32, at_ns: u64) {
        self.tally.dead_letters += 1;
        let Copy { stamp, holder: agent, .. } = self.copies[id];
        self.told.push(Told::GivenUp { stamp, agent, at_ns, reason });
    }

    /// Settles the copy of a tag, or extends its lease. A copy whose lease has gone is still settled while nobody else has
    /// it; while somebody has, it depends on the medium.
    pub fn settle(&mut self, tag: u64, how: Settlement, now_ns: u64) {
        let Some(id) = self.copies.of_tag(tag) else {
            self.tally.late_settlements += 1;
            self.settles_what_was_taken(tag, now_ns);
            if let Some(id) = self.copies.of_any_tag(tag).filter(|_| self.settings.takes_late) {
                self.settle_elsewhere(id, how, now_ns);
            }
            return;
        };
        let Copy { place, holder, .. } = self.copies[id];
        self.tally.late_settlements += u64::from(place != Place::Held);
        match (how, place) {
            (Settlement::Extend, Place::Held) => {
                self.lease(id, self.agents[holder as usize].terms as usize, now_ns);
            }
            (Settlement::GiveBack, Place::Held) => self.comes_back(id, now_ns),
            // It has come back already, or the lease cannot begin anew.
            (Settlement::Extend | Settlement::GiveBack, _) => {}
            (Settlement::Acknowledge | Settlement::Reject, _) => {
                if how == Settlement::Reject {
                    self.gives_up(id, self.reasons.rejected, now_ns);
                }
                self.forget(id, now_ns);
            }
        }
    }

    /// Settles a copy that was handed over to somebody else meanwhile.
    fn settle_elsewhere(&mut self, id: u32, how: Settlement, now_ns: u64) {
        if !matches!(how, Settlement::Acknowledge | Settlement::Reject) {
            return;
        }
        if how == Settlement::Reject {
            self.gives_up(id, self.reasons.rejected, now_ns);
        }
        self.forget(id, now_ns);
    }

    /// Forgets a copy, wherever it is.
    fn forget(&mut self, id: u32, now_ns: u64) {
        let Copy { place, holder, queue, .. } = self.copies[id];
        match place {
            Place::Waiting => self.queues[queue as usize].settle(id, &mut self.copies),
            Place::Held => {
                self.let_go(id);
                self.copies.remove(id);
                self.serve(holder, now_ns);
            }
            _ => self.copies.remove(id),
        }
    }

    /// The copy of a tag, if it is still with the agent to whom it was handed over with it.
    pub fn held(&self, tag: u64) -> Option<&Copy> {
        let copy = &self.copies[self.copies.of_tag(tag)?];
        (copy.place == Place::Held).then_some(copy)
    }
}
