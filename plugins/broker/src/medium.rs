//! The medium: queues, agents, leases, and everything that happens to a copy between publish and settlement.

use crate::copies::{Copies, Copy, NONE, Place};
use crate::leases::Leases;
use crate::options::{Settings, Terms};
use crate::queue::Queue;
use crate::tally::Tally;
use mqscript_plugin::abi;
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::prelude::*;
use mqscript_plugin::random::Stream;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;

/// The texts that the medium names reasons by.
#[derive(Debug, Clone, Copy)]
pub struct Reasons {
    pub refused: u32,
    pub queue_full: u32,
    pub max_deliveries: u32,
    pub rejected: u32,
}

/// An agent that receives.
#[derive(Debug, Clone)]
struct Agent {
    /// The number of its terms.
    terms: u32,
    /// The number of its shared queue, or [`NONE`].
    shared: u32,
    /// The number of copies that it holds.
    held: u32,
    /// Whether it is among those that wait for a copy of the shared queue.
    is_ready: bool,
}

/// What is to be told, in order.
#[derive(Debug, Clone, Copy)]
pub enum Told {
    /// A copy is with an agent from then on, with this tag.
    Copy { tag: u64, agent: u32, at_ns: u64, times: u32 },
    /// A copy was given up, which this agent had last.
    GivenUp { stamp: Stamp, agent: u32, at_ns: u64, reason: u32 },
}

/// The medium of one session.
#[derive(Debug)]
pub struct Medium {
    settings: Settings,
    reasons: Reasons,
    /// The terms of all groups, after those of agents without a group.
    terms: Vec<Terms>,
    agents: Vec<Agent>,
    /// The inboxes of the agents, then the shared queues.
    queues: Vec<Queue>,
    /// The parties that are shared queues, in the order of these.
    shared: Vec<u32>,
    copies: Copies,
    /// What comes into a queue, by time, then in order of its making: copy and epoch.
    coming: BinaryHeap<Reverse<(u64, u64, u32, u32)>>,
    /// The number of entries in `coming` so far.
    came: u64,
    leases: Leases,
    /// Copies that are to be told of.
    pub told: VecDeque<Told>,
    /// Outcomes that are to be told: token, result, reason, time.
    pub answers: VecDeque<(u64, OutcomeResult, u32, u64)>,
    pub tally: Tally,
}

/// The groups of a run as the medium needs them: agents, shared queue, terms.
pub type Groups = Vec<(Range<u32>, Option<u32>, Terms)>;

impl Medium {
    /// A medium with empty queues for so many agents.
    pub fn new(settings: Settings, reasons: Reasons, agents: u32, groups: Groups) -> Medium {
        let alone = Agent { terms: 0, shared: NONE, held: 0, is_ready: false };
        let mut found = vec![alone; agents as usize];
        let (mut terms, mut shared) = (vec![settings.defaults.clone()], Vec::new());
        for (range, queue, its) in groups {
            let number = queue.map_or(NONE, |party| {
                shared.push(party);
                agents + shared.len() as u32 - 1
            });
            for agent in &mut found[range.start as usize..range.end as usize] {
                (agent.terms, agent.shared) = (terms.len() as u32, number);
            }
            terms.push(its);
        }
        let queues = (0..found.len() + shared.len()).map(|_| Queue::default()).collect();
        let leases = Leases::new(terms.len());
        let mut medium = Medium {
            settings,
            reasons,
            terms,
            agents: found,
            queues,
            shared,
            copies: Copies::default(),
            coming: BinaryHeap::new(),
            came: 0,
            leases,
            told: VecDeque::new(),
            answers: VecDeque::new(),
            tally: Tally::default(),
        };
        (0..agents).for_each(|agent| medium.is_free(agent));
        medium
    }

