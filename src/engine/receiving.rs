//! Copies that arrive: counted in the ledger, given to `on_message`, acknowledged.

use super::behaviour::{MessageAnswer, MessageView};
use super::clock::Clock;
use super::copy_class::Class as CopyClass;
use super::due::Due;
use super::envelope;
use super::load::Load;
use super::message::{Marks, MessageId};
use super::observer::CopyRecord;
use super::player::Player;
use super::receiver::{Copy, CopyArrival, CopyText, Reception};
use super::stop::Stop;
use super::told::ReceivedTexts;
use crate::cores::{Settlement, abi};
use crate::metrics::Received;
use crate::plan::{Priority, TypeId};
use serde_json::Value;
use std::sync::Arc;

impl<C: Clock> Player<'_, C> {
    /// Takes over the deliveries in `out`, before the core is called again.
    #[inline]
    pub fn absorb_deliveries(&mut self) {
        if !self.core.out.deliveries.is_empty() {
            self.absorb_some();
        }
        self.core.out.clear();
    }

    #[inline(never)]
    fn absorb_some(&mut self) {
        for index in 0..self.core.out.deliveries.len() {
            let delivery = self.core.out.deliveries[index];
            let at_ns = self.core.since_load(delivery.at_ns);
            let checked = delivery.stamp.flags & abi::STAMP_CHECKSUM != 0;
            let is_copy = delivery.flags & abi::DELIVERY_NO_COPY == 0;
            let content = if is_copy && checked || self.setup.rules.reactive {
                self.core.session().content(&self.core.out, index).unwrap_or_default()
            } else {
                &[]
            };
            let copy = Copy {
                stamp: delivery.stamp,
                recipient: delivery.recipient_id,
                ack_tag: delivery.ack_tag,
                at_ns,
                corrupted: is_copy && checked && mqscript_plugin::crc32c(content) != delivery.stamp.checksum,
                flags: delivery.flags,
                reason: delivery.reason,
                attempt: delivery.attempt,
                token: self.processor.last_token(),
                text: (is_copy && self.setup.rules.reactive).then(|| Arc::new(self.text_of(index, content))),
            };
            let slot = self.receiver.keep(copy);
            self.pace.schedule(at_ns, Due::Delivery(slot));
        }
    }

    fn text_of(&self, index: usize, content: &[u8]) -> CopyText {
        let text = self.core.session().text(&self.core.out, index);
        let (sender, recipient) = text.as_ref().map_or(("", ""), |text| (text.sender, text.recipient));
        CopyText {
            content: String::from_utf8_lossy(content).into_owned(),
            sender: sender.to_owned(),
            recipient: recipient.to_owned(),
            tags: text.as_ref().map(|text| text.tags.iter().map(|tag| (*tag).to_owned()).collect()),
            metadata: text.map(|text| {
                text.metadata.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
            }),
        }
    }

    /// The one copy of a message that was just handed over arrives together with its outcome.
    #[inline(never)]
    pub fn expect_copy(&mut self, id: MessageId) {
        let message = &mut self.messages[id];
        let timeout_ns = self.setup.plan.processor.timeout_ns.unwrap_or(u64::MAX);
        if message.at_ns <= message.accepted_ns.saturating_add(timeout_ns) {
            message.marks.add(Marks::WITH_COPY);
            self.receiver.expect_together();
            return;
        }
        let copy = self.copy_of(id);
        let at_ns = copy.at_ns;
        let slot = self.receiver.keep(copy);
        self.pace.schedule(at_ns, Due::Delivery(slot));
    }

    /// The outcome of a message is handled, and its copy comes with it.
    #[inline(never)]
    pub fn copy_comes(&mut self, id: MessageId) {
        self.messages[id].marks.remove(Marks::WITH_COPY);
        let copy = self.copy_of(id);
        self.receiver.comes(copy);
    }

    /// The copy of the current attempt of a message, as it was sent, at the time of its outcome.
    #[inline(always)]
    fn copy_of(&self, id: MessageId) -> Copy {
        let message = &self.messages[id];
        let stamp = envelope::stamp(message, message.attempts, self.setup.run, self.core.origin_ns());
        let (recipient, at_ns, token) = (message.recipient, message.at_ns, message.token);
        Copy { stamp, recipient, at_ns, token, ..Copy::default() }
    }

    /// Lets the copies arrive that came with the outcomes of this instant. To be called before anything else happens that
    /// comes after outcomes.
    #[inline(always)]
    pub fn let_copies_arrive(&mut self) {
        if self.receiver.has_arriving() {
            self.arrive_until(u64::MAX);
        }
    }

    /// Lets those arrive of which the core told before it accepted a later token than this.
    #[inline(never)]
    fn arrive_until(&mut self, token: u64) {
        while let Some(copy) = self.receiver.next_arriving(token) {
            self.copy_arrives(&copy);
        }
    }

    /// Handles a copy that arrives now. Of the copies of one instant, that comes first of which the core told first.
    pub fn delivery_due(&mut self, slot: u32) {
        if self.receiver.has_arriving() {
            self.arrive_until(self.receiver.token_of(slot));
        }
        let copy = self.receiver.release(slot);
        self.copy_arrives(&copy);
    }

    #[inline]
    fn copy_arrives(&mut self, copy: &Copy) {
        if copy.flags & abi::DELIVERY_NO_COPY != 0 {
            self.told_of(copy);
            return;
        }
        self.receiver.arrived(copy, self.pace.now_ns());
        let to_consumer = self.consumers.are_there()
            && copy.recipient != abi::ALL
            && self.consumers.has(self.load.group_of(copy.recipient))
            && copy.stamp.run == self.setup.run;
        if !to_consumer {
            self.receiver.acknowledge(copy);
        }
        if let Some(what) = self.receiver.stranger(copy, self.setup.run) {
            self.tell_copy(what, copy.recipient, copy, false);
        } else if copy.recipient == abi::ALL {
            for agent in
                (0..self.load.generator.agents.len() as u32).filter(|agent| *agent != copy.stamp.sender)
            {
                self.receive(agent, copy);
            }
        } else {
            self.receive(copy.recipient, copy);
        }
    }

    /// Handles a processor's report about a message that it did not deliver.
    fn told_of(&mut self, told: &Copy) {
        let stamp = &told.stamp;
        if !self.was_sent(stamp) {
            return;
        }
        let is_call = told.flags & abi::DELIVERY_FAILED_CALL != 0;
        let recipient = self.receiver.receipts().recipient_of(stamp.sender, stamp.sequence);
        let recipient = recipient.unwrap_or(told.recipient);
        self.tell_copy(if is_call { "failed_call" } else { "given_up" }, recipient, told, false);
        if is_call {
            self.receiver.call_failed(told);
        } else {
            self.receiver.given_up(told, recipient, self.core.origin_ns());
            if let Some(consumption) = &mut self.account.recorder.consumption
                && let Some(group) = self.load.generator.group_of_recipient(recipient)
            {
                consumption.given_up(group, (stamp.sender, stamp.sequence), told.at_ns);
            }
        }
    }

    /// Tells the observer of a copy, if it wants to know.
    fn tell_copy(&mut self, what: &'static str, recipient: u32, copy: &Copy, out_of_order: bool) {
        if !self.setup.wants_messages {
            return;
        }
        let ours = self.was_sent(&copy.stamp);
        let parties = &self.texts.renderer.parties;
        let kind = self.setup.plan.types.get(usize::from(copy.stamp.type_id)).filter(|_| ours);
        let reason = match copy.reason {
            0 => "".into(),
            reason => self.core.services.interner.text(reason),
        };
        let agent = if ours { parties.name(copy.stamp.sender).to_string() } else { String::new() };
        let record = CopyRecord {
            what,
            agent: &agent,
            sequence: copy.stamp.sequence,
            type_name: kind.map(|kind| kind.name.as_str()),
            recipient: &parties.recipient(recipient),
            intended_ns: ours.then(|| self.core.since_load(copy.stamp.intended_ns)),
            at_ns: copy.at_ns,
            call: copy.attempt,
            out_of_order,
            corrupted: copy.corrupted,
            reason: &reason,
        };
        if let Err(text) = self.observer.copy(&record)
            && self.stop.is_none()
        {
            self.stop = Some(Stop::Interrupted(Some(text)));
        }
    }

    /// Whether a stamp is that of a message of this run.
    fn was_sent(&self, stamp: &abi::Stamp) -> bool {
        was_sent(&self.load, self.setup.run, stamp)
    }

    /// Counts a copy of this run that arrives at an agent.
    fn receive(&mut self, agent: u32, copy: &Copy) {
        let (load, run) = (&self.load, self.setup.run);
        let group = load.group_of(agent);
        let works = self.consumers.are_there() && self.consumers.has(group);
        let addressee = if works { load.generator.groups[group].queue.unwrap_or(agent) } else { agent };
        let arrival = CopyArrival { agent, addressee, works };
        let reception =
            self.receiver.receive(copy, arrival, self.core.origin_ns(), || was_sent(load, run, &copy.stamp));
        let Reception { class, out_of_order, accepted_ns } = reception;
        if self.setup.wants_messages {
            self.tell_copy(class.name(), agent, copy, out_of_order);
        }
        if class == CopyClass::Unexpected || copy.stamp.type_id >= self.setup.rules.types {
            if works {
                self.receiver.acknowledge(copy);
            }
            return;
        }
        let intended_ns = self.core.since_load(copy.stamp.intended_ns);
        let cell = self.load.cell_of(&self.setup.rules, intended_ns, TypeId(copy.stamp.type_id));
        match class {
            CopyClass::Received => {
                let end_to_end_ns = copy.at_ns.saturating_sub(intended_ns);
                let transit_ns = accepted_ns.map(|accepted_ns| copy.at_ns.saturating_sub(accepted_ns));
                let at_ns = copy.at_ns;
                self.account.recorder.received(&Received { cell, agent, at_ns, end_to_end_ns, transit_ns });
                if !C::VIRTUAL {
                    self.account.note_lateness_of_copy(cell, end_to_end_ns);
                }
            }
            CopyClass::Duplicated => self.account.recorder.duplicated(cell, agent),
            _ => {}
        }
        if works {
            // One copy for all was acknowledged as such.
            let ack_tag = if copy.recipient == abi::ALL { 0 } else { copy.ack_tag };
            self.consume(agent, group, Copy { ack_tag, ..copy.clone() });
            return;
        }
        if self.setup.rules.on_message[group]
            && self.stop.is_none()
            && let Some(text) = &copy.text
        {
            self.tell_agent(agent, copy, text);
        }
    }

    /// Calls an agent's `on_message` for a copy that arrived, or that it has worked on.
    pub fn tell_agent(&mut self, agent: u32, copy: &Copy, text: &Arc<CopyText>) -> MessageAnswer {
        let view = MessageView {
            type_id: TypeId(copy.stamp.type_id),
            priority: Priority::ALL[usize::from(copy.stamp.flags & abi::STAMP_PRIORITY)],
            sequence: copy.stamp.sequence,
            texts: Arc::new(ReceivedTexts {
                text: Arc::clone(text),
                settings: Arc::clone(&self.load.generator.settings),
                setting: usize::from(copy.stamp.type_id),
            }),
        };
        let mut answer = MessageAnswer::Accepted;
        self.call(agent, |behaviour, sending| {
            answer = behaviour.on_message(sending, view)?;
            Ok(())
        });
        answer
    }

    /// Acknowledges the copies that have arrived since the last call.
    pub fn acknowledge(&mut self) {
        let tags = self.receiver.take_tags();
        self.show_signs();
        let result = self.core.settle(self.pace.now_ns(), Settlement::Acknowledge, &tags);
        self.absorb(result);
    }
}

/// Whether a stamp is that of a message of this run.
fn was_sent(load: &Load, run: u32, stamp: &abi::Stamp) -> bool {
    let sent = load.generator.agents.get(stamp.sender as usize).map_or(0, |agent| agent.sequence);
    stamp.run == run && (1..=sent).contains(&stamp.sequence)
}
