//! Single copies that the results name: lost ones, duplicates, copies out of order; and what a processor under test
//! reported.

use super::message::Message;
use crate::cores::abi::Stamp;
use crate::plan::TypeId;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// The most copies of each class that are named.
pub const NAMED_MAX: usize = 1_000;
/// The approximate memory for a message that has not come, in bytes.
const SENT_BYTES: u64 = 64;

/// The identity of a message: its sender and its number among the sender's.
type Key = (u32, u64);

/// A copy as the results name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// When its message was due, if known, in nanoseconds. Copies are named in this order.
    pub intended_ns: Option<u64>,
    /// The number of the message among its sender's.
    pub sequence: u64,
    /// The number of the sender.
    pub sender: u32,
    /// The agent whose copy it is; ALL = every agent.
    pub recipient: u32,
    /// The number of its message type, if known.
    pub type_id: Option<TypeId>,
    /// When it came or was given up, in nanoseconds.
    pub at_ns: Option<u64>,
    /// The interned reason, if one was given; else 0.
    pub reason: u32,
    /// The number of failed calls of the processor for its message.
    pub failed_calls: u32,
}

impl Name {
    /// The name of the copy of a stamped message, at an agent and at this time.
    pub fn of(stamp: &Stamp, origin_ns: u64, recipient: u32, at_ns: u64) -> Name {
        Name {
            intended_ns: Some(stamp.intended_ns.saturating_sub(origin_ns)),
            sequence: stamp.sequence,
            sender: stamp.sender,
            recipient,
            type_id: Some(TypeId(stamp.type_id)),
            at_ns: Some(at_ns),
            reason: 0,
            failed_calls: 0,
        }
    }
}

/// A message whose copies are expected.
#[derive(Debug, Clone, Copy)]
struct Sent {
    type_id: TypeId,
    intended_ns: u64,
    accepted_ns: u64,
    copies_left: u64,
}

/// What a processor did for a message of which no copy has come.
#[derive(Debug, Clone, Copy, Default)]
struct ProcessorCalls {
    failed_calls: u32,
    /// The interned reason why the last call failed.
    reason: u32,
    /// Whether a call succeeded, but for another recipient.
    elsewhere: bool,
}

/// The number of lost copies for each cause, as far as a processor reported its calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LossCounts {
    /// Copies for which no call was made.
    pub never_tried: u64,
    /// Copies for which calls were made that all failed.
    pub tried: u64,
    /// Copies for which a call succeeded, but to another recipient.
    pub elsewhere: u64,
}

/// Collects the copies of a run that the results name.
#[derive(Debug, Clone)]
pub struct Named {
    /// Messages handed over of which copies are expected; only on the wall clock.
    sent: Option<HashMap<Key, Sent>>,
    sent_max: usize,
    tried: HashMap<Key, ProcessorCalls>,
    /// Copies that came twice.
    pub duplicated: Vec<Name>,
    /// Copies that came out of order.
    pub out_of_order: Vec<Name>,
    /// Messages that a processor gave up.
    pub given_up: Vec<Name>,
    /// The number of copies that differ from what was sent, by the fields that differ (an interned text).
    pub altered: BTreeMap<u32, u64>,
    /// The number of copies without a stamp whose content is that of a sent message.
    pub unstamped: u64,
    /// The number of failed calls of a processor.
    pub failed_calls: u64,
}

impl Named {
    /// A collection with nothing in it. On the wall clock, types and times of expected copies are kept, in about
    /// `bytes_max` bytes.
    pub fn new(on_wall_clock: bool, bytes_max: u64) -> Named {
        Named {
            sent: on_wall_clock.then(HashMap::new),
            sent_max: usize::try_from(bytes_max / SENT_BYTES).unwrap_or(usize::MAX),
            tried: HashMap::new(),
            duplicated: Vec::new(),
            out_of_order: Vec::new(),
            given_up: Vec::new(),
            altered: BTreeMap::new(),
            unstamped: 0,
            failed_calls: 0,
        }
    }

    /// Notes that a message was accepted, for the first time or again; `copies` are expected of it.
    pub fn handed_over(&mut self, message: &Message, copies: u64) {
        let Some(sent) = &mut self.sent else { return };
        let Message { agent, sequence, type_id, intended_ns, accepted_ns, .. } = *message;
        let key = (agent, sequence);
        if message.attempts > 1 {
            if let Some(known) = sent.get_mut(&key) {
                known.accepted_ns = accepted_ns;
            }
        } else if sent.len() < self.sent_max {
            sent.insert(key, Sent { type_id, intended_ns, accepted_ns, copies_left: copies });
        }
    }

