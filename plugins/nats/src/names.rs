//! The names of the run's stream, consumers and subjects.

use crate::options::{Settings, StreamChoice};
use async_nats::Subject;
use mqscript_plugin::abi;
use mqscript_plugin::prelude::*;

/// All names of one run. They hold the run's number, so that runs side by side do not meet.
#[derive(Debug)]
pub struct Names {
    run: Run,
    prefix: String,
    stream: String,
}

impl Names {
    /// Makes the names for `run`.
    pub fn of(run: Run, settings: &Settings) -> Names {
        let number = run.number();
        let prefix = settings.subject.clone().unwrap_or_else(|| format!("mqscript.{number:08x}"));
        let stream = match &settings.stream {
            StreamChoice::Own(_) => format!("mqscript_{number:08x}"),
            StreamChoice::Existing(name) => name.clone(),
        };
        Names { run, prefix, stream }
    }

    /// The run with these names.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The name of the stream.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// A pattern that matches all subjects of the run.
    pub fn subjects(&self) -> String {
        format!("{}.>", self.prefix)
    }

    /// The subject of messages for a party, or for all.
    pub fn subject(&self, recipient: u32) -> Subject {
        if recipient == abi::ALL {
            return format!("{}.all", self.prefix).into();
        }
        let is_queue = self.run.groups().iter().any(|group| group.queue == Some(recipient));
        let part = if is_queue { "queue" } else { "to" };
        format!("{}.{part}.{}", self.prefix, token(recipient, &self.run.party_name(recipient))).into()
    }

    /// The two subjects that an agent subscribes to.
    pub fn subjects_of(&self, agent: u32) -> [Subject; 2] {
        [self.subject(agent), self.subject(abi::ALL)]
    }

    /// The names of an agent's two consumers, one for each of its subjects.
    pub fn consumers_of(&self, agent: u32) -> [String; 2] {
        let run = self.run.number();
        ["to", "all"].map(|part| format!("mqscript_{run:08x}_{agent}_{part}"))
    }

    /// The name of the consumer of a queue that agents have together.
    pub fn consumer_of_queue(&self, party: u32) -> String {
        format!("mqscript_{:08x}_{party}_queue", self.run.number())
    }
}

/// A party's name as one word of a subject; its number if the name is not a valid word.
fn token(party: u32, name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '.' | '*' | '>');
    match !name.is_empty() && name.chars().all(plain) && !name.starts_with("party-") {
        true => name.to_owned(),
        false => format!("party-{party}"),
    }
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn every_party_has_a_word_of_its_own() {
        assert_eq!(token(0, "Agent-1"), "Agent-1");
        for (party, name) in [(3, "a b"), (4, "a.b"), (5, ">"), (6, ""), (7, "party-3"), (8, "é")] {
            assert_eq!(token(party, name), format!("party-{party}"));
        }
    }
}
