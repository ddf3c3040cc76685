//! The kinds of events that can be due, and how they are packed for the timeline.

use super::message::MessageId;

/// An event that happens at a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The outcome of an attempt.
    Outcome(MessageId),
    /// The outcome of an attempt that was given up before.
    LateOutcome,
    /// The time-out of an attempt.
    Timeout(MessageId),
    /// The call that tells an agent the outcome of its message (`on_outcome`).
    OutcomeCallback(MessageId),
    /// The copy in this slot of the receiver arrives (`on_message`).
    Delivery(u32),
    /// The work on the copy in this slot of the consumers ends.
    Work(u32),
    /// The lease of the copy in this slot of the consumers is to be extended.
    Extend(u32),
    /// This agent, which died at work, is back.
    Restart(u32),
    /// The end of a message's backoff.
    Backoff(MessageId),
    /// The start of the phase with this number.
    Phase(u32),
    /// The end of the load.
    LoadEnd,
    /// An arrival of this agent.
    Arrival(u32),
    /// A message that a callback scheduled for later, in this slot.
    Send(u32),
}

/// The order of events at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Outcome = 0,
    Timeout = 1,
    OutcomeCallback = 2,
    Delivery = 3,
    Work = 4,
    Backoff = 5,
    Phase = 6,
    Arrival = 7,
}

impl Class {
    pub(super) const ALL: [Class; 8] = [
        Class::Outcome,
        Class::Timeout,
        Class::OutcomeCallback,
        Class::Delivery,
        Class::Work,
        Class::Backoff,
        Class::Phase,
        Class::Arrival,
    ];
}

/// The payload of events that have none: a late outcome among outcomes, the end of the load among phases.
const OTHER: u32 = u32::MAX;
/// The bit that marks the slot of a callback's message, among the arrivals of agents.
const SEND: u32 = 1 << 31;
/// The bits that tell what happens at work, above the slot or the agent.
const AT_WORK: u32 = 3 << 30;
/// Among them: a lease is to be extended.
const EXTEND: u32 = 1 << 30;
/// Among them: an agent is back.
const RESTART: u32 = 2 << 30;

impl Due {
    /// The class of the event, and its payload in 32 bits.
    #[inline(always)]
    pub(super) fn pack(self) -> (Class, u32) {
        match self {
            Due::Outcome(id) => (Class::Outcome, id.0),
            Due::LateOutcome => (Class::Outcome, OTHER),
            Due::Timeout(id) => (Class::Timeout, id.0),
            Due::OutcomeCallback(id) => (Class::OutcomeCallback, id.0),
            Due::Delivery(slot) => (Class::Delivery, slot),
            Due::Work(slot) => (Class::Work, slot),
            Due::Extend(slot) => (Class::Work, slot | EXTEND),
            Due::Restart(agent) => (Class::Work, agent | RESTART),
            Due::Backoff(id) => (Class::Backoff, id.0),
            Due::Phase(number) => (Class::Phase, number),
            Due::LoadEnd => (Class::Phase, OTHER),
            Due::Arrival(agent) => (Class::Arrival, agent),
            Due::Send(slot) => (Class::Arrival, slot | SEND),
        }
    }

    /// The event that was packed into this class and payload.
    #[inline(always)]
    pub(super) fn unpack(class: Class, payload: u32) -> Due {
        match class {
            Class::Outcome if payload == OTHER => Due::LateOutcome,
            Class::Outcome => Due::Outcome(MessageId(payload)),
            Class::Timeout => Due::Timeout(MessageId(payload)),
            Class::OutcomeCallback => Due::OutcomeCallback(MessageId(payload)),
            Class::Delivery => Due::Delivery(payload),
            Class::Work => match payload & AT_WORK {
                0 => Due::Work(payload),
                EXTEND => Due::Extend(payload & !AT_WORK),
                _ => Due::Restart(payload & !AT_WORK),
            },
            Class::Backoff => Due::Backoff(MessageId(payload)),
            Class::Phase if payload == OTHER => Due::LoadEnd,
            Class::Phase => Due::Phase(payload),
            Class::Arrival if payload & SEND != 0 => Due::Send(payload & !SEND),
            Class::Arrival => Due::Arrival(payload),
        }
    }
}

/// An event in 64 bits: the class above, the payload in the lower 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Packed(u64);

impl Packed {
    /// What stands where there is no event.
    pub(super) const NONE: Packed = Packed(0);

    #[inline(always)]
    pub(super) fn of(due: Due) -> Packed {
        let (class, payload) = due.pack();
        Packed((class as u64) << 32 | u64::from(payload))
    }

    #[inline(always)]
    pub(super) fn due(self) -> Due {
        Due::unpack(Class::ALL[self.class() as usize], self.0 as u32)
    }

    /// The number of the class.
    #[inline(always)]
    pub(super) fn class(self) -> u64 {
        self.0 >> 32
    }

    /// The agent, if this is an agent's own arrival.
    #[inline(always)]
    pub(super) fn arriving_agent(self) -> Option<u32> {
        let payload = self.0 as u32;
        (self.class() == Class::Arrival as u64 && payload & SEND == 0).then_some(payload)
    }
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
            assert_eq!((Packed::of(due).due(), Packed::of(due).class()), (due, class as u64));
        }
    }
}
