//! The next arrivals of very many agents.
//!
//! *Rationale.* With a million agents, everything that is found by agent or by time of arrival misses every cache. Here
//! an arrival is appended to a coarse bucket; there are so few buckets that their ends stay in the cache. When its time
//! comes, a bucket is read from its beginning and sorted. Then it is known which agents come next, so that their memory
//! can be prefetched.

use crate::metrics::roomy;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The number of no page.
const NONE: u32 = u32::MAX;
/// The time of no arrival.
const NEVER: u64 = u64::MAX;
const BUCKETS: usize = 4096;
/// So many arrivals lie in one page.
const PAGE: usize = 31;
/// The buckets reach so many times as far as the time between two arrivals of an agent.
const REACH: f64 = 3.0;

#[derive(Debug, Clone, Copy)]
struct NextArrival {
    time_ns: u64,
    agent: u32,
}

/// Some arrivals of one bucket, in the order in which they were made.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Page {
    arrivals: [NextArrival; PAGE],
    next: u32,
}

/// The pages of one bucket, first to last.
#[derive(Debug, Clone, Copy)]
struct PageChain {
    first: u32,
    last: u32,
    /// The number of arrivals in the last page.
    len: u32,
}

impl PageChain {
    const EMPTY: PageChain = PageChain { first: NONE, last: NONE, len: PAGE as u32 };
}

/// An arrival of the bucket in hand.
#[derive(Debug, Clone, Copy)]
struct Soon {
    time_ns: u64,
    /// The order of creation within the bucket above, the agent below.
    order: u64,
}

impl Soon {
    fn agent(self) -> u32 {
        self.order as u32
    }
}

/// The next arrival of each agent. Those of one time come out in the order in which they were made.
#[derive(Debug)]
pub struct Calendar {
    shift: u32,
    /// The number (time >> shift) of the bucket in hand.
    current: u64,
    /// By bucket number, modulo their number. A chain may also hold arrivals that come whole rounds later.
    chains: Vec<PageChain>,
    pages: Vec<Page>,
    /// The first page of the chain of free ones.
    free: u32,
    /// The bucket in hand, last first.
    soon: Vec<Soon>,
    /// Arrivals that were made for the bucket in hand or an earlier one: time, order of creation, agent.
    late: BinaryHeap<Reverse<(u64, u64, u32)>>,
    /// The number of arrivals in the chains.
    waiting: usize,
    /// The number of late arrivals that were ever made.
    numbers: u64,
    /// In the current round through the buckets: how many arrivals came, and how many went back for a later round.
    round: (usize, usize),
}

/// When so many times as many arrivals go back as come, the buckets are too narrow for the agents that still send.
const BACK_MAX: usize = 8;
/// The buckets then become so many times as wide, as a power of two.
const WIDER: u32 = 2;

impl Calendar {
    /// A calendar for so many agents, each of which has an arrival every `spread_ns` on average.
    pub fn new(agents: usize, spread_ns: f64) -> Calendar {
        let width = (REACH * spread_ns / BUCKETS as f64).clamp(1.0, 1e12);
        Calendar {
            shift: width.log2().round() as u32,
            current: 0,
            chains: vec![PageChain::EMPTY; BUCKETS],
            pages: roomy(agents / PAGE + BUCKETS),
            free: NONE,
            soon: Vec::new(),
            late: BinaryHeap::new(),
            waiting: 0,
            numbers: 0,
            round: (0, 0),
        }
    }

    /// Puts an agent's arrival into its bucket.
    #[inline(always)]
    pub fn schedule(&mut self, time_ns: u64, agent: u32) {
        let bucket = time_ns >> self.shift;
        if bucket <= self.current {
            return self.schedule_late(time_ns, agent);
        }
        self.waiting += 1;
        self.append(bucket as usize % BUCKETS, NextArrival { time_ns, agent });
    }

    #[inline(never)]
    fn schedule_late(&mut self, time_ns: u64, agent: u32) {
        self.late.push(Reverse((time_ns, self.numbers, agent)));
        self.numbers += 1;
    }

