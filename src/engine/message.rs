//! A message on its way through the engine.

use crate::plan::Priority;

/// No such thing: a message without an own draft, a list's end.
pub const NONE: u32 = u32::MAX;

/// A message between its generation and its end: 64 bytes, copied from place to place.
#[derive(Debug, Clone, Copy)]
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
    /// The generating agent.
    pub agent: u32,
    /// The receiving agent, or `u32::MAX` for all.
    pub recipient: u32,
    /// The settings of its group and type: index into the generator's table.
    pub settings: u32,
    /// What a callback said about it: index into the store of drafts, or [`NONE`].
    pub draft: u32,
    /// The cell that records it: phase and type.
    pub cell: u16,
    /// Whether it holds one of its agent's `in_flight` slots (closed arrivals).
    pub holds_slot: bool,
    /// Its type.
    pub type_id: u16,
    /// Attempts made.
    pub attempts: u8,
    /// Its priority.
    pub priority: Priority,
}

impl Message {
    /// A message of zeros, to be filled.
    pub const EMPTY: Message = Message {
        intended_ns: 0,
        sequence: 0,
        number: 0,
        first_accepted_ns: u64::MAX,
        expires_ns: u64::MAX,
        agent: 0,
        recipient: 0,
        settings: 0,
        draft: NONE,
        cell: 0,
        holds_slot: false,
        type_id: 0,
        attempts: 0,
        priority: Priority::Regular,
    };
}
