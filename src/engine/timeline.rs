//! What is due when: a bitmap timing wheel with a heap for the far future.
//!
//! Entries come out by time, then by class, then in order of creation. Buckets are 2^`shift` nanoseconds wide; a
//! three-level bitmap finds the next one that is not empty. The bucket in hand lies sorted in `ready`; what is
//! scheduled into it (or into the past) meanwhile goes to the small heap `late`.

use super::due::{Class, Due, is_agent};
use crate::metrics::prefetch;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

const CLASS_SHIFT: u32 = 60;
const NONE: u32 = u32::MAX;
/// The fewest buckets of the wheel.
const BUCKETS_MIN: usize = 4096;
/// The most buckets of the wheel.
const BUCKETS_MAX: usize = 1 << 23;
/// How many buckets ahead of the one in hand a scout starts, and how far it goes.
const SCOUT_FROM: u64 = 8;
const SCOUT_TO: u64 = 32;
/// The number of entries that a scout prefetches before it reads the first.
const ASKED_MIN: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    time_ns: u64,
    /// The class in the upper four bits, the number of creation below.
    order: u64,
    payload: u32,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    entry: Entry,
    next: u32,
}

/// The events that are still to come.
#[derive(Debug)]
pub struct Timeline {
    shift: u32,
    mask: u64,
    /// The number (time >> shift) of the current bucket; later buckets lie in the wheel.
    current: u64,
    heads: Vec<u32>,
    levels: [Vec<u64>; 3],
    nodes: Vec<Node>,
    free: u32,
    /// The entries of the current bucket, last first.
    ready: Vec<Entry>,
    late: BinaryHeap<Reverse<Entry>>,
    far: BinaryHeap<Reverse<Entry>>,
    /// When the current bucket has this number, the first entry of `far` fits into the wheel.
    far_within: u64,
    created: u64,
    len: usize,
    /// The number of the bucket that was last scouted.
    scout: u64,
    /// The nodes whose memory was prefetched, oldest first.
    asked: VecDeque<u32>,
}

