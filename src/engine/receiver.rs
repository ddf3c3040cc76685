//! The receiving side of a run: the copies that arrive, and what is known about them.

use super::copy_class::Class;
use super::message::Message;
use super::named::{Name, Named};
use super::receipts::Receipts;
use crate::cores::abi;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Where a copy arrives.
#[derive(Debug, Clone, Copy)]
pub struct CopyArrival {
    /// The agent that gets it.
    pub agent: u32,
    /// To whom it was sent: the agent, or the queue of its group.
    pub addressee: u32,
    /// Whether the agent works on what it receives.
    pub works: bool,
}

/// A copy between the core's report and its arrival.
#[derive(Debug, Clone, Default)]
pub struct Copy {
    pub stamp: abi::Stamp,
    pub recipient: u32,
    pub ack_tag: u64,
    pub at_ns: u64,
    pub corrupted: bool,
    /// The DELIVERY flags, which say whether it is a copy at all.
    pub flags: u32,
    /// The interned text of a processor about it.
    pub reason: u32,
    pub attempt: u32,
    /// The last token that was accepted when the core told of it.
    pub token: u64,
    /// The texts for callbacks; none if there are no callbacks.
    pub text: Option<Arc<CopyText>>,
}

/// The texts of a copy, for callbacks.
#[derive(Debug)]
pub struct CopyText {
    pub content: String,
    pub sender: String,
    pub recipient: String,
    /// The tags as they arrived; `None` if the core gave back no texts.
    pub tags: Option<Vec<String>>,
    pub metadata: Option<BTreeMap<String, Value>>,
}

/// The result of a copy of this run that arrived at an agent.
#[derive(Debug, Clone, Copy)]
pub struct Reception {
    /// Its class in the ledger.
    pub class: Class,
    /// Whether a later message of its sender had come to the agent before.
    pub out_of_order: bool,
    /// When the core accepted its message, if known, in nanoseconds.
    pub accepted_ns: Option<u64>,
}

/// The receiving side of a run: the ledger of copies, and the copies that are named in the results.
#[derive(Debug)]
pub struct Receiver {
    is_active: bool,
    receipts: Receipts,
    named: Named,
    /// When the last copy arrived, in nanoseconds.
    last_ns: u64,
    /// The copies on the timeline, by slot.
    copies: Vec<Copy>,
    free: Vec<u32>,
    /// The number of copies that will arrive together with the outcomes of their messages.
    together: usize,
    /// Of those, the copies whose outcomes were handled at this instant, in the order of their tokens.
    arriving: VecDeque<Copy>,
    /// The tags of copies that must be acknowledged.
    tags: Vec<u64>,
}

impl Receiver {
    /// The receiving side of a run. Its ledger takes at most about the given number of bytes. The order of messages to
    /// one agent and of messages to all is checked together, or apart if `order_by_address`. Without effect if not
    /// `is_active`.
    pub fn new(
        is_active: bool,
        agents: u32,
        ledger_bytes: u64,
        order_by_address: bool,
        on_wall_clock: bool,
    ) -> Receiver {
        let mut receipts = Receipts::new(if is_active { agents } else { 0 }, ledger_bytes);
        if order_by_address {
            receipts.order_by_address();
        }
        Receiver {
            is_active,
            receipts,
            named: Named::new(is_active && on_wall_clock, ledger_bytes),
            last_ns: 0,
            copies: Vec::new(),
            free: Vec::new(),
            together: 0,
            arriving: VecDeque::new(),
            tags: Vec::new(),
        }
    }

    /// Whether copies are received at all.
    #[inline(always)]
    pub fn is_active(&self) -> bool {
        self.is_active
    }

    /// The ledger of copies, for reading only.
    #[inline(always)]
    pub fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    /// The named copies, for reading only.
    pub fn named(&self) -> &Named {
        &self.named
    }

    /// Notes that the core accepted a message. `measured`: it counts in the measured window. `by_name`: its copies may
    /// be named.
    #[inline(always)]
    pub fn handed_over(&mut self, message: &Message, measured: bool, by_name: bool) {
        let Message { agent, sequence, recipient, .. } = *message;
        if message.attempts == 1 {
            self.receipts.handed_over(agent, sequence, recipient, measured);
        }
        if by_name {
            self.named.handed_over(message, self.receipts.copies_of(recipient));
        }
    }

    /// Notes that the sender knows its message as delivered.
    #[inline(always)]
    pub fn delivered(&mut self, message: &Message) {
        if self.is_active {
            self.receipts.delivered(message.agent, message.sequence, message.recipient);
        }
    }

    /// Keeps a copy until it arrives. Returns its slot.
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

    /// Removes the copy from this slot and returns it.
    #[inline]
    pub fn release(&mut self, slot: u32) -> Copy {
        self.free.push(slot);
        std::mem::take(&mut self.copies[slot as usize])
    }

