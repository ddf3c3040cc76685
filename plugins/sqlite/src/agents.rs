//! The agents of the run, by number and by name, because the file holds only names.

use mqscript_plugin::prelude::*;
use std::collections::HashMap;

/// All agents of the run.
#[derive(Debug, Default)]
pub struct Agents {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Agents {
    /// Collects the agents of `run`. They can be found by name only if copies are received.
    pub fn of(run: &Run) -> Agents {
        let names: Vec<Box<str>> = (0..run.agents()).map(|id| run.party_name(id).into()).collect();
        let numbers = match run.receive() {
            true => names.iter().cloned().zip(0..).collect(),
            false => HashMap::new(),
        };
        Agents { names, numbers }
    }

    /// The agent's name; empty if there is no such agent.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |name| name)
    }

    /// The number of the agent of this name.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The numbers of all agents.
    pub fn numbers(&self) -> std::ops::Range<u32> {
        0..self.names.len() as u32
    }
}