    /// Takes a message, whose random numbers are these. The answer may be told later.
    pub fn publish(
        &mut self,
        message: &Message<'_>,
        mut luck: Stream,
        now_ns: u64,
        keeps: bool,
        receive: bool,
    ) {
        let at_ns = later(now_ns, &self.settings.latency, luck.next_u64());
        let taken = self.settings.succeeds(luck.next_u64());
        let queue = self.queue_of(message.recipient_id());
        let waits = taken && receive && self.settings.capacity.is_some() && queue != NONE;
        if !taken {
            self.answers.push_back((message.token(), OutcomeResult::Refused, self.reasons.refused, at_ns));
        } else if !waits {
            self.answers.push_back((message.token(), OutcomeResult::Delivered, 0, at_ns));
        }
        if !taken || !receive || (queue == NONE && message.recipient_id() != abi::ALL) {
            return;
        }
        let id = self.copies.add(Copy {
            stamp: message.stamp(),
            kept: keeps.then(|| message.keep().into()),
            token: if waits { message.token() } else { 0 },
            lease_ends_ns: u64::MAX,
            luck: luck.next_u64(),
            queue,
            next: NONE,
            holder: NONE,
            handed_over: 0,
            epoch: 0,
            place: Place::Arriving,
            priority: message.priority(),
        });
        self.comes_at(at_ns, id);
    }

    /// The number of a recipient's queue; [`NONE`] if it has none, as all together have.
    fn queue_of(&self, recipient: u32) -> u32 {
        let agents = self.agents.len() as u32;
        if recipient < agents {
            return recipient;
        }
        let place = self.shared.iter().position(|party| *party == recipient);
        place.map_or(NONE, |place| agents + place as u32)
    }

    fn comes_at(&mut self, at_ns: u64, id: u32) {
        self.coming.push(Reverse((at_ns, self.came, id, self.copies[id].epoch)));
        self.came += 1;
    }

    /// When the medium has something to do next, in nanoseconds; [`abi::NEVER`] if nothing.
    pub fn next_due_ns(&mut self) -> u64 {
        let coming = self.coming.peek().map_or(abi::NEVER, |Reverse((at_ns, ..))| *at_ns);
        self.leases.first(&self.copies).map_or(coming, |(_, ends_ns)| coming.min(ends_ns))
    }

    /// Does all that is due by now, in the order of its times.
    pub fn advance(&mut self, now_ns: u64) {
        loop {
            let lease = self.leases.first(&self.copies);
            let coming_ns = self.coming.peek().map_or(abi::NEVER, |Reverse((at_ns, ..))| *at_ns);
            match lease {
                Some((terms, ends_ns)) if ends_ns <= coming_ns && ends_ns <= now_ns => {
                    if let Some(id) = self.leases.take(terms) {
                        self.tally.lease_expired += 1;
                        self.comes_back(id, now_ns);
                    }
                }
                _ if coming_ns <= now_ns => {
                    if let Some(Reverse((_, _, id, epoch))) = self.coming.pop()
                        && self.copies[id].epoch == epoch
                    {
                        self.came_in(id, coming_ns, now_ns);
                    }
                }
                _ => return,
            }
        }
    }

    /// A copy stands in its queue from now on, or, if it is for all, one in each inbox.
    fn came_in(&mut self, id: u32, at_ns: u64, now_ns: u64) {
        let copy = &self.copies[id];
        if copy.queue != NONE {
            if let Some(capacity) = self.settings.capacity
                && copy.place == Place::Arriving
            {
                let full = self.queues[copy.queue as usize].waiting() >= capacity;
                let (result, reason) = match full {
                    true => (OutcomeResult::Refused, self.reasons.queue_full),
                    false => (OutcomeResult::Delivered, 0),
                };
                self.answers.push_back((copy.token, result, reason, at_ns));
                if full {
                    self.tally.refused_full += 1;
                    self.copies.remove(id);
                    return;
                }
            }
            return self.enqueue(id, now_ns);
        }
        for agent in 0..self.agents.len() as u32 {
            let whole = &self.copies[id];
            if agent == whole.stamp.sender {
                continue;
            }
            let part = Copy { kept: whole.kept.clone(), queue: agent, ..*whole };
            let part = self.copies.add(part);
            self.enqueue(part, now_ns);
        }
        self.copies.remove(id);
    }

    fn enqueue(&mut self, id: u32, now_ns: u64) {
        let queue = self.copies[id].queue;
        self.queues[queue as usize].push(id, &mut self.copies);
        self.hand_over_from(queue, now_ns);
    }

    /// Hands over what waits in a queue, as long as there is an agent that may get it.
    fn hand_over_from(&mut self, queue: u32, now_ns: u64) {
        if (queue as usize) < self.agents.len() {
            while self.has_room(queue)
                && let Some(id) = self.queues[queue as usize].pop(&mut self.copies)
            {
                self.hand_over(id, queue, now_ns);
            }
            return;
        }
        while self.queues[queue as usize].waiting() > 0
            && let Some(agent) = self.queues[queue as usize].ready.pop_front()
        {
            self.agents[agent as usize].is_ready = false;
            if self.has_room(agent) {
                if let Some(id) = self.queues[queue as usize].pop(&mut self.copies) {
                    self.hand_over(id, agent, now_ns);
                }
                self.is_free(agent);
            }
        }
    }

