//! How messages leave the run, each under exactly one name.

use super::behaviour::{MessageView, OutcomeView};
use super::clock::Clock;
use super::message::Message;
use super::observer::MessageRecord;
use super::player::{Player, Stop};
use super::timeline::Class;
use crate::metrics::{Ended, FinalOutcome};

/// A message that has ended, kept until its `on_outcome` was called.
#[derive(Debug, Clone, Copy)]
pub struct EndedMessage {
    message: Message,
    outcome: FinalOutcome,
    reason: u32,
    total_ns: u64,
}

impl<C: Clock> Player<'_, C> {
    /// A message has ended.
    #[inline]
    pub fn end(
        &mut self,
        message: Message,
        outcome: FinalOutcome,
        reason: u32,
        at_ns: u64,
        accepted_ns: Option<u64>,
    ) {
        self.recorder.ended(&Ended {
            cell: message.cell,
            agent: message.agent,
            recipient: message.recipient,
            intended_ns: message.intended_ns,
            first_accepted_ns: message.first_accepted_ns,
            last_accepted_ns: accepted_ns,
            ended_ns: at_ns,
            outcome,
            reason,
        });
        if self.wants_messages {
            self.tell_message(&message, outcome, reason, at_ns, accepted_ns);
        }
        if message.holds_slot {
            self.think(message.agent, self.now_ns);
        }
        let group = self.generator.agents[message.agent as usize].group as usize;
        if self.rules.on_outcome[group] {
            let total_ns = at_ns.saturating_sub(message.intended_ns);
            self.call_later(EndedMessage { message, outcome, reason, total_ns });
        } else {
            self.drafts.take(message.draft);
        }
    }

    #[inline(never)]
    fn call_later(&mut self, ended: EndedMessage) {
        let slot = self.ended_free.pop().unwrap_or(self.ended_messages.len() as u32);
        if slot as usize == self.ended_messages.len() {
            self.ended_messages.push(ended);
        } else {
            self.ended_messages[slot as usize] = ended;
        }
        self.timeline.schedule(self.now_ns, Class::OutcomeCallback, slot);
    }

    /// An agent is told what became of its message.
    pub fn outcome_callback_due(&mut self, slot: u32) {
        let EndedMessage { message, outcome, reason, total_ns } = self.ended_messages[slot as usize];
        self.ended_free.push(slot);
        let setting = self.generator.settings[message.settings as usize].clone();
        let draft = self.drafts.take(message.draft);
        let attempt = message.attempts.max(1);
        let mut content = String::new();
        self.renderer.content(&mut content, &message, &setting, draft.as_ref(), attempt);
        let sender = self.renderer.parties.name(self.renderer.sender(&message, &setting));
        let recipient = self.renderer.parties.recipient(message.recipient);
        let metadata = self.renderer.metadata(&message, &setting, draft.as_ref(), attempt);
        let reason = self.services.interner.text(reason);
        let view = MessageView {
            type_id: message.type_id,
            sender: &sender,
            recipient: &recipient,
            content: &content,
            priority: message.priority,
            tags: draft.as_ref().and_then(|d| d.tags.as_deref()).unwrap_or(&setting.settings.tags),
            metadata: &metadata,
            sequence: message.sequence,
        };
        let seen =
            OutcomeView { result: outcome.name(), reason: &reason, attempts: message.attempts, total_ns };
        self.call(message.agent, |behaviour, sending| behaviour.on_outcome(sending, &view, &seen));
    }

    #[inline(never)]
    fn tell_message(
        &mut self,
        message: &Message,
        outcome: FinalOutcome,
        reason: u32,
        at_ns: u64,
        accepted_ns: Option<u64>,
    ) {
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
            last_accepted_ns: accepted_ns,
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
        for flight in self.flights.drain() {
            let message = Message { holds_slot: false, ..flight.message };
            if core_failed {
                let outcome = self.kept_as_dead_letter(FinalOutcome::Uncertain);
                self.end(message, outcome, self.reasons.core_failed, self.now_ns, None);
            } else {
                self.end(message, FinalOutcome::Unanswered, self.reasons.no_outcome, self.now_ns, None);
            }
        }
        let mut left: Vec<Message> = self.cycle.taken.drain(..).chain(self.staged.drain(..)).collect();
        left.extend(std::iter::from_fn(|| self.waiting.pop()));
        left.extend(self.blocked.drain(..).map(|(_, message)| message));
        let mut backing_off: Vec<Option<Message>> = self.backing_off.drain(..).map(Some).collect();
        self.backing_off_free.drain(..).for_each(|slot| backing_off[slot as usize] = None);
        left.extend(backing_off.into_iter().flatten());
        for message in left {
            let reason = if message.attempts == 0 { self.reasons.unsent } else { self.reasons.no_outcome };
            let message = Message { holds_slot: false, ..message };
            self.end(message, FinalOutcome::Unanswered, reason, self.now_ns, None);
        }
    }
}
