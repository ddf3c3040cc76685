//! Arrivals: what becomes due, is generated, and finds or does not find room in the queue.

use super::behaviour::{Behaviour, BehaviourError, Draft, Sending};
use super::clock::Clock;
use super::message::{Marks, Message, NONE};
use super::occupancy::Place;
use super::player::{Player, ROUNDS_MAX};
use super::stop::Stop;
use super::timeline::Class;
use crate::plan::{Arrival, End, Overflow};
use crate::results::FinalOutcome;

/// Marks the payload of an arrival that a callback sent for later: the rest is its slot.
const SEND: u32 = 1 << 31;
/// The payload of the phase entry that ends the load.
const LOAD_END: u32 = u32::MAX;

impl<C: Clock> Player<'_, C> {
    /// Puts the first entries on the timeline and lets the agents start.
    pub fn start(&mut self) {
        for phase in 1..self.rules.phase_starts.len() {
            self.timeline.schedule(self.rules.phase_starts[phase], Class::Phase, phase as u32);
        }
        if let Some(end) = self.rules.load_end_ns {
            self.timeline.schedule(end, Class::Phase, LOAD_END);
        }
        for agent in 0..self.generator.agents.len() as u32 {
            if self.rules.on_start[self.generator.agents[agent as usize].group as usize] {
                self.call(agent, |behaviour, sending| behaviour.on_start(sending));
            }
        }
        for agent in 0..self.generator.agents.len() as u32 {
            let group = self.generator.agents[agent as usize].group as usize;
            match &self.plan.groups[group].arrival {
                Arrival::Closed { in_flight, .. } => (0..*in_flight).for_each(|_| self.think(agent, 0)),
                _ => self.schedule_next(agent, 0),
            }
        }
    }

    /// A phase begins, or the load ends.
    pub fn phase_due(&mut self, payload: u32) {
        if payload == LOAD_END { self.end_load() } else { self.phase = payload as usize }
    }

    /// Whether a message intended for then still belongs to the run.
    #[inline(always)]
    fn may_generate(&self, agent: u32, intended_ns: u64) -> bool {
        match (self.plan.end, self.rules.load_end_ns) {
            (End::MessagesPerAgent(count), _) => self.generator.agents[agent as usize].sequence < count,
            (End::Messages(_), _) => self.load_ended_ns.is_none(),
            (End::Duration(_), Some(end)) => intended_ns < end,
            (End::Duration(_), None) => false,
            (End::First { .. }, _) => self.comes_first(agent, intended_ns),
        }
    }

    /// [`may_generate`](Self::may_generate) where several ends are said.
    #[inline(never)]
    fn comes_first(&self, agent: u32, intended_ns: u64) -> bool {
        let of_agent = self.plan.end.messages_per_agent().unwrap_or(u64::MAX);
        self.load_ended_ns.is_none()
            && self.rules.load_end_ns.is_none_or(|end| intended_ns < end)
            && self.generator.agents[agent as usize].sequence < of_agent
    }

    /// Puts the agent's next arrival on the timeline, if there is one.
    #[inline(always)]
    fn schedule_next(&mut self, agent: u32, last_ns: u64) {
        // One that comes too late for the run is drawn in vain: nobody else draws from that stream.
        if let Some(next) = self.generator.next_arrival(agent, last_ns)
            && self.may_generate(agent, next)
        {
            self.sources += 1;
            self.timeline.schedule(next, Class::Arrival, agent);
        }
    }

    /// A closed slot of the agent begins to think.
    pub fn think(&mut self, agent: u32, from_ns: u64) {
        let group = self.generator.agents[agent as usize].group as usize;
        let Arrival::Closed { think, .. } = &self.plan.groups[group].arrival else {
            return;
        };
        let bits = self.generator.arrival_stream(agent).next_u64();
        let next = from_ns.saturating_add(think.sample(bits));
        if self.may_generate(agent, next) {
            self.sources += 1;
            self.timeline.schedule(next, Class::Arrival, agent);
        }
    }

    /// An arrival is due: an agent's own, or what a callback sent.
    #[inline(always)]
    pub fn arrival_due(&mut self, payload: u32, intended_ns: u64) {
        self.sources -= 1;
        if payload & SEND != 0 {
            self.send_due(payload & !SEND, intended_ns);
            return;
        }
        let agent = payload;
        if !self.may_generate(agent, intended_ns) {
            return;
        }
        let group = self.generator.agents[agent as usize].group as usize;
        let closed = self.generator.groups[group].closed;
        let added = if self.rules.next[group] {
            self.next_by_callback(agent, intended_ns)
        } else {
            self.generator
                .draw(agent)
                .map(|setting| self.messages.add(self.generator.message(agent, intended_ns, setting, None)))
        };
        let Some(id) = added else {
            self.skipped();
            if closed {
                self.think(agent, self.now_ns)
            } else {
                self.schedule_next(agent, intended_ns)
            }
            return;
        };
        if closed {
            self.messages[id].marks.add(Marks::HOLDS_SLOT);
        }
        self.generated(id);
        if !self.enqueue(id, true) {
            self.sources += 1;
            self.blocked.push_back(id);
        } else if !closed {
            self.schedule_next(agent, intended_ns);
        }
    }

    /// Counts the agents that have sent all their messages.
    #[inline(always)]
    fn count_agent(&mut self, id: u32, count: u64) {
        let Message { agent, .. } = self.messages[id];
        self.agents_done += u32::from(self.generator.agents[agent as usize].sequence == count);
    }

    /// `next` sent nothing. Where the load ends by a count, that must not go on for ever.
    #[inline(never)]
    fn skipped(&mut self) {
        self.recorder.extras.skipped += 1;
        let generated = self.recorder.generated;
        let (skips, since) = self.skips;
        self.skips = if since == generated { (skips + 1, since) } else { (1, generated) };
        if self.skips.0 > ROUNDS_MAX && self.rules.load_end_ns.is_none() && self.stop.is_none() {
            self.stop = Some(Stop::Endless {
                seen: format!("`next` sent nothing {ROUNDS_MAX} times in a row, after {generated} messages"),
                help: "let `next` send in the end, or end the load by time (`duration`) instead of a count",
            });
        }
    }

    #[inline(never)]
    fn next_by_callback(&mut self, agent: u32, intended_ns: u64) -> Option<u32> {
        let mut draft = None;
        self.call(agent, |behaviour, sending| {
            draft = behaviour.next(sending)?;
            Ok(())
        });
        let message = self.message_of(agent, intended_ns, draft?);
        Some(self.messages.add(message))
    }

    /// What a callback sent is due.
    #[inline(never)]
    fn send_due(&mut self, slot: u32, intended_ns: u64) {
        let (agent, draft) = std::mem::take(&mut self.sends[slot as usize]);
        self.sends_free.push(slot);
        if self.load_ended_ns.is_some() || !self.may_generate(agent, intended_ns) {
            self.recorder.extras.suppressed += 1;
            return;
        }
        let message = self.message_of(agent, intended_ns, draft);
        let id = self.messages.add(message);
        self.generated(id);
        self.enqueue(id, false);
    }

    /// The message that a draft describes: the group's own mix, then the type's settings, fill what it leaves out.
    fn message_of(&mut self, agent: u32, intended_ns: u64, draft: Draft) -> Message {
        let group = &self.generator.groups[self.generator.agents[agent as usize].group as usize];
        let mixed = group.entries().iter().copied();
        let settings = &self.generator.settings;
        let index = mixed.into_iter().find(|index| settings[*index as usize].type_id == draft.type_id);
        let index = index.unwrap_or(u32::from(draft.type_id));
        let mut message = self.generator.message(agent, intended_ns, index, draft.recipient.as_ref());
        if let Some(priority) = draft.priority {
            message.priority = priority;
        }
        let plain = draft.content.is_none() && draft.tags.is_none() && draft.metadata.is_none();
        message.draft = if plain { NONE } else { self.drafts.keep(draft) };
        message
    }

    /// The cell of a message of this type that was intended for then, which is not later than now.
    #[inline(always)]
    pub fn cell_of(&self, intended_ns: u64, type_id: u16) -> u16 {
        let mut phase = self.phase;
        while phase > 0 && intended_ns < self.rules.phase_starts[phase] {
            phase -= 1;
        }
        phase as u16 * self.rules.types + type_id
    }

    /// Counts a message that was generated just now.
    #[inline(always)]
    fn generated(&mut self, id: u32) {
        let Message { intended_ns, type_id, .. } = self.messages[id];
        let cell = self.cell_of(intended_ns, type_id);
        let message = &mut self.messages[id];
        message.cell = cell;
        let mut waiting = (1, self.waiting.len() as u64);
        if self.recorder.stores {
            // What counts is what is received: the backlog goes on beyond the hand-over.
            let ledger = &self.receiving.ledger;
            waiting = (ledger.copies_of(message.recipient), waiting.1 + ledger.copies().outstanding);
        }
        self.recorder.generated(message.cell, message.agent, message.recipient, self.now_ns, waiting);
        if !C::VIRTUAL {
            self.note_lag(cell, intended_ns);
        }
        let number = self.generator.generated();
        match self.plan.end {
            End::Duration(_) => {}
            End::Messages(count) if number >= count => self.end_load(),
            End::Messages(_) => {}
            End::MessagesPerAgent(count) => self.count_agent(id, count),
            End::First { messages, messages_per_agent, .. } => {
                if let Some(count) = messages_per_agent {
                    self.count_agent(id, count);
                }
                if messages.is_some_and(|count| number >= count) {
                    self.end_load();
                }
            }
        }
        if number > self.plan.max_generated && self.stop.is_none() {
            let answers = self.plan.has_callback(|callbacks| callbacks.any());
            self.stop = Some(Stop::too_many(self.plan.max_generated, answers, &self.busiest()));
        }
    }

    /// Notes how late a message of this cell was generated just now.
    fn note_lag(&mut self, cell: u16, intended_ns: u64) {
        let lag_ns = self.now_ns.saturating_sub(intended_ns);
        let empty = self.recorder.ended + 1 == self.recorder.generated
            && (!self.receiving.active || self.receiving.all_received());
        self.lateness.generated(lag_ns, empty);
        if self.recorder.in_window(cell) {
            let late = self.rules.load_end_ns.is_some_and(|end| self.now_ns >= end);
            self.recorder.extras.generated_late += u64::from(late);
            self.recorder.schedule_lag.record(lag_ns);
        }
    }

    /// Puts a new message into the queue, or does what the overflow rule says. False: the agent is held.
    #[inline(always)]
    fn enqueue(&mut self, id: u32, may_hold: bool) -> bool {
        if self.is_full() && !self.make_room(id, may_hold) {
            return !self.holds(may_hold);
        }
        self.occupancy.enter_late(Place::Queue, self.messages[id].intended_ns, self.now_ns);
        self.waiting.push(id, &self.messages);
        true
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.waiting.counted() as u64 >= self.plan.queue.capacity
    }

    fn holds(&self, may_hold: bool) -> bool {
        may_hold && self.plan.queue.overflow == Overflow::Block
    }

    /// The queue is full: whether there is room now. If not, the message was rejected, or its agent is held.
    #[inline(never)]
    fn make_room(&mut self, id: u32, may_hold: bool) -> bool {
        // What idle workers take at this instant does not wait.
        while self.stop.is_none() && self.dispatch() {
            if !self.is_full() {
                return true;
            }
        }
        if self.holds(may_hold) {
            self.recorder.extras.blocked += 1;
            self.occupancy.enter_late(Place::Queue, self.messages[id].intended_ns, self.now_ns);
            return false;
        }
        if self.plan.queue.overflow == Overflow::DropOldest
            && let Some(victim) = self.waiting.drop_oldest(self.messages[id].priority, &self.messages)
        {
            self.occupancy.leave(Place::Queue, self.now_ns, 1);
            self.end_rarely(victim, FinalOutcome::Rejected, self.reasons.dropped_oldest, self.now_ns);
            return true;
        }
        self.end_rarely(id, FinalOutcome::Rejected, self.reasons.queue_full, self.now_ns);
        false
    }

    /// Lets held agents go on, first come first served, while there is room.
    #[inline(never)]
    pub fn resume_blocked(&mut self) -> bool {
        let mut resumed = false;
        while (self.waiting.counted() as u64) < self.plan.queue.capacity
            && let Some(id) = self.blocked.pop_front()
        {
            resumed = true;
            self.sources -= 1;
            self.waiting.push(id, &self.messages);
            let Message { agent, intended_ns, marks, .. } = self.messages[id];
            if !marks.has(Marks::HOLDS_SLOT) {
                self.schedule_next(agent, intended_ns);
            }
        }
        resumed
    }

    /// Calls into the behaviour, then sends what it wants to send.
    pub fn call(
        &mut self,
        agent: u32,
        callback: impl FnOnce(&mut dyn Behaviour, &mut Sending<'_>) -> Result<(), BehaviourError>,
    ) {
        let mut drafts = Vec::new();
        let mut sending = Sending {
            agent,
            now_ns: self.now_ns,
            closed: self.load_ended_ns.is_some(),
            random: &mut self.behaviour_streams[agent as usize],
            drafts: &mut drafts,
            suppressed: &mut self.recorder.extras.suppressed,
        };
        let result = callback(self.behaviour, &mut sending);
        if !C::VIRTUAL {
            // What follows is late by as long as that took.
            self.now_ns = self.clock.now();
        }
        for draft in drafts {
            self.send(agent, draft);
        }
        if let Err(error) = result
            && self.stop.is_none()
        {
            self.stop = Some(Stop::Behaviour(error));
        }
    }

    fn send(&mut self, agent: u32, draft: Draft) {
        let intended = self.now_ns.saturating_add(draft.after_ns);
        if self.load_ended_ns.is_some() || !self.may_generate(agent, intended) {
            self.recorder.extras.suppressed += 1;
            return;
        }
        let slot = self.sends_free.pop().unwrap_or(self.sends.len() as u32);
        if slot as usize == self.sends.len() {
            self.sends.push((agent, draft));
        } else {
            self.sends[slot as usize] = (agent, draft);
        }
        self.sources += 1;
        self.timeline.schedule(intended, Class::Arrival, slot | SEND);
    }
}