    fn has_room(&self, agent: u32) -> bool {
        let agent = &self.agents[agent as usize];
        agent.held < self.terms[agent.terms as usize].prefetch
    }

    /// Puts an agent behind the others that wait for a copy of its shared queue, if it has one and has room.
    fn is_free(&mut self, agent: u32) {
        let Agent { shared, is_ready, .. } = self.agents[agent as usize];
        if shared != NONE && !is_ready && self.has_room(agent) {
            self.agents[agent as usize].is_ready = true;
            self.queues[shared as usize].ready.push_back(agent);
        }
    }

    fn hand_over(&mut self, id: u32, agent: u32, now_ns: u64) {
        let terms = self.agents[agent as usize].terms as usize;
        self.agents[agent as usize].held += 1;
        let copy = &mut self.copies[id];
        copy.handed_over += 1;
        copy.epoch = copy.epoch.wrapping_add(1);
        (copy.place, copy.holder) = (Place::Held, agent);
        let bits = Stream::from_key(copy.luck ^ u64::from(copy.handed_over)).next_u64();
        let (times, at_ns) = (copy.handed_over, later(now_ns, &self.settings.handover, bits));
        self.lease(id, terms, now_ns);
        self.tally.handed_over += 1;
        self.tally.redelivered += u64::from(times > 1);
        self.told.push_back(Told::Copy { tag: self.copies.tag(id), agent, at_ns, times });
    }

    /// Gives a copy a lease that begins now.
    fn lease(&mut self, id: u32, terms: usize, now_ns: u64) {
        let copy = &mut self.copies[id];
        copy.lease_ends_ns = match self.terms[terms].lease_ns {
            Some(lease_ns) => now_ns.saturating_add(lease_ns),
            None => u64::MAX,
        };
        if copy.lease_ends_ns != u64::MAX {
            self.leases.begin(terms, id, copy);
        }
    }

    /// The agent that holds a copy holds it no longer.
    fn let_go(&mut self, id: u32) -> u32 {
        let agent = self.copies[id].holder;
        self.agents[agent as usize].held -= 1;
        agent
    }

    /// An agent may have room for more.
    fn serve(&mut self, agent: u32, now_ns: u64) {
        self.hand_over_from(agent, now_ns);
        self.is_free(agent);
        let shared = self.agents[agent as usize].shared;
        if shared != NONE {
            self.hand_over_from(shared, now_ns);
        }
    }

    /// A copy that an agent held comes back: it is handed over again, after the delay for that, or given up.
    fn comes_back(&mut self, id: u32, now_ns: u64) {
        let agent = self.let_go(id);
        let terms = &self.terms[self.agents[agent as usize].terms as usize];
        let times = self.copies[id].handed_over;
        if times >= terms.max_deliveries {
            self.gives_up(id, self.reasons.max_deliveries, now_ns);
            self.copies.remove(id);
        } else {
            let delay_ns = terms.redelivery_after_ns(times);
            self.copies[id].place = Place::Delayed;
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
        self.told.push_back(Told::GivenUp { stamp, agent, at_ns, reason });
    }

    /// Settles the copy of a tag, or extends its lease. A copy whose lease has gone is still settled while nobody else has
    /// it.
    pub fn settle(&mut self, tag: u64, how: Settlement, now_ns: u64) {
        let Some(id) = self.copies.of_tag(tag) else {
            self.tally.late_settlements += 1;
            return;
        };
        let Copy { place, holder, queue, .. } = self.copies[id];
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
        }
    }

    /// The copy of a tag, if it is still with the agent to whom it was handed over with it.
    pub fn held(&self, tag: u64) -> Option<&Copy> {
        let copy = &self.copies[self.copies.of_tag(tag)?];
        (copy.place == Place::Held).then_some(copy)
    }

    /// Whether no copy is left, and none is to be told of.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty() && self.told.is_empty()
    }
}

/// A time drawn from a law after `now_ns`, within what the contract allows.
fn later(now_ns: u64, law: &Distribution, bits: u64) -> u64 {
    now_ns.saturating_add(law.sample(bits).min(abi::AHEAD_MAX_NS))
}
