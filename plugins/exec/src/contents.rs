//! Remembers which contents were sent, in a bounded memory.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// The most contents that are remembered.
const REMEMBERED_MAX: usize = 1 << 18;

/// Hashes of the newest contents.
#[derive(Debug, Default)]
pub struct Contents {
    hasher: RandomState,
    known: HashSet<u64>,
    /// The hashes, oldest first.
    order: VecDeque<u64>,
}

impl Contents {
    /// Remembers a content. An empty one is ignored.
    pub fn note(&mut self, content: &[u8]) {
        let hash = self.hasher.hash_one(content);
        if content.is_empty() || !self.known.insert(hash) {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Whether this content is remembered.
    pub fn has(&self, content: &[u8]) -> bool {
        self.known.contains(&self.hasher.hash_one(content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered() {
        let mut contents = Contents::default();
        contents.note(b"first");
        contents.note(b"");
        assert!(contents.has(b"first") && !contents.has(b"other") && !contents.has(b""));
        for number in 0..REMEMBERED_MAX {
            contents.note(&number.to_le_bytes());
        }
        assert!(!contents.has(b"first") && contents.has(&0usize.to_le_bytes()));
        assert_eq!((contents.known.len(), contents.order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
    }
}
