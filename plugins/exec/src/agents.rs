//! Finds the recipients of the copies that a processor under test sends.

use mqscript_plugin::abi;
use mqscript_plugin::prelude::*;
use std::collections::HashMap;

/// The agents of the run, found by name, because the program knows only names.
#[derive(Debug, Default)]
pub struct Agents {
    numbers: HashMap<Box<str>, u32>,
    /// Senders and recipients that are no agents: they have no inbox.
    others: Vec<Box<str>>,
}

impl Agents {
    /// Collects the names of the parties of `run`.
    pub fn of(run: &Run) -> Agents {
        let name = |id| Box::<str>::from(run.party_name(id));
        Agents {
            numbers: (0..run.agents()).map(|id| (name(id), id)).collect(),
            others: (run.agents()..run.parties()).map(name).collect(),
        }
    }

    /// The agents that get a copy for `name`; empty for a party that is no agent and so has no inbox. `None`: the run
    /// has no party of this name.
    pub fn recipients(&self, name: &str, sender: u32) -> Option<Vec<u32>> {
        if name == "ALL" {
            let all = 0..self.numbers.len() as u32;
            return Some(all.filter(|agent| *agent != sender).collect());
        }
        match self.numbers.get(name) {
            Some(agent) => Some(vec![*agent]),
            None => self.others.iter().any(|other| **other == *name).then(Vec::new),
        }
    }
}

/// The sender of the message with this stamp; [`abi::ALL`] if the stamp is empty.
pub fn sender_of(stamp: &Stamp) -> u32 {
    if stamp.sequence == 0 { abi::ALL } else { stamp.sender }
}
