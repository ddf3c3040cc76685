//! Copies that arrive: told to the ledger, handed to `on_message`, acknowledged.

use super::behaviour::MessageView;
use super::clock::Clock;
use super::generator::ALL;
use super::ledger::Class as CopyClass;
use super::named::Name;
use super::observer::CopyRecord;
use super::player::Player;
use super::receiver::{Copy, CopyText};
use super::stop::Stop;
use super::timeline::Class;
use crate::cores::abi;
use crate::metrics::Received;
use crate::plan::Priority;
use serde_json::Value;

impl<C: Clock> Player<'_, C> {
    /// Takes over the deliveries in `out`, before the core is called again.
    #[inline]
    pub fn absorb_deliveries(&mut self) {
        if !self.out.deliveries.is_empty() {
            self.absorb_some();
        }
        self.out.clear();
    }

    #[inline(never)]
    fn absorb_some(&mut self) {
        for index in 0..self.out.deliveries.len() {
            let delivery = self.out.deliveries[index];
            let at_ns = delivery.at_ns.saturating_sub(self.origin_ns);
            let checked = delivery.stamp.flags & abi::STAMP_CHECKSUM != 0;
            let is_copy = delivery.flags & abi::DELIVERY_NO_COPY == 0;
            let content = if is_copy && checked || self.rules.reactive {
                self.session.content(&self.out, index).unwrap_or_default()
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
                text: (is_copy && self.rules.reactive).then(|| Box::new(self.text_of(index, content))),
            };
            let slot = self.receiving.keep(copy);
            self.timeline.schedule(at_ns, Class::Delivery, slot);
        }
    }

    fn text_of(&self, index: usize, content: &[u8]) -> CopyText {
        let text = self.session.text(&self.out, index);
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

    /// A copy arrives.
    pub fn delivery_due(&mut self, slot: u32) {
        let copy = self.receiving.release(slot);
        if copy.flags & abi::DELIVERY_NO_COPY != 0 {
            self.told_of(&copy);
            return;
        }
        self.receiving.last_ns = self.now_ns;
        if copy.ack_tag != 0 {
            self.receiving.acknowledge_later(copy.ack_tag);
        }
        if copy.flags & abi::DELIVERY_ALTERED != 0 {
            *self.receiving.named.altered.entry(copy.reason).or_default() += 1;
        }
        if copy.stamp.sequence == 0 && copy.flags & abi::DELIVERY_UNSTAMPED != 0 {
            self.receiving.named.unstamped += 1;
            self.tell_copy("unstamped", copy.recipient, &copy, false);
        } else if copy.stamp.sequence == 0 {
            self.receiving.ledger.without_stamp();
            self.tell_copy("unexpected", copy.recipient, &copy, false);
        } else if copy.stamp.run != self.run {
            self.receiving.ledger.foreign();
            self.tell_copy("foreign", copy.recipient, &copy, false);
        } else if copy.recipient == ALL {
            for agent in (0..self.generator.agents.len() as u32).filter(|agent| *agent != copy.stamp.sender) {
                self.receive(agent, &copy);
            }
        } else {
            self.receive(copy.recipient, &copy);
        }
    }

    /// A processor tells of a message that it did not deliver.
    fn told_of(&mut self, told: &Copy) {
        let stamp = &told.stamp;
        if !self.was_sent(stamp) {
            return;
        }
        let is_call = told.flags & abi::DELIVERY_FAILED_CALL != 0;
        let recipient = self.receiving.ledger.recipient_of(stamp.sender, stamp.sequence);
        let recipient = recipient.unwrap_or(told.recipient);
        self.tell_copy(if is_call { "failed_call" } else { "given_up" }, recipient, told, false);
        if is_call {
            self.receiving.named.failed_call(stamp, told.reason);
        } else if self.receiving.ledger.given_up(stamp.sender, stamp.sequence) {
            let name = Name::of(stamp, self.origin_ns, recipient, told.at_ns);
            self.receiving.named.gave_up(Name { reason: told.reason, ..name });
        }
    }

    /// Tells the observer of a copy, where it wants to know.
    fn tell_copy(&mut self, what: &'static str, recipient: u32, copy: &Copy, out_of_order: bool) {
        if !self.wants_messages {
            return;
        }
        let ours = self.was_sent(&copy.stamp);
        let parties = &self.renderer.parties;
        let kind = self.plan.types.get(usize::from(copy.stamp.type_id)).filter(|_| ours);
        let reason = match copy.reason {
            0 => "".into(),
            reason => self.services.interner.text(reason),
        };
        let agent = if ours { parties.name(copy.stamp.sender).to_string() } else { String::new() };
        let record = CopyRecord {
            what,
            agent: &agent,
            sequence: copy.stamp.sequence,
            type_name: kind.map(|kind| kind.name.as_str()),
            recipient: &parties.recipient(recipient),
            intended_ns: ours.then(|| copy.stamp.intended_ns.saturating_sub(self.origin_ns)),
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
        let sent = self.generator.agents.get(stamp.sender as usize).map_or(0, |agent| agent.sequence);
        stamp.run == self.run && (1..=sent).contains(&stamp.sequence)
    }

    /// A copy of this run arrives at an agent.
    fn receive(&mut self, agent: u32, copy: &Copy) {
        if copy.corrupted {
            self.receiving.ledger.corrupted();
        }
        let late = self.receiving.ledger.copies().out_of_order;
        let class = self.receiving.ledger.received(&copy.stamp, agent);
        let name = || Name::of(&copy.stamp, self.origin_ns, agent, copy.at_ns);
        let out_of_order = self.receiving.ledger.copies().out_of_order > late;
        if out_of_order {
            let name = name();
            self.receiving.named.came_out_of_order(name);
        }
        let mut accepted_ns = None;
        match class {
            CopyClass::Received => accepted_ns = self.receiving.named.received(&copy.stamp),
            CopyClass::Duplicated => {
                let name = name();
                self.receiving.named.came_twice(name);
            }
            CopyClass::Unexpected if self.was_sent(&copy.stamp) => {
                self.receiving.named.went_elsewhere(&copy.stamp);
            }
            _ => {}
        }
        if self.wants_messages {
            self.tell_copy(class.name(), agent, copy, out_of_order);
        }
        if class == CopyClass::Unexpected || copy.stamp.type_id >= self.rules.types {
            return;
        }
        let intended_ns = copy.stamp.intended_ns.saturating_sub(self.origin_ns);
        let cell = self.cell_of(intended_ns, copy.stamp.type_id);
        match class {
            CopyClass::Received => {
                let end_to_end_ns = copy.at_ns.saturating_sub(intended_ns);
                let transit_ns = accepted_ns.map(|accepted_ns| copy.at_ns.saturating_sub(accepted_ns));
                let at_ns = copy.at_ns;
                self.recorder.received(&Received { cell, agent, at_ns, end_to_end_ns, transit_ns });
                if !C::VIRTUAL {
                    let added_ns = self.lateness.added_ns(end_to_end_ns);
                    self.recorder.received_without_lag(cell, end_to_end_ns - added_ns);
                }
            }
            CopyClass::Duplicated => self.recorder.duplicated(cell, agent),
            _ => {}
        }
        let group = self.generator.agents[agent as usize].group as usize;
        if self.rules.on_message[group]
            && self.stop.is_none()
            && let Some(text) = &copy.text
        {
            self.tell_agent(agent, copy, text);
        }
    }

    /// An agent is told of a copy that arrived.
    fn tell_agent(&mut self, agent: u32, copy: &Copy, text: &CopyText) {
        let settings = std::sync::Arc::clone(&self.generator.settings);
        let setting = &settings[usize::from(copy.stamp.type_id)].settings;
        let view = MessageView {
            type_id: copy.stamp.type_id,
            sender: &text.sender,
            recipient: &text.recipient,
            content: &text.content,
            priority: Priority::ALL[usize::from(copy.stamp.flags & abi::STAMP_PRIORITY)],
            tags: text.tags.as_ref().unwrap_or(&setting.tags),
            metadata: text.metadata.as_ref().unwrap_or(&setting.metadata),
            sequence: copy.stamp.sequence,
        };
        self.call(agent, |behaviour, sending| behaviour.on_message(sending, &view));
    }

    /// Acknowledges the copies that were taken this turn.
    pub fn acknowledge(&mut self) {
        let tags = self.receiving.take_tags();
        self.show_signs();
        let result = self.session.acknowledge(self.now_ns + self.origin_ns, &tags, &mut self.out);
        self.absorb_outcomes(0..0);
        self.absorb_deliveries();
        if let Err(failure) = result {
            self.fail(failure);
        }
    }
}
