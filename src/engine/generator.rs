//! The agents: their random streams, their arrivals, and the messages that they generate.

use super::alias::AliasTable;
use super::arrivals::{ArrivalSampler, ArrivalState};
use super::message::{Message, NONE};
use super::names::Parties;
use crate::metrics::{prefetch, roomy};
use crate::plan::{MessageSettings, Plan, Recipient, Sender, TypeId};
use mqscript_plugin::abi::ALL;
use mqscript_plugin::random::{SequentialSource, Stream, text_key};
use std::sync::Arc;

/// One agent. What an arrival touches lies within one cache line.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub struct Agent {
    /// The random stream for the times of arrivals.
    arrival: Stream,
    state: ArrivalState,
    /// The random stream for types and recipients.
    message: Stream,
    /// The number of messages generated so far.
    pub sequence: u64,
    /// The key of its name, to draw random numbers by.
    pub key: u64,
    /// The number of its group.
    pub group: u32,
}

/// What all messages of one type from one group have in common.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The number of the message type.
    pub type_id: TypeId,
    /// The settings of such messages, from the plan.
    pub settings: MessageSettings,
    /// The party shown as sender; `None` means the agent itself.
    pub sender: Option<u32>,
    /// The time to live in nanoseconds: the message's own or the processor's.
    pub time_to_live_ns: Option<u64>,
}

/// A group, prepared for drawing messages.
#[derive(Debug)]
pub struct GroupState {
    /// The number of its first agent.
    pub first: u32,
    /// The number of its agents.
    pub count: u32,
    /// The party that is the queue of all its agents together; none if each has an inbox.
    pub queue: Option<u32>,
    sampler: ArrivalSampler,
    mix: Option<AliasTable>,
    /// The setting of each entry of the mix.
    entries: Vec<u32>,
    /// Whether its arrivals wait for outcomes (closed arrivals).
    pub closed: bool,
}

impl GroupState {
    /// The numbers of the settings of its mix.
    pub fn entries(&self) -> &[u32] {
        &self.entries
    }
}

/// All agents of a run, with their groups and settings.
#[derive(Debug)]
pub struct Generator {
    /// The agents, by number.
    pub agents: Vec<Agent>,
    /// The groups, by number.
    pub groups: Vec<GroupState>,
    /// First the settings of the types, by type number, then those of the mixes. They are shared, so that a callback
    /// can read them while the loop goes on.
    pub settings: Arc<[Setting]>,
    number: u64,
}

impl Generator {
    /// Makes the agents of a plan; `parties` has the number of each party.
    pub fn new(plan: &Plan, parties: &Parties) -> Generator {
        let setting = |type_id: TypeId, settings: &MessageSettings| Setting {
            type_id,
            settings: settings.clone(),
            sender: match &settings.sender {
                Sender::Agent => None,
                Sender::Named(name) => parties.id(name),
            },
            time_to_live_ns: settings.time_to_live_ns.or(plan.processor.time_to_live_ns),
        };
        let mut settings: Vec<Setting> =
            plan.types.iter().enumerate().map(|(id, t)| setting(TypeId(id as u16), &t.settings)).collect();
        let (arrivals, messages) =
            (SequentialSource::new(plan.seed, "arrival"), SequentialSource::new(plan.seed, "message"));
        let (mut groups, mut agents) = (Vec::new(), roomy(plan.agents() as usize));
        for (number, group) in plan.groups.iter().enumerate() {
            let entries = group.mix.iter().map(|entry| {
                settings.push(setting(entry.type_id, &entry.settings));
                (settings.len() - 1) as u32
            });
            let entries: Vec<u32> = entries.collect();
            let weights: Vec<f64> = group.mix.iter().map(|entry| entry.weight).collect();
            let mut sampler = ArrivalSampler::new(&group.arrival, plan.warm_up_ns);
            let first = agents.len() as u32;
            for index in 0..group.count {
                let key = text_key(&group.agent_name(index));
                let mut arrival = arrivals.stream(key);
                let state = sampler.first(&mut arrival);
                let (message, group) = (messages.stream(key), number as u32);
                agents.push(Agent { arrival, state, message, sequence: 0, key, group });
            }
            groups.push(GroupState {
                first,
                count: group.count,
                queue: parties.queue_of(number),
                sampler,
                mix: (!weights.is_empty()).then(|| AliasTable::new(&weights)),
                entries,
                closed: group.arrival.closed().is_some(),
            });
        }
        Generator { agents, groups, settings: settings.into(), number: 0 }
    }

