//! What the agents of groups hold: who has which copy, until when, and how many places are free.
//!
//! *Rationale.* The server counts unsettled copies by consumer, not by agent, and does not say when a lease ends. So both
//! are followed here.

use crate::settlement::Word;
use crate::terms::{ConsumerTerms, RunTerms};
use async_nats::Subject;
use mqscript_plugin::abi;
use mqscript_plugin::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::Notify;

/// A copy: the number of its consumer, and its sequence in the stream.
pub type CopyId = (u32, u64);

/// Counts of what became of copies, for the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HoldingsTally {
    /// Copies that were given back.
    pub given_back: u64,
    /// Copies that were rejected.
    pub rejected: u64,
    /// Leases that were extended.
    pub extended: u64,
    /// Leases that ended before the copy was settled.
    pub lease_expired: u64,
    /// Settlements after the lease, or of copies that were settled already.
    pub late_settlements: u64,
    /// Copies that the server gave up.
    pub dead_letters: u64,
}

/// One hand-over of a copy to an agent.
#[derive(Debug)]
struct Handover {
    copy: CopyId,
    agent: u32,
    /// The number of hand-overs of the copy, this one included.
    times: u32,
    /// The subject at which it is settled.
    reply: Subject,
    /// When the lease ends, in nanoseconds; [`abi::NEVER`] = never.
    lease_ends_ns: u64,
    /// Whether it takes one of the agent's places: the agent has it, and the lease has not ended.
    has_place: bool,
}

/// A copy that was handed over, and is neither settled nor given up.
#[derive(Debug)]
struct Copy {
    stamp: Stamp,
    /// The tags of its hand-overs that are not settled; the last is that of the newest unless that was given back.
    tags: Vec<u64>,
    /// The tag of the newest hand-over, and its agent.
    newest: u64,
    agent: u32,
}

/// An agent with its places.
#[derive(Debug)]
struct Holder {
    held: u32,
    /// Wakes the tasks that pull for the agent.
    bells: [Arc<Notify>; 2],
}

/// All that the agents of groups hold.
#[derive(Debug)]
pub struct Holdings {
    terms: Arc<RunTerms>,
    holders: Vec<Holder>,
    handovers: HashMap<u64, Handover>,
    copies: HashMap<CopyId, Copy>,
    /// The leases under way: end and tag.
    leases: BTreeSet<(u64, u64)>,
    /// Wakes the task that ends leases, when another lease is the first to end.
    bell: Arc<Notify>,
    last_tag: u64,
    /// Counts of what became of copies.
    pub tally: HoldingsTally,
}

impl Holdings {
    /// Makes the state of agents that hold nothing.
    pub fn new(terms: Arc<RunTerms>) -> Holdings {
        let holder = |_| Holder { held: 0, bells: Default::default() };
        Holdings {
            holders: (0..terms.agents()).map(holder).collect(),
            terms,
            handovers: HashMap::new(),
            copies: HashMap::new(),
            leases: BTreeSet::new(),
            bell: Arc::default(),
            last_tag: 0,
            tally: HoldingsTally::default(),
        }
    }

    /// What wakes a task that pulls for an agent; there are two of them.
    pub fn bell_of(&self, agent: u32, task: usize) -> Arc<Notify> {
        Arc::clone(&self.holders[agent as usize].bells[task])
    }

    /// What wakes the task that ends leases.
    pub fn lease_bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// The terms of an agent.
    pub fn terms(&self, agent: u32) -> &ConsumerTerms {
        self.terms.of_agent(agent)
    }

    /// The number of further copies that an agent may get.
    pub fn free_places(&self, agent: u32) -> u32 {
        self.terms(agent).prefetch.saturating_sub(self.holders[agent as usize].held)
    }

    /// Whether no copy is with an agent or on its way back.
    pub fn are_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// A copy came for an agent. Returns the tag of this hand-over, which has no place yet.
    pub fn arrived(&mut self, copy: CopyId, agent: u32, stamp: Stamp, times: u32, reply: Subject) -> u64 {
        self.last_tag += 1;
        let tag = self.last_tag;
        let state = self.copies.entry(copy).or_insert(Copy { stamp, tags: Vec::new(), newest: tag, agent });
        (state.newest, state.agent) = (tag, agent);
        state.tags.push(tag);
        // The server knows that the earlier leases have ended, perhaps before it is known here.
        let earlier: Vec<u64> = state.tags[..state.tags.len() - 1].to_vec();
        earlier.into_iter().for_each(|tag| self.end_lease(tag));
        let lease_ends_ns = abi::NEVER;
        self.handovers.insert(tag, Handover { copy, agent, times, reply, lease_ends_ns, has_place: false });
        tag
    }

    /// A copy is given to its agent: it takes a place, and its lease begins. `false` if the copy is with another agent, or
    /// settled, by now.
    pub fn is_taken(&mut self, tag: u64, now_ns: u64) -> bool {
        if !self.is_newest(tag) {
            self.forget(tag);
            return false;
        }
        let Some(handover) = self.handovers.get_mut(&tag) else { return false };
        handover.has_place = true;
        self.holders[handover.agent as usize].held += 1;
        self.lease(tag, now_ns);
        true
    }

