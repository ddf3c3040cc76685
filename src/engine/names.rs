//! The names and numbers of all parties: first the agents, then the other senders that messages show.

use crate::cores::PartyNames;
use crate::plan::{Consumer, Plan, Sender};
use mqscript_plugin::abi::ALL;

/// All parties of a run. Names of agents are made when needed, so that a million agents cost no memory.
#[derive(Debug, Clone, Default)]
pub struct Parties {
    /// For each group its name, whether its agents are numbered, and the number of its first agent.
    groups: Vec<(String, bool, u32)>,
    agents: u32,
    /// Other senders that messages show, then the queues that groups have together.
    others: Vec<String>,
    /// For each group, the party that is its queue, if its agents have one together.
    queues: Vec<Option<u32>>,
}

impl Parties {
    /// The parties of a plan.
    pub fn new(plan: &Plan) -> Parties {
        let mut parties = Parties { agents: plan.agents(), ..Parties::default() };
        let mut first = 0;
        for group in &plan.groups {
            parties.groups.push((group.name.clone(), group.numbered, first));
            first += group.count;
        }
        let mixed = plan.groups.iter().flat_map(|group| &group.mix).map(|entry| &entry.settings);
        for settings in plan.types.iter().map(|t| &t.settings).chain(mixed) {
            if let Sender::Named(name) = &settings.sender
                && parties.id(name).is_none()
            {
                parties.others.push(name.clone());
            }
        }
        for group in &plan.groups {
            let is_shared = group.consumer.as_ref().is_some_and(Consumer::is_shared);
            let queue = is_shared.then(|| {
                parties.others.push(group.name.clone());
                parties.agents + parties.others.len() as u32 - 1
            });
            parties.queues.push(queue);
        }
        parties
    }

    /// The party that is the queue of a group's agents together; none if each has an inbox.
    pub fn queue_of(&self, group: usize) -> Option<u32> {
        self.queues.get(group).copied().flatten()
    }

    /// The number of all parties.
    pub fn count(&self) -> u32 {
        self.agents + self.others.len() as u32
    }

    /// The number of agents.
    pub fn agents(&self) -> u32 {
        self.agents
    }

    /// The party with this name.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.agent(name).or_else(|| {
            let place = self.others.iter().position(|other| other == name)?;
            Some(self.agents + place as u32)
        })
    }

    fn agent(&self, name: &str) -> Option<u32> {
        let ends = self.groups.iter().skip(1).map(|group| group.2).chain([self.agents]);
        self.groups.iter().zip(ends).find_map(|((group, numbered, first), end)| {
            if !numbered {
                return (group == name).then_some(*first);
            }
            let number = name.strip_prefix(group.as_str())?.strip_prefix('-')?;
            let canonical = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
            let index = number.parse::<u32>().ok().filter(|n| canonical && *n >= 1 && *n <= end - first)?;
            Some(first + index - 1)
        })
    }

    /// Appends a party's name to `into`; nothing if there is no such party.
    pub fn write(&self, id: u32, into: &mut String) {
        if id >= self.agents {
            into.push_str(self.others.get((id - self.agents) as usize).map_or("", String::as_str));
            return;
        }
        let place = self.groups.partition_point(|group| group.2 <= id) - 1;
        let (name, numbered, first) = &self.groups[place];
        into.push_str(name);
        if *numbered {
            into.push('-');
            push_number(into, u64::from(id - first + 1));
        }
    }

    /// The name of a party; empty if there is none.
    pub fn name(&self, id: u32) -> String {
        let mut name = String::new();
        self.write(id, &mut name);
        name
    }

    /// Appends the name of a recipient: a party's name, or ALL.
    pub fn write_recipient(&self, id: u32, into: &mut String) {
        if id == ALL { into.push_str("ALL") } else { self.write(id, into) }
    }

    /// The name of a recipient: a party's name, or ALL.
    pub fn recipient(&self, id: u32) -> String {
        let mut name = String::new();
        self.write_recipient(id, &mut name);
        name
    }
}

/// Appends a number, faster than the formatting of the standard library.
pub fn push_number(into: &mut String, number: u64) {
    into.push_str(itoa::Buffer::new().format(number));
}

impl PartyNames for Parties {
    fn count(&self) -> u32 {
        Parties::count(self)
    }

    fn write_name(&self, id: u32, into: &mut String) {
        self.write(id, into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_belong_together() {
        let groups = vec![("lead".to_owned(), false, 0), ("worker".to_owned(), true, 1)];
        let parties = Parties { groups, agents: 9, others: vec!["SYSTEM".to_owned()], queues: Vec::new() };
        let names: Vec<String> = (0..10).map(|id| parties.name(id)).collect();
        assert_eq!(
            (&names[0][..], &names[1][..], &names[8][..], &names[9][..]),
            ("lead", "worker-1", "worker-8", "SYSTEM")
        );
        for (id, name) in names.iter().enumerate() {
            assert_eq!(parties.id(name), Some(id as u32));
        }
        for unknown in ["worker-0", "worker-9", "worker-01", "lead-1", "worker", ""] {
            assert_eq!(parties.id(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        let mut text = String::new();
        push_number(&mut text, 0);
        push_number(&mut text, u64::MAX);
        assert_eq!(text, format!("0{}", u64::MAX));
    }
}