    /// Notes the first copy of a message for an agent. Returns when its message was accepted, if known.
    #[inline]
    pub fn received(&mut self, stamp: &Stamp) -> Option<u64> {
        let key = (stamp.sender, stamp.sequence);
        let sent = self.sent.as_mut()?;
        let message = sent.get_mut(&key)?;
        let accepted_ns = message.accepted_ns;
        message.copies_left -= 1;
        if message.copies_left == 0 {
            sent.remove(&key);
            self.tried.remove(&key);
        }
        Some(accepted_ns)
    }

    /// Counts a failed call for a message.
    pub fn failed_call(&mut self, stamp: &Stamp, reason: u32) {
        self.failed_calls += 1;
        let tried = self.tried.entry((stamp.sender, stamp.sequence)).or_default();
        tried.failed_calls = tried.failed_calls.saturating_add(1);
        tried.reason = reason;
    }

    /// Notes that a call for a message succeeded, but for a wrong recipient.
    pub fn went_elsewhere(&mut self, stamp: &Stamp) {
        self.tried.entry((stamp.sender, stamp.sequence)).or_default().elsewhere = true;
    }

    /// Keeps the name of a message that was given up.
    pub fn gave_up(&mut self, name: Name) {
        keep(&mut self.given_up, name);
    }

    /// Keeps the name of a copy that came twice.
    pub fn came_twice(&mut self, name: Name) {
        keep(&mut self.duplicated, name);
    }

    /// Keeps the name of a copy that came out of order.
    pub fn came_out_of_order(&mut self, name: Name) {
        keep(&mut self.out_of_order, name);
    }

    /// The names of the first lost copies, and the causes of all losses. `each_lost` must report each lost copy:
    /// sender, sequence, agent.
    pub fn lost(&self, each_lost: impl FnOnce(&mut dyn FnMut(u32, u64, u32))) -> (Vec<Name>, LossCounts) {
        let (mut first, mut by) = (BinaryHeap::new(), LossCounts::default());
        each_lost(&mut |sender, sequence, recipient| {
            let key = (sender, sequence);
            let sent = self.sent.as_ref().and_then(|sent| sent.get(&key));
            let tried = self.tried.get(&key).copied().unwrap_or_default();
            match (tried.elsewhere, tried.failed_calls) {
                (true, _) => by.elsewhere += 1,
                (false, 0) => by.never_tried += 1,
                (false, _) => by.tried += 1,
            }
            let name = Name {
                intended_ns: sent.map(|sent| sent.intended_ns),
                sequence,
                sender,
                recipient,
                type_id: sent.map(|sent| sent.type_id),
                at_ns: None,
                reason: tried.reason,
                failed_calls: tried.failed_calls,
            };
            if first.len() < NAMED_MAX {
                first.push(name);
            } else if let Some(mut last) = first.peek_mut()
                && name < *last
            {
                *last = name;
            }
        });
        (first.into_sorted_vec(), by)
    }
}

fn keep(names: &mut Vec<Name>, name: Name) {
    if names.len() < NAMED_MAX {
        names.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(sender: u32, sequence: u64) -> Stamp {
        Stamp { sender, sequence, ..Stamp::default() }
    }

    #[test]
    fn lost_copies_are_told_apart_by_what_was_tried() {
        let mut named = Named::new(true, 1 << 20);
        for sequence in 1..=4 {
            let intended_ns = 100 - sequence;
            let message =
                Message { sequence, type_id: TypeId(7), intended_ns, attempts: 1, ..Message::EMPTY };
            named.handed_over(&message, 1);
        }
        named.failed_call(&stamp(0, 2), 5);
        named.failed_call(&stamp(0, 2), 6);
        named.failed_call(&stamp(0, 3), 6);
        named.went_elsewhere(&stamp(0, 3));
        named.failed_call(&stamp(0, 4), 6);
        named.handed_over(&Message { sequence: 4, attempts: 2, accepted_ns: 50, ..Message::EMPTY }, 1);
        assert_eq!((named.received(&stamp(0, 4)), named.received(&stamp(0, 4))), (Some(50), None));
        let (names, by) = named.lost(|tell| (1..=3).for_each(|sequence| tell(0, sequence, 1)));
        assert_eq!(by, LossCounts { never_tried: 1, tried: 1, elsewhere: 1 });
        // What was due first is named first.
        assert_eq!(names.iter().map(|name| name.sequence).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!((names[1].failed_calls, names[1].reason, names[1].type_id), (2, 6, Some(TypeId(7))));
        assert_eq!(named.failed_calls, 4);
    }

    #[test]
    fn of_many_the_first_thousand_are_named() {
        let named = Named::new(false, 0);
        let (names, by) = named.lost(|tell| (1..=5_000).rev().for_each(|sequence| tell(0, sequence, 1)));
        assert_eq!((names.len(), by.never_tried), (NAMED_MAX, 5_000));
        assert_eq!((names[0].sequence, names[NAMED_MAX - 1].sequence), (1, NAMED_MAX as u64));
    }
}
