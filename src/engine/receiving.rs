//! Copies that arrive: counted, handed to `on_message`, acknowledged.

use super::behaviour::MessageView;
use super::clock::Clock;
use super::generator::ALL;
use super::message::Message;
use super::player::Player;
use super::timeline::Class;
use crate::cores::abi;
use crate::plan::Priority;
use std::sync::Arc;

/// A copy between its report and its arrival.
#[derive(Debug, Clone, Default)]
struct Copy {
    stamp: abi::Stamp,
    recipient: u32,
    ack_tag: u64,
    content: String,
    sender: String,
    recipient_name: String,
}

/// The receiving side of a run.
#[derive(Debug, Default)]
pub struct Receiving {
    /// Whether copies are received at all.
    pub active: bool,
    /// When the last copy arrived.
    pub last_ns: u64,
    expected: u64,
    received: u64,
    copies: Vec<Copy>,
    free: Vec<u32>,
    tags: Vec<u64>,
}

impl Receiving {
    /// The receiving side of a run; without effect if not `active`.
    pub fn new(active: bool) -> Receiving {
        Receiving { active, ..Receiving::default() }
    }

    /// A message was delivered, as the sender knows: its copies are expected.
    #[inline]
    pub fn expect(&mut self, message: &Message, agents: usize) {
        self.expected += if message.recipient == ALL { agents as u64 - 1 } else { 1 };
    }

    /// Copies on the timeline.
    pub fn pending(&self) -> usize {
        self.copies.len() - self.free.len()
    }

    /// Whether as many copies came as are expected.
    pub fn all_received(&self) -> bool {
        self.received >= self.expected
    }

    /// Whether copies wait to be acknowledged.
    #[inline]
    pub fn has_tags(&self) -> bool {
        !self.tags.is_empty()
    }
}

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
            let mut copy = Copy {
                stamp: delivery.stamp,
                recipient: delivery.recipient_id,
                ack_tag: delivery.ack_tag,
                ..Copy::default()
            };
            if self.rules.reactive {
                if let Some(content) = self.session.content(&self.out, index) {
                    copy.content = String::from_utf8_lossy(content).into_owned();
                }
                if let Some(text) = self.session.text(&self.out, index) {
                    copy.sender = text.sender.to_owned();
                    copy.recipient_name = text.recipient.to_owned();
                }
            }
            let slot = self.receiving.free.pop().unwrap_or(self.receiving.copies.len() as u32);
            if slot as usize == self.receiving.copies.len() {
                self.receiving.copies.push(copy);
            } else {
                self.receiving.copies[slot as usize] = copy;
            }
            self.timeline.schedule(delivery.at_ns.saturating_sub(self.origin_ns), Class::Delivery, slot);
        }
    }

    /// A copy arrives.
    pub fn delivery_due(&mut self, slot: u32) {
        let copy = std::mem::take(&mut self.receiving.copies[slot as usize]);
        self.receiving.free.push(slot);
        self.receiving.last_ns = self.now_ns;
        if copy.recipient == ALL {
            for agent in (0..self.generator.agents.len() as u32).filter(|agent| *agent != copy.stamp.sender) {
                self.receive(agent, &copy);
            }
        } else {
            self.receive(copy.recipient, &copy);
        }
        if copy.ack_tag != 0 {
            self.receiving.tags.push(copy.ack_tag);
        }
    }

    fn receive(&mut self, agent: u32, copy: &Copy) {
        self.receiving.received += 1;
        self.recorder.extras.received += 1;
        self.recorder.agents.received(agent);
        let group = self.generator.agents[agent as usize].group as usize;
        let known = usize::from(copy.stamp.type_id) < usize::from(self.rules.types);
        if !self.rules.on_message[group] || !known || self.stop.is_some() {
            return;
        }
        let settings = Arc::clone(&self.generator.settings);
        let setting = &settings[usize::from(copy.stamp.type_id)];
        let view = MessageView {
            type_id: copy.stamp.type_id,
            sender: &copy.sender,
            recipient: &copy.recipient_name,
            content: &copy.content,
            priority: Priority::ALL[usize::from(copy.stamp.flags & abi::STAMP_PRIORITY)],
            tags: &setting.settings.tags,
            metadata: &setting.settings.metadata,
            sequence: copy.stamp.sequence,
        };
        self.call(agent, |behaviour, sending| behaviour.on_message(sending, &view));
    }

    /// Acknowledges the copies that were taken this turn.
    pub fn acknowledge(&mut self) {
        let tags = std::mem::take(&mut self.receiving.tags);
        let result = self.session.acknowledge(self.now_ns + self.origin_ns, &tags, &mut self.out);
        self.absorb_outcomes(0..0);
        self.absorb_deliveries();
        if let Err(failure) = result {
            self.fail(failure);
        }
    }
}