    #[inline(always)]
    fn append(&mut self, place: usize, arrival: NextArrival) {
        let chain = &mut self.chains[place];
        if let Some(page) = self.pages.get_mut(chain.last as usize)
            && let Some(free) = page.arrivals.get_mut(chain.len as usize)
        {
            *free = arrival;
            chain.len += 1;
            return;
        }
        self.append_page(place, arrival);
    }

    #[inline(never)]
    fn append_page(&mut self, place: usize, arrival: NextArrival) {
        let page = Page { arrivals: [arrival; PAGE], next: NONE };
        let index = self.free;
        let index = if let Some(free) = self.pages.get_mut(index as usize) {
            self.free = free.next;
            *free = page;
            index
        } else {
            self.pages.push(page);
            self.pages.len() as u32 - 1
        };
        let chain = &mut self.chains[place];
        chain.len = 1;
        match std::mem::replace(&mut chain.last, index) {
            NONE => chain.first = index,
            last => self.pages[last as usize].next = index,
        }
    }

    /// The time of the first arrival; `u64::MAX` if there is none.
    #[inline(always)]
    pub fn first_ns(&mut self) -> u64 {
        if self.soon.is_empty() && self.late.is_empty() && self.waiting > 0 {
            self.advance();
        }
        let soon = self.soon.last().map_or(NEVER, |arrival| arrival.time_ns);
        if self.late.is_empty() { soon } else { self.first_ns_with_late(soon) }
    }

    #[inline(never)]
    fn first_ns_with_late(&self, soon: u64) -> u64 {
        self.late.peek().map_or(soon, |Reverse((late, ..))| soon.min(*late))
    }

    /// Takes the first arrival, after [`first_ns`](Calendar::first_ns) has said that there is one. Returns its agent.
    #[inline(always)]
    pub fn take(&mut self) -> u32 {
        if !self.late.is_empty() {
            return self.take_with_late();
        }
        self.soon.pop().map_or(NONE, Soon::agent)
    }

    #[inline(never)]
    fn take_with_late(&mut self) -> u32 {
        let late = self.late.peek().map_or(NEVER, |Reverse((late, ..))| *late);
        // One in hand was made before one that came late.
        if self.soon.last().is_some_and(|soon| soon.time_ns <= late) {
            return self.soon.pop().map_or(NONE, Soon::agent);
        }
        self.late.pop().map_or(NONE, |Reverse((_, _, agent))| agent)
    }

    /// The agent whose arrival comes so many places after the first, if it is known.
    #[inline(always)]
    pub fn ahead(&self, places: usize) -> Option<u32> {
        let place = self.soon.len().checked_sub(places + 1)?;
        Some(self.soon[place].agent())
    }

    /// Takes the next bucket in hand that has an arrival. There must be one.
    #[inline(never)]
    fn advance(&mut self) {
        while self.soon.is_empty() {
            self.current += 1;
            self.take_chain(self.current as usize % BUCKETS);
            if (self.current as usize).is_multiple_of(BUCKETS) {
                self.end_round();
            }
        }
        self.waiting -= self.soon.len();
        self.soon.sort_unstable_by_key(|soon| Reverse((soon.time_ns, soon.order)));
    }

    /// Takes the arrivals of the current bucket from a chain; those of later rounds go back to it.
    fn take_chain(&mut self, place: usize) {
        let chain = std::mem::replace(&mut self.chains[place], PageChain::EMPTY);
        let mut index = chain.first;
        while index != NONE {
            let next = self.pages[index as usize].next;
            let len = if index == chain.last { chain.len as usize } else { PAGE };
            for i in 0..len {
                let arrival = self.pages[index as usize].arrivals[i];
                if arrival.time_ns >> self.shift == self.current {
                    let order = (self.soon.len() as u64) << 32 | u64::from(arrival.agent);
                    self.soon.push(Soon { time_ns: arrival.time_ns, order });
                    self.round.0 += 1;
                } else {
                    self.round.1 += 1;
                    self.append(place, arrival);
                }
            }
            self.pages[index as usize].next = self.free;
            self.free = index;
            index = next;
        }
    }

