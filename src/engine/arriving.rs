//! Arrivals: a message falls due, is generated, and enters the queue if there is room.

use super::behaviour::{Behaviour, BehaviourError, Draft, Sending};
use super::callback_runner::Moment;
use super::clock::Clock;
use super::due::Due;
use super::message::{Marks, Message, MessageId, NONE};
use super::occupancy::Place;
use super::player::{Player, ROUNDS_MAX};
use super::stop::Stop;
use crate::metrics::CellId;
use crate::plan::{End, Overflow};
use crate::results::FinalOutcome;

impl<C: Clock> Player<'_, C> {
    /// Puts the first entries on the timeline and lets the agents start.
    pub fn start(&mut self) {
        for phase in 1..self.setup.rules.phase_starts.len() {
            self.pace.schedule(self.setup.rules.phase_starts[phase], Due::Phase(phase as u32));
        }
        if let Some(end) = self.setup.rules.load_end_ns {
            self.pace.schedule(end, Due::LoadEnd);
        }
        for agent in 0..self.load.generator.agents.len() as u32 {
            if self.setup.rules.on_start[self.load.group_of(agent)] {
                self.call(agent, |behaviour, sending| behaviour.on_start(sending));
            }
        }
        for agent in 0..self.load.generator.agents.len() as u32 {
            let group = self.load.group_of(agent);
            match self.setup.plan.groups[group].arrival.closed() {
                Some((_, in_flight)) => (0..in_flight).for_each(|_| self.think(agent, 0)),
                None => self.schedule_next(agent, 0),
            }
        }
    }

    /// Puts the agent's next arrival on the timeline, if there is one.
    #[inline(always)]
    fn schedule_next(&mut self, agent: u32, last_ns: u64) {
        // An arrival after the end of the load is drawn and dropped; no other draw uses that stream.
        if let Some(next) = self.load.generator.next_arrival(agent, last_ns)
            && self.load.may_generate(agent, next)
        {
            self.load.arrival_planned();
            self.pace.schedule(next, Due::Arrival(agent));
        }
    }

    /// Schedules the agent's next arrival in a closed slot, after its think time.
    pub fn think(&mut self, agent: u32, from_ns: u64) {
        let group = self.load.group_of(agent);
        let Some((think, _)) = self.setup.plan.groups[group].arrival.closed() else {
            return;
        };
        let bits = self.load.generator.arrival_stream(agent).next_u64();
        let next = from_ns.saturating_add(think.sample(bits));
        if self.load.may_generate(agent, next) {
            self.load.arrival_planned();
            self.pace.schedule(next, Due::Arrival(agent));
        }
    }

    /// Handles an arrival of an agent that is due.
    #[inline(always)]
    pub fn arrival_due(&mut self, agent: u32, intended_ns: u64) {
        self.load.arrival_came();
        if !self.load.may_generate(agent, intended_ns) {
            return;
        }
        if !self.load.is_plain() {
            return self.arrival_of_group(agent, intended_ns);
        }
        let Some(id) = self.draw(agent, intended_ns) else {
            self.skipped();
            return self.schedule_next(agent, intended_ns);
        };
        self.generated(id);
        if self.enqueue(id, true) {
            self.schedule_next(agent, intended_ns);
        } else {
            self.load.hold(id);
        }
    }

    /// Handles an arrival that belongs to the load, of an agent whose group may have closed arrivals or `next`.
    #[inline(never)]
    fn arrival_of_group(&mut self, agent: u32, intended_ns: u64) {
        let group = self.load.group_of(agent);
        let closed = self.load.generator.groups[group].closed;
        let added = if self.setup.rules.next[group] {
            self.next_by_callback(agent, intended_ns)
        } else {
            self.draw(agent, intended_ns)
        };
        let Some(id) = added else {
            self.skipped();
            if closed {
                self.think(agent, self.pace.now_ns())
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
            self.load.hold(id);
        } else if !closed {
            self.schedule_next(agent, intended_ns);
        }
    }

    /// The agent's next message, drawn from its mix; `None` if its group has none.
    #[inline(always)]
    fn draw(&mut self, agent: u32, intended_ns: u64) -> Option<MessageId> {
        let generator = &mut self.load.generator;
        let setting = generator.draw(agent)?;
        Some(self.messages.add(generator.message(agent, intended_ns, setting, None)))
    }

    /// Counts an arrival for which `next` sent nothing. If the load ends by a count, this must not go on for ever.
    #[inline(never)]
    fn skipped(&mut self) {
        self.account.recorder.extras.skipped += 1;
        let generated = self.account.recorder.generated;
        let skips = self.load.skip(generated);
        if skips > ROUNDS_MAX && self.setup.rules.load_end_ns.is_none() && self.stop.is_none() {
            self.stop = Some(Stop::Endless {
                seen: format!("`next` sent nothing {ROUNDS_MAX} times in a row, after {generated} messages"),
                help: "let `next` send in the end, or end the load by time (`duration`) instead of a count",
            });
        }
    }

    #[inline(never)]
    fn next_by_callback(&mut self, agent: u32, intended_ns: u64) -> Option<MessageId> {
        let mut draft = None;
        self.call(agent, |behaviour, sending| {
            draft = behaviour.next(sending)?;
            Ok(())
        });
        let message = self.message_of(agent, intended_ns, draft?);
        Some(self.messages.add(message))
    }

    /// Sends a message that a callback had scheduled for now.
    #[inline(never)]
    pub fn send_due(&mut self, slot: u32, intended_ns: u64) {
        self.load.arrival_came();
        let (agent, draft) = self.load.take_send(slot);
        if self.load.is_over() || !self.load.may_generate(agent, intended_ns) {
            self.account.recorder.extras.suppressed += 1;
            return;
        }
        let message = self.message_of(agent, intended_ns, draft);
        let id = self.messages.add(message);
        self.generated(id);
        self.enqueue(id, false);
    }

    /// The message that a draft describes. What the draft leaves out comes from the group's mix, then from the type's
    /// settings.
    fn message_of(&mut self, agent: u32, intended_ns: u64, draft: Draft) -> Message {
        let group = &self.load.generator.groups[self.load.group_of(agent)];
        let mixed = group.entries().iter().copied();
        let settings = &self.load.generator.settings;
        let index = mixed.into_iter().find(|index| settings[*index as usize].type_id == draft.type_id);
        let index = index.unwrap_or(u32::from(draft.type_id.0));
        let mut message = self.load.generator.message(agent, intended_ns, index, draft.recipient.as_ref());
        if let Some(priority) = draft.priority {
            message.priority = priority;
        }
        let plain = draft.content.is_none() && draft.tags.is_none() && draft.metadata.is_none();
        message.draft = if plain { NONE } else { self.texts.drafts.keep(draft) };
        message
    }

    /// Counts a message that was just generated.
    #[inline(always)]
    fn generated(&mut self, id: MessageId) {
        let message = &mut self.messages[id];
        let (agent, recipient, intended_ns) = (message.agent, message.recipient, message.intended_ns);
        let cell = self.load.cell_of(&self.setup.rules, intended_ns, message.type_id);
        message.cell = cell;
        let mut waiting = (1, self.processor.waiting());
        if self.account.recorder.counts_copies {
            // Received copies count here, so the backlog includes messages that were handed over and not received.
            let receipts = self.receiver.receipts();
            waiting = (receipts.copies_of(recipient), waiting.1 + receipts.copies().outstanding);
        }
        self.account.recorder.generated(cell, self.pace.now_ns(), waiting);
        if !C::VIRTUAL {
            self.note_lag(cell, intended_ns);
        }
        let number = self.load.generator.generated();
        match self.setup.plan.end {
            End::Duration(_) => {}
            End::Messages(count) if number >= count => self.end_load(),
            End::Messages(_) => {}
            End::MessagesPerAgent(count) => self.load.count_agent(agent, count),
            End::First { messages, messages_per_agent, .. } => {
                if let Some(count) = messages_per_agent {
                    self.load.count_agent(agent, count);
                }
                if messages.is_some_and(|count| number >= count) {
                    self.end_load();
                }
            }
        }
        if number > self.setup.plan.max_generated && self.stop.is_none() {
            let answers = self.setup.plan.has_callback(|callbacks| callbacks.any());
            self.stop = Some(Stop::too_many(self.setup.plan.max_generated, answers, &self.busiest()));
        }
    }

    /// Notes the schedule lag of a message of this cell that was just generated.
    fn note_lag(&mut self, cell: CellId, intended_ns: u64) {
        let now_ns = self.pace.now_ns();
        let late = self.setup.rules.load_end_ns.is_some_and(|end| now_ns >= end);
        let all_received = !self.receiver.is_active() || self.receiver.all_received();
        self.account.note_lag(cell, now_ns.saturating_sub(intended_ns), late, all_received);
    }

    /// Puts a new message into the queue, or applies the overflow rule. Returns false if the agent is held.
    #[inline(always)]
    fn enqueue(&mut self, id: MessageId, may_hold: bool) -> bool {
        if self.processor.queue_is_full() && !self.make_room(id, may_hold) {
            return !self.holds(may_hold);
        }
        self.account.occupancy.enter_late(Place::Queue, self.messages[id].intended_ns, self.pace.now_ns());
        self.processor.enqueue(id, &mut self.messages);
        true
    }

    fn holds(&self, may_hold: bool) -> bool {
        may_hold && self.setup.plan.queue.overflow == Overflow::Block
    }

    /// Makes room in a full queue. Returns whether there is room now; if not, the message was rejected or its agent is
    /// held.
    #[inline(never)]
    fn make_room(&mut self, id: MessageId, may_hold: bool) -> bool {
        // Messages that idle workers take at this instant do not wait.
        while self.stop.is_none() && self.dispatch() {
            if !self.processor.queue_is_full() {
                return true;
            }
        }
        if self.holds(may_hold) {
            self.account.recorder.extras.blocked += 1;
            self.account.occupancy.enter_late(
                Place::Queue,
                self.messages[id].intended_ns,
                self.pace.now_ns(),
            );
            return false;
        }
        if self.setup.plan.queue.overflow == Overflow::DropOldest
            && let Some(victim) = self.processor.drop_oldest(self.messages[id].priority, &mut self.messages)
        {
            self.account.occupancy.leave(Place::Queue, self.pace.now_ns(), 1);
            self.end_rarely(
                victim,
                FinalOutcome::Rejected,
                self.setup.reasons.dropped_oldest,
                self.pace.now_ns(),
            );
            return true;
        }
        self.end_rarely(id, FinalOutcome::Rejected, self.setup.reasons.queue_full, self.pace.now_ns());
        false
    }

    /// Lets held agents go on, first come first served, while the queue has room. Returns whether any went on.
    #[inline(never)]
    pub fn resume_held(&mut self) -> bool {
        let mut resumed = false;
        while !self.processor.queue_is_full()
            && let Some(id) = self.load.next_held()
        {
            resumed = true;
            self.processor.enqueue(id, &mut self.messages);
            let Message { agent, intended_ns, marks, .. } = self.messages[id];
            if !marks.has(Marks::HOLDS_SLOT) {
                self.schedule_next(agent, intended_ns);
            }
        }
        resumed
    }

    /// Calls a callback of the behaviour, then sends the messages that it wants to send.
    pub fn call(
        &mut self,
        agent: u32,
        callback: impl FnOnce(&mut dyn Behaviour, &mut Sending<'_>) -> Result<(), BehaviourError>,
    ) {
        let moment = Moment { agent, now_ns: self.pace.now_ns(), closed: self.load.is_over() };
        let suppressed = &mut self.account.recorder.extras.suppressed;
        let (drafts, result) = self.callbacks.call(moment, suppressed, callback);
        // The time that the callback took makes everything after it late.
        self.pace.look_at_clock();
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
        let intended = self.pace.now_ns().saturating_add(draft.after_ns);
        if self.load.is_over() || !self.load.may_generate(agent, intended) {
            self.account.recorder.extras.suppressed += 1;
            return;
        }
        let slot = self.load.keep_send(agent, draft);
        self.load.arrival_planned();
        self.pace.schedule(intended, Due::Send(slot));
    }
}
