//! Events by time: a bitmap timing wheel with a heap for the far future.
//!
//! Entries come out by time, then by class, then in order of creation. Buckets are 2^`shift` nanoseconds wide; a
//! three-level bitmap finds the next one that is not empty. The bucket in hand lies sorted in `first` and `ready`; what
//! is scheduled into it (or into the past) meanwhile goes to the small heap `late`.
//!
//! *Rationale.* The entries of a bucket form a chain, the last made first, so the order of creation needs no numbers: no
//! entry gets into a bucket before one that was made earlier, because `far` is emptied into the wheel as soon as its
//! first entry fits. Only what is outside the wheel is numbered.

use super::due::{Due, Packed};
use super::filled_places::FilledPlaces;
use crate::metrics::prefetch;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// The number of no node.
const NONE: u32 = u32::MAX;
/// The time of an entry that stands for none.
pub(super) const NEVER: u64 = u64::MAX;
/// The fewest buckets of the wheel.
const BUCKETS_MIN: usize = 4096;
/// The most buckets of the wheel.
const BUCKETS_MAX: usize = 1 << 23;
/// How many buckets ahead of the one in hand a scout starts, and how far it goes.
const SCOUT_FROM: u64 = 8;
const SCOUT_TO: u64 = 32;
/// The number of entries that a scout prefetches before it reads the first.
const ASKED_MIN: usize = 6;

/// An event and its time. Entries of one time and class come out in the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    time_ns: u64,
    what: Packed,
}

impl Entry {
    const NONE: Entry = Entry { time_ns: NEVER, what: Packed::NONE };

    #[inline(always)]
    fn class(self) -> u64 {
        self.what.class()
    }

    /// Where it comes among entries that were made at one moment.
    #[inline(always)]
    fn order(self) -> (u64, u64) {
        (self.time_ns, self.class())
    }
}

/// An entry outside the wheel, with the number of its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Numbered {
    time_ns: u64,
    class: u64,
    number: u64,
    what: Packed,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    entry: Entry,
    next: u32,
}

/// The events that are still to come.
#[derive(Debug)]
pub struct Wheel {
    /// The next entry of the bucket in hand; [`Entry::NONE`] if there is none.
    first: Entry,
    /// The other entries of the bucket in hand, last first.
    ready: Vec<Entry>,
    /// Whether `late` has entries.
    has_late: bool,
    shift: u32,
    mask: u64,
    /// The number (time >> shift) of the current bucket; later buckets lie in the wheel.
    current: u64,
    heads: Vec<u32>,
    /// The places of `heads` that are not empty.
    filled: FilledPlaces,
    nodes: Vec<Node>,
    free: u32,
    late: BinaryHeap<Reverse<Numbered>>,
    far: BinaryHeap<Reverse<Numbered>>,
    /// When the current bucket has this number, the first entry of `far` fits into the wheel.
    far_within: u64,
    /// How many entries were numbered so far.
    numbers: u64,
    /// The number of the first bucket after the current one that has entries, `u64::MAX` if none has; 0 if that was not
    /// looked up. Only for [`next_ns_until`](Wheel::next_ns_until).
    next_bucket: u64,
    len: usize,
    /// The number of the bucket that was last scouted.
    scout: u64,
    /// The nodes whose memory was prefetched, oldest first.
    asked: VecDeque<u32>,
}

