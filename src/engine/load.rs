//! The load: which agent sends when, and when the load is over.

use super::behaviour::Draft;
use super::generator::Generator;
use super::message::MessageId;
use super::setup::{Rules, Setup};
use crate::metrics::CellId;
use crate::plan::{End, TypeId};
use crate::results::Shortfall;
use std::collections::VecDeque;

/// From this number of agents on, the memory of the next agents is prefetched: among fewer it costs more than it saves.
const LOOK_AHEAD_AGENTS: usize = 5_000;

/// The load of a run.
#[derive(Debug)]
pub struct Load {
    /// The agents and what they generate.
    pub generator: Generator,
    /// The number of arrivals on the timeline and of held messages: all that generates without waiting for an outcome.
    sources: u64,
    /// The number of agents that have generated as many messages as each may.
    agents_done: u32,
    /// The messages of agents that are held by a full queue, oldest first.
    held: VecDeque<MessageId>,
    /// Messages that callbacks send later, by slot.
    sends: Vec<(u32, Draft)>,
    sends_free: Vec<u32>,
    /// How often `next` sent nothing in a row, and how many messages there were when this began.
    skips: (u64, u64),
    /// The index of the current phase in [`Rules::phase_starts`].
    phase: usize,
    /// When the load ended, in nanoseconds; none while it lasts.
    ended_ns: Option<u64>,
    /// Why the load ended before its count of messages was reached.
    ended_by: Shortfall,
    /// Whether there are so many agents that their records do not fit into the caches.
    looks_ahead: bool,
    /// Only messages intended before this belong to the load, in nanoseconds.
    until_ns: u64,
    /// Only so many messages of each agent belong to the load.
    sequence_max: u64,
    /// Whether nothing belongs to the load once it has ended.
    ends_at_once: bool,
    /// Whether every message comes by a law of arrivals and from a mix: no arrivals are closed, and no group has `next`.
    is_plain: bool,
}

impl Load {
    /// The load of these agents, which has not begun.
    pub fn new(generator: Generator, end: End, rules: &Rules) -> Load {
        let by_time = matches!(end, End::Duration(_) | End::First { .. });
        Load {
            until_ns: rules.load_end_ns.filter(|_| by_time).unwrap_or(u64::MAX),
            sequence_max: end.messages_per_agent().unwrap_or(u64::MAX),
            ends_at_once: matches!(end, End::Messages(_) | End::First { .. }),
            is_plain: !rules.closed && !rules.next.contains(&true),
            looks_ahead: generator.agents.len() >= LOOK_AHEAD_AGENTS,
            generator,
            sources: 0,
            agents_done: 0,
            held: VecDeque::new(),
            sends: Vec::new(),
            sends_free: Vec::new(),
            skips: (0, 0),
            phase: 0,
            ended_ns: None,
            ended_by: Shortfall::NothingToCome,
        }
    }

    // The end of the load.

    /// When the load ended, in nanoseconds; `None` while it lasts.
    #[inline(always)]
    pub fn ended_ns(&self) -> Option<u64> {
        self.ended_ns
    }

    /// Whether the load has ended.
    #[inline(always)]
    pub fn is_over(&self) -> bool {
        self.ended_ns.is_some()
    }

    /// Ends the load now. Returns false if it had already ended.
    pub fn end(&mut self, now_ns: u64) -> bool {
        let is_new = self.ended_ns.is_none();
        self.ended_ns.get_or_insert(now_ns);
        if self.ends_at_once {
            self.until_ns = 0;
        }
        is_new
    }

    /// Notes the reason for the case that the load ends before its count is reached.
    pub fn ends_by(&mut self, cause: Shortfall) {
        self.ended_by = cause;
    }

    /// Whether a message with this intended time still belongs to the load.
    #[inline(always)]
    pub fn may_generate(&self, agent: u32, intended_ns: u64) -> bool {
        intended_ns < self.until_ns && self.generator.agents[agent as usize].sequence < self.sequence_max
    }

    /// Whether every message comes by a law of arrivals and from a mix.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Counts an agent as done if it has generated `count` messages, the most that each may.
    #[inline(always)]
    pub fn count_agent(&mut self, agent: u32, count: u64) {
        self.agents_done += u32::from(self.generator.agents[agent as usize].sequence == count);
    }

