//! Copies that arrive: told to the ledger, handed to `on_message`, acknowledged.

use super::behaviour::MessageView;
use super::clock::Clock;
use super::generator::ALL;
use super::ledger::{Class as CopyClass, Ledger};
use super::player::Player;
use super::timeline::Class;
use crate::cores::abi;
use crate::plan::Priority;
use serde_json::Value;
use std::collections::BTreeMap;

/// A copy between its report and its arrival.
#[derive(Debug, Default)]
struct Copy {
    stamp: abi::Stamp,
    recipient: u32,
    ack_tag: u64,
    at_ns: u64,
    corrupted: bool,
    /// What callbacks will read; nothing where there are none.
    text: Option<Box<CopyText>>,
}

/// What a copy says.
#[derive(Debug)]
struct CopyText {
    content: String,
    sender: String,
    recipient: String,
    /// As it arrived; `None` where the core gave no texts back.
    tags: Option<Vec<String>>,
    metadata: Option<BTreeMap<String, Value>>,
}

/// The receiving side of a run.
#[derive(Debug)]
pub struct Receiving {
    /// Whether copies are received at all.
    pub active: bool,
    /// What became of every copy.
    pub ledger: Ledger,
    /// When the last copy arrived.
    pub last_ns: u64,
    /// When the last copy of another run arrived.
    pub last_foreign_ns: Option<u64>,
    copies: Vec<Copy>,
    free: Vec<u32>,
    tags: Vec<u64>,
}

impl Receiving {
    /// The receiving side of a run with so many agents, whose ledger takes at most so many bytes, and looks for the order
    /// of messages to one agent and to all together, or, if `order_by_address`, apart; without effect if not `active`.
    pub fn new(active: bool, agents: u32, ledger_bytes: u64, order_by_address: bool) -> Receiving {
        let mut ledger = Ledger::new(if active { agents } else { 0 }, ledger_bytes);
        if order_by_address {
            ledger.order_by_address();
        }
        Receiving {
            active,
            ledger,
            last_ns: 0,
            last_foreign_ns: None,
            copies: Vec::new(),
            free: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Copies on the timeline.
    pub fn pending(&self) -> usize {
        self.copies.len() - self.free.len()
    }

    /// Whether all copies came that are expected.
    pub fn all_received(&self) -> bool {
        self.ledger.copies().outstanding == 0
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
            let at_ns = delivery.at_ns.saturating_sub(self.origin_ns);
            let checked = delivery.stamp.flags & abi::STAMP_CHECKSUM != 0;
            let content = if checked || self.rules.reactive {
                self.session.content(&self.out, index).unwrap_or_default()
            } else {
                &[]
            };
            let copy = Copy {
                stamp: delivery.stamp,
                recipient: delivery.recipient_id,
                ack_tag: delivery.ack_tag,
                at_ns,
                corrupted: checked && mqscript_plugin::crc32c(content) != delivery.stamp.checksum,
                text: self.rules.reactive.then(|| Box::new(self.text_of(index, content))),
            };
            let slot = self.receiving.free.pop().unwrap_or(self.receiving.copies.len() as u32);
            if slot as usize == self.receiving.copies.len() {
                self.receiving.copies.push(copy);
            } else {
                self.receiving.copies[slot as usize] = copy;
            }
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
        let copy = std::mem::take(&mut self.receiving.copies[slot as usize]);
        self.receiving.free.push(slot);
        self.receiving.last_ns = self.now_ns;
        if copy.ack_tag != 0 {
            self.receiving.tags.push(copy.ack_tag);
        }
        if copy.stamp.sequence == 0 {
            self.receiving.ledger.without_stamp();
        } else if copy.stamp.run != self.run {
            self.receiving.last_foreign_ns = Some(self.now_ns);
            self.receiving.ledger.foreign();
        } else if copy.recipient == ALL {
            for agent in (0..self.generator.agents.len() as u32).filter(|agent| *agent != copy.stamp.sender) {
                self.receive(agent, &copy);
            }
        } else {
            self.receive(copy.recipient, &copy);
        }
    }

    /// A copy of this run arrives at an agent.
    fn receive(&mut self, agent: u32, copy: &Copy) {
        if copy.corrupted {
            self.receiving.ledger.corrupted();
        }
        let class = self.receiving.ledger.received(&copy.stamp, agent);
        if class == CopyClass::Unexpected || copy.stamp.type_id >= self.rules.types {
            return;
        }
        let intended_ns = copy.stamp.intended_ns.saturating_sub(self.origin_ns);
        let cell = self.cell_of(intended_ns, copy.stamp.type_id);
        match class {
            CopyClass::Received => {
                let end_to_end_ns = copy.at_ns.saturating_sub(intended_ns);
                self.recorder.received(cell, agent, end_to_end_ns);
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
        let tags = std::mem::take(&mut self.receiving.tags);
        self.show_signs();
        let result = self.session.acknowledge(self.now_ns + self.origin_ns, &tags, &mut self.out);
        self.absorb_outcomes(0..0);
        self.absorb_deliveries();
        if let Err(failure) = result {
            self.fail(failure);
        }
    }
}
