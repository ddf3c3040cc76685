//! Who gets what next: the copies that wait in each queue, and the agents that have room for one.
//!
//! The inboxes of the agents have the numbers of the agents; the queues that groups share come after them.

use crate::terms::Terms;
use mqscript_plugin::prelude::*;
use mqscript_plugin::{Group, Run};
use std::collections::{HashMap, VecDeque};

/// The number that stands for no queue and no agent.
pub const NONE: u32 = u32::MAX;

/// A copy that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It was handed over before, with this tag.
    Again(u64),
    /// A copy of this message, which was handed over so many times by earlier runs.
    Fresh(i64, u32),
}

/// The copies that wait in one queue.
#[derive(Debug, Default)]
struct Queue {
    again: VecDeque<u64>,
    fresh: VecDeque<(i64, u32)>,
    /// Whether it is among those that are due.
    is_due: bool,
}

/// An agent as its queues see it.
#[derive(Debug, Clone)]
struct Receiver {
    /// The number of its terms.
    terms: u32,
    /// The number of its shared queue, or [`NONE`].
    shared: u32,
    /// The number of copies that it holds.
    held: u32,
    /// Whether it is among those that wait for a copy of the shared queue.
    is_ready: bool,
}

/// A queue that the agents of a group share.
#[derive(Debug)]
struct Shared {
    terms: u32,
    /// The agents that may get a copy, the one whose turn it is first.
    ready: VecDeque<u32>,
}

/// All queues of the run.
#[derive(Debug)]
pub struct Queues {
    /// The terms of agents without a group, then those of the groups.
    terms: Vec<Terms>,
    agents: Vec<Receiver>,
    shared: Vec<Shared>,
    /// The queues in which something waits.
    waiting: HashMap<u32, Queue>,
    /// Queues from which something may be handed over by now.
    due: VecDeque<u32>,
}

/// Checks that the groups are of the run.
pub fn check(run: &Run) -> Result<(), Error> {
    let fits = |group: &&Group| {
        let queue_fits = |queue| queue >= run.agents() && queue < run.parties();
        group.agents.end <= run.agents() && group.queue.is_none_or(queue_fits)
    };
    match run.groups().iter().find(|group| !fits(group)) {
        None => Ok(()),
        Some(group) => {
            Err(Error::new(Status::INVALID, format!("the group `{}` is not of this run", group.name)))
        }
    }
}

impl Queues {
    /// Makes the empty queues of so many agents; `core` holds where no group says otherwise.
    pub fn new(agents: u32, groups: &[Group], core: Terms) -> Queues {
        let alone = Receiver { terms: 0, shared: NONE, held: 0, is_ready: false };
        let mut queues = Queues {
            terms: Vec::new(),
            agents: vec![alone; agents as usize],
            shared: Vec::new(),
            waiting: HashMap::new(),
            due: VecDeque::new(),
        };
        for (group, terms) in groups.iter().zip(1..) {
            queues.terms.push(core.of_group(group));
            let shared = match group.queue {
                None => NONE,
                Some(_) => {
                    queues.shared.push(Shared { terms, ready: VecDeque::new() });
                    agents + queues.shared.len() as u32 - 1
                }
            };
            for agent in group.agents.clone() {
                let receiver = &mut queues.agents[agent as usize];
                (receiver.terms, receiver.shared) = (terms, shared);
            }
        }
        queues.terms.insert(0, core);
        (0..agents).for_each(|agent| queues.rejoin(agent));
        queues
    }

    /// What holds for the copies of a queue.
    pub fn terms(&self, queue: u32) -> &Terms {
        let terms = match self.shared.get(self.place_of_shared(queue)) {
            Some(shared) => shared.terms,
            None => self.agents[queue as usize].terms,
        };
        &self.terms[terms as usize]
    }

    /// The shortest lease of all, in nanoseconds.
    pub fn shortest_lease_ns(&self) -> Option<u64> {
        self.terms.iter().filter_map(|terms| terms.lease_ns).min()
    }

    /// The place of a shared queue among these; beyond the last for an inbox.
    fn place_of_shared(&self, queue: u32) -> usize {
        (queue as usize).checked_sub(self.agents.len()).unwrap_or(usize::MAX)
    }

    fn has_room(&self, agent: u32) -> bool {
        let agent = &self.agents[agent as usize];
        agent.held < self.terms[agent.terms as usize].prefetch
    }

    /// The agent that gets the next copy of a queue, if one has room.
    pub fn agent_with_room(&mut self, queue: u32) -> Option<u32> {
        let place = self.place_of_shared(queue);
        if place >= self.shared.len() {
            return self.has_room(queue).then_some(queue);
        }
        while let Some(agent) = self.shared[place].ready.front().copied() {
            if self.has_room(agent) {
                return Some(agent);
            }
            // Its own inbox has filled it. It comes back when it has room.
            self.agents[agent as usize].is_ready = false;
            self.shared[place].ready.pop_front();
        }
        None
    }

    /// The agent that [`agent_with_room`](Queues::agent_with_room) named gets a copy of this queue.
    pub fn hand_over(&mut self, queue: u32, agent: u32) {
        self.agents[agent as usize].held += 1;
        if let Some(shared) = self.shared.get_mut((queue as usize).wrapping_sub(self.agents.len())) {
            shared.ready.pop_front();
            self.agents[agent as usize].is_ready = false;
            self.rejoin(agent);
        }
    }

