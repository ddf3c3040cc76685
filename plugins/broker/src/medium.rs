//! The medium: queues, agents, leases, and everything that happens to a copy between publish and settlement.

mod grouping;
mod settling;

use crate::copies::{Copies, Copy, NONE, Place};
use crate::leases::Leases;
use crate::options::{Settings, Terms};
use crate::partitions::Partitions;
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
    /// The number of its shared queue, or [`NONE`]; also if that is split into partitions.
    shared: u32,
    /// The number of its group's partitions, or [`NONE`].
    partitions: u32,
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
    /// The parties that are shared queues, each with the number of its queue; where it is split, the first partition's.
    shared: Vec<(u32, u32)>,
    /// The queues that are split into partitions, by group.
    partitions: Vec<Partitions>,
    copies: Copies,
    /// What comes into a queue, by time, then in order of its making: copy and epoch.
    coming: BinaryHeap<Reverse<(u64, u64, u32, u32)>>,
    /// The number of entries in `coming` so far.
    came: u64,
    leases: Leases,
    /// Copies that are to be told of.
    pub told: Vec<Told>,
    /// Outcomes that are to be told: token, result, reason, time.
    pub answers: VecDeque<(u64, OutcomeResult, u32, u64)>,
    pub tally: Tally,
}

/// The groups of a run as the medium needs them: agents, shared queue, terms.
pub type Groups = Vec<(Range<u32>, Option<u32>, Terms)>;

impl Medium {
    /// A medium with empty queues for so many agents.
    pub fn new(settings: Settings, reasons: Reasons, agents: u32, groups: Groups) -> Medium {
        let alone = Agent { terms: 0, shared: NONE, partitions: NONE, held: 0, is_ready: false };
        let mut found = vec![alone; agents as usize];
        let (mut terms, mut shared) = (vec![settings.defaults.clone()], Vec::new());
        let (mut queues, mut partitions) = (agents, Vec::new());
        for (range, queue, its) in groups {
            let (mut number, mut split) = (NONE, NONE);
            if let Some(party) = queue {
                shared.push((party, queues));
                match settings.partitions_of(range.len() as u32) {
                    None => {
                        number = queues;
                        queues += 1;
                    }
                    Some(count) => {
                        split = partitions.len() as u32;
                        partitions.push(Partitions::new(queues, count, range.clone()));
                        queues += count;
                    }
                }
            }
            for agent in &mut found[range.start as usize..range.end as usize] {
                (agent.terms, agent.shared, agent.partitions) = (terms.len() as u32, number, split);
            }
            terms.push(its);
        }
        let queues = (0..queues).map(|_| Queue::default()).collect();
        let leases = Leases::new(terms.len());
        let mut medium = Medium {
            settings,
            reasons,
            terms,
            agents: found,
            queues,
            shared,
            partitions,
            copies: Copies::default(),
            coming: BinaryHeap::new(),
            came: 0,
            leases,
            told: Vec::new(),
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
        let queue = self.queue_of(message.recipient_id(), message.stamp().sender);
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
            first_epoch: 0,
            place: Place::Arriving,
            priority: message.priority(),
        });
        self.comes_at(at_ns, id);
    }

    /// The number of a recipient's queue; [`NONE`] if it has none, as all together have.
    fn queue_of(&self, recipient: u32, sender: u32) -> u32 {
        if recipient < self.agents.len() as u32 {
            return recipient;
        }
        let Some((_, queue)) = self.shared.iter().find(|(party, _)| *party == recipient) else { return NONE };
        match self.group_of_queue(*queue) {
            Some(group) => self.partitions[group].queue_for(sender),
            None => *queue,
        }
    }

    /// An agent that was put out of its group joins again then.
    fn joins_at(&mut self, at_ns: u64, agent: u32) {
        self.coming.push(Reverse((at_ns, self.came, NONE, agent)));
        self.came += 1;
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
                        match self.group_of_queue(self.copies[id].queue) {
                            Some(_) => self.puts_out(self.copies[id].holder, now_ns),
                            None => self.comes_back(id, now_ns),
                        }
                    }
                }
                _ if coming_ns <= now_ns => match self.coming.pop() {
                    Some(Reverse((_, _, NONE, agent))) => self.joins(agent, now_ns),
                    Some(Reverse((_, _, id, epoch))) if self.copies[id].epoch == epoch => {
                        self.came_in(id, coming_ns, now_ns);
                    }
                    _ => {}
                },
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
        let again = self.copies[id].handed_over > 0;
        match self.group_of_queue(queue).filter(|_| again) {
            // In a partition nothing overtakes it.
            Some(group) => {
                self.put_at_head(queue, id);
                self.partitions[group].stalls(queue, false);
            }
            None => self.queues[queue as usize].push(id, &mut self.copies),
        }
        self.hand_over_from(queue, now_ns);
    }

    /// Puts a copy before all others of its queue.
    fn put_at_head(&mut self, queue: u32, id: u32) {
        self.queues[queue as usize].push_first(id, &mut self.copies);
    }

    /// Takes the next copy of a queue.
    fn pop(&mut self, queue: u32) -> Option<u32> {
        self.queues[queue as usize].pop(&mut self.copies)
    }

    /// The number of the partitions of an agent that has some.
    fn group_of(&self, agent: u32) -> usize {
        self.agents[agent as usize].partitions as usize
    }

    /// Whether an agent holds no copy.
    fn holds_nothing(&self, agent: u32) -> bool {
        self.agents[agent as usize].held == 0
    }

    /// The most unsettled copies of an agent.
    fn prefetch_of(&self, agent: u32) -> usize {
        self.terms[self.agents[agent as usize].terms as usize].prefetch as usize
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
        if let Some(group) = self.group_of_queue(queue) {
            return self.serve_partition(group, queue, now_ns);
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

    /// Hands a copy over to an agent. Returns its tag.
    fn hand_over(&mut self, id: u32, agent: u32, now_ns: u64) -> u64 {
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
        let tag = self.copies.tag(id);
        self.told.push(Told::Copy { tag, agent, at_ns, times });
        tag
    }

    /// Gives a copy a lease that begins now.
    fn lease(&mut self, id: u32, terms: usize, now_ns: u64) {
        let copy = &mut self.copies[id];
        copy.lease_ends_ns = match self.terms[terms].lease_ns {
            Some(lease_ns) => now_ns.saturating_add(lease_ns),
            None => u64::MAX,
        };
        if copy.lease_ends_ns != u64::MAX {
            self.leases.begin(terms, id, &self.copies);
        }
    }

    /// An agent may have room for more.
    fn serve(&mut self, agent: u32, now_ns: u64) {
        self.hand_over_from(agent, now_ns);
        self.is_free(agent);
        let Agent { shared, partitions, .. } = self.agents[agent as usize];
        if shared != NONE {
            self.hand_over_from(shared, now_ns);
        } else if partitions != NONE {
            self.poll_partitions(agent, now_ns);
        }
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
