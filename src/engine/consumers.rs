//! Agents that work on what they receive: what each of them holds, what is in work, and what is to be settled.
//!
//! A copy that comes to an agent is *held*: it waits for one of the agent's workers, is in work, and is settled. An agent
//! that dies in mid-work forgets all that it holds: the medium hands it over again when the leases have ended.

use super::generator::Generator;
use super::receiver::Copy;
use super::work::Work;
use crate::cores::{Settlement, abi};
use crate::metrics::ExecutionEnd;
use crate::plan::Plan;
use mqscript_plugin::random::{KeyedSource, MessageKey, Stream, unit_from};

/// The most copies that all agents hold: they take about 2 GB.
const HELD_MAX: usize = 10_000_000;
/// No copy at all.
const NONE: u32 = u32::MAX;

/// An agent that works.
#[derive(Debug, Clone, Copy)]
struct Worker {
    busy: u32,
    /// The first and the last copy that waits for a worker.
    first: u32,
    last: u32,
    /// The copy on which work began last; the others that are in work follow.
    at_work: u32,
    is_away: bool,
}

/// A copy that an agent holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// The copy as it came.
    pub copy: Copy,
    /// The agent that holds it.
    pub agent: u32,
    /// The number of the group of that agent.
    pub group: u32,
    /// When the work on it began, in nanoseconds.
    pub began_ns: u64,
    /// When the work on it will end, in nanoseconds.
    ends_ns: u64,
    /// How the work on it will end.
    pub will: ExecutionEnd,
    /// When its lease ends, as far as the agent knows, in nanoseconds.
    lease_ends_ns: u64,
    /// Whether its agent has died at work; then nothing comes of it any more.
    is_forgotten: bool,
    /// The next copy of the agent that waits, or that is in work.
    next: u32,
}

impl Held {
    /// Whether the lease of the copy has ended.
    pub fn is_late(&self, now_ns: u64) -> bool {
        now_ns > self.lease_ends_ns
    }

    /// The number of the hand-over, if the medium tells it; else 0.
    pub fn handed_over_times(&self) -> u32 {
        (self.copy.flags & abi::DELIVERY_HANDOVERS) >> abi::DELIVERY_HANDOVERS_SHIFT
    }

    /// What it was, without its texts left here.
    fn taken(&mut self) -> Held {
        Held { copy: std::mem::take(&mut self.copy), ..*self }
    }
}

/// An execution that begins: the slot of its copy, when it ends, and when its lease is to be extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    pub slot: u32,
    pub ends_ns: u64,
    pub extends_ns: Option<u64>,
}

/// The consumers of a run, by group and by agent.
#[derive(Debug)]
pub struct Consumers {
    works: Vec<Option<Work>>,
    agents: Vec<Worker>,
    held: Vec<Held>,
    free: Vec<u32>,
    /// What is to be settled, by kind.
    settlements: [Vec<u64>; 4],
    /// Whether something is to be settled.
    settles: bool,
    luck: KeyedSource,
    /// The luck of a message, the same in every execution.
    poison: KeyedSource,
    /// The number of copies that are held or in work.
    holds: usize,
    /// The time at which a copy came last, and the number of those that came then.
    instant: (u64, usize),
}

impl Consumers {
    /// The consumers of a plan, none of whom holds anything.
    pub fn new(plan: &Plan) -> Consumers {
        let works: Vec<Option<Work>> = plan
            .groups
            .iter()
            .map(|group| group.consumer.as_ref().map(|consumer| Work::new(consumer, plan.types.len())))
            .collect();
        let idle = Worker { busy: 0, first: NONE, last: NONE, at_work: NONE, is_away: false };
        let any = works.iter().any(Option::is_some);
        Consumers {
            agents: vec![idle; if any { plan.agents() as usize } else { 0 }],
            works,
            held: Vec::new(),
            free: Vec::new(),
            settlements: Default::default(),
            settles: false,
            luck: KeyedSource::new(plan.seed, "engine", "work"),
            poison: KeyedSource::new(plan.seed, "engine", "poison"),
            holds: 0,
            instant: (0, 0),
        }
    }

    /// Whether the agents of a group work on what they receive.
    #[inline]
    pub fn has(&self, group: usize) -> bool {
        self.works[group].is_some()
    }

    /// Whether any group works on what it receives.
    #[inline(always)]
    pub fn are_there(&self) -> bool {
        !self.agents.is_empty()
    }

    /// Whether agents hold so much that something is wrong.
    pub fn hold_too_much(&self) -> bool {
        self.holds >= HELD_MAX
    }

    /// Whether so many copies came in this one instant that time seems to stand still.
    pub fn stand_still(&self) -> bool {
        self.instant.1 >= HELD_MAX
    }