    /// Makes the buckets wider if nearly all arrivals of the round went back to their chains.
    fn end_round(&mut self) {
        let (came, back) = std::mem::take(&mut self.round);
        if back <= BACK_MAX * came || !self.soon.is_empty() {
            return;
        }
        let chains = std::mem::replace(&mut self.chains, vec![PageChain::EMPTY; BUCKETS]);
        let pages = std::mem::take(&mut self.pages);
        self.free = NONE;
        // The next bucket holds the first time after the old one.
        self.current = (((self.current + 1) << self.shift) >> (self.shift + WIDER)) - 1;
        self.shift += WIDER;
        for chain in chains {
            let mut index = chain.first;
            while let Some(page) = pages.get(index as usize) {
                let len = if index == chain.last { chain.len as usize } else { PAGE };
                for arrival in &page.arrivals[..len] {
                    self.append((arrival.time_ns >> self.shift) as usize % BUCKETS, *arrival);
                }
                index = page.next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a plain list: near, far, past and equal times come out in the one right order.
        #[test]
        fn arrivals_come_out_by_time_then_in_the_order_of_their_making(
            steps in prop::collection::vec((0u64..2_000_000, prop::bool::ANY, 0u32..24), 1..400),
            times in prop::sample::select(vec![3u64, 2_000_000]),
            spread_ns in prop::sample::select(vec![10.0, 50_000.0]),
        ) {
            let mut calendar = Calendar::new(1_000, spread_ns);
            let mut list: Vec<(u64, u32)> = Vec::new();
            let mut now = 0;
            for (agent, (ahead, pop, scale)) in steps.into_iter().enumerate() {
                let time = (now + ((ahead % times) << scale)).saturating_sub(times.min(500));
                calendar.schedule(time, agent as u32);
                list.push((time, agent as u32));
                if pop {
                    list.sort_unstable();
                    let (time, agent) = list.remove(0);
                    prop_assert_eq!((calendar.first_ns(), calendar.take()), (time, agent));
                    now = now.max(time);
                }
            }
            list.sort_unstable();
            for (time, agent) in list {
                prop_assert_eq!((calendar.first_ns(), calendar.take()), (time, agent));
            }
            prop_assert_eq!(calendar.first_ns(), NEVER);
        }
    }

    #[test]
    fn the_agents_that_come_next_are_known() {
        let mut calendar = Calendar::new(3, 1e6);
        for (time_ns, agent) in [(30_000_001, 7), (30_000_000, 8), (30_000_002, 9)] {
            calendar.schedule(time_ns, agent);
        }
        assert_eq!(calendar.ahead(0), None);
        assert_eq!(calendar.first_ns(), 30_000_000);
        assert_eq!([0, 1, 2, 3].map(|places| calendar.ahead(places)), [Some(8), Some(7), Some(9), None]);
    }

    #[test]
    fn buckets_become_wider_where_few_agents_still_send() {
        let mut calendar = Calendar::new(1_000, 1_000.0);
        (0..1_000).for_each(|agent| calendar.schedule(3_600_000_000_000 + u64::from(agent / 2), agent));
        let came: Vec<u32> =
            (0..1_000).map_while(|_| (calendar.first_ns() < NEVER).then(|| calendar.take())).collect();
        assert!(came.is_sorted() && came.len() == 1_000);
        assert!(calendar.shift > 20, "{}", calendar.shift);
    }

    #[test]
    fn pages_are_used_again() {
        let mut calendar = Calendar::new(100, 1e6);
        for round in 1..50u64 {
            (0..100).for_each(|agent| calendar.schedule(round * 3_000_000 + u64::from(agent), agent));
            (0..100).for_each(|agent| {
                assert_eq!(
                    (calendar.first_ns(), calendar.take()),
                    (round * 3_000_000 + u64::from(agent), agent)
                );
            });
        }
        assert!(calendar.pages.len() < 20, "{}", calendar.pages.len());
    }
}
