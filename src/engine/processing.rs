//! The processor: what is taken from the queue, handed to the core, answered, and tried again.

use super::clock::Clock;
use super::message::{Marks, Message, Whereabouts};
use super::occupancy::Place;
use super::player::Player;
use super::timeline::Class;
use super::tokens::BadToken;
use crate::cores::{CoreFailure, abi};
use crate::plan::Backoff;
use crate::results::FinalOutcome;
use mqscript_plugin::random::{KeyedSource, MessageKey, text_key, unit_from};
use std::ops::Range;

/// The payload of an outcome that came for an attempt already given up.
const LATE: u32 = u32::MAX;

impl<C: Clock> Player<'_, C> {
    /// Hands over what may be handed over now. Returns whether anything changed.
    #[inline(always)]
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

    /// Messages that wait: in the queue, held before it, or backing off.
    pub fn backlog(&self) -> u64 {
        self.occupancy.count(Place::Queue) + self.occupancy.count(Place::Backoff)
    }

    /// In and after an outage: how many wait is looked at where it changes its course.
    #[inline]
    fn watch_backlog(&mut self) {
        if self.outages.are_watched() {
            let backlog = self.backlog();
            self.outages.backlog(self.now_ns, backlog);
        }
    }

    fn workers_free(&self) -> usize {
        (self.plan.processor.workers as usize).saturating_sub(self.in_flight)
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

    #[inline(always)]
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
            while let Some(id) = self.staged.pop() {
                self.waiting.push_front(id, &self.messages);
            }
        }
        progressed
    }

    /// Moves up to `count` messages from the queue to `staged`. Returns whether any was found expired instead.
    #[inline(always)]
    fn take(&mut self, count: usize) -> bool {
        let mut expired = false;
        while self.staged.len() < count
            && let Some(id) = self.waiting.pop(&self.messages)
        {
            if self.messages[id].expires_ns < self.now_ns {
                expired = true;
                self.occupancy.leave(Place::Queue, self.now_ns, 1);
                let outcome = self.final_name(&self.messages[id], FinalOutcome::Expired);
                self.end_rarely(id, outcome, self.reasons.time_to_live, self.now_ns);
            } else {
                self.staged.push(id);
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

    #[inline(never)]
    fn dispatch_cycle(&mut self) -> bool {
        let mut progressed = false;
        if self.cycle_ready_ns().is_some_and(|ready| ready <= self.now_ns) {
            let batch = self.plan.processor.batch_size as usize;
            progressed |= self.take(batch);
            self.cycle.taken.extend(self.staged.drain(..));
            self.cycle.active = !self.cycle.taken.is_empty();
            self.cycle.began_ns = self.now_ns;
            self.cycle.spent.full += u64::from(self.cycle.taken.len() == batch);
        }
        while self.cycle.active && !self.held_back && self.stop.is_none() {
            let room = self.room().min(self.cycle.taken.len());
            if room == 0 {
                break;
            }
            self.staged.extend(self.cycle.taken.drain(..room));
            progressed |= self.hand_over() > 0;
            while let Some(id) = self.staged.pop() {
                self.cycle.taken.push_front(id);
            }
        }
        let over = self.cycle.taken.is_empty() || self.hand_overs_left() == 0;
        if self.cycle.active && over && self.in_flight == 0 {
            self.cycle.active = false;
            self.cycle.ended_ns = Some(self.now_ns);
            self.cycle.spent.count += 1;
            self.cycle.spent.active_ns += self.now_ns - self.cycle.began_ns;
            progressed = true;
        }
        progressed
    }

    /// Offers `staged` to the core; what it did not accept stays there. Returns how many it accepted.
    #[inline]
    fn hand_over(&mut self) -> usize {
        self.watch_backlog();
        let token = self.tokens.next();
        let settings = &self.generator.settings;
        self.envelopes.fill(&self.staged, &self.messages, settings, self.run, token, self.origin_ns);
        if self.core_reads_content {
            self.envelopes.add_texts(&self.staged, &self.messages, settings, &self.renderer, &self.drafts);
        }
        self.show_signs();
        let published =
            self.session.publish(self.now_ns + self.origin_ns, &self.envelopes.batch, &mut self.out);
        let accepted = (published.accepted as usize).min(self.staged.len());
        self.held_back = accepted < self.staged.len();
        for (token, id) in (token..).zip(&self.staged[..accepted]) {
            let message = &mut self.messages[*id];
            message.attempts += 1;
            message.first_accepted_ns = message.first_accepted_ns.min(self.now_ns);
            (message.accepted_ns, message.token, message.result) = (self.now_ns, token, 0);
            message.place = Whereabouts::InFlight;
            self.recorder.attempted(message.cell, message.agent, message.attempts);
            if self.receiving.active && message.attempts == 1 {
                let measured = self.recorder.in_window(message.cell);
                let Message { agent, sequence, recipient, .. } = *message;
                self.receiving.ledger.handed_over(agent, sequence, recipient, measured);
            }
            if !C::VIRTUAL && self.receiving.active {
                let copies = self.receiving.ledger.copies_of(message.recipient);
                self.receiving.named.handed_over(message, copies);
            }
        }
        self.tokens.accepted(accepted as u64);
        self.in_flight += accepted;
        self.occupancy.leave(Place::Queue, self.now_ns, accepted as u64);
        self.occupancy.enter(Place::Processor, self.now_ns, accepted as u64);
        self.handed_over += accepted as u64;
        self.absorb_outcomes(token..token + accepted as u64);
        self.await_answers(accepted);
        if accepted == self.staged.len() {
            self.staged.clear();
        } else {
            self.staged.drain(..accepted);
        }
        self.absorb_deliveries();
        self.take_events();
        self.watch_backlog();
        if let Some(failure) = published.failure {
            self.fail(failure);
        }
        accepted
    }

    /// Remembers those of the last batch that have no outcome yet.
    #[inline(always)]
    fn await_answers(&mut self, accepted: usize) {
        for id in &self.staged[..accepted] {
            let message = &self.messages[*id];
            if message.result != 0 {
                continue;
            }
            self.tokens.await_answer(message.token, *id);
            if let Some(timeout) = self.plan.processor.timeout_ns {
                self.timeline.schedule(self.now_ns + timeout, Class::Timeout, *id);
                self.timers += 1;
            }
        }
    }

    /// Polls the core.
    #[inline(never)]
    pub fn poll(&mut self) {
        self.held_back = false;
        self.show_signs();
        let result = self.session.poll(self.now_ns + self.origin_ns, &mut self.out);
        let answered = !self.out.outcomes.is_empty();
        self.absorb_outcomes(0..0);
        self.absorb_deliveries();
        self.take_events();
        if let Err(failure) = result {
            self.fail(failure);
        }
        self.polled(answered);
    }

    /// Takes over the outcomes in `out`. `batch` are the tokens handed over in the call that brought them.
    #[inline(always)]
    pub fn absorb_outcomes(&mut self, batch: Range<u64>) {
        for index in 0..self.out.outcomes.len() {
            let outcome = self.out.outcomes[index];
            // A range may reach beyond the last number there is: what follows was accepted by nobody either.
            for token in (0..u64::from(outcome.count)).map(|offset| outcome.first.wrapping_add(offset)) {
                let in_batch = batch.contains(&token);
                let message = if in_batch {
                    Ok(self.staged[(token - batch.start) as usize])
                } else {
                    self.tokens.take(token)
                };
                let known = match message {
                    Ok(id) => self.answer(id, &outcome, in_batch),
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

    #[cold]
    fn breach(&mut self, text: String) {
        self.out.outcomes.clear();
        let failure = CoreFailure::breach(self.session.core(), self.session.called(), text);
        self.fail(failure);
    }

    /// Notes an outcome and puts it on the timeline. Returns false if the attempt had one.
    #[inline(always)]
    fn answer(&mut self, id: u32, outcome: &abi::Outcome, in_batch: bool) -> bool {
        let at_ns = outcome.at_ns.saturating_sub(self.origin_ns);
        let message = &mut self.messages[id];
        if message.result != 0 {
            return false;
        }
        (message.result, message.reason, message.at_ns) = (outcome.result, outcome.reason, at_ns);
        let deadline = self.plan.processor.timeout_ns.map(|timeout| message.accepted_ns + timeout);
        match deadline {
            Some(deadline) if at_ns > deadline => {
                if in_batch {
                    self.timeline.schedule(deadline, Class::Timeout, id);
                    self.timers += 1;
                }
                self.timeline.schedule(at_ns, Class::Outcome, LATE);
            }
            _ => self.timeline.schedule(at_ns, Class::Outcome, id),
        }
        true
    }

    /// An attempt's outcome is due.
    #[inline(always)]
    pub fn outcome_due(&mut self, id: u32) {
        if id == LATE {
            self.recorder.extras.late_outcomes += 1;
            return;
        }
        self.landed();
        let message = &self.messages[id];
        self.recorder.answered(message.cell, message.agent);
        if message.result == abi::DELIVERED {
            let (at_ns, accepted_ns) = (message.at_ns, message.accepted_ns);
            if self.outages.are_watched() {
                self.outages.delivered(at_ns);
            }
            if self.receiving.active {
                self.receiving.ledger.delivered(message.agent, message.sequence, message.recipient);
            }
            self.end(id, FinalOutcome::Delivered, 0, at_ns, Some((accepted_ns, at_ns)));
        } else {
            self.attempt_failed(id);
        }
    }

    /// One message less is in flight.
    #[inline]
    fn landed(&mut self) {
        self.in_flight -= 1;
        self.held_back = false;
        self.occupancy.leave(Place::Processor, self.now_ns, 1);
    }

    #[inline(never)]
    fn attempt_failed(&mut self, id: u32) {
        let on = self.plan.processor.retry.on;
        let Message { result, reason, at_ns, .. } = self.messages[id];
        let (outcome, again) = match result {
            abi::REJECTED => (FinalOutcome::Rejected, false),
            abi::UNCERTAIN => (FinalOutcome::Uncertain, on.uncertain),
            _ => (FinalOutcome::Failed, on.refused),
        };
        self.try_again(id, outcome, again, reason, at_ns);
    }

    /// An attempt has had its time.
    #[inline(never)]
    pub fn timeout_due(&mut self, id: u32, due_ns: u64) {
        self.timers -= 1;
        self.idle_entries += 1;
        let Some(timeout) = self.plan.processor.timeout_ns else {
            return;
        };
        let Message { place, result, at_ns, accepted_ns, token, .. } = self.messages[id];
        let waits = result == 0 || at_ns > due_ns;
        // An entry for an attempt that was answered in time, or for a message long gone, means nothing.
        if place != Whereabouts::InFlight || !waits || accepted_ns + timeout != due_ns {
            return;
        }
        self.tokens.give_up(token);
        self.landed();
        let again = self.plan.processor.retry.on.timeout;
        self.try_again(id, FinalOutcome::Uncertain, again, self.reasons.timeout, due_ns);
    }

    /// Sends a message into its backoff, or ends it as `outcome`.
    fn try_again(&mut self, id: u32, outcome: FinalOutcome, again: bool, reason: u32, at_ns: u64) {
        self.recorder.attempt_lost(reason);
        self.outages.failed(at_ns);
        let retry = &self.plan.processor.retry;
        let message = &mut self.messages[id];
        message.at_ns = at_ns;
        message.place = Whereabouts::BackingOff;
        if outcome == FinalOutcome::Uncertain {
            message.marks.add(Marks::IN_DOUBT);
        }
        if !again || message.attempts >= retry.attempts {
            let outcome = self.final_name(&self.messages[id], outcome);
            self.end_rarely(id, outcome, reason, at_ns);
            return;
        }
        let wait = self.backoff_ns(&retry.backoff, &self.messages[id]);
        self.occupancy.enter(Place::Backoff, self.now_ns, 1);
        self.timeline.schedule(at_ns.saturating_add(wait), Class::Backoff, id);
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
        (wait * (1.0 + backoff.jitter * (2.0 * u - 1.0))).round().min(backoff.max_ns as f64) as u64
    }

    /// A message returns from its backoff, to the tail of its priority.
    #[inline(never)]
    pub fn backoff_due(&mut self, id: u32) {
        self.messages[id].place = Whereabouts::Waiting;
        self.occupancy.leave(Place::Backoff, self.now_ns, 1);
        self.occupancy.enter(Place::Queue, self.now_ns, 1);
        self.waiting.push(id, &self.messages);
    }
}
