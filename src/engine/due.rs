//! What can be due, and how it is packed for the timeline.

use super::message::MessageId;

/// Something that happens at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// An attempt's outcome.
    Outcome(MessageId),
    /// The outcome of an attempt that was given up before.
    LateOutcome,
    /// An attempt is given up.
    Timeout(MessageId),
    /// An agent is told what became of its message (`on_outcome`).
    OutcomeCallback(MessageId),
    /// The copy in this slot of the receiver arrives (`on_message`).
    Delivery(u32),
    /// A message returns from its backoff.
    Backoff(MessageId),
    /// The phase of this number begins.
    Phase(u32),
    /// The load ends.
    LoadEnd,
    /// An arrival of this agent.
    Arrival(u32),
    /// What a callback sent for later, in this slot.
    Send(u32),
}

/// What comes first at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Outcome = 0,
    Timeout = 1,
    OutcomeCallback = 2,
    Delivery = 3,
    Backoff = 4,
    Phase = 5,
    Arrival = 6,
}

impl Class {
    pub(super) const ALL: [Class; 7] = [
        Class::Outcome,
        Class::Timeout,
        Class::OutcomeCallback,
        Class::Delivery,
        Class::Backoff,
        Class::Phase,
        Class::Arrival,
    ];
}

/// The payload of what has none: a late outcome among outcomes, the end of the load among phases.
const OTHER: u32 = u32::MAX;
/// Marks the slot of what a callback sent, among the arrivals of agents.
const SEND: u32 = 1 << 31;

impl Due {
    /// Its class, and what it is about in 32 bits.
    #[inline(always)]
    pub(super) fn pack(self) -> (Class, u32) {
        match self {
            Due::Outcome(id) => (Class::Outcome, id.0),
            Due::LateOutcome => (Class::Outcome, OTHER),
            Due::Timeout(id) => (Class::Timeout, id.0),
            Due::OutcomeCallback(id) => (Class::OutcomeCallback, id.0),
            Due::Delivery(slot) => (Class::Delivery, slot),
            Due::Backoff(id) => (Class::Backoff, id.0),
            Due::Phase(number) => (Class::Phase, number),
            Due::LoadEnd => (Class::Phase, OTHER),
            Due::Arrival(agent) => (Class::Arrival, agent),
            Due::Send(slot) => (Class::Arrival, slot | SEND),
        }
    }

    /// What was packed so.
    #[inline(always)]
    pub(super) fn unpack(class: Class, payload: u32) -> Due {
        match class {
            Class::Outcome if payload == OTHER => Due::LateOutcome,
            Class::Outcome => Due::Outcome(MessageId(payload)),
            Class::Timeout => Due::Timeout(MessageId(payload)),
            Class::OutcomeCallback => Due::OutcomeCallback(MessageId(payload)),
            Class::Delivery => Due::Delivery(payload),
            Class::Backoff => Due::Backoff(MessageId(payload)),
            Class::Phase if payload == OTHER => Due::LoadEnd,
            Class::Phase => Due::Phase(payload),
            Class::Arrival if payload & SEND != 0 => Due::Send(payload & !SEND),
            Class::Arrival => Due::Arrival(payload),
        }
    }
}

/// Whether this is the payload of an agent's own arrival, among those of the class of arrivals.
#[inline(always)]
pub(super) fn is_agent(payload: u32) -> bool {
    payload & SEND == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_due_keeps_its_meaning() {
        let id = MessageId(7);
        let all = [
            Due::Outcome(id),
            Due::LateOutcome,
            Due::Timeout(id),
            Due::OutcomeCallback(id),
            Due::Delivery(7),
            Due::Backoff(id),
            Due::Phase(7),
            Due::LoadEnd,
            Due::Arrival(7),
            Due::Send(7),
        ];
        for due in all {
            let (class, payload) = due.pack();
            assert_eq!(Due::unpack(class, payload), due);
        }
    }
}
