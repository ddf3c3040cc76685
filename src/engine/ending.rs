//! How messages leave the run, each under exactly one name.

use super::behaviour::{MessageView, OutcomeView};
use super::clock::Clock;
use super::message::{Marks, Message, Whereabouts};
use super::observer::MessageRecord;
use super::player::Player;
use super::stop::Stop;
use super::timeline::Class;
use crate::metrics::Ended;
use crate::results::FinalOutcome;
use std::sync::Arc;

impl<C: Clock> Player<'_, C> {
    /// What the recorder must know of a message that ends.
    #[inline(always)]
    pub fn ended(
        &self,
        id: u32,
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
        }
    }

    /// [`end`](Player::end) where it need not be fast, and no attempt is what ended just now.
    #[inline(never)]
    pub fn end_rarely(&mut self, id: u32, outcome: FinalOutcome, reason: u32, at_ns: u64) {
        let last_attempt = self.messages[id].last_attempt();
        self.end(id, outcome, reason, at_ns, last_attempt);
    }

    /// A message has ended; `last_attempt` is when its last attempt was accepted and when that ended.
    #[inline(always)]
    pub fn end(
        &mut self,
        id: u32,
        outcome: FinalOutcome,
        reason: u32,
        at_ns: u64,
        last_attempt: Option<(u64, u64)>,
    ) {
        let message = &self.messages[id];
        let (agent, draft, holds_slot) = (message.agent, message.draft, message.marks.has(Marks::HOLDS_SLOT));
        let ended = self.ended(id, outcome, reason, at_ns, last_attempt);
        self.recorder.ended(&ended);
        if !C::VIRTUAL {
            self.note_lateness(id, &ended);
        }
        if self.wants_messages {
            self.tell_message(id, outcome, reason, at_ns);
        }
        if holds_slot {
            self.think(agent, self.now_ns);
        }
        if self.rules.reactive && self.rules.on_outcome[self.generator.agents[agent as usize].group as usize]
        {
            let message = &mut self.messages[id];
            message.place = Whereabouts::Ended;
            (message.result, message.reason, message.at_ns) = (outcome as u32, reason, at_ns);
            self.untold += 1;
            self.timeline.schedule(self.now_ns, Class::OutcomeCallback, id);
            return;
        }
        self.drafts.take(draft);
        self.messages.remove(id);
    }

    /// Notes what a message that ended would have taken without lag.
    fn note_lateness(&mut self, id: u32, ended: &Ended) {
        let by_queue = [self.reasons.queue_full, self.reasons.dropped_oldest].contains(&ended.reason);
        let (expires_ns, gap_ns) = (self.messages[id].expires_ns, self.rules.mean_gap_ns);
        let spared = self.lateness.may_have_spared(ended, by_queue, expires_ns, gap_ns);
        self.recorder.ended_without_lag(ended, self.lateness.of(ended), spared);
    }

    /// An agent is told what became of its message.
    pub fn outcome_callback_due(&mut self, id: u32) {
        let message = self.messages[id].clone();
        self.messages.remove(id);
        self.untold -= 1;
        let settings = Arc::clone(&self.generator.settings);
        let setting = &settings[message.settings as usize];
        let draft = self.drafts.take(message.draft);
        let attempt = message.attempts.max(1);
        let mut content = String::new();
        self.renderer.content(&mut content, &message, setting, draft.as_ref(), attempt);
        let sender = self.renderer.parties.name(self.renderer.sender(&message, setting));
        let recipient = self.renderer.parties.recipient(message.recipient);
        let metadata = self.renderer.metadata(&message, setting, draft.as_ref(), attempt);
        let view = MessageView {
            type_id: message.type_id,
            sender: &sender,
            recipient: &recipient,
            content: &content,
            priority: message.priority,
            tags: self.renderer.tags(setting, draft.as_ref()),
            metadata: &metadata,
            sequence: message.sequence,
        };
        let seen = OutcomeView {
            result: FinalOutcome::ALL[message.result as usize].name(),
            reason: &self.services.interner.text(message.reason),
            attempts: message.attempts,
            total_ns: message.at_ns.saturating_sub(message.intended_ns),
        };
        self.call(message.agent, |behaviour, sending| behaviour.on_outcome(sending, &view, &seen));
    }

    #[inline(never)]
    fn tell_message(&mut self, id: u32, outcome: FinalOutcome, reason: u32, at_ns: u64) {
        let message = &self.messages[id];
        let setting = &self.generator.settings[message.settings as usize];
        let draft = self.drafts.get(message.draft);
        let attempt = message.attempts.max(1);
        let mut content = String::new();
        self.renderer.content(&mut content, message, setting, draft, attempt);
        let record = MessageRecord {
            agent: &self.renderer.parties.name(message.agent),
            sequence: message.sequence,
            type_name: self.renderer.type_name(message.type_id),
            content: &content,
            sender: &self.renderer.parties.name(self.renderer.sender(message, setting)),
            recipient: &self.renderer.parties.recipient(message.recipient),
            message_type: self.renderer.wire_type(message.type_id),
            priority: message.priority,
            tags: self.renderer.tags(setting, draft),
            metadata: &self.renderer.metadata(message, setting, draft, attempt),
            intended_ns: message.intended_ns,
            first_accepted_ns: (message.first_accepted_ns != u64::MAX).then_some(message.first_accepted_ns),
            last_accepted_ns: (message.attempts > 0).then_some(message.accepted_ns),
            ended_ns: at_ns,
            attempts: message.attempts,
            outcome,
            reason: &self.services.interner.text(reason),
        };
        if let Err(text) = self.observer.message(&record)
            && self.stop.is_none()
        {
            self.stop = Some(Stop::Interrupted(Some(text)));
        }
    }

    /// Gives a name to every message that is still under way when the run is over.
    pub fn settle(&mut self) {
        self.take_notices();
        self.occupancy.finish(self.now_ns);
        // Nobody is called any more, and nobody thinks: what follows only counts.
        self.rules.on_outcome.fill(false);
        let core_failed = matches!(self.stop, Some(Stop::CoreFailed(_)));
        for (id, outcome, reason) in self.rest(core_failed) {
            self.messages[id].marks.remove(Marks::HOLDS_SLOT);
            self.end_rarely(id, outcome, reason, self.now_ns);
        }
    }

    /// The names of all messages that are still under way, if the run ended now: (message, outcome, reason).
    pub fn rest(&self, core_failed: bool) -> Vec<(u32, FinalOutcome, u32)> {
        let name = |id: u32| {
            let message = &self.messages[id];
            let (outcome, reason) = match (message.place, message.attempts) {
                (Whereabouts::InFlight, _) if core_failed => {
                    (FinalOutcome::Uncertain, self.reasons.core_failed)
                }
                (_, 0) => (FinalOutcome::Unanswered, self.reasons.unsent),
                _ => (FinalOutcome::Unanswered, self.reasons.no_outcome),
            };
            (id, self.final_name(message, outcome), reason)
        };
        self.messages.under_way().into_iter().map(name).collect()
    }

    /// The name of a message that ends as `outcome`, by all that is known of it: once an attempt may have arrived, only
    /// a confirmation takes the doubt away; and what failed or is uncertain is kept, with dead-lettering on.
    pub fn final_name(&self, message: &Message, outcome: FinalOutcome) -> FinalOutcome {
        let doubted = message.marks.has(Marks::IN_DOUBT) && outcome != FinalOutcome::Delivered;
        match if doubted { FinalOutcome::Uncertain } else { outcome } {
            FinalOutcome::Failed | FinalOutcome::Uncertain if self.plan.processor.dead_letter => {
                FinalOutcome::DeadLettered
            }
            name => name,
        }
    }

    /// Whether every message has its name.
    pub fn is_settled(&self) -> bool {
        self.recorder.ended == self.recorder.generated
    }
}