    /// Whether every agent has generated as many messages as each may.
    pub fn all_agents_done(&self) -> bool {
        self.agents_done == self.generator.agents.len() as u32
    }

    /// If the load ended before its count of messages: how many were asked for, how many of them were generated, and
    /// why. Agents that only answer are left out, unless the count is a total.
    pub fn shortfall(&self, setup: &Setup<'_>) -> Option<(u64, u64, Shortfall)> {
        let (asked, generated) = match setup.plan.end {
            End::Duration(_) | End::First { duration_ns: Some(_), .. } => return None,
            End::First { messages_per_agent: Some(_), .. } if self.all_agents_done() => return None,
            End::First { messages, .. } => (messages.unwrap_or(0), self.generator.generated()),
            End::Messages(asked) => (asked, self.generator.generated()),
            End::MessagesPerAgent(each) => {
                let owes = |group: u32| setup.plan.groups[group as usize].arrival.is_scheduled();
                let owing = self.generator.agents.iter().filter(|agent| owes(agent.group));
                owing.fold((0, 0), |(asked, sent), agent| (asked + each, sent + agent.sequence.min(each)))
            }
        };
        (generated < asked).then_some((asked, generated, self.ended_by))
    }

    // The sources of messages.

    /// Counts an arrival that was put on the timeline.
    #[inline(always)]
    pub fn arrival_planned(&mut self) {
        self.sources += 1;
    }

    /// Counts an arrival that came from the timeline.
    #[inline(always)]
    pub fn arrival_came(&mut self) {
        self.sources -= 1;
    }

    /// Whether nothing generates messages without waiting for an outcome.
    pub fn has_no_sources(&self) -> bool {
        self.sources == 0
    }

    /// Holds the agent of this message, because the queue is full.
    pub fn hold(&mut self, id: MessageId) {
        self.sources += 1;
        self.held.push_back(id);
    }

    /// Takes the message of the agent that may go on next, first come first served.
    pub fn next_held(&mut self) -> Option<MessageId> {
        let id = self.held.pop_front()?;
        self.sources -= 1;
        Some(id)
    }

    /// Whether agents are held by a full queue.
    #[inline(always)]
    pub fn has_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Keeps a message that a callback sends later. Returns its slot.
    pub fn keep_send(&mut self, agent: u32, draft: Draft) -> u32 {
        let slot = self.sends_free.pop().unwrap_or(self.sends.len() as u32);
        if slot as usize == self.sends.len() {
            self.sends.push((agent, draft));
        } else {
            self.sends[slot as usize] = (agent, draft);
        }
        slot
    }

    /// Removes the message in this slot. Returns its agent and the message.
    pub fn take_send(&mut self, slot: u32) -> (u32, Draft) {
        self.sends_free.push(slot);
        std::mem::take(&mut self.sends[slot as usize])
    }

    /// Notes that `next` sent nothing when `generated` messages had been generated. Returns how often this happened in
    /// a row.
    pub fn skip(&mut self, generated: u64) -> u64 {
        let (skips, since) = self.skips;
        self.skips = if since == generated { (skips + 1, since) } else { (1, generated) };
        self.skips.0
    }

    // The state of the load.

    /// Notes that the phase with this number begins.
    pub fn enter_phase(&mut self, number: u32) {
        self.phase = number as usize;
    }

    /// The cell of a message of this type; its intended time is not later than now.
    #[inline(always)]
    pub fn cell_of(&self, rules: &Rules, intended_ns: u64, type_id: TypeId) -> CellId {
        let mut phase = self.phase;
        while phase > 0 && intended_ns < rules.phase_starts[phase] {
            phase -= 1;
        }
        CellId::of(phase, rules.types, type_id.0)
    }

    /// The number of an agent's group.
    #[inline(always)]
    pub fn group_of(&self, agent: u32) -> usize {
        self.generator.agents[agent as usize].group as usize
    }

    /// Whether memory is prefetched, because there are so many agents.
    #[inline(always)]
    pub fn looks_ahead(&self) -> bool {
        self.looks_ahead
    }
}