    /// Whether nothing is held, and nothing is to be settled.
    pub fn are_idle(&self) -> bool {
        self.holds == 0 && !self.has_settlements()
    }

    /// An agent gets a copy. One that is away takes it when it is back.
    pub fn take(&mut self, agent: u32, group: usize, copy: Copy) {
        let Some(work) = &self.works[group] else { return };
        let worker = &mut self.agents[agent as usize];
        self.instant =
            if self.instant.0 == copy.at_ns { (copy.at_ns, self.instant.1 + 1) } else { (copy.at_ns, 1) };
        let (lease_ns, settles) = (work.lease_ns, work.settles_before && !worker.is_away);
        let held = Held {
            agent,
            group: group as u32,
            began_ns: 0,
            ends_ns: 0,
            will: ExecutionEnd::Succeeded,
            lease_ends_ns: copy.at_ns.saturating_add(lease_ns),
            is_forgotten: false,
            next: NONE,
            copy,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.held[slot as usize] = held;
                slot
            }
            None => {
                self.held.push(held);
                (self.held.len() - 1) as u32
            }
        };
        match worker.last {
            NONE => worker.first = slot,
            last => self.held[last as usize].next = slot,
        }
        worker.last = slot;
        self.holds += 1;
        if settles {
            let tag = self.held[slot as usize].copy.ack_tag;
            self.settle(Settlement::Acknowledge, tag);
        }
    }

    /// Lets an agent begin to work on the next copy that it holds, if a worker of it is free.
    pub fn begin(&mut self, agent: u32, group: usize, now_ns: u64, generator: &Generator) -> Option<Begun> {
        let work = self.works[group].as_ref()?;
        let worker = &mut self.agents[agent as usize];
        if worker.first == NONE || worker.busy >= work.workers || worker.is_away {
            return None;
        }
        let slot = worker.first;
        let held = &mut self.held[slot as usize];
        worker.first = held.next;
        if worker.first == NONE {
            worker.last = NONE;
        }
        worker.busy += 1;
        held.next = std::mem::replace(&mut worker.at_work, slot);
        let (mut luck, poisoned) = draws(&self.luck, &self.poison, held, generator);
        let service_ns = work.service[usize::from(held.copy.stamp.type_id)].sample(luck.next_u64());
        let (fails, crashes, when) = (luck.unit(), luck.unit(), luck.unit());
        held.began_ns = now_ns;
        held.will = match () {
            () if crashes < work.crash => ExecutionEnd::Crashed,
            () if poisoned < work.poison || fails < work.fails => ExecutionEnd::Failed,
            () => ExecutionEnd::Succeeded,
        };
        // An agent dies at any moment of its work.
        let takes_ns = match held.will {
            ExecutionEnd::Crashed => (service_ns as f64 * when) as u64,
            _ => service_ns,
        };
        let ends_ns = now_ns.saturating_add(takes_ns);
        held.ends_ns = ends_ns;
        let extends_ns = work.extend_ns.map(|every_ns| now_ns.saturating_add(every_ns));
        Some(Begun { slot, ends_ns, extends_ns: extends_ns.filter(|at_ns| *at_ns < ends_ns) })
    }

    /// The group of the agent that works on the copy in this slot.
    pub fn group_at(&self, slot: u32) -> usize {
        self.held[slot as usize].group as usize
    }

    /// The work on the copy in this slot ends. Returns the copy, with the way in which it was to end; `None` if its agent
    /// died meanwhile. The copy is not settled yet.
    pub fn end(&mut self, slot: u32) -> Option<Held> {
        if self.held[slot as usize].is_forgotten {
            self.free.push(slot);
            return None;
        }
        self.leaves_work(slot);
        Some(self.release(slot))
    }

    /// Whether the agents of a group settle a copy after the work on it.
    pub fn settles_after(&self, group: usize) -> bool {
        self.works[group].as_ref().is_some_and(|work| !work.settles_before)
    }

    /// What is still held, waiting or in work: for the end of a run.
    pub fn rest(&self) -> impl Iterator<Item = (&Held, bool)> {
        let chain = |first: u32| {
            std::iter::successors((first != NONE).then_some(first), |slot| {
                Some(self.held[*slot as usize].next).filter(|next| *next != NONE)
            })
        };
        self.agents
            .iter()
            .flat_map(move |worker| {
                let at_work = chain(worker.at_work).map(|slot| (slot, true));
                at_work.chain(chain(worker.first).map(|slot| (slot, false)))
            })
            .map(|(slot, at_work)| (&self.held[slot as usize], at_work))
    }

    /// Takes the copy in this slot out of those in work of its agent.
    fn leaves_work(&mut self, slot: u32) {
        let Held { agent, next, .. } = self.held[slot as usize];
        let worker = &mut self.agents[agent as usize];
        worker.busy -= 1;
        if worker.at_work == slot {
            worker.at_work = next;
            return;
        }
        let mut before = worker.at_work;
        while self.held[before as usize].next != slot {
            before = self.held[before as usize].next;
        }
        self.held[before as usize].next = next;
    }

    /// An agent dies at work. All that it holds is forgotten. Returns the copies that were in work, those that waited, and
    /// when it is back.
    pub fn dies(&mut self, agent: u32, group: usize, now_ns: u64) -> (Vec<Held>, Vec<Held>, u64) {
        let (mut cut_short, mut forgotten) = (Vec::new(), Vec::new());
        let worker = &mut self.agents[agent as usize];
        (worker.is_away, worker.busy, worker.last) = (true, 0, NONE);
        let mut waiting = std::mem::replace(&mut worker.first, NONE);
        let mut at_work = std::mem::replace(&mut worker.at_work, NONE);
        while waiting != NONE {
            let next = self.held[waiting as usize].next;
            forgotten.push(self.release(waiting));
            waiting = next;
        }
        while at_work != NONE {
            // The place stays taken until the work would have ended: its event is on the timeline.
            let held = &mut self.held[at_work as usize];
            at_work = held.next;
            held.is_forgotten = true;
            cut_short.push(held.taken());
            self.holds -= 1;
        }
        let restart_ns = self.works[group].as_ref().map_or(0, |work| work.restart_ns);
        (cut_short, forgotten, now_ns.saturating_add(restart_ns))
    }

    /// An agent that died is back. It takes what came meanwhile.
    pub fn is_back(&mut self, agent: u32, group: usize) {
        self.agents[agent as usize].is_away = false;
        let mut waiting = self.agents[agent as usize].first;
        while waiting != NONE && !self.settles_after(group) {
            let Held { copy: Copy { ack_tag, .. }, next, .. } = self.held[waiting as usize];
            self.settle(Settlement::Acknowledge, ack_tag);
            waiting = next;
        }
    }

    /// Asks for more time for the copy in this slot. Returns when to ask again; `None` if the work ends before, or its agent
    /// died.
    pub fn extend(&mut self, slot: u32, group: usize, now_ns: u64) -> Option<u64> {
        let work = self.works[group].as_ref()?;
        let (lease_ns, every_ns) = (work.lease_ns, work.extend_ns?);
        let held = &mut self.held[slot as usize];
        if held.is_forgotten {
            return None;
        }
        held.lease_ends_ns = now_ns.saturating_add(lease_ns);
        let (tag, ends_ns) = (held.copy.ack_tag, held.ends_ns);
        self.settle(Settlement::Extend, tag);
        // The place may hold another copy when this work has ended.
        Some(now_ns.saturating_add(every_ns)).filter(|at_ns| *at_ns < ends_ns)
    }

    fn release(&mut self, slot: u32) -> Held {
        self.holds -= 1;
        self.free.push(slot);
        self.held[slot as usize].taken()
    }

    /// Settles a copy. One without a tag needs no settlement.
    pub fn settle(&mut self, how: Settlement, tag: u64) {
        if tag != 0 {
            self.settlements[how.raw() as usize].push(tag);
            self.settles = true;
        }
    }

    /// Whether copies are to be settled.
    #[inline(always)]
    pub fn has_settlements(&self) -> bool {
        self.settles
    }

    /// Takes the tags that are to be settled, by the kinds of the contract. They are to be given back, to be used again.
    pub fn take_settlements(&mut self) -> [Vec<u64>; 4] {
        self.settles = false;
        std::mem::take(&mut self.settlements)
    }

    /// Takes back what [`take_settlements`](Consumers::take_settlements) has given. What is to be settled since stays.
    pub fn settlements_told(&mut self, told: [Vec<u64>; 4]) {
        for (kept, mut told) in self.settlements.iter_mut().zip(told) {
            if kept.is_empty() {
                told.clear();
                *kept = told;
            }
        }
    }
}

/// The luck of an execution, keyed by the message, the agent and the hand-over; and the number of the message that says
/// whether every execution of it fails.
fn draws(luck: &KeyedSource, poison: &KeyedSource, held: &Held, generator: &Generator) -> (Stream, f64) {
    let stamp = &held.copy.stamp;
    let times = held.handed_over_times();
    let sender_key = generator.key(stamp.sender);
    let recipient_key = generator.key(held.agent);
    let key = MessageKey { sender_key, sequence: stamp.sequence, attempt: times as u8, recipient_key };
    let of_message = MessageKey { attempt: 0, recipient_key: 0, ..key };
    (luck.stream(key), unit_from(poison.stream(of_message).next_u64()))
}
