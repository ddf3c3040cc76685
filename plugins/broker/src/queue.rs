//! One queue: what was handed over before comes first, then by priority, and in order of arrival.

use crate::copies::{Copies, NONE, Place};
use std::collections::VecDeque;

/// Copies that are handed over again, and four priorities.
const CLASSES: usize = 5;

/// A chain of copies, each of which names the next.
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u32,
    last: u32,
}

const EMPTY: Chain = Chain { first: NONE, last: NONE };

/// A queue of copies.
#[derive(Debug)]
pub struct Queue {
    chains: [Chain; CLASSES],
    /// The number of copies that wait.
    waiting: u32,
    /// The agents of a shared queue that may get a copy, the one whose turn it is first.
    pub ready: VecDeque<u32>,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue { chains: [EMPTY; CLASSES], waiting: 0, ready: VecDeque::new() }
    }
}

impl Queue {
    /// The number of copies that wait.
    pub fn waiting(&self) -> u64 {
        u64::from(self.waiting)
    }

    /// Appends a copy to those of its kind.
    pub fn push(&mut self, id: u32, copies: &mut Copies) {
        let copy = &mut copies[id];
        let class = if copy.handed_over > 0 { 0 } else { CLASSES - 1 - usize::from(copy.priority.min(3)) };
        (copy.next, copy.place) = (NONE, Place::Waiting);
        let chain = &mut self.chains[class];
        match chain.last {
            NONE => chain.first = id,
            last => copies[last].next = id,
        }
        chain.last = id;
        self.waiting += 1;
    }

    /// Puts a copy before all others.
    pub fn push_first(&mut self, id: u32, copies: &mut Copies) {
        let chain = &mut self.chains[0];
        (copies[id].next, copies[id].place) = (chain.first, Place::Waiting);
        chain.first = id;
        if chain.last == NONE {
            chain.last = id;
        }
        self.waiting += 1;
    }

    /// Takes the next copy. What was settled meanwhile is forgotten.
    pub fn pop(&mut self, copies: &mut Copies) -> Option<u32> {
        while let Some(chain) = self.chains.iter_mut().find(|chain| chain.first != NONE) {
            let id = chain.first;
            chain.first = copies[id].next;
            if chain.first == NONE {
                chain.last = NONE;
            }
            if copies[id].place == Place::Waiting {
                self.waiting -= 1;
                return Some(id);
            }
            copies.remove(id);
        }
        None
    }

    /// Settles a copy that waits. It is forgotten when its turn comes.
    pub fn settle(&mut self, id: u32, copies: &mut Copies) {
        copies.is_settled(id);
        self.waiting -= 1;
    }
}
