//! The agents of the run and the queues that they share, by number and by name, because the file holds only names.

use mqscript_plugin::prelude::*;
use std::collections::HashMap;

/// All agents of the run, and after them the queues that groups of them share.
#[derive(Debug, Default)]
pub struct Agents {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
    /// The number of agents.
    count: u32,
}

impl Agents {
    /// Collects the agents of `run`. They can be found by name only if copies are received.
    pub fn of(run: &Run) -> Agents {
        let shared = run.groups().iter().filter_map(|group| group.queue);
        let names: Vec<Box<str>> =
            (0..run.agents()).chain(shared).map(|id| run.party_name(id).into()).collect();
        let numbers = match run.receive() {
            true => names.iter().cloned().zip(0..).collect(),
            false => HashMap::new(),
        };
        Agents { names, numbers, count: run.agents() }
    }

    /// The name of the agent or shared queue; empty if there is none of that number.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |name| name)
    }

    /// The number of the queue of this name: the agent's, for the inbox of an agent.
    pub fn queue(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The number of the agent of this name.
    pub fn agent(&self, name: &str) -> Option<u32> {
        self.queue(name).filter(|number| *number < self.count)
    }

    /// The numbers of all agents.
    pub fn numbers(&self) -> std::ops::Range<u32> {
        0..self.count
    }
}
