//! Who is meant by a name: a rule, a group or an agent.

use super::{Group, Recipient};
use std::collections::HashMap;

/// Recipients that are rules, not names; no group may be called so.
pub const RULES: [(&str, Recipient); 3] =
    [("other", Recipient::Other), ("any", Recipient::Any), ("all", Recipient::All)];

/// Finds agents and groups by their names, without a table of all agents.
#[derive(Debug, Clone, Default)]
pub struct AgentNames {
    known: HashMap<String, Recipient>,
    numbered: HashMap<String, (u32, u32)>,
    groups: Vec<String>,
    /// Whether there are groups whose names could not be read: anybody may be meant by a name that is not known.
    pub(super) unread: bool,
    /// The agents of all groups.
    agents: u32,
    /// Of names such as `worker-3` the numbers, from 0, by what stands before them.
    endings: HashMap<String, Vec<u32>>,
}

impl AgentNames {
    /// The names of a plan's groups.
    pub fn of(groups: &[Group]) -> AgentNames {
        let mut names = AgentNames::default();
        for group in groups {
            names.add(&group.name, group.count, group.numbered);
        }
        names
    }

    /// One more group. Returns false if the name is taken, or an agent of it has a name that is taken.
    pub fn add(&mut self, name: &str, count: u32, numbered: bool) -> bool {
        let first = self.agents;
        let group = self.groups.len();
        self.groups.push(name.to_owned());
        let free = !self.known.contains_key(name) && self.agent(name).is_none();
        let recipient = if numbered { Recipient::Group(group) } else { Recipient::Agent(first) };
        self.known.insert(name.to_owned(), recipient);
        // Under a name that is never looked up, so that the count of agents stays right.
        let key = if numbered { name.to_owned() } else { format!("\0{name}") };
        let clash = numbered
            && self.endings.get(name).is_some_and(|numbers| numbers.iter().any(|index| *index < count));
        if let Some((stem, index)) =
            name.rsplit_once('-').and_then(|(stem, end)| Some((stem, index_of(end)?)))
        {
            self.endings.entry(stem.to_owned()).or_default().push(index);
        }
        self.numbered.insert(key, (first, count));
        self.agents = first.saturating_add(count);
        free && !clash
    }

    /// Why `recipient` means nobody but the sender, if so: a rule among a single agent, or a group whose only agent sends
    /// to it. Whoever means an agent itself says its name.
    pub fn nobody_else(&self, recipient: &Recipient, sender: u32) -> Option<&'static str> {
        match recipient {
            Recipient::Other | Recipient::Any | Recipient::All => {
                (self.agents == 1).then_some("there is one agent only")
            }
            Recipient::Group(number) => {
                let alone = self.numbered.get(self.groups.get(*number)?) == Some(&(sender, 1));
                alone.then_some("the sender is the only agent of the group")
            }
            Recipient::Agent(_) => None,
        }
    }

    fn agent(&self, name: &str) -> Option<Recipient> {
        let (group, number) = name.rsplit_once('-')?;
        let (first, count) = self.numbered.get(group)?;
        let index = index_of(number)?;
        (index < *count).then(|| Recipient::Agent(first + index))
    }

    /// Who is meant: `other`, `any`, `all`, a group's name or an agent's.
    pub fn recipient(&self, name: &str) -> Option<Recipient> {
        if let Some(known) = self.known.get(name) {
            return Some(known.clone());
        }
        self.agent(name)
            .or_else(|| RULES.iter().find(|(rule, _)| *rule == name).map(|(_, recipient)| recipient.clone()))
    }

    /// The first group whose agents have numbers.
    pub fn numbered_group(&self) -> Option<&str> {
        self.groups.iter().map(String::as_str).find(|group| self.numbered.contains_key(*group))
    }

    /// The names that might have been meant.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        RULES.iter().map(|(rule, _)| *rule).chain(self.groups.iter().map(String::as_str))
    }
}

/// The index, from 0, of the agent whose name ends in this number; numbers have no leading zeros.
fn index_of(number: &str) -> Option<u32> {
    if number.starts_with('0') || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse::<u32>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        let mut names = AgentNames::default();
        assert!(names.add("lead", 1, false) && names.add("worker", 8, true));
        assert_eq!(names.recipient("lead"), Some(Recipient::Agent(0)));
        assert_eq!(names.recipient("worker"), Some(Recipient::Group(1)));
        assert_eq!(names.recipient("worker-8"), Some(Recipient::Agent(8)));
        assert_eq!(names.recipient("all"), Some(Recipient::All));
        for nobody in ["worker-9", "worker-0", "worker-01", "lead-1", "worker-+1", "x"] {
            assert_eq!(names.recipient(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn rules_that_leave_nobody_are_found() {
        let mut names = AgentNames::default();
        assert!(names.add("lead", 1, true));
        for rule in [Recipient::Other, Recipient::Any, Recipient::All, Recipient::Group(0)] {
            assert!(names.nobody_else(&rule, 0).is_some(), "{rule:?}");
        }
        assert_eq!(names.nobody_else(&Recipient::Agent(0), 0), None);
        assert!(names.add("worker", 2, true));
        for rule in [Recipient::Other, Recipient::Any, Recipient::All, Recipient::Group(1)] {
            assert_eq!(names.nobody_else(&rule, 1), None, "{rule:?}");
        }
        assert!(names.nobody_else(&Recipient::Group(0), 0).is_some());
        assert_eq!(names.nobody_else(&Recipient::Group(0), 1), None);
    }

    #[test]
    fn names_that_clash_are_told() {
        let mut names = AgentNames::default();
        assert!(names.add("a", 3, true));
        assert!(!names.add("a-2", 1, false));
        assert!(!names.add("a", 1, false));
        let mut names = AgentNames::default();
        assert!(names.add("b-2", 1, false));
        assert!(!names.add("b", 3, true));
    }
}
