//! The queues: where each copy is, from its publication to its settlement. A copy is in exactly one of three places: it
//! waits in a queue, it is delayed, or an agent holds it under a tag.

use mqscript_plugin::abi::{ALL, NEVER};
use mqscript_plugin::{Group, Stamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Range;

/// What holds for the agents of a group.
#[derive(Clone)]
pub struct Terms {
    prefetch: usize,
    lease_ns: u64,
    max_deliveries: u32,
    redelivery_ns: Vec<u64>,
}

impl Terms {
    /// No bounds, and this lease.
    pub fn plain(lease_ns: u64) -> Terms {
        Terms { prefetch: usize::MAX, lease_ns, max_deliveries: u32::MAX, redelivery_ns: Vec::new() }
    }

    /// What a group asks for; what it leaves open is ours to choose.
    pub fn of(group: &Group, lease_ns: u64) -> Terms {
        Terms {
            prefetch: group.prefetch.map_or(usize::MAX, |prefetch| prefetch as usize),
            lease_ns: group.lease_ns.unwrap_or(lease_ns),
            max_deliveries: group.max_deliveries.unwrap_or(u32::MAX),
            redelivery_ns: group.redelivery_ns.clone(),
        }
    }

    /// The delay after so many hand-overs: the last one stands for all that follow.
    fn delay_ns(&self, handed_over: u32) -> u64 {
        let place = self.redelivery_ns.len().min(handed_over as usize);
        if place == 0 { 0 } else { self.redelivery_ns[place - 1] }
    }
}

/// A copy, owned by the place where it is.
struct Copy {
    stamp: Stamp,
    queue: usize,
    handed_over: u32,
}

struct Agent {
    terms: Terms,
    /// The queue that it shares with its group.
    shared: Option<usize>,
    /// The number of copies that it holds.
    held: usize,
}

struct Held {
    copy: Copy,
    agent: u32,
    /// When its lease ends; `NEVER` = it does not.
    until_ns: u64,
}

/// What the host is to be told, in order.
pub enum Told {
    HandOver { stamp: Stamp, agent: u32, tag: u64, number: u32 },
    GivenUp { stamp: Stamp, agent: u32, rejected: bool },
}

/// All queues of a session.
pub struct Queues {
    agents: Vec<Agent>,
    /// The inboxes of the agents by their numbers, then the shared queues.
    waiting: Vec<VecDeque<Copy>>,
    /// The agents that may get what waits in a queue.
    members: Vec<Range<u32>>,
    /// The shared queues by the parties that stand for them.
    shared: HashMap<u32, usize>,
    /// By the time at which they come back into their queues, then in order.
    delayed: BTreeMap<(u64, u64), Copy>,
    /// By tag. Each hand-over has a tag of its own, so that a late one is just not here.
    held: HashMap<u64, Held>,
    /// The leases that end: when, and the tag.
    leases: BTreeSet<(u64, u64)>,
    told: VecDeque<Told>,
    /// The last number given to a hand-over or a delayed copy.
    last: u64,
}

impl Queues {
    /// Empty inboxes for so many agents, under these terms.
    pub fn new(agents: u32, terms: Terms) -> Queues {
        Queues {
            agents: (0..agents).map(|_| Agent { terms: terms.clone(), shared: None, held: 0 }).collect(),
            waiting: (0..agents).map(|_| VecDeque::new()).collect(),
            members: (0..agents).map(|agent| agent..agent + 1).collect(),
            shared: HashMap::new(),
            delayed: BTreeMap::new(),
            held: HashMap::new(),
            leases: BTreeSet::new(),
            told: VecDeque::new(),
            last: 0,
        }
    }

    /// These agents are a group with its own terms, and perhaps with a queue that the party `queue` stands for.
    pub fn join(&mut self, agents: Range<u32>, queue: Option<u32>, terms: Terms) {
        let shared = queue.map(|party| {
            self.shared.insert(party, self.waiting.len());
            self.waiting.push(VecDeque::new());
            self.members.push(agents.clone());
            self.waiting.len() - 1
        });
        for agent in &mut self.agents[agents.start as usize..agents.end as usize] {
            (agent.terms, agent.shared) = (terms.clone(), shared);
        }
    }

    /// A message comes: to one inbox, to a shared queue, or to the inboxes of all but its sender.
    pub fn put(&mut self, stamp: &Stamp, recipient: u32) {
        let agents = self.agents.len() as u32;
        let queues: Vec<usize> = match recipient {
            ALL => (0..agents).filter(|agent| *agent != stamp.sender).map(|agent| agent as usize).collect(),
            agent if agent < agents => vec![agent as usize],
            // A party that nobody receives for: the message is taken, and no copy comes of it.
            party => self.shared.get(&party).copied().into_iter().collect(),
        };
        for queue in queues {
            self.waiting[queue].push_back(Copy { stamp: *stamp, queue, handed_over: 0 });
        }
    }

    /// Does what is due by now: leases end, delays are over, and whoever has room gets what waits.
    pub fn advance(&mut self, now_ns: u64) {
        while let Some((until_ns, tag)) = self.leases.first().copied().filter(|(at_ns, _)| *at_ns <= now_ns) {
            self.leases.remove(&(until_ns, tag));
            self.give_back(tag, now_ns);
        }
        while let Some(delayed) = self.delayed.first_entry().filter(|delayed| delayed.key().0 <= now_ns) {
            let copy = delayed.remove();
            self.waiting[copy.queue].push_back(copy);
        }
        for queue in 0..self.waiting.len() {
            while !self.waiting[queue].is_empty()
                && let Some(agent) = self.least_busy(queue)
                && let Some(copy) = self.waiting[queue].pop_front()
            {
                self.hand_over(copy, agent, now_ns);
            }
        }
    }

    /// The agent of a queue that holds fewest copies, if it may hold another.
    fn least_busy(&self, queue: usize) -> Option<u32> {
        let agent = self.members[queue].clone().min_by_key(|agent| self.agents[*agent as usize].held)?;
        let Agent { held, terms, .. } = &self.agents[agent as usize];
        (*held < terms.prefetch).then_some(agent)
    }

    fn hand_over(&mut self, mut copy: Copy, agent: u32, now_ns: u64) {
        self.last += 1;
        copy.handed_over += 1;
        let tag = self.last;
        let (stamp, number) = (copy.stamp, copy.handed_over);
        self.told.push_back(Told::HandOver { stamp, agent, tag, number });
        self.agents[agent as usize].held += 1;
        self.held.insert(tag, Held { copy, agent, until_ns: NEVER });
        self.extend(tag, now_ns);
    }

    /// The copy of this tag leaves its agent; none if it has left already.
    fn take(&mut self, tag: u64) -> Option<(Copy, u32)> {
        let Held { copy, agent, until_ns } = self.held.remove(&tag)?;
        self.leases.remove(&(until_ns, tag));
        self.agents[agent as usize].held -= 1;
        // A hand-over that there was no room to tell has not been seen by anybody.
        self.told.retain(|told| !matches!(told, Told::HandOver { tag: untold, .. } if *untold == tag));
        Some((copy, agent))
    }

    /// The lease of a copy begins anew.
    pub fn extend(&mut self, tag: u64, now_ns: u64) {
        let Some(held) = self.held.get_mut(&tag) else { return };
        self.leases.remove(&(held.until_ns, tag));
        held.until_ns = now_ns.saturating_add(self.agents[held.agent as usize].terms.lease_ns);
        if held.until_ns != NEVER {
            self.leases.insert((held.until_ns, tag));
        }
    }

    /// The agent has taken the copy.
    pub fn acknowledge(&mut self, tag: u64) {
        self.take(tag);
    }

    /// The agent does not want the copy, and nobody is to have it.
    pub fn reject(&mut self, tag: u64) {
        let Some((copy, agent)) = self.take(tag) else { return };
        self.told.push_back(Told::GivenUp { stamp: copy.stamp, agent, rejected: true });
    }

    /// The copy is to be handed over again, unless that has been done often enough.
    pub fn give_back(&mut self, tag: u64, now_ns: u64) {
        let Some((copy, agent)) = self.take(tag) else { return };
        let terms = &self.agents[agent as usize].terms;
        if copy.handed_over >= terms.max_deliveries {
            self.told.push_back(Told::GivenUp { stamp: copy.stamp, agent, rejected: false });
            return;
        }
        let at_ns = now_ns.saturating_add(terms.delay_ns(copy.handed_over));
        self.last += 1;
        self.delayed.insert((at_ns, self.last), copy);
    }

    /// What is to be told next.
    pub fn next_told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    /// Whether there is something to be told.
    pub fn has_news(&self) -> bool {
        !self.told.is_empty()
    }

    /// When something happens next, in nanoseconds; `NEVER` if nothing does.
    pub fn next_due_ns(&self) -> u64 {
        let lease_ns = self.leases.first().map_or(NEVER, |(until_ns, _)| *until_ns);
        let delay_ns = self.delayed.first_key_value().map_or(NEVER, |((at_ns, _), _)| *at_ns);
        lease_ns.min(delay_ns)
    }

    /// Whether no copy is left, and nothing is to be told.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
            && self.delayed.is_empty()
            && self.told.is_empty()
            && self.waiting.iter().all(VecDeque::is_empty)
    }
}
