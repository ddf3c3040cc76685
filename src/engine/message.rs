//! Messages on their way through the engine: one store, in which each has a number.

use crate::plan::Priority;
use crate::results::FinalOutcome;

/// No such thing: a message without an own draft.
pub const NONE: u32 = u32::MAX;

/// The number by which the engine knows a message between its generation and its end; then another may get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageId(pub(super) u32);

/// A message between its generation and its end.
#[derive(Debug, Clone)]
pub struct Message {
    /// The intended arrival.
    pub intended_ns: u64,
    /// Its number among its agent's, from 1.
    pub sequence: u64,
    /// Its number among all agents', from 1.
    pub number: u64,
    /// When the core first accepted it; `u64::MAX` = never.
    pub first_accepted_ns: u64,
    /// When it is of no more use; `u64::MAX` = never.
    pub expires_ns: u64,
    /// When the core accepted the attempt under way.
    pub accepted_ns: u64,
    /// That attempt's token.
    pub token: u64,
    /// When that attempt's outcome is due, once known; when it was given up, once it was; when the message ended, once it
    /// has.
    pub at_ns: u64,
    /// The generating agent.
    pub agent: u32,
    /// The receiving agent, or `u32::MAX` for all.
    pub recipient: u32,
    /// The settings of its group and type: index into the generator's table.
    pub settings: u32,
    /// What a callback said about it: index into the store of drafts, or [`NONE`].
    pub draft: u32,
    /// The interned reason of the attempt's outcome.
    pub reason: u32,
    /// The result of the attempt's outcome, once known; 0 before.
    pub result: u32,
    /// The cell that records it: phase and type.
    pub cell: u16,
    /// Its type.
    pub type_id: u16,
    /// Attempts made.
    pub attempts: u8,
    /// Its priority.
    pub priority: Priority,
    /// Where it is.
    pub place: Whereabouts,
    /// What else is to be remembered of it.
    pub marks: Marks,
}

/// Two truths about a message in one byte, which keeps it within a cache line and a half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// Nothing.
    pub const NONE: Marks = Marks(0);
    /// It holds one of its agent's `in_flight` slots (closed arrivals).
    pub const HOLDS_SLOT: Marks = Marks(1);
    /// An attempt ended without anybody knowing whether it arrived.
    pub const IN_DOUBT: Marks = Marks(2);

    /// Whether it has this mark.
    #[inline]
    pub fn has(self, mark: Marks) -> bool {
        self.0 & mark.0 != 0
    }

    /// Gives it this mark.
    #[inline]
    pub fn add(&mut self, mark: Marks) {
        self.0 |= mark.0;
    }

    /// Takes this mark away.
    pub fn remove(&mut self, mark: Marks) {
        self.0 &= !mark.0;
    }
}

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// Nowhere: its number is free.
    Gone,
    /// In the queue, held before it, or taken by a cycle.
    Waiting,
    /// Handed over, without its outcome.
    InFlight,
    /// Waiting for another attempt.
    BackingOff,
    /// It has ended under this name, and its agent is still to be told.
    Ended(FinalOutcome),
}

impl Message {
    /// A message of zeros, to be filled.
    pub const EMPTY: Message = Message {
        intended_ns: 0,
        sequence: 0,
        number: 0,
        first_accepted_ns: u64::MAX,
        expires_ns: u64::MAX,
        accepted_ns: 0,
        token: 0,
        at_ns: 0,
        agent: 0,
        recipient: 0,
        settings: 0,
        draft: NONE,
        reason: 0,
        result: 0,
        cell: 0,
        type_id: 0,
        attempts: 0,
        priority: Priority::Regular,
        place: Whereabouts::Waiting,
        marks: Marks::NONE,
    };

    /// When the last attempt was accepted and when it ended; `None` if there was none, or it has not ended.
    pub fn last_attempt(&self) -> Option<(u64, u64)> {
        let ended = self.attempts > 0 && self.place != Whereabouts::InFlight;
        ended.then_some((self.accepted_ns, self.at_ns))
    }
}

/// All messages under way. Everything else knows them by number, so nothing is copied from place to place.
#[derive(Debug, Default)]
pub struct Messages {
    slots: Vec<Message>,
    free: Vec<MessageId>,
}

impl Messages {
    /// Keeps a message and gives it a number.
    #[inline]
    pub fn add(&mut self, message: Message) -> MessageId {
        if let Some(id) = self.free.pop() {
            self[id] = message;
            return id;
        }
        self.slots.push(message);
        MessageId((self.slots.len() - 1) as u32)
    }

    /// Frees a message's number.
    #[inline]
    pub fn remove(&mut self, id: MessageId) {
        self[id].place = Whereabouts::Gone;
        self.free.push(id);
    }

    /// The numbers of all that are anywhere but `Ended`, in order of generation.
    pub fn under_way(&self) -> Vec<MessageId> {
        let there = |m: &Message| !matches!(m.place, Whereabouts::Gone | Whereabouts::Ended(_));
        let ids = (0..self.slots.len() as u32).map(MessageId);
        let mut ids: Vec<MessageId> = ids.filter(|id| there(&self[*id])).collect();
        ids.sort_unstable_by_key(|id| self[*id].number);
        ids
    }
}

impl std::ops::Index<MessageId> for Messages {
    type Output = Message;

    #[inline]
    fn index(&self, id: MessageId) -> &Message {
        &self.slots[id.0 as usize]
    }
}

impl std::ops::IndexMut<MessageId> for Messages {
    #[inline]
    fn index_mut(&mut self, id: MessageId) -> &mut Message {
        &mut self.slots[id.0 as usize]
    }
}