impl Timeline {
    /// A timeline for about `pending` entries at a time, which come due about `gap_ns` apart on average, while one
    /// agent's entries are `spread_ns` apart.
    pub fn new(pending: usize, gap_ns: f64, spread_ns: f64) -> Timeline {
        let buckets = (4 * pending).next_power_of_two().clamp(BUCKETS_MIN, BUCKETS_MAX);
        let width = (gap_ns / 8.0).max(3.0 * spread_ns / buckets as f64).clamp(1.0, 1e12);
        Timeline {
            shift: width.log2().round() as u32,
            mask: buckets as u64 - 1,
            current: 0,
            heads: vec![NONE; buckets],
            levels: [vec![0; buckets / 64], vec![0; buckets / 4096], vec![0; buckets.div_ceil(262_144)]],
            nodes: Vec::with_capacity(pending),
            free: NONE,
            ready: Vec::new(),
            late: BinaryHeap::new(),
            far: BinaryHeap::new(),
            far_within: u64::MAX,
            created: 0,
            len: 0,
            scout: 0,
            asked: VecDeque::new(),
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Puts an event on the timeline. An event in the past is due at once, ordered by its time.
    #[inline]
    pub fn schedule(&mut self, time_ns: u64, due: Due) {
        let (class, payload) = due.pack();
        let order = ((class as u64) << CLASS_SHIFT) | self.created;
        self.created += 1;
        self.len += 1;
        self.insert(Entry { time_ns, order, payload });
    }

    #[inline]
    fn insert(&mut self, entry: Entry) {
        let bucket = entry.time_ns >> self.shift;
        // For a bucket in the past, the difference wraps to a large number, so that it is not put into the wheel.
        if bucket.wrapping_sub(self.current + 1) < self.mask {
            self.insert_wheel((bucket & self.mask) as usize, entry);
        } else {
            self.insert_rarely(bucket, entry);
        }
    }

    #[inline(never)]
    fn insert_rarely(&mut self, bucket: u64, entry: Entry) {
        if bucket <= self.current {
            self.late.push(Reverse(entry));
        } else {
            self.far.push(Reverse(entry));
            self.far_within = self.far_within.min(bucket - self.mask);
        }
    }

    #[inline]
    fn insert_wheel(&mut self, place: usize, entry: Entry) {
        let head = self.heads[place];
        let node = Node { entry, next: head };
        let index = if self.free != NONE {
            let index = self.free;
            self.free = self.nodes[index as usize].next;
            self.nodes[index as usize] = node;
            index
        } else {
            self.nodes.push(node);
            (self.nodes.len() - 1) as u32
        };
        self.heads[place] = index;
        if head == NONE {
            self.levels[0][place >> 6] |= 1 << (place & 63);
            self.levels[1][place >> 12] |= 1 << ((place >> 6) & 63);
            self.levels[2][place >> 18] |= 1 << ((place >> 12) & 63);
        }
    }

    #[inline]
    fn clear_bit(&mut self, place: usize) {
        let word = &mut self.levels[0][place >> 6];
        *word &= !(1 << (place & 63));
        if *word == 0 {
            let word = &mut self.levels[1][place >> 12];
            *word &= !(1 << ((place >> 6) & 63));
            if *word == 0 {
                self.levels[2][place >> 18] &= !(1 << ((place >> 12) & 63));
            }
        }
    }

    /// The first bucket at or after `place` that is not empty.
    #[inline(always)]
    fn next_filled(&self, place: usize) -> Option<usize> {
        let word = place >> 6;
        let bits = self.levels[0].get(word)? & (!0 << (place & 63));
        if bits != 0 {
            return Some((word << 6) | bits.trailing_zeros() as usize);
        }
        self.next_filled_word(word + 1)
    }

    fn next_filled_word(&self, word: usize) -> Option<usize> {
        let group = word >> 6;
        let bits = self.levels[1].get(group)? & (!0 << (word & 63));
        let word = if bits != 0 {
            (group << 6) | bits.trailing_zeros() as usize
        } else {
            let group = self.next_filled_group(group + 1)?;
            (group << 6) | self.levels[1][group].trailing_zeros() as usize
        };
        Some((word << 6) | self.levels[0][word].trailing_zeros() as usize)
    }

    fn next_filled_group(&self, group: usize) -> Option<usize> {
        let first = group >> 6;
        let masked = self.levels[2].get(first)? & (!0 << (group & 63));
        if masked != 0 {
            return Some((first << 6) | masked.trailing_zeros() as usize);
        }
        let later = self.levels[2][first + 1..].iter().position(|bits| *bits != 0)? + first + 1;
        Some((later << 6) | self.levels[2][later].trailing_zeros() as usize)
    }

    /// Takes the next bucket as the current one. Returns false if there is none.
    #[inline(never)]
    fn advance(&mut self) -> bool {
        let start = (self.current + 1) & self.mask;
        let found = self.next_filled(start as usize).or_else(|| self.next_filled(0));
        let Some(place) = found else {
            return self.advance_far();
        };
        let distance = ((place as u64).wrapping_sub(start) & self.mask) + 1;
        self.current += distance;
        self.clear_bit(place);
        let mut index = std::mem::replace(&mut self.heads[place], NONE);
        while index != NONE {
            let node = &mut self.nodes[index as usize];
            self.ready.push(node.entry);
            let next = std::mem::replace(&mut node.next, self.free);
            self.free = index;
            index = next;
        }
        match self.ready.as_mut_slice() {
            [] | [_] => {}
            [a, b] => {
                if *a < *b {
                    std::mem::swap(a, b);
                }
            }
            more => more.sort_unstable_by(|a, b| b.cmp(a)),
        }
        if self.current >= self.far_within {
            self.migrate();
        }
        true
    }

    /// Jumps to the first entry of the far future, when the wheel is empty.
    #[inline(never)]
    fn advance_far(&mut self) -> bool {
        let Some(Reverse(first)) = self.far.peek() else {
            return false;
        };
        self.current = first.time_ns >> self.shift;
        self.migrate();
        true
    }

    /// Moves entries from the far heap into the wheel as soon as they fit.
    #[inline(never)]
    fn migrate(&mut self) {
        self.far_within = u64::MAX;
        while let Some(Reverse(first)) = self.far.peek() {
            let bucket = first.time_ns >> self.shift;
            if bucket - self.current > self.mask {
                self.far_within = bucket - self.mask;
                break;
            }
            let Some(Reverse(entry)) = self.far.pop() else { break };
            self.insert(entry);
        }
    }

    /// The time of the next event.
    #[inline(always)]
    pub fn next_time(&mut self) -> Option<u64> {
        if !self.late.is_empty() {
            return self.next_time_with_late();
        }
        loop {
            if let Some(entry) = self.ready.last() {
                return Some(entry.time_ns);
            }
            if !self.advance() {
                return None;
            }
            if !self.late.is_empty() {
                return self.next_time_with_late();
            }
        }
    }

    #[inline(never)]
    fn next_time_with_late(&self) -> Option<u64> {
        let ready = self.ready.last().map_or(u64::MAX, |entry| entry.time_ns);
        let late = self.late.peek().map_or(u64::MAX, |Reverse(entry)| entry.time_ns);
        Some(ready.min(late))
    }

    /// Takes the next event that is due at or before `now_ns`, with its time.
    #[inline(always)]
    pub fn pop_due(&mut self, now_ns: u64) -> Option<(u64, Due)> {
        if self.next_time()? > now_ns {
            return None;
        }
        let entry = if self.late.is_empty() { self.ready.pop() } else { self.pop_with_late() }?;
        self.len -= 1;
        let class = Class::ALL[(entry.order >> CLASS_SHIFT) as usize];
        Some((entry.time_ns, Due::unpack(class, entry.payload)))
    }

    #[inline(never)]
    fn pop_with_late(&mut self) -> Option<Entry> {
        let late = self.late.peek().map(|Reverse(entry)| *entry);
        match (self.ready.last(), late) {
            (Some(ready), Some(late)) if *ready < late => self.ready.pop(),
            _ => self.late.pop().map(|Reverse(entry)| entry),
        }
    }

    /// Looks a little further ahead than the last call and prefetches what it finds. Returns an agent with an arrival
    /// that is due soon. Useful if there are so many agents that each one misses every cache; to be called once for
    /// each event that is handled.
    #[inline]
    pub fn scout(&mut self) -> Option<u32> {
        self.scout = self.scout.max(self.current + SCOUT_FROM);
        if self.scout < self.current + SCOUT_TO
            && let Some(place) = self.next_filled(((self.scout + 1) & self.mask) as usize)
        {
            self.scout += ((place as u64).wrapping_sub(self.scout + 1) & self.mask) + 1;
            self.ask_for(self.heads[place]);
        }
        if self.asked.len() < ASKED_MIN {
            return None;
        }
        // The memory that was prefetched is loaded by now. A node that was freed or reused meanwhile gives a wrong
        // hint, which does no harm.
        let node = *self.nodes.get(self.asked.pop_front()? as usize)?;
        let bucket = node.entry.time_ns >> self.shift;
        if bucket <= self.current || bucket > self.scout {
            return None;
        }
        self.ask_for(node.next);
        let is_arrival = node.entry.order >> CLASS_SHIFT == Class::Arrival as u64;
        (is_arrival && is_agent(node.entry.payload)).then_some(node.entry.payload)
    }

    #[inline]
    fn ask_for(&mut self, index: u32) {
        if let Some(node) = self.nodes.get(index as usize) {
            prefetch(node);
            self.asked.push_back(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a plain sorted list: any mix of near, far, past and equal times comes out in the one right order.
        #[test]
        fn comes_out_in_order(
            steps in prop::collection::vec((0u64..5_000_000, 0usize..7, prop::bool::ANY, 0u32..40), 1..400),
            pending in 1usize..20_000,
        ) {
            let mut timeline = Timeline::new(pending, 1_000.0, 50_000.0);
            let mut list: Vec<(u64, usize, u32)> = Vec::new();
            let mut now = 0;
            for (number, (ahead, class, pop, scale)) in steps.into_iter().enumerate() {
                let time = (now + (ahead << scale)).saturating_sub(500);
                timeline.schedule(time, Due::unpack(Class::ALL[class], number as u32));
                list.push((time, class, number as u32));
                if pop {
                    now = now.max(timeline.next_time().unwrap());
                    list.sort_unstable();
                    let (time, class, payload) = list.remove(0);
                    let due = Due::unpack(Class::ALL[class], payload);
                    prop_assert_eq!(timeline.pop_due(now), Some((time, due)));
                }
            }
            list.sort_unstable();
            for (time, class, payload) in list {
                prop_assert_eq!(timeline.next_time(), Some(time));
                prop_assert_eq!(timeline.pop_due(time), Some((time, Due::unpack(Class::ALL[class], payload))));
            }
            prop_assert_eq!((timeline.next_time(), timeline.len()), (None, 0));
        }
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut timeline = Timeline::new(10, 1e3, 1e3);
        timeline.schedule(5_000_000_000, Due::Arrival(1));
        assert_eq!(timeline.pop_due(4_999_999_999), None);
        timeline.schedule(10, Due::Arrival(2));
        assert_eq!(timeline.pop_due(10), Some((10, Due::Arrival(2))));
        assert_eq!(timeline.pop_due(5_000_000_000), Some((5_000_000_000, Due::Arrival(1))));
    }

    #[test]
    fn a_million_buckets_find_the_only_entry() {
        let mut timeline = Timeline::new(1_000_000, 1.0, 1.0);
        for time in [1_999_999, 3_999_999, 9] {
            timeline.schedule(time, Due::Arrival(0));
        }
        assert_eq!(timeline.next_time(), Some(9));
        assert!(timeline.pop_due(9).is_some());
        assert_eq!(timeline.next_time(), Some(1_999_999));
    }
}
