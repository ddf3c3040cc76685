//! The work of the processor: takes messages from the queue, hands them to the core, takes the answers, and tries
//! again.

use super::clock::Clock;
use super::due::Due;
use super::message::{Marks, Message, MessageId, Whereabouts};
use super::occupancy::Place;
use super::player::Player;
use super::tokens::BadToken;
use crate::cores::{CoreFailure, OneAnswer, Published, abi};
use crate::plan::Backoff;
use crate::results::FinalOutcome;
use mqscript_plugin::random::{MessageKey, unit_from};
use std::ops::Range;

impl<C: Clock> Player<'_, C> {
    /// Hands over all messages that may go now. Returns whether anything changed.
    #[inline(always)]
    pub fn dispatch(&mut self) -> bool {
        let progressed = if self.processor.has_cycles() {
            self.dispatch_cycle()
        } else if self.processor.queue_is_empty() {
            false
        } else {
            self.dispatch_plain()
        };
        let resumed = self.load.has_held() && self.resume_held();
        progressed || resumed
    }

    #[inline(always)]
    fn dispatch_plain(&mut self) -> bool {
        let mut progressed = false;
        while self.stop.is_none() {
            let room = self.processor.room_to_stage();
            if room == 0 {
                break;
            }
            if self.processor.one_goes(room) && !self.setup.core_reads_content {
                // On the wall clock a copy has a time of its own, and callbacks read its texts.
                let with_copies = C::VIRTUAL && self.receiver.is_active() && !self.setup.rules.reactive;
                progressed |=
                    if with_copies { self.hand_over_with_copy() } else { self.hand_over_one::<false>() };
                continue;
            }
            progressed |= self.stage(room);
            if self.processor.nothing_staged() {
                break;
            }
            progressed |= self.hand_over() > 0;
            self.processor.unstage(&mut self.messages);
        }
        progressed
    }

    #[inline(never)]
    fn hand_over_with_copy(&mut self) -> bool {
        self.hand_over_one::<true>()
    }

    /// Stages up to `count` messages from the queue. Returns whether one was found expired instead.
    #[inline(always)]
    fn stage(&mut self, count: usize) -> bool {
        let mut expired = false;
        while let Some(id) = self.processor.stage(count, self.pace.now_ns(), &self.messages) {
            expired = true;
            self.expire(id);
        }
        expired
    }

    /// Ends a message that was found expired in the queue.
    #[inline(never)]
    fn expire(&mut self, id: MessageId) {
        self.account.occupancy.leave(Place::Queue, self.pace.now_ns(), 1);
        let outcome = self.final_name(&self.messages[id], FinalOutcome::Expired);
        self.end_rarely(id, outcome, self.setup.reasons.time_to_live, self.pace.now_ns());
    }

    #[inline(never)]
    fn dispatch_cycle(&mut self) -> bool {
        let mut progressed = false;
        let now_ns = self.pace.now_ns();
        if self.processor.cycle_ready_ns(now_ns).is_some_and(|ready| ready <= now_ns) {
            progressed |= self.stage(self.processor.batch_size());
            self.processor.begin_cycle(now_ns);
        }
        while self.stop.is_none() && self.processor.stage_from_cycle() {
            progressed |= self.hand_over() > 0;
            self.processor.unstage_to_cycle();
        }
        progressed | self.processor.end_cycle(now_ns)
    }

    /// Hands over the first message of the queue by itself, or ends it if it has expired. Returns whether anything
    /// changed. Most cores of a simulation say in the call what becomes of the message: that needs no list.
    /// With `COPIES`, its copy may be part of that.
    #[inline(always)]
    fn hand_over_one<const COPIES: bool>(&mut self) -> bool {
        let now_ns = self.pace.now_ns();
        if let Some(id) = self.processor.stage(1, now_ns, &self.messages) {
            self.expire(id);
            return true;
        }
        self.account.watch_backlog(now_ns);
        let (generator, origin_ns) = (&self.load.generator, self.core.origin_ns());
        let token = self.processor.fill(&self.messages, generator, None, self.setup.run, origin_ns);
        self.show_signs();
        match self.core.publish_one::<COPIES>(now_ns, &self.processor.batch()[0]) {
            Ok(OneAnswer { outcome, with_copy }) => {
                let id = self.processor.staged()[0];
                self.accepted(id, token);
                self.processor.accept(1);
                self.account.occupancy.leave(Place::Queue, now_ns, 1);
                self.account.occupancy.enter(Place::Processor, now_ns, 1);
                self.answer(id, &outcome, true);
                if with_copy {
                    self.expect_copy(id);
                }
                self.processor.handed_over(1);
                self.take_events();
                self.account.watch_backlog(now_ns);
                true
            }
            Err(published) => {
                let accepted = self.take_over(token, published) > 0;
                self.processor.unstage(&mut self.messages);
                accepted
            }
        }
    }

    /// Notes that the core accepted the next attempt of a message.
    #[inline(always)]
    fn accepted(&mut self, id: MessageId, token: u64) {
        let now_ns = self.pace.now_ns();
        let message = &mut self.messages[id];
        message.attempts += 1;
        message.first_accepted_ns = message.first_accepted_ns.min(now_ns);
        (message.accepted_ns, message.token, message.result) = (now_ns, token, 0);
        message.place = Whereabouts::InFlight;
        if self.receiver.is_active() {
            let measured = self.account.recorder.in_window(message.cell);
            self.receiver.handed_over(message, measured, !C::VIRTUAL);
        }
    }

    /// Offers the staged messages to the core. Returns how many it accepted; the others stay staged.
    #[inline]
    fn hand_over(&mut self) -> usize {
        let now_ns = self.pace.now_ns();
        self.account.watch_backlog(now_ns);
        let texts = self.setup.core_reads_content.then_some(&self.texts);
        let (generator, origin_ns) = (&self.load.generator, self.core.origin_ns());
        let token = self.processor.fill(&self.messages, generator, texts, self.setup.run, origin_ns);
        self.show_signs();
        let published = self.core.publish(now_ns, self.processor.batch());
        self.take_over(token, published)
    }

    /// Takes over what the core said of the staged messages, whose tokens begin with `token`. Returns how many it
    /// accepted; the others stay staged.
    #[inline(never)]
    fn take_over(&mut self, token: u64, published: Published) -> usize {
        let now_ns = self.pace.now_ns();
        let accepted = (published.accepted as usize).min(self.processor.staged().len());
        for (token, index) in (token..).zip(0..accepted) {
            self.accepted(self.processor.staged()[index], token);
        }
        self.processor.accept(accepted);
        self.account.occupancy.leave(Place::Queue, now_ns, accepted as u64);
        self.account.occupancy.enter(Place::Processor, now_ns, accepted as u64);
        self.absorb_outcomes(token..token + accepted as u64);
        self.await_answers(accepted);
        self.processor.handed_over(accepted);
        self.absorb_deliveries();
        self.take_events();
        self.account.watch_backlog(now_ns);
        if let Some(failure) = published.failure {
            self.fail(failure);
        }
        accepted
    }

    /// Remembers the messages of the last batch that have no outcome yet.
    #[inline(always)]
    fn await_answers(&mut self, accepted: usize) {
        for index in 0..accepted {
            let id = self.processor.staged()[index];
            let message = &self.messages[id];
            if message.result != 0 {
                continue;
            }
            self.processor.await_answer(message.token, id);
            if let Some(timeout) = self.setup.plan.processor.timeout_ns {
                self.pace.schedule_timer(self.pace.now_ns() + timeout, Due::Timeout(id));
            }
        }
    }

    /// Polls the core and takes over its answer.
    #[inline(never)]
    pub fn poll(&mut self) {
        self.processor.offer_again();
        self.show_signs();
        let result = self.core.poll(self.pace.now_ns());
        let answered = !self.core.out.outcomes.is_empty();
        self.absorb(result);
        self.polled(answered);
    }

    /// Takes over the answer of the core to a call that hands nothing over.
    pub fn absorb(&mut self, result: Result<(), CoreFailure>) {
        self.absorb_outcomes(0..0);
        self.absorb_deliveries();
        self.take_events();
        if let Err(failure) = result {
            self.fail(failure);
        }
    }

    /// Takes over the outcomes in `out`. `batch` are the tokens that the same call handed over.
    #[inline(always)]
    fn absorb_outcomes(&mut self, batch: Range<u64>) {
        for index in 0..self.core.out.outcomes.len() {
            let outcome = self.core.out.outcomes[index];
            // A range may end beyond the largest number; the numbers after it wrap, and belong to no accepted message
            // either.
            for token in (0..u64::from(outcome.count)).map(|offset| outcome.first.wrapping_add(offset)) {
                let known = match self.processor.answered(token, &batch) {
                    Ok(id) => self.answer(id, &outcome, batch.contains(&token)),
                    Err(BadToken::Owed) => {
                        self.account.recorder.extras.late_outcomes += 1;
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
        self.core.out.outcomes.clear();
    }

    #[cold]
    fn breach(&mut self, text: String) {
        self.core.out.outcomes.clear();
        self.fail(self.core.breach(text));
    }

    /// Notes an outcome and puts it on the timeline. Returns false if the attempt already had one.
    #[inline(always)]
    fn answer(&mut self, id: MessageId, outcome: &abi::Outcome, in_batch: bool) -> bool {
        let at_ns = self.core.since_load(outcome.at_ns);
        let message = &mut self.messages[id];
        if message.result != 0 {
            return false;
        }
        (message.result, message.reason, message.at_ns) = (outcome.result as u8, outcome.reason, at_ns);
        let deadline = self.setup.plan.processor.timeout_ns.map(|timeout| message.accepted_ns + timeout);
        match deadline {
            Some(deadline) if at_ns > deadline => {
                if in_batch {
                    self.pace.schedule_timer(deadline, Due::Timeout(id));
                }
                self.pace.schedule(at_ns, Due::LateOutcome);
            }
            _ => self.pace.schedule(at_ns, Due::Outcome(id)),
        }
        true
    }

    /// Handles the outcome of an attempt that is due.
    #[inline(always)]
    pub fn outcome_due(&mut self, id: MessageId) {
        self.landed();
        if self.receiver.is_active() && self.messages[id].marks.has(Marks::WITH_COPY) {
            self.copy_comes(id);
        }
        let message = &mut self.messages[id];
        message.answered += 1;
        let message = &*message;
        if u32::from(message.result) == abi::DELIVERED {
            let (at_ns, accepted_ns) = (message.at_ns, message.accepted_ns);
            if self.account.outages.are_watched() {
                self.account.outages.delivered(at_ns);
            }
            self.receiver.delivered(message);
            if self.consumers.are_there() {
                self.is_to_be_completed(id);
            }
            self.end(id, FinalOutcome::Delivered, 0, at_ns, Some((accepted_ns, at_ns)));
        } else {
            self.attempt_failed(id);
        }
    }

    /// Counts one message less in flight.
    #[inline]
    fn landed(&mut self) {
        self.processor.landed();
        self.account.occupancy.leave(Place::Processor, self.pace.now_ns(), 1);
    }

    #[inline(never)]
    fn attempt_failed(&mut self, id: MessageId) {
        let on = self.setup.plan.processor.retry.on;
        let Message { result, reason, at_ns, .. } = self.messages[id];
        let (outcome, again) = match u32::from(result) {
            abi::REJECTED => (FinalOutcome::Rejected, false),
            abi::UNCERTAIN => (FinalOutcome::Uncertain, on.uncertain),
            _ => (FinalOutcome::Failed, on.refused),
        };
        self.try_again(id, outcome, again, reason, at_ns);
    }

    /// Gives up an attempt whose time is over.
    #[inline(never)]
    pub fn timeout_due(&mut self, id: MessageId, due_ns: u64) {
        self.pace.timer_fired();
        let Some(timeout) = self.setup.plan.processor.timeout_ns else {
            return;
        };
        let Message { place, result, at_ns, accepted_ns, token, .. } = self.messages[id];
        let waits = result == 0 || at_ns > due_ns;
        // The entry has no effect if the attempt was answered in time or the message has ended.
        if place != Whereabouts::InFlight || !waits || accepted_ns + timeout != due_ns {
            return;
        }
        self.processor.give_up(token);
        self.landed();
        let again = self.setup.plan.processor.retry.on.timeout;
        self.try_again(id, FinalOutcome::Uncertain, again, self.setup.reasons.timeout, due_ns);
    }

    /// Sends a message into its backoff, or ends it with `outcome`.
    fn try_again(&mut self, id: MessageId, outcome: FinalOutcome, again: bool, reason: u32, at_ns: u64) {
        self.account.recorder.attempt_lost(reason);
        self.account.outages.failed(at_ns);
        let retry = &self.setup.plan.processor.retry;
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
        self.account.occupancy.enter(Place::Backoff, self.pace.now_ns(), 1);
        self.pace.schedule(at_ns.saturating_add(wait), Due::Backoff(id));
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
            sender_key: self.load.generator.key(message.agent),
            sequence: message.sequence,
            attempt: message.attempts,
            recipient_key: 0,
        };
        let u = unit_from(self.setup.jitter.stream(key).next_u64());
        (wait * (1.0 + backoff.jitter * (2.0 * u - 1.0))).round().min(backoff.max_ns as f64) as u64
    }

    /// Puts a message back into the queue after its backoff, last of its priority.
    #[inline(never)]
    pub fn backoff_due(&mut self, id: MessageId) {
        self.messages[id].place = Whereabouts::Waiting;
        self.account.occupancy.leave(Place::Backoff, self.pace.now_ns(), 1);
        self.account.occupancy.enter(Place::Queue, self.pace.now_ns(), 1);
        self.processor.enqueue(id, &mut self.messages);
    }
}
