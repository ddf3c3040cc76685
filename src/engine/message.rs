//! Messages that have not ended, in one store in which each has a number.

use crate::metrics::CellId;
use crate::plan::{Priority, TypeId};
use crate::results::FinalOutcome;

/// The number that stands for nothing, such as a message without a draft.
pub const NONE: u32 = u32::MAX;

/// The number of a message between its generation and its end; afterwards another message may get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageId(pub(super) u32);

impl MessageId {
    /// The number of no message.
    pub const NONE: MessageId = MessageId(NONE);
}

/// A message between its generation and its end.
#[derive(Debug, Clone)]
pub struct Message {
    /// The intended time of arrival, in nanoseconds since the load began.
    pub intended_ns: u64,
    /// The number of the message among its agent's, from 1.
    pub sequence: u64,
    /// The number of the message among all agents', from 1.
    pub number: u64,
    /// When the core first accepted it, in nanoseconds; `u64::MAX` = never.
    pub first_accepted_ns: u64,
    /// When it expires, in nanoseconds; `u64::MAX` = never.
    pub expires_ns: u64,
    /// When the core accepted the current attempt, in nanoseconds.
    pub accepted_ns: u64,
    /// The token of the current attempt.
    pub token: u64,
    /// When the outcome of the current attempt is due, once known; when the attempt was given up, once it was; when the
    /// message ended, once it has.
    pub at_ns: u64,
    /// The number of the generating agent.
    pub agent: u32,
    /// The number of the receiving agent, or `u32::MAX` for all.
    pub recipient: u32,
    /// The index of its settings in the generator's table.
    pub settings: u32,
    /// The number of its draft by a callback, or [`NONE`].
    pub draft: u32,
    /// The next in the queue, while it waits there; [`MessageId::NONE`] for the last.
    pub next: MessageId,
    /// The interned reason of the attempt's outcome.
    pub reason: u32,
    /// The cell in which it is recorded: phase and type.
    pub cell: CellId,
    /// The number of its type.
    pub type_id: TypeId,
    /// The number of attempts made.
    pub attempts: u8,
    /// The number of those that were answered in time.
    pub answered: u8,
    /// The result of the attempt's outcome, once known; 0 before.
    pub result: u8,
    /// The priority of the message.
    pub priority: Priority,
    /// The place of the message in the engine.
    pub place: Whereabouts,
    /// Further facts about the message.
    pub marks: Marks,
}

/// Facts about a message in one byte, which keeps the message within a cache line and a half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// No mark at all.
    pub const NONE: Marks = Marks(0);
    /// The message holds one of its agent's `in_flight` slots (closed arrivals).
    pub const HOLDS_SLOT: Marks = Marks(1);
    /// An attempt ended, and it is unknown whether it arrived.
    pub const IN_DOUBT: Marks = Marks(2);
    /// The message's one copy arrives together with the outcome of the current attempt.
    pub const WITH_COPY: Marks = Marks(4);

    /// Whether the message has this mark.
    #[inline]
    pub fn has(self, mark: Marks) -> bool {
        self.0 & mark.0 != 0
    }

    /// Adds this mark to the message.
    #[inline]
    pub fn add(&mut self, mark: Marks) {
        self.0 |= mark.0;
    }

    /// Removes this mark from the message.
    pub fn remove(&mut self, mark: Marks) {
        self.0 &= !mark.0;
    }
}

/// The place of a message in the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// In no place: its number is free.
    Gone,
    /// In the queue, held before it, or taken by a cycle.
    Waiting,
    /// Handed over to the core, without an outcome.
    InFlight,
    /// Waiting for another attempt.
    BackingOff,
    /// Ended with this outcome; its agent is still to be told.
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
        next: MessageId::NONE,
        reason: 0,
        cell: CellId::FIRST,
        type_id: TypeId(0),
        attempts: 0,
        answered: 0,
        result: 0,
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

/// All messages that have not ended. All other parts refer to them by number, so that no message is copied.
#[derive(Debug, Default)]
pub struct Messages {
    slots: Vec<Message>,
    free: Vec<MessageId>,
}

impl Messages {
    /// Stores a message. Returns its number.
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

    /// The numbers of all messages that have not ended, in order of generation.
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
