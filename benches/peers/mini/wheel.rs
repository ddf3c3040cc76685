//! What is due when.

const BUCKETS: usize = 4096;
/// A bucket is 2¹⁴ ns wide, and the wheel 67 ms: no gap is longer than 37 means of 0.8 ms, no latency than 10 ms.
const SHIFT: u32 = 14;
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Node {
    time_ns: u64,
    due: u32,
    next: u32,
}

/// A timing wheel: a chain of entries for each bucket, a bit for each bucket and one for each 64 of them.
pub struct Wheel {
    heads: Vec<u32>,
    filled: [u64; BUCKETS / 64],
    filled_words: u64,
    nodes: Vec<Node>,
    free: u32,
    /// The bucket in hand, since the beginning.
    current: u64,
    /// What is left of the bucket in hand, last first.
    ready: Vec<(u64, u32)>,
}

impl Wheel {
    pub fn new() -> Wheel {
        Wheel {
            heads: vec![NONE; BUCKETS],
            filled: [0; BUCKETS / 64],
            filled_words: 0,
            nodes: Vec::new(),
            free: NONE,
            current: 0,
            ready: Vec::new(),
        }
    }

    #[inline(always)]
    pub fn put(&mut self, time_ns: u64, due: u32) {
        let bucket = time_ns >> SHIFT;
        if bucket <= self.current {
            return self.put_in_hand(time_ns, due);
        }
        debug_assert!(bucket - self.current < BUCKETS as u64, "beyond the wheel");
        let place = bucket as usize % BUCKETS;
        let node = Node { time_ns, due, next: self.heads[place] };
        let number = match self.free {
            NONE => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
            number => {
                self.free = std::mem::replace(&mut self.nodes[number as usize], node).next;
                number
            }
        };
        self.heads[place] = number;
        self.filled[place / 64] |= 1 << (place % 64);
        self.filled_words |= 1 << (place / 64);
    }

    #[inline(always)]
    pub fn next(&mut self) -> Option<(u64, u32)> {
        match self.ready.pop() {
            None => self.advance(),
            found => found,
        }
    }

    /// One gap in fifty is so short.
    #[inline(never)]
    fn put_in_hand(&mut self, time_ns: u64, due: u32) {
        let place = self.ready.partition_point(|entry| *entry > (time_ns, due));
        self.ready.insert(place, (time_ns, due));
    }

    /// Takes the next bucket that is not empty in hand, and gives its first entry.
    #[inline(always)]
    fn advance(&mut self) -> Option<(u64, u32)> {
        let place = self.next_filled()?;
        let steps = place.wrapping_sub(self.current as usize) % BUCKETS;
        self.current += steps as u64;
        self.filled[place / 64] &= !(1 << (place % 64));
        if self.filled[place / 64] == 0 {
            self.filled_words &= !(1 << (place / 64));
        }
        let first = std::mem::replace(&mut self.heads[place], NONE);
        let node = self.nodes[first as usize];
        if node.next == NONE {
            self.nodes[first as usize].next = self.free;
            self.free = first;
            return Some((node.time_ns, node.due));
        }
        self.take_chain(first);
        self.ready.pop()
    }

    /// The place of the first filled bucket after the one in hand.
    #[inline(always)]
    fn next_filled(&self) -> Option<usize> {
        let start = (self.current as usize + 1) % BUCKETS;
        let word = start / 64;
        let here = self.filled[word] & (!0 << (start % 64));
        if here != 0 {
            return Some(word * 64 + here.trailing_zeros() as usize);
        }
        let after = self.filled_words & (!0 << word << 1);
        let words = if after != 0 { after } else { self.filled_words };
        let word = words.trailing_zeros() as usize;
        (words != 0).then(|| word * 64 + self.filled[word].trailing_zeros() as usize)
    }

    fn take_chain(&mut self, first: u32) {
        let mut number = first;
        while number != NONE {
            let node = &mut self.nodes[number as usize];
            self.ready.push((node.time_ns, node.due));
            let next = std::mem::replace(&mut node.next, self.free);
            self.free = number;
            number = next;
        }
        self.ready.sort_unstable_by(|one, other| other.cmp(one));
    }
}
