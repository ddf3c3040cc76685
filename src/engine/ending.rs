//! How messages end, each with exactly one outcome.

use super::behaviour::{MessageView, OutcomeView};
use super::clock::Clock;
use super::due::Due;
use super::message::{Marks, Message, MessageId, Whereabouts};
use super::observer::MessageRecord;
use super::player::Player;
use super::stop::Stop;
use super::told::SentTexts;
use crate::metrics::Ended;
use crate::results::FinalOutcome;
use std::sync::Arc;

impl<C: Clock> Player<'_, C> {
    /// What the recorder must know about a message that ends.
    #[inline(always)]
    pub fn ended(
        &self,
        id: MessageId,
        outcome: FinalOutcome,
        reason: u32,
        at_ns: u64,
        last_attempt: Option<(u64, u64)>,
    ) -> Ended {
        let message = &self.messages[id];
        Ended {
            cell: message.cell,
            agent: message.agent,
            recipient: message.recipient,
            intended_ns: message.intended_ns,
            first_accepted_ns: message.first_accepted_ns,
            last_attempt,
            ended_ns: at_ns,
            outcome,
            reason,
            // A message that the core never accepted may have been offered when the process died.
            attempts: if message.first_accepted_ns == u64::MAX { 0 } else { message.attempts },
            answered: message.answered,
        }
    }

    /// Like [`end`](Player::end), for rare cases in which no attempt has just ended; need not be fast.
    #[inline(never)]
    pub fn end_rarely(&mut self, id: MessageId, outcome: FinalOutcome, reason: u32, at_ns: u64) {
        let last_attempt = self.messages[id].last_attempt();
        self.end(id, outcome, reason, at_ns, last_attempt);
    }

    /// Ends a message. `last_attempt` is when its last attempt was accepted and when that ended.
    #[inline(always)]
    pub fn end(
        &mut self,
        id: MessageId,
        outcome: FinalOutcome,
        reason: u32,
        at_ns: u64,
        last_attempt: Option<(u64, u64)>,
    ) {
        let message = &self.messages[id];
        let (agent, draft, holds_slot) = (message.agent, message.draft, message.marks.has(Marks::HOLDS_SLOT));
        let ended = self.ended(id, outcome, reason, at_ns, last_attempt);
        self.account.recorder.ended(&ended);
        if !C::VIRTUAL {
            self.note_lateness(id, &ended);
        }
        if self.setup.wants_messages {
            self.tell_message(id, outcome, reason, at_ns);
        }
        if holds_slot {
            self.think(agent, self.pace.now_ns());
        }
        if self.setup.rules.reactive && self.tells_outcome(agent) {
            let message = &mut self.messages[id];
            message.place = Whereabouts::Ended(outcome);
            (message.reason, message.at_ns) = (reason, at_ns);
            self.callbacks.outcome_pending();
            self.pace.schedule(self.pace.now_ns(), Due::OutcomeCallback(id));
            return;
        }
        self.texts.drafts.take(draft);
        self.messages.remove(id);
    }

    /// Whether the agent has a callback for outcomes that can still be called.
    fn tells_outcome(&self, agent: u32) -> bool {
        self.setup.rules.on_outcome[self.load.group_of(agent)] && !self.callbacks.is_over()
    }

    /// Notes how long an ended message would have taken without lag.
    fn note_lateness(&mut self, id: MessageId, ended: &Ended) {
        let by_queue =
            [self.setup.reasons.queue_full, self.setup.reasons.dropped_oldest].contains(&ended.reason);
        let (expires_ns, gap_ns) = (self.messages[id].expires_ns, self.setup.rules.mean_gap_ns);
        self.account.note_lateness(ended, by_queue, expires_ns, gap_ns);
    }

    /// Tells an agent the outcome of its message.
    pub fn outcome_callback_due(&mut self, id: MessageId) {
        let message = self.messages[id].clone();
        let Whereabouts::Ended(outcome) = message.place else {
            unreachable!("an agent is told of messages that have ended")
        };
        self.messages.remove(id);
        self.callbacks.outcome_told();
        let told = OutcomeView {
            result: outcome.name(),
            reason: self.core.services.interner.text(message.reason),
            attempts: message.attempts,
            total_ns: message.at_ns.saturating_sub(message.intended_ns),
        };
        let agent = message.agent;
        let view = MessageView {
            type_id: message.type_id,
            priority: message.priority,
            sequence: message.sequence,
            texts: Arc::new(SentTexts {
                renderer: Arc::clone(&self.texts.renderer),
                settings: Arc::clone(&self.load.generator.settings),
                draft: self.texts.drafts.take(message.draft),
                message,
            }),
        };
        self.call(agent, |behaviour, sending| behaviour.on_outcome(sending, view, told));
    }

    #[inline(never)]
    fn tell_message(&mut self, id: MessageId, outcome: FinalOutcome, reason: u32, at_ns: u64) {
        let message = &self.messages[id];
        let setting = &self.load.generator.settings[message.settings as usize];
        let draft = self.texts.drafts.get(message.draft);
        let attempt = message.attempts.max(1);
        let mut texts = std::mem::take(&mut self.texts.room);
        texts.render(&self.texts.renderer, message, setting, draft, attempt);
        let record = MessageRecord {
            agent: &texts.agent,
            sequence: message.sequence,
            type_name: self.texts.renderer.type_name(message.type_id),
            content: &texts.content,
            sender: &texts.sender,
            recipient: &texts.recipient,
            message_type: self.texts.renderer.wire_type(message.type_id),
            priority: message.priority,
            tags: self.texts.renderer.tags(setting, draft),
            metadata: &self.texts.renderer.metadata(message, setting, draft, attempt),
            intended_ns: message.intended_ns,
            first_accepted_ns: (message.first_accepted_ns != u64::MAX).then_some(message.first_accepted_ns),
            last_accepted_ns: (message.attempts > 0).then_some(message.accepted_ns),
            ended_ns: at_ns,
            attempts: message.attempts,
            outcome,
            reason: &self.core.services.interner.text(reason),
        };
        let told = self.observer.message(&record);
        self.texts.room = texts;
        if let Err(text) = told
            && self.stop.is_none()
        {
            self.stop = Some(Stop::Interrupted(Some(text)));
        }
    }

    /// Gives an outcome to every message that has not ended when the run is over.
    pub fn settle(&mut self) {
        self.take_notices();
        self.cut_off_work();
        self.account.occupancy.finish(self.pace.now_ns());
        // From here on no callback is called and no agent sends: outcomes are only counted.
        self.callbacks.end();
        let core_failed = matches!(self.stop, Some(Stop::CoreFailed(_)));
        for (id, outcome, reason) in self.rest(core_failed) {
            self.messages[id].marks.remove(Marks::HOLDS_SLOT);
            self.end_rarely(id, outcome, reason, self.pace.now_ns());
        }
    }

    /// The outcomes of all messages that have not ended, if the run ended now: message, outcome, reason.
    pub fn rest(&self, core_failed: bool) -> Vec<(MessageId, FinalOutcome, u32)> {
        let name = |id: MessageId| {
            let message = &self.messages[id];
            let (outcome, reason) = match (message.place, message.attempts) {
                (Whereabouts::InFlight, _) if core_failed => {
                    (FinalOutcome::Uncertain, self.setup.reasons.core_failed)
                }
                (_, 0) => (FinalOutcome::Unanswered, self.setup.reasons.unsent),
                _ => (FinalOutcome::Unanswered, self.setup.reasons.no_outcome),
            };
            (id, self.final_name(message, outcome), reason)
        };
        self.messages.under_way().into_iter().map(name).collect()
    }

    /// The outcome of a message that ends as `outcome`, with all that is known about it. Once an attempt may have
    /// arrived, only a confirmation makes it certain; and with dead-lettering, what failed or is uncertain is
    /// dead-lettered.
    pub fn final_name(&self, message: &Message, outcome: FinalOutcome) -> FinalOutcome {
        let doubted = message.marks.has(Marks::IN_DOUBT) && outcome != FinalOutcome::Delivered;
        match if doubted { FinalOutcome::Uncertain } else { outcome } {
            FinalOutcome::Failed | FinalOutcome::Uncertain if self.setup.plan.processor.dead_letter => {
                FinalOutcome::DeadLettered
            }
            name => name,
        }
    }

    /// Whether every message has its outcome.
    pub fn is_settled(&self) -> bool {
        self.account.recorder.ended == self.account.recorder.generated
    }
}