    /// Counts a copy that will arrive together with the outcome of its message.
    #[inline(always)]
    pub fn expect_together(&mut self) {
        self.together += 1;
    }

    /// The outcome of a message was handled, with which this copy comes. It arrives after all outcomes of this instant.
    #[inline(always)]
    pub fn comes(&mut self, copy: Copy) {
        self.arriving.push_back(copy);
    }

    /// Whether copies that came with outcomes have not arrived yet.
    #[inline(always)]
    pub fn has_arriving(&self) -> bool {
        !self.arriving.is_empty()
    }

    /// Takes the first copy that came with an outcome, unless the core told of it after it told of a copy with `token`.
    #[inline]
    pub fn next_arriving(&mut self, token: u64) -> Option<Copy> {
        self.arriving.front().filter(|copy| copy.token <= token)?;
        self.together -= 1;
        self.arriving.pop_front()
    }

    /// The token that the core had last accepted when it told of the copy in this slot.
    #[inline]
    pub fn token_of(&self, slot: u32) -> u64 {
        self.copies[slot as usize].token
    }

    /// A copy is acknowledged, if the core wants that.
    #[inline]
    pub fn acknowledge(&mut self, copy: &Copy) {
        if copy.ack_tag != 0 {
            self.tags.push(copy.ack_tag);
        }
    }

    /// Notes that a copy arrives, of whatever sender.
    #[inline]
    pub fn arrived(&mut self, copy: &Copy, now_ns: u64) {
        self.last_ns = now_ns;
        if copy.flags & abi::DELIVERY_ALTERED != 0 {
            *self.named.altered.entry(copy.reason).or_default() += 1;
        }
    }

    /// Counts a copy that belongs to no message of the run `run`. Returns its kind, as events name it; `None` if it
    /// does belong.
    #[inline]
    pub fn stranger(&mut self, copy: &Copy, run: u32) -> Option<&'static str> {
        if copy.stamp.sequence == 0 && copy.flags & abi::DELIVERY_UNSTAMPED != 0 {
            self.named.unstamped += 1;
            Some("unstamped")
        } else if copy.stamp.sequence == 0 {
            self.receipts.without_stamp();
            Some("unexpected")
        } else if copy.stamp.run != run {
            self.receipts.foreign();
            Some("foreign")
        } else {
            None
        }
    }

    /// Counts a copy of this run that arrives somewhere. `was_sent`: its stamp is that of an existing message. The load began
    /// at `origin_ns` of the core's clock.
    pub fn receive(
        &mut self,
        copy: &Copy,
        arrival: CopyArrival,
        origin_ns: u64,
        was_sent: impl FnOnce() -> bool,
    ) -> Reception {
        let CopyArrival { agent, addressee, works } = arrival;
        if copy.corrupted {
            self.receipts.corrupted();
        }
        let late = self.receipts.copies().out_of_order;
        let again = works && copy.flags & abi::DELIVERY_REDELIVERED != 0;
        let class = self.receipts.received(&copy.stamp, addressee, again);
        let name = || Name::of(&copy.stamp, origin_ns, agent, copy.at_ns);
        let out_of_order = self.receipts.copies().out_of_order > late;
        if out_of_order {
            self.named.came_out_of_order(name());
        }
        let mut accepted_ns = None;
        match class {
            Class::Received => accepted_ns = self.named.received(&copy.stamp),
            Class::Duplicated => self.named.came_twice(name()),
            Class::Unexpected if was_sent() => self.named.went_elsewhere(&copy.stamp),
            _ => {}
        }
        Reception { class, out_of_order, accepted_ns }
    }

    /// Notes a failed call of a processor for a message.
    pub fn call_failed(&mut self, told: &Copy) {
        self.named.failed_call(&told.stamp, told.reason);
    }

    /// Notes that a processor has given up a message to `recipient`.
    pub fn given_up(&mut self, told: &Copy, recipient: u32, origin_ns: u64) {
        if self.receipts.given_up(told.stamp.sender, told.stamp.sequence) {
            let name = Name::of(&told.stamp, origin_ns, recipient, told.at_ns);
            self.named.gave_up(Name { reason: told.reason, ..name });
        }
    }

    /// When the last copy arrived, in nanoseconds.
    pub fn last_ns(&self) -> u64 {
        self.last_ns
    }

    /// The number of copies on the timeline.
    pub fn pending(&self) -> usize {
        self.copies.len() - self.free.len() + self.together
    }

    /// Whether all expected copies have come.
    pub fn all_received(&self) -> bool {
        self.receipts.copies().outstanding == 0
    }

    /// Whether copies must be acknowledged.
    #[inline(always)]
    pub fn has_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// Takes the tags that must be acknowledged now.
    pub fn take_tags(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.tags)
    }
}
