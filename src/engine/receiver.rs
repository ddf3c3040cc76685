//! The receiving side of a run: what it keeps.

use super::ledger::Ledger;
use super::named::Named;
use crate::cores::abi;
use serde_json::Value;
use std::collections::BTreeMap;

/// A copy between its report and its arrival.
#[derive(Debug, Default)]
pub struct Copy {
    pub stamp: abi::Stamp,
    pub recipient: u32,
    pub ack_tag: u64,
    pub at_ns: u64,
    pub corrupted: bool,
    /// DELIVERY flags: whether it is a copy at all.
    pub flags: u32,
    /// What a processor said of it: an interned text.
    pub reason: u32,
    pub attempt: u32,
    /// What callbacks will read; nothing where there are none.
    pub text: Option<Box<CopyText>>,
}

/// What a copy says.
#[derive(Debug)]
pub struct CopyText {
    pub content: String,
    pub sender: String,
    pub recipient: String,
    /// As it arrived; `None` where the core gave no texts back.
    pub tags: Option<Vec<String>>,
    pub metadata: Option<BTreeMap<String, Value>>,
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
    /// Copies that are told by name.
    pub named: Named,
    copies: Vec<Copy>,
    free: Vec<u32>,
    tags: Vec<u64>,
}

impl Receiving {
    /// The receiving side of a run with so many agents, whose ledger takes at most so many bytes, and looks for the order
    /// of messages to one agent and to all together, or, if `order_by_address`, apart; without effect if not `active`.
    pub fn new(
        active: bool,
        agents: u32,
        ledger_bytes: u64,
        order_by_address: bool,
        on_wall_clock: bool,
    ) -> Receiving {
        let mut ledger = Ledger::new(if active { agents } else { 0 }, ledger_bytes);
        if order_by_address {
            ledger.order_by_address();
        }
        Receiving {
            active,
            ledger,
            last_ns: 0,
            named: Named::new(active && on_wall_clock, ledger_bytes),
            copies: Vec::new(),
            free: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Keeps a copy until it arrives; its slot.
    #[inline]
    pub fn keep(&mut self, copy: Copy) -> u32 {
        let slot = self.free.pop().unwrap_or(self.copies.len() as u32);
        if slot as usize == self.copies.len() {
            self.copies.push(copy);
        } else {
            self.copies[slot as usize] = copy;
        }
        slot
    }

    /// Gives back the copy that was kept in this slot.
    #[inline]
    pub fn release(&mut self, slot: u32) -> Copy {
        self.free.push(slot);
        std::mem::take(&mut self.copies[slot as usize])
    }

    /// A copy was taken that the core wants acknowledged by this tag.
    #[inline]
    pub fn acknowledge_later(&mut self, tag: u64) {
        self.tags.push(tag);
    }

    /// The tags to be acknowledged now.
    pub fn take_tags(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.tags)
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