impl Wheel {
    /// A wheel for about `pending` entries at a time, which come due about `gap_ns` apart on average, while one
    /// agent's entries are `spread_ns` apart.
    pub fn new(pending: usize, gap_ns: f64, spread_ns: f64) -> Wheel {
        let buckets = (4 * pending).next_power_of_two().clamp(BUCKETS_MIN, BUCKETS_MAX);
        let width = (gap_ns / 8.0).max(3.0 * spread_ns / buckets as f64).clamp(1.0, 1e12);
        Wheel {
            first: Entry::NONE,
            ready: Vec::new(),
            has_late: false,
            shift: width.log2().round() as u32,
            mask: buckets as u64 - 1,
            current: 0,
            heads: vec![NONE; buckets],
            filled: FilledPlaces::new(buckets),
            nodes: Vec::with_capacity(pending),
            free: NONE,
            late: BinaryHeap::new(),
            far: BinaryHeap::new(),
            far_within: u64::MAX,
            numbers: 0,
            next_bucket: 0,
            len: 0,
            scout: 0,
            asked: VecDeque::new(),
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Puts an event on the wheel. An event in the past is due at once, ordered by its time.
    #[inline(always)]
    pub fn schedule(&mut self, time_ns: u64, due: Due) {
        self.len += 1;
        // The largest time stands for none.
        let time_ns = time_ns.min(NEVER - 1);
        self.insert(Entry { time_ns, what: Packed::of(due) });
    }

    #[inline(always)]
    fn insert(&mut self, entry: Entry) {
        let bucket = entry.time_ns >> self.shift;
        // For a bucket in the past, the difference wraps to a large number, so that it is not put into the wheel.
        if bucket.wrapping_sub(self.current + 1) < self.mask {
            self.next_bucket = self.next_bucket.min(bucket);
            self.insert_wheel((bucket & self.mask) as usize, entry);
        } else {
            self.insert_rarely(bucket, entry);
        }
    }

    #[inline(never)]
    fn insert_rarely(&mut self, bucket: u64, entry: Entry) {
        let Entry { time_ns, what } = entry;
        let numbered = Reverse(Numbered { time_ns, class: entry.class(), number: self.numbers, what });
        self.numbers += 1;
        if bucket <= self.current {
            self.late.push(numbered);
            self.has_late = true;
        } else {
            self.next_bucket = self.next_bucket.min(bucket);
            self.far.push(numbered);
            self.far_within = self.far_within.min(bucket - self.mask);
        }
    }

    #[inline(always)]
    fn insert_wheel(&mut self, place: usize, entry: Entry) {
        let head = &mut self.heads[place];
        let node = Node { entry, next: *head };
        let was_empty = *head == NONE;
        if let Some(free) = self.nodes.get_mut(self.free as usize) {
            *head = self.free;
            self.free = free.next;
            *free = node;
        } else {
            *head = self.nodes.len() as u32;
            self.nodes.push(node);
        }
        if was_empty {
            self.filled.set(place);
        }
    }

    /// Takes the next bucket in hand, if there is one, after all entries of the last.
    #[inline(always)]
    fn advance(&mut self) {
        self.next_bucket = 0;
        let start = (self.current + 1) & self.mask;
        let found = self.filled.next(start as usize).or_else(|| self.filled.next(0));
        let Some(place) = found else {
            return self.advance_far();
        };
        let distance = ((place as u64).wrapping_sub(start) & self.mask) + 1;
        self.current += distance;
        self.filled.clear(place);
        let index = std::mem::replace(&mut self.heads[place], NONE);
        let node = &mut self.nodes[index as usize];
        self.first = node.entry;
        let next = std::mem::replace(&mut node.next, self.free);
        self.free = index;
        if next != NONE {
            self.take_chain(next);
        }
        if self.current >= self.far_within {
            self.migrate();
        }
    }

    /// Takes the rest of a chain, from `index` on, of which the first stands in `first`. The last made comes first.
    #[inline(never)]
    fn take_chain(&mut self, mut index: u32) {
        self.ready.push(self.first);
        while index != NONE {
            let node = &mut self.nodes[index as usize];
            self.ready.push(node.entry);
            let next = std::mem::replace(&mut node.next, self.free);
            self.free = index;
            index = next;
        }
        match self.ready.as_mut_slice() {
            // `b` was made first and comes first, unless `a` is due earlier.
            [a, b] => {
                if a.order() < b.order() {
                    std::mem::swap(a, b);
                }
            }
            // Last first. The sort is stable: of two entries of one time and class, the one made first stays behind.
            more => more.sort_by_key(|entry| Reverse(entry.order())),
        }
        self.first = self.ready.pop().unwrap_or(Entry::NONE);
    }

    /// Jumps to the first entry of the far future, when the wheel is empty.
    #[inline(never)]
    fn advance_far(&mut self) {
        let Some(Reverse(first)) = self.far.peek() else {
            return;
        };
        // To the bucket before its own, which is then the next.
        self.current = (first.time_ns >> self.shift) - 1;
        self.migrate();
        self.advance();
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
            let Some(Reverse(Numbered { time_ns, what, .. })) = self.far.pop() else { break };
            self.insert(Entry { time_ns, what });
        }
    }

    /// The time of the next event, if it is not later than `until_ns`; otherwise some later time. No bucket is taken in
    /// hand that begins later, so that what is scheduled until then still finds its bucket.
    #[inline(always)]
    pub fn next_ns_until(&mut self, until_ns: u64) -> u64 {
        if self.first.time_ns == NEVER && !self.has_late {
            if self.next_bucket == 0 {
                self.next_bucket = self.find_next_bucket();
            }
            if until_ns >> self.shift < self.next_bucket {
                return NEVER;
            }
        }
        self.next_ns()
    }

    /// The number of the first bucket after the current one that has entries, in the wheel or far; `u64::MAX` if none has.
    fn find_next_bucket(&self) -> u64 {
        let start = (self.current + 1) & self.mask;
        match self.filled.next(start as usize).or_else(|| self.filled.next(0)) {
            Some(place) => self.current + ((place as u64).wrapping_sub(start) & self.mask) + 1,
            None => self.far_within.saturating_add(self.mask),
        }
    }

    /// The time of the next event; [`NEVER`] if there is none.
    #[inline(always)]
    pub fn next_ns(&mut self) -> u64 {
        if self.first.time_ns == NEVER && !self.has_late {
            self.advance();
        }
        if self.has_late { self.next_ns_with_late() } else { self.first.time_ns }
    }

    #[inline(never)]
    fn next_ns_with_late(&self) -> u64 {
        let late = self.late.peek().map_or(NEVER, |Reverse(late)| late.time_ns);
        self.first.time_ns.min(late)
    }

    /// Takes the next event, after [`next_ns`](Wheel::next_ns) has said that there is one. Returns its time, too.
    #[inline(always)]
    pub fn pop(&mut self) -> (u64, Packed) {
        let entry = if self.has_late { self.pop_with_late() } else { self.pop_first() };
        self.len -= 1;
        (entry.time_ns, entry.what)
    }

    #[inline(always)]
    fn pop_first(&mut self) -> Entry {
        let next = self.ready.pop().unwrap_or(Entry::NONE);
        std::mem::replace(&mut self.first, next)
    }

    #[inline(never)]
    fn pop_with_late(&mut self) -> Entry {
        match self.late.peek() {
            // An equal one in hand was made before it.
            Some(Reverse(late)) if (late.time_ns, late.class) < self.first.order() => {
                let entry = Entry { time_ns: late.time_ns, what: late.what };
                self.late.pop();
                self.has_late = !self.late.is_empty();
                entry
            }
            _ => self.pop_first(),
        }
    }

    /// Looks a little further ahead than the last call and prefetches what it finds. Returns an agent with an arrival
    /// that is due soon. Useful if there are so many agents that each one misses every cache; to be called once for
    /// each event that is handled.
    #[inline]
    pub fn scout(&mut self) -> Option<u32> {
        self.scout = self.scout.max(self.current + SCOUT_FROM);
        if self.scout < self.current + SCOUT_TO
            && let Some(place) = self.filled.next(((self.scout + 1) & self.mask) as usize)
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
        node.entry.what.arriving_agent()
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
    use super::super::due::Class;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a plain sorted list: any mix of near, far, past and equal times comes out in the one right order.
        #[test]
        fn comes_out_in_order(
            steps in prop::collection::vec((0u64..5_000_000, 0usize..7, prop::bool::ANY, 0u32..40), 1..400),
            pending in 1usize..20_000,
            // With few different times, many entries have the same.
            times in prop::sample::select(vec![3u64, 5_000_000]),
        ) {
            let mut wheel = Wheel::new(pending, 1_000.0, 50_000.0);
            let mut list: Vec<(u64, usize, u32)> = Vec::new();
            let mut now = 0;
            for (number, (ahead, class, pop, scale)) in steps.into_iter().enumerate() {
                let time = (now + ((ahead % times) << scale)).saturating_sub(times.min(500));
                wheel.schedule(time, Due::unpack(Class::ALL[class], number as u32));
                list.push((time, class, number as u32));
                if pop {
                    // Whatever time is asked for, the order stays.
                    let until_ns = now + ahead;
                    list.sort_unstable();
                    let next_ns = wheel.next_ns_until(until_ns);
                    prop_assert_eq!(next_ns <= until_ns, list[0].0 <= until_ns);
                    now = now.max(wheel.next_ns());
                    let (time, class, payload) = list.remove(0);
                    let due = Due::unpack(Class::ALL[class], payload);
                    prop_assert_eq!(wheel.pop(), (time, Packed::of(due)));
                }
            }
            list.sort_unstable();
            for (time, class, payload) in list {
                prop_assert_eq!(wheel.next_ns(), time);
                let due = Due::unpack(Class::ALL[class], payload);
                prop_assert_eq!(wheel.pop(), (time, Packed::of(due)));
            }
            prop_assert_eq!((wheel.next_ns(), wheel.len()), (NEVER, 0));
        }
    }

    #[test]
    fn a_million_buckets_find_the_only_entry() {
        let mut wheel = Wheel::new(1_000_000, 1.0, 1.0);
        for time in [1_999_999, 3_999_999, 9] {
            wheel.schedule(time, Due::Arrival(0));
        }
        assert_eq!(wheel.next_ns(), 9);
        wheel.pop();
        assert_eq!(wheel.next_ns(), 1_999_999);
    }
}
