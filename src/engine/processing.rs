//! The processor: what is taken from the queue, handed to the core, answered, and tried again.

use super::clock::Clock;
use super::flight::{BadToken, Flight};
use super::message::Message;
use super::occupancy::Place;
use super::player::Player;
use super::timeline::Class;
use crate::cores::{CoreFailure, abi};
use crate::metrics::FinalOutcome;
use crate::plan::Backoff;
use mqscript_plugin::random::{KeyedSource, MessageKey, text_key, unit_from};
use std::ops::Range;

/// The payload of an outcome that came for an attempt already given up.
const LATE: u32 = u32::MAX;

impl<C: Clock> Player<'_, C> {
    /// Hands over what may be handed over now. Returns whether anything changed.
    #[inline]
    pub fn dispatch(&mut self) -> bool {
        let progressed = if self.plan.processor.batch_interval_ns > 0 {
            self.dispatch_cycle()
        } else if self.waiting.is_empty() {
            false
        } else {
            self.dispatch_plain()
        };
        let resumed = !self.blocked.is_empty() && self.resume_blocked();
        progressed || resumed
    }

    fn workers_free(&self) -> usize {
        (self.plan.processor.workers as usize).saturating_sub(self.flights.len())
    }

    /// How many hand-overs `max_messages` still allows.
    pub fn hand_overs_left(&self) -> u64 {
        self.plan.processor.max_messages.map_or(u64::MAX, |max| max.saturating_sub(self.handed_over))
    }

    /// How many may go to the core in one call.
    #[inline]
    fn room(&self) -> usize {
        let batch = self.plan.processor.batch_size as usize;
        self.workers_free().min(batch).min(usize::try_from(self.hand_overs_left()).unwrap_or(usize::MAX))
    }

    #[inline]
    fn dispatch_plain(&mut self) -> bool {
        let mut progressed = false;
        while !self.held_back && self.stop.is_none() {
            let room = self.room();
            if room == 0 {
                break;
            }
            progressed |= self.take(room);
            if self.staged.is_empty() {
                break;
            }
            progressed |= self.hand_over() > 0;
            while let Some(message) = self.staged.pop() {
                self.waiting.push_front(message);
            }
        }
        progressed
    }

    /// Moves up to `count` messages from the queue to `staged`. Returns whether any was found expired instead.
    #[inline]
    fn take(&mut self, count: usize) -> bool {
        let mut expired = false;
        while self.staged.len() < count
            && let Some(message) = self.waiting.pop()
        {
            if message.expires_ns < self.now_ns {
                expired = true;
                self.occupancy.leave(Place::Queue, self.now_ns, 1);
                self.end(message, FinalOutcome::Expired, self.reasons.time_to_live, self.now_ns, None);
            } else {
                self.staged.push(message);
            }
        }
        expired
    }

    /// When the next cycle may start, if that is what the queue waits for.
    #[inline]
    pub fn cycle_ready_ns(&self) -> Option<u64> {
        let interval = self.plan.processor.batch_interval_ns;
        if interval == 0 || self.cycle.active || self.waiting.is_empty() || self.hand_overs_left() == 0 {
            return None;
        }
        Some(self.cycle.ended_ns.map_or(self.now_ns, |ended| ended + interval))
    }

    fn dispatch_cycle(&mut self) -> bool {
        let mut progressed = false;
        if self.cycle_ready_ns().is_some_and(|ready| ready <= self.now_ns) {
            let batch = self.plan.processor.batch_size as usize;
            progressed |= self.take(batch);
            self.cycle.taken.extend(self.staged.drain(..));
            self.cycle.active = !self.cycle.taken.is_empty();
        }
        while self.cycle.active && !self.held_back && self.stop.is_none() {
            let room = self.room().min(self.cycle.taken.len());
            if room == 0 {
                break;
            }
            self.staged.extend(self.cycle.taken.drain(..room));
            progressed |= self.hand_over() > 0;
            while let Some(message) = self.staged.pop() {
                self.cycle.taken.push_front(message);
            }
        }
        let over = self.cycle.taken.is_empty() || self.hand_overs_left() == 0;
        if self.cycle.active && over && self.flights.len() == 0 {
            self.cycle.active = false;
            self.cycle.ended_ns = Some(self.now_ns);
            progressed = true;
        }
        progressed
    }

    /// Offers `staged` to the core; what it did not accept stays there. Returns how many it accepted.
    fn hand_over(&mut self) -> usize {
        let token = self.flights.next_token();
        let settings = &self.generator.settings;
        self.envelopes.fill(&self.staged, settings, self.run, token, self.origin_ns);
        if self.core_reads_content {
            self.envelopes.add_texts(&self.staged, settings, &self.renderer, &self.drafts);
        }
        let published =
            self.session.publish(self.now_ns + self.origin_ns, &self.envelopes.batch, &mut self.out);
        let accepted = (published.accepted as usize).min(self.staged.len());
        self.held_back = accepted < self.staged.len();
        self.batch_slots.clear();
        for message in &mut self.staged[..accepted] {
            message.attempts += 1;
            message.first_accepted_ns = message.first_accepted_ns.min(self.now_ns);
            self.recorder.attempted(message.cell, message.agent, message.attempts);
            self.batch_slots.push(self.flights.start(*message, self.now_ns));
        }
        self.staged.drain(..accepted);
        self.occupancy.leave(Place::Queue, self.now_ns, accepted as u64);
        self.occupancy.enter(Place::Processor, self.now_ns, accepted as u64);
        self.handed_over += accepted as u64;
        self.absorb_outcomes(token..token + accepted as u64);
        self.await_answers();
        self.absorb_deliveries();
        if let Some(failure) = published.failure {
            self.fail(failure);
        }
        accepted
    }

    /// Remembers those of the last batch that have no outcome yet.
    #[inline]
    fn await_answers(&mut self) {
        for index in 0..self.batch_slots.len() {
            let slot = self.batch_slots[index];
            if self.flights.get(slot).result != 0 {
                continue;
            }
            self.flights.await_answer(slot);
            if let Some(timeout) = self.plan.processor.timeout_ns {
                self.timeline.schedule(self.now_ns + timeout, Class::Timeout, slot);
            }
        }
    }

    /// Polls the core.
    pub fn poll(&mut self) {
        self.held_back = false;
        let result = self.session.poll(self.now_ns + self.origin_ns, &mut self.out);
        self.absorb_outcomes(0..0);
        self.absorb_deliveries();
        if let Err(failure) = result {
            self.fail(failure);
        }
    }

    /// Takes over the outcomes in `out`. `batch` are the tokens handed over in the call that brought them.
    #[inline]
    pub fn absorb_outcomes(&mut self, batch: Range<u64>) {
        for index in 0..self.out.outcomes.len() {
            let outcome = self.out.outcomes[index];
            for token in outcome.first..outcome.first.saturating_add(u64::from(outcome.count)) {
                let in_batch = batch.contains(&token);
                let slot = if in_batch {
                    Ok(self.batch_slots[(token - batch.start) as usize])
                } else {
                    self.flights.take_unanswered(token)
                };
                let known = match slot {
                    Ok(slot) => self.answer(slot, &outcome, in_batch),
                    Err(BadToken::Owed) => {
                        self.recorder.extras.late_outcomes += 1;
                        true
                    }
                    Err(BadToken::Repeated) => false,
                    Err(BadToken::Unknown) => {
                        self.breach(format!("an outcome for token {token}, which was never accepted"));
                        return;
                    }
                };
                if !known {
                    self.breach(format!("a second outcome for token {token}"));
                    return;
                }
            }
        }
        self.out.outcomes.clear();
    }

    fn breach(&mut self, text: String) {
        self.out.outcomes.clear();
        let failure = CoreFailure::breach(self.session.core(), "publish", text);
        self.fail(failure);
    }

    /// Notes an outcome and puts it on the timeline. Returns false if the slot had one.
    #[inline]
    fn answer(&mut self, slot: u32, outcome: &abi::Outcome, in_batch: bool) -> bool {
        let at_ns = outcome.at_ns.saturating_sub(self.origin_ns);
        if !self.flights.answer(slot, outcome.result, outcome.reason, at_ns) {
            return false;
        }
        let deadline =
            self.plan.processor.timeout_ns.map(|timeout| self.flights.get(slot).accepted_ns + timeout);
        match deadline {
            Some(deadline) if at_ns > deadline => {
                if in_batch {
                    self.timeline.schedule(deadline, Class::Timeout, slot);
                }
                self.timeline.schedule(at_ns, Class::Outcome, LATE);
            }
            _ => self.timeline.schedule(at_ns, Class::Outcome, slot),
        }
        true
    }

    /// An attempt's outcome is due.
    #[inline]
    pub fn outcome_due(&mut self, slot: u32) {
        if slot == LATE {
            self.recorder.extras.late_outcomes += 1;
            return;
        }
        let flight = self.flights.finish(slot);
        let message = flight.message;
        self.held_back = false;
        self.occupancy.leave(Place::Processor, self.now_ns, 1);
        self.recorder.answered(message.cell, message.agent);
        if flight.result == abi::DELIVERED {
            self.receiving.expect(&message, self.generator.agents.len());
            self.end(message, FinalOutcome::Delivered, 0, flight.at_ns, Some(flight.accepted_ns));
        } else {
            self.attempt_failed(&flight);
        }
    }

    fn attempt_failed(&mut self, flight: &Flight) {
        let on = self.plan.processor.retry.on;
        let (outcome, again) = match flight.result {
            abi::REJECTED => (FinalOutcome::Rejected, false),
            abi::UNCERTAIN => (FinalOutcome::Uncertain, on.uncertain),
            _ => (FinalOutcome::Failed, on.refused),
        };
        self.try_again(flight, outcome, again, flight.reason, flight.at_ns);
    }

    /// An attempt has had its time.
    pub fn timeout_due(&mut self, slot: u32, due_ns: u64) {
        let Some(timeout) = self.plan.processor.timeout_ns else {
            return;
        };
        let flight = *self.flights.get(slot);
        let waits = flight.result == 0 || flight.at_ns > due_ns;
        if !flight.taken || !waits || flight.accepted_ns + timeout != due_ns {
            return;
        }
        self.flights.give_up(slot);
        self.flights.finish(slot);
        self.held_back = false;
        self.occupancy.leave(Place::Processor, self.now_ns, 1);
        let again = self.plan.processor.retry.on.timeout;
        self.try_again(&flight, FinalOutcome::Uncertain, again, self.reasons.timeout, due_ns);
    }

    /// Sends a message into its backoff, or ends it as `outcome`.
    fn try_again(&mut self, flight: &Flight, outcome: FinalOutcome, again: bool, reason: u32, at_ns: u64) {
        self.recorder.attempt_lost(reason);
        let message = flight.message;
        let retry = &self.plan.processor.retry;
        if !again || message.attempts >= retry.attempts {
            let outcome = self.kept_as_dead_letter(outcome);
            self.end(message, outcome, reason, at_ns, Some(flight.accepted_ns));
            return;
        }
        let wait = self.backoff_ns(&retry.backoff, &message);
        let slot = self.backing_off_free.pop().unwrap_or(self.backing_off.len() as u32);
        if slot as usize == self.backing_off.len() {
            self.backing_off.push(message);
        } else {
            self.backing_off[slot as usize] = message;
        }
        self.occupancy.enter(Place::Backoff, self.now_ns, 1);
        self.timeline.schedule(at_ns.saturating_add(wait), Class::Backoff, slot);
    }

    /// "`failed` or `uncertain` with dead-lettering on" are dead letters.
    pub fn kept_as_dead_letter(&self, outcome: FinalOutcome) -> FinalOutcome {
        match outcome {
            FinalOutcome::Failed | FinalOutcome::Uncertain if self.plan.processor.dead_letter => {
                FinalOutcome::DeadLettered
            }
            other => other,
        }
    }

    /// The wait before the attempt after `message.attempts`, in nanoseconds.
    fn backoff_ns(&self, backoff: &Backoff, message: &Message) -> u64 {
        let steps = i32::from(message.attempts) - 1;
        let grown = backoff.first_ns as f64 * libm::pow(backoff.factor, f64::from(steps));
        let wait = grown.min(backoff.max_ns as f64);
        if backoff.jitter == 0.0 {
            return wait.round() as u64;
        }
        let key = MessageKey {
            sender_key: text_key(&self.renderer.parties.name(message.agent)),
            sequence: message.sequence,
            attempt: message.attempts,
            recipient_key: 0,
        };
        let u = unit_from(KeyedSource::new(self.plan.seed, "engine", "jitter").stream(key).next_u64());
        (wait * (1.0 + backoff.jitter * (2.0 * u - 1.0))).round() as u64
    }

    /// A message returns from its backoff, to the tail of its priority.
    pub fn backoff_due(&mut self, slot: u32) {
        let message = self.backing_off[slot as usize];
        self.backing_off_free.push(slot);
        self.occupancy.leave(Place::Backoff, self.now_ns, 1);
        self.occupancy.enter(Place::Queue, self.now_ns, 1);
        self.waiting.push_retry(message);
    }
}
