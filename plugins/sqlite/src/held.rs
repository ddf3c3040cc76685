//! The copies that have been handed over and are not settled, by tag, and what becomes of them by themselves.

use crate::exchange::HandedOut;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// The lease has not begun: the host has not got the copy yet.
const NOT_BEGUN: u64 = u64::MAX;
/// The lease never ends.
const FOR_EVER: u64 = u64::MAX - 1;
/// The first tag of copies of earlier runs.
const RECALLED: u64 = 1 << 63;

/// A copy that has been handed over, or was by an earlier run.
#[derive(Debug, Clone, Copy)]
pub struct Copy {
    /// The id of its message.
    pub message: i64,
    /// When its lease ends, or its delay, in nanoseconds since the origin.
    due_ns: u64,
    /// The number of its queue.
    pub queue: u32,
    /// The agent that has it, or had it last.
    pub agent: u32,
    /// The number of hand-overs so far.
    pub handed_over: u32,
    /// Whether the agent has it; otherwise it waits.
    pub is_held: bool,
}

/// All copies that have been handed over and are not settled.
#[derive(Debug, Default)]
pub struct Held {
    copies: HashMap<u64, Copy>,
    /// The ends of leases and delays, with tags. Some are of no more account.
    due: BinaryHeap<Reverse<(u64, u64)>>,
    /// The number of copies that the host has not got yet.
    on_their_way: u64,
    last_tag: u64,
    /// The number of copies of earlier runs. The host knows none of their tags, which lie beyond all others.
    recalled: u64,
}

impl Copy {
    /// A copy of this message for this queue, as it is before it is handed over.
    pub fn new(message: i64, queue: u32, agent: u32, handed_over: u32) -> Copy {
        Copy { message, due_ns: NOT_BEGUN, queue, agent, handed_over, is_held: false }
    }
}

impl Held {
    /// Keeps a copy that an agent gets. Returns its tag.
    pub fn hand_over(&mut self, copy: Copy) -> u64 {
        self.last_tag += 1;
        self.on_their_way += 1;
        self.copies.insert(self.last_tag, Copy { due_ns: NOT_BEGUN, is_held: true, ..copy });
        self.last_tag
    }

    /// Keeps a copy of an earlier run, which is not handed over before `due_ns`.
    pub fn recall(&mut self, copy: Copy, due_ns: u64) {
        let tag = RECALLED + self.recalled;
        self.recalled += 1;
        self.copies.insert(tag, Copy { due_ns, is_held: false, ..copy });
        self.due.push(Reverse((due_ns, tag)));
    }

    /// The copy of a tag; none if it has been settled, or was handed over again since.
    pub fn get(&self, tag: u64) -> Option<Copy> {
        self.copies.get(&tag).copied()
    }

    /// Takes the copy of a tag away.
    pub fn remove(&mut self, tag: u64) -> Option<Copy> {
        self.copies.remove(&tag)
    }

    /// The lease of a copy begins, or begins anew; none = it never ends.
    pub fn lease(&mut self, tag: u64, ends_ns: Option<u64>) {
        if let Some(copy) = self.copies.get_mut(&tag) {
            copy.due_ns = ends_ns.unwrap_or(FOR_EVER);
            self.due.extend(ends_ns.map(|ends_ns| Reverse((ends_ns, tag))));
        }
    }

    /// The agent has the copy no longer. It waits, at least until `due_ns` if there is a delay.
    pub fn take_back(&mut self, tag: u64, due_ns: Option<u64>) {
        if let Some(copy) = self.copies.get_mut(&tag) {
            copy.is_held = false;
            copy.due_ns = due_ns.unwrap_or(NOT_BEGUN);
            self.due.extend(due_ns.map(|due_ns| Reverse((due_ns, tag))));
        }
    }

    /// The host has got these copies: their leases begin, each as long as `lease_ns` says for its agent.
    pub fn note_handed_out(&mut self, handed_out: &HandedOut, lease_ns: impl Fn(u32) -> Option<u64>) {
        for tag in handed_out.first..=handed_out.last {
            self.on_their_way = self.on_their_way.saturating_sub(1);
            let copy = self.copies.get(&tag).filter(|copy| copy.is_held && copy.due_ns == NOT_BEGUN);
            if let Some(agent) = copy.map(|copy| copy.agent) {
                self.lease(tag, lease_ns(agent).map(|lease_ns| handed_out.at_ns.saturating_add(lease_ns)));
            }
        }
    }

    /// When the next lease or delay ends, in nanoseconds since the origin.
    pub fn next_due_ns(&mut self) -> Option<u64> {
        while let Some(Reverse((due_ns, tag))) = self.due.peek() {
            if self.copies.get(tag).is_some_and(|copy| copy.due_ns == *due_ns) {
                return Some(*due_ns);
            }
            self.due.pop();
        }
        None
    }

    /// Takes the next lease or delay that has ended. Returns its copy, which is still kept.
    pub fn take_due(&mut self, now_ns: u64) -> Option<(u64, Copy)> {
        self.next_due_ns().filter(|due_ns| *due_ns <= now_ns)?;
        let Reverse((_, tag)) = self.due.pop()?;
        self.get(tag).map(|copy| (tag, copy))
    }

    /// Whether there are copies that the host has not got yet.
    pub fn has_some_on_their_way(&self) -> bool {
        self.on_their_way > 0
    }

    /// Whether there are no copies that are not settled.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// The copies that agents have, and whether the host has got them.
    pub fn with_agents(&self) -> impl Iterator<Item = (&Copy, bool)> {
        self.copies.values().filter(|copy| copy.is_held).map(|copy| (copy, copy.due_ns != NOT_BEGUN))
    }
}