    fn is_newest(&self, tag: u64) -> bool {
        let copy = self.handovers.get(&tag).and_then(|handover| self.copies.get(&handover.copy));
        copy.is_some_and(|copy| copy.newest == tag)
    }

    /// The lease of a hand-over begins, or begins anew.
    fn lease(&mut self, tag: u64, now_ns: u64) {
        let Some(handover) = self.handovers.get_mut(&tag) else { return };
        self.leases.remove(&(handover.lease_ends_ns, tag));
        handover.lease_ends_ns = now_ns.saturating_add(self.terms.of_agent(handover.agent).lease_ns);
        if handover.lease_ends_ns != abi::NEVER {
            let entry = (handover.lease_ends_ns, tag);
            self.leases.insert(entry);
            if self.leases.first() == Some(&entry) {
                self.bell.notify_one();
            }
        }
    }

    /// Ends the leases that are over by now. Returns when the next one ends, in nanoseconds.
    pub fn end_leases(&mut self, now_ns: u64) -> Option<u64> {
        loop {
            let (ends_ns, tag) = *self.leases.first()?;
            if ends_ns > now_ns {
                return Some(ends_ns);
            }
            self.end_lease(tag);
        }
    }

    /// The lease of a hand-over has ended. It may still be settled, as long as the copy is neither settled nor given up.
    fn end_lease(&mut self, tag: u64) {
        let Some(handover) = self.handovers.get(&tag).filter(|handover| handover.has_place) else { return };
        let is_open = self.copies.contains_key(&handover.copy);
        self.free(tag);
        if is_open {
            self.tally.lease_expired += 1;
        } else {
            self.handovers.remove(&tag);
        }
    }

    /// Frees the place of a hand-over.
    fn free(&mut self, tag: u64) {
        let Some(handover) = self.handovers.get_mut(&tag) else { return };
        if std::mem::replace(&mut handover.has_place, false) {
            self.leases.remove(&(handover.lease_ends_ns, tag));
            let holder = &mut self.holders[handover.agent as usize];
            holder.held -= 1;
            holder.bells.iter().for_each(|bell| bell.notify_one());
        }
    }

    /// Forgets a hand-over. The copy stays.
    fn forget(&mut self, tag: u64) {
        self.free(tag);
        if let Some(handover) = self.handovers.remove(&tag)
            && let Some(copy) = self.copies.get_mut(&handover.copy)
        {
            copy.tags.retain(|other| *other != tag);
        }
    }

    /// Forgets a copy for good. Agents that still have it keep their places until they settle it, or the lease ends.
    fn close(&mut self, copy: CopyId) -> Option<Copy> {
        let closed = self.copies.remove(&copy)?;
        for tag in &closed.tags {
            if self.handovers.get(tag).is_some_and(|handover| !handover.has_place) {
                self.handovers.remove(tag);
            }
        }
        Some(closed)
    }

    /// The host settles the hand-over with this tag. Returns what the server is to be told, and where.
    ///
    /// *Rationale.* The server knows a copy by its message: it takes an acknowledgement from whoever had the copy, also if
    /// another agent has it by now. It would take the other words, too; but those would disturb the other agent.
    pub fn settle(&mut self, tag: u64, how: Settlement, now_ns: u64) -> Option<(Subject, Word)> {
        let is_newest = self.is_newest(tag);
        let Some(handover) = self.handovers.get(&tag) else {
            self.tally.late_settlements += 1;
            return None;
        };
        let (copy, times, had_place) = (handover.copy, handover.times, handover.has_place);
        let (reply, is_open) = (handover.reply.clone(), self.copies.contains_key(&copy));
        self.tally.late_settlements += u64::from(!had_place || !is_open);
        if how == Settlement::Extend {
            let goes_on = is_newest && had_place;
            if goes_on {
                self.lease(tag, now_ns);
                self.tally.extended += 1;
            }
            return goes_on.then_some((reply, Word::InProgress));
        }
        let terms = Arc::clone(&self.terms);
        let delay_ns = terms.of_agent(handover.agent).give_back_delay_ns(times);
        let word = match how {
            Settlement::Acknowledge if is_open => {
                self.close(copy);
                Word::Ack
            }
            Settlement::GiveBack if is_newest && had_place => {
                self.tally.given_back += 1;
                Word::Nak(delay_ns)
            }
            Settlement::Reject if is_newest => {
                self.tally.rejected += 1;
                Word::Term
            }
            // Its lease has ended: it comes back anyway.
            _ if is_open => return None,
            _ => {
                self.forget(tag);
                return None;
            }
        };
        self.forget(tag);
        Some((reply, word))
    }

    /// The server has given a copy up. Returns its stamp, and the agent that had it last; `None` if it was settled.
    pub fn is_given_up(&mut self, copy: CopyId) -> Option<(Stamp, u32)> {
        let closed = self.close(copy)?;
        self.tally.dead_letters += 1;
        Some((closed.stamp, closed.agent))
    }
}
