//! The consumers of the stream that a run makes: which there are, and which agents read them.

use crate::names::Names;
use crate::terms::RunTerms;
use async_nats::Subject;
use std::ops::Range;

/// A consumer of the stream, and its readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inlet {
    /// The name of the consumer.
    pub name: String,
    /// The subject whose messages it hands out.
    pub subject: Subject,
    /// The agents that read it; several compete for its messages.
    pub agents: Range<u32>,
    /// Whether these are the messages to all.
    pub is_broadcast: bool,
}

/// All consumers of a run: for each agent one for its own messages, unless it reads a queue together with others, and one
/// for those to all, if the stream can have these; and one for each such queue.
pub fn inlets(names: &Names, terms: Option<&RunTerms>, has_broadcasts: bool) -> Vec<Inlet> {
    let mut inlets = Vec::new();
    for agent in 0..names.run().agents() {
        let (subjects, consumers) = (names.subjects_of(agent), names.consumers_of(agent));
        for (is_broadcast, (subject, name)) in
            [false, true].into_iter().zip(subjects.into_iter().zip(consumers))
        {
            let is_wanted = match is_broadcast {
                true => has_broadcasts,
                false => terms.is_none_or(|terms| !terms.shares(agent)),
            };
            if is_wanted {
                inlets.push(Inlet { name, subject, agents: agent..agent + 1, is_broadcast });
            }
        }
    }
    for queue in terms.iter().flat_map(|terms| &terms.queues) {
        let (name, subject) = (names.consumer_of_queue(queue.party), names.subject(queue.party));
        inlets.push(Inlet { name, subject, agents: queue.agents.clone(), is_broadcast: false });
    }
    inlets
}
