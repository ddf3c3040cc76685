//! All copies that the medium holds, in one store in which each has a number.

use mqscript_plugin::{Kept, Stamp};
use std::sync::Arc;

/// The number that stands for nothing.
pub const NONE: u32 = u32::MAX;

/// Where a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Its place in the store is free.
    Free,
    /// On its way into the queue.
    Arriving,
    /// It waits in a queue.
    Waiting,
    /// To come into its queue again after a delay.
    Delayed,
    /// With an agent, unsettled.
    Held,
    /// Still in the chain of its queue, but settled: to be dropped when its turn comes.
    Settled,
}

/// One copy in the store.
#[derive(Debug)]
pub struct Copy {
    /// The identity of the message.
    pub stamp: Stamp,
    /// Content and texts, where they are wanted.
    pub kept: Option<Arc<Kept>>,
    /// The token of its attempt, until it is answered; where answers wait for the queue.
    pub token: u64,
    /// When its lease ends, in nanoseconds; `u64::MAX` = never, or no lease.
    pub lease_ends_ns: u64,
    /// The random number of its hand-over.
    pub luck: u64,
    /// The number of its queue; [`NONE`] while it is for all.
    pub queue: u32,
    /// The next copy in its queue.
    pub next: u32,
    /// The agent that holds it, or had it last; [`NONE`] before the first hand-over.
    pub holder: u32,
    /// The number of hand-overs so far.
    pub handed_over: u32,
    /// Another with each hand-over, so that a tag of an earlier one is known as such.
    pub epoch: u32,
    /// The epoch before its first hand-over.
    pub first_epoch: u32,
    pub place: Place,
    /// 0 low … 3 urgent.
    pub priority: u8,
}

/// The store of copies.
#[derive(Debug, Default)]
pub struct Copies {
    slots: Vec<Copy>,
    free: Vec<u32>,
    /// The number of copies that are settled and still in a chain.
    settled: usize,
}

impl Copies {
    /// Keeps a copy. Returns its number.
    pub fn add(&mut self, copy: Copy) -> u32 {
        match self.free.pop() {
            Some(id) => {
                let epoch = self.slots[id as usize].epoch;
                self.slots[id as usize] = Copy { epoch, first_epoch: epoch, ..copy };
                id
            }
            None => {
                self.slots.push(copy);
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// Forgets this copy for good.
    pub fn remove(&mut self, id: u32) {
        let copy = &mut self.slots[id as usize];
        self.settled -= usize::from(copy.place == Place::Settled);
        (copy.place, copy.kept) = (Place::Free, None);
        copy.epoch = copy.epoch.wrapping_add(1);
        self.free.push(id);
    }

    /// A copy in a chain is settled; it is removed when its turn comes.
    pub fn is_settled(&mut self, id: u32) {
        self.slots[id as usize].place = Place::Settled;
        self.settled += 1;
    }

    /// Whether no copy is left that is not settled.
    pub fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len() + self.settled
    }

    /// What the host settles the copy by, while it is with an agent.
    pub fn tag(&self, id: u32) -> u64 {
        u64::from(self.slots[id as usize].epoch) << 32 | (u64::from(id) + 1)
    }

    /// The copy of a tag of any of its hand-overs; none if it has been settled.
    pub fn of_any_tag(&self, tag: u64) -> Option<u32> {
        let id = (tag as u32).checked_sub(1)?;
        let copy = self.slots.get(id as usize)?;
        let since_first = |epoch: u32| epoch.wrapping_sub(copy.first_epoch);
        let is_its = (1..=since_first(copy.epoch)).contains(&since_first((tag >> 32) as u32));
        (is_its && !matches!(copy.place, Place::Free | Place::Settled)).then_some(id)
    }

    /// The copy of a tag; none if it has been settled, or was handed over again since.
    pub fn of_tag(&self, tag: u64) -> Option<u32> {
        let id = (tag as u32).checked_sub(1)?;
        let copy = self.slots.get(id as usize)?;
        (copy.epoch == (tag >> 32) as u32 && !matches!(copy.place, Place::Free | Place::Settled))
            .then_some(id)
    }
}

impl std::ops::Index<u32> for Copies {
    type Output = Copy;

    fn index(&self, id: u32) -> &Copy {
        &self.slots[id as usize]
    }
}

impl std::ops::IndexMut<u32> for Copies {
    fn index_mut(&mut self, id: u32) -> &mut Copy {
        &mut self.slots[id as usize]
    }
}