    /// The time of the agent's next arrival after `last_ns`, in nanoseconds since the load began.
    #[inline(always)]
    pub fn next_arrival(&mut self, agent: u32, last_ns: u64) -> Option<u64> {
        let agent = &mut self.agents[agent as usize];
        self.groups[agent.group as usize].sampler.next(&mut agent.state, last_ns, &mut agent.arrival)
    }

    /// The agent's random stream for arrival times, for laws that draw elsewhere.
    pub fn arrival_stream(&mut self, agent: u32) -> &mut Stream {
        &mut self.agents[agent as usize].arrival
    }

    /// The group of a recipient: that of an agent, or the one whose queue it is.
    pub fn group_of_recipient(&self, recipient: u32) -> Option<usize> {
        match self.agents.get(recipient as usize) {
            Some(agent) => Some(agent.group as usize),
            None => self.groups.iter().position(|group| group.queue == Some(recipient)),
        }
    }

    /// The key of an agent's name.
    #[inline(always)]
    pub fn key(&self, agent: u32) -> u64 {
        self.agents[agent as usize].key
    }

    /// Draws the setting of the agent's next message from its mix; `None` if its group has none.
    #[inline(always)]
    pub fn draw(&mut self, agent: u32) -> Option<u32> {
        let state = &mut self.agents[agent as usize];
        let group = &self.groups[state.group as usize];
        Some(group.entries[group.mix.as_ref()?.choose(state.message.next_u64())])
    }

    /// The next message of an agent, with setting number `index`. `recipient` overrides the recipient of the setting.
    #[inline(always)]
    pub fn message(
        &mut self,
        agent: u32,
        intended_ns: u64,
        index: u32,
        recipient: Option<&Recipient>,
    ) -> Message {
        let setting = &self.settings[index as usize];
        let mut stream = self.agents[agent as usize].message.clone();
        let recipient = self.recipient(agent, recipient.unwrap_or(&setting.settings.recipient), &mut stream);
        let state = &mut self.agents[agent as usize];
        state.message = stream;
        state.sequence += 1;
        self.number += 1;
        Message {
            intended_ns,
            sequence: state.sequence,
            number: self.number,
            expires_ns: setting.time_to_live_ns.map_or(u64::MAX, |ttl| intended_ns.saturating_add(ttl)),
            agent,
            recipient,
            settings: index,
            draft: NONE,
            type_id: setting.type_id,
            priority: setting.settings.priority,
            ..Message::EMPTY
        }
    }

    /// Prefetches the memory of an agent that will generate soon. Any other number is ignored.
    #[inline]
    pub fn prefetch(&self, agent: u32) {
        if let Some(agent) = self.agents.get(agent as usize) {
            prefetch(agent);
        }
    }

    #[inline(always)]
    fn recipient(&self, agent: u32, recipient: &Recipient, stream: &mut Stream) -> u32 {
        let count = self.agents.len() as u32;
        match recipient {
            Recipient::Other => other_than(agent, 0, count, stream),
            Recipient::All => ALL,
            Recipient::Any => stream.below(u64::from(count)) as u32,
            Recipient::Agent(number) => *number,
            Recipient::Group(number) => {
                let group = &self.groups[*number];
                match group.queue {
                    Some(queue) => queue,
                    None => other_than(agent, group.first, group.count, stream),
                }
            }
        }
    }

    /// The number of messages generated by all agents so far.
    pub fn generated(&self) -> u64 {
        self.number
    }
}

/// A random agent of `count` agents from `first` on, other than `agent`; `agent` itself if it is the only one.
#[inline]
fn other_than(agent: u32, first: u32, count: u32, stream: &mut Stream) -> u32 {
    let inside = agent >= first && agent - first < count;
    if !inside {
        return first + stream.below(u64::from(count)) as u32;
    }
    if count == 1 {
        return agent;
    }
    let drawn = first + stream.below(u64::from(count - 1)) as u32;
    drawn + u32::from(drawn >= agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_fits_a_cache_line() {
        assert!(size_of::<Agent>() <= 64);
    }

    #[test]
    fn others_are_equally_likely() {
        let mut stream = Stream::from_key(6);
        let mut seen = [0u32; 6];
        for _ in 0..40_000 {
            seen[other_than(3, 1, 5, &mut stream) as usize] += 1;
        }
        assert_eq!((seen[0], seen[3]), (0, 0));
        assert!([1, 2, 4, 5].iter().all(|&i| (9_500..10_500).contains(&seen[i])), "{seen:?}");
        assert_eq!(other_than(7, 7, 1, &mut stream), 7);
        assert_eq!(other_than(0, 7, 1, &mut stream), 7);
    }
}