    /// An agent holds one copy less.
    pub fn let_go(&mut self, agent: u32) {
        self.agents[agent as usize].held -= 1;
        self.rejoin(agent);
        if !self.waiting.is_empty() {
            self.is_due(agent);
            self.is_due(self.agents[agent as usize].shared);
        }
    }

    /// Puts an agent behind the others that wait for a copy of its shared queue, if it has one and has room.
    fn rejoin(&mut self, agent: u32) {
        let Receiver { shared, is_ready, .. } = self.agents[agent as usize];
        if shared != NONE && !is_ready && self.has_room(agent) {
            self.agents[agent as usize].is_ready = true;
            let place = self.place_of_shared(shared);
            self.shared[place].ready.push_back(agent);
        }
    }

    /// A copy waits in its queue, behind others of its kind. One that is fresh does because there was no room, or others
    /// wait already.
    pub fn wait(&mut self, queue: u32, next: Next) {
        let waiting = self.waiting.entry(queue).or_default();
        match next {
            Next::Fresh(message, handed_over) => waiting.fresh.push_back((message, handed_over)),
            Next::Again(tag) => {
                waiting.again.push_back(tag);
                self.is_due(queue);
            }
        }
    }

    /// Something may be handed over from this queue, if something waits there.
    pub fn is_due(&mut self, queue: u32) {
        if let Some(waiting) = self.waiting.get_mut(&queue)
            && !std::mem::replace(&mut waiting.is_due, true)
        {
            self.due.push_back(queue);
        }
    }

    /// Whether there are queues from which something may be handed over.
    pub fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// Takes one of the queues from which something may be handed over.
    pub fn take_due(&mut self) -> Option<u32> {
        let queue = self.due.pop_front()?;
        if let Some(waiting) = self.waiting.get_mut(&queue) {
            waiting.is_due = false;
        }
        Some(queue)
    }

    /// Whether something waits in a queue.
    pub fn has_waiting(&self, queue: u32) -> bool {
        self.waiting.contains_key(&queue)
    }

    /// Whether nothing waits anywhere.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the next copy of a queue: one that was handed over before, else the oldest.
    pub fn pop(&mut self, queue: u32) -> Option<Next> {
        let waiting = self.waiting.get_mut(&queue)?;
        let next = match waiting.again.pop_front() {
            Some(tag) => Some(Next::Again(tag)),
            None => waiting.fresh.pop_front().map(|(message, times)| Next::Fresh(message, times)),
        };
        if waiting.again.is_empty() && waiting.fresh.is_empty() {
            self.waiting.remove(&queue);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_workers(prefetch: u32) -> Queues {
        let workers = Group {
            name: "Worker".into(),
            agents: 1..3,
            queue: Some(3),
            prefetch: Some(prefetch),
            lease_ns: None,
            max_deliveries: None,
            redelivery_ns: Vec::new(),
        };
        Queues::new(3, &[workers], Terms::of_core(1))
    }

    /// Hands over from a queue as long as it can. Returns the agents.
    fn serve(queues: &mut Queues, queue: u32) -> Vec<u32> {
        let mut agents = Vec::new();
        while let Some(agent) = queues.agent_with_room(queue)
            && queues.pop(queue).is_some()
        {
            queues.hand_over(queue, agent);
            agents.push(agent);
        }
        agents
    }

    #[test]
    fn agents_with_room_take_turns_and_what_comes_again_goes_first() {
        let mut queues = two_workers(2);
        (1..=5).for_each(|message| queues.wait(3, Next::Fresh(message, 0)));
        assert_eq!(serve(&mut queues, 3), [1, 2, 1, 2]);
        queues.wait(3, Next::Again(7));
        assert_eq!(queues.pop(3), Some(Next::Again(7)));
        assert_eq!((queues.take_due(), queues.take_due()), (Some(3), None), "once");
        queues.wait(3, Next::Again(8));
        queues.let_go(2);
        assert_eq!((queues.take_due(), queues.take_due()), (Some(3), None), "once");
        assert_eq!(serve(&mut queues, 3), [2]);
        assert_eq!((queues.pop(3), queues.is_empty()), (Some(Next::Fresh(5, 0)), true));
    }

    #[test]
    fn an_agent_whose_own_inbox_fills_it_gives_its_turn_away() {
        let mut queues = two_workers(1);
        queues.wait(1, Next::Fresh(1, 0));
        assert_eq!(serve(&mut queues, 1), [1]);
        (2..=4).for_each(|message| queues.wait(3, Next::Fresh(message, 0)));
        assert_eq!(serve(&mut queues, 3), [2]);
        queues.let_go(1);
        assert_eq!(serve(&mut queues, 3), [1]);
    }

    #[test]
    fn an_agent_without_a_group_has_no_bound() {
        let mut queues = two_workers(1);
        (1..=9).for_each(|message| queues.wait(0, Next::Fresh(message, 0)));
        assert_eq!(serve(&mut queues, 0), [0; 9]);
        assert_eq!(
            (queues.terms(0).prefetch, queues.terms(2).prefetch, queues.terms(3).prefetch),
            (u32::MAX, 1, 1)
        );
    }
}
