//! Counts of times in the buckets of HdrHistogram.
//!
//! The mapping is that of HdrHistogram (Tene), so a cell becomes an [`hdrhistogram::Histogram`] without any loss. It goes
//! on for as long as 64 bits count nanoseconds: no value is cut. Counts here are 32 bits wide, with a spill for more.

use super::memory::prefetch;
use crate::results::Times;
use std::collections::BTreeMap;
use std::ops::Range;

/// Times at three significant digits.
pub type Histogram = Buckets<11>;
/// Times at two significant digits, for what there is a lot of.
pub type CoarseHistogram = Buckets<8>;
/// Times within 7 %, for the course of a run.
pub type RoughHistogram = Buckets<5>;

/// The exact part of a statistic.
#[derive(Debug, Clone, Copy)]
pub struct Exact {
    /// The number of values.
    pub count: u64,
    /// The sum of the values.
    pub sum: u128,
    /// The smallest; `u64::MAX` if there is none.
    pub min: u64,
    /// The largest; 0 if there is none.
    pub max: u64,
}

impl Default for Exact {
    fn default() -> Self {
        Exact { count: 0, sum: 0, min: u64::MAX, max: 0 }
    }
}

impl Exact {
    /// Adds one value to the histogram.
    #[inline(always)]
    pub fn add(&mut self, value: u64) {
        self.count += 1;
        self.sum += u128::from(value);
        if value < self.min || value > self.max {
            self.widen(value);
        }
    }

    #[cold]
    #[inline(never)]
    fn widen(&mut self, value: u64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds all values of another.
    pub fn merge(&mut self, other: &Exact) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The statistic without percentiles.
    pub fn times(&self) -> Times {
        if self.count == 0 {
            return Times::default();
        }
        Times {
            count: self.count,
            mean_ns: Some(self.sum as f64 / self.count as f64),
            min_ns: Some(self.min),
            max_ns: Some(self.max),
            ..Times::default()
        }
    }
}

/// A histogram whose buckets hold 2^`SUB_BITS` values at full resolution (11: three digits, 8: two digits).
#[derive(Debug, Clone)]
pub struct Buckets<const SUB_BITS: u32> {
    exact: Exact,
    /// Of the places from `first` on, as far as values have come; empty before any.
    counts: Vec<u32>,
    /// A multiple of [`Buckets::BLOCK`].
    first: usize,
    /// Multiples of 2³² that no longer fit into `counts`, by place.
    spill: BTreeMap<usize, u64>,
}

impl<const SUB_BITS: u32> Default for Buckets<SUB_BITS> {
    fn default() -> Self {
        Buckets { exact: Exact::default(), counts: Vec::new(), first: 0, spill: BTreeMap::new() }
    }
}

impl<const SUB_BITS: u32> Buckets<SUB_BITS> {
    /// Counts are kept in blocks of so many, one for each power of two: most histograms need a few of the 54.
    const BLOCK: usize = 1 << (SUB_BITS - 1);

    /// The place of a value among the counts.
    #[inline]
    const fn place(value: u64) -> usize {
        let filled = value | ((1 << SUB_BITS) - 1);
        let bucket = 64 - SUB_BITS - filled.leading_zeros();
        let sub = value >> bucket;
        ((bucket as usize) << (SUB_BITS - 1)) + sub as usize
    }

    /// The smallest value at a place.
    fn value_at(place: usize) -> u64 {
        let half = 1usize << (SUB_BITS - 1);
        if place < 2 * half {
            return place as u64;
        }
        let bucket = place / half - 1;
        ((place - bucket * half) as u64) << bucket
    }

    /// Adds one value to the histogram.
    #[inline(always)]
    pub fn record(&mut self, value: u64) {
        self.exact.add(value);
        let place = Self::place(value);
        match self.counts.get_mut(place.wrapping_sub(self.first)) {
            Some(count) => {
                let (sum, wrapped) = count.overflowing_add(1);
                *count = sum;
                if wrapped {
                    self.spill_at(place);
                }
            }
            None => self.count_at_new_place(place),
        }
    }

    /// Prefetches what [`record`](Buckets::record) writes for this value.
    #[inline]
    pub fn prefetch(&self, value: u64) {
        prefetch(&self.exact);
        if let Some(count) = self.counts.get(Self::place(value).wrapping_sub(self.first)) {
            prefetch(count);
        }
    }

    /// Counts a value at a place that has no room yet.
    #[cold]
    #[inline(never)]
    fn count_at_new_place(&mut self, place: usize) {
        self.cover(place..place + 1);
        self.add_at(place, 1);
    }

    #[cold]
    #[inline(never)]
    fn spill_at(&mut self, place: usize) {
        *self.spill.entry(place).or_default() += 1 << 32;
    }

    /// Makes room for the counts of these places.
    #[inline]
    fn cover(&mut self, places: Range<usize>) {
        let end = self.first + self.counts.len();
        if !places.is_empty() && (places.start < self.first || places.end > end) {
            self.widen(places);
        }
    }

    #[cold]
    fn widen(&mut self, places: Range<usize>) {
        let (mut start, mut end) =
            (places.start / Self::BLOCK * Self::BLOCK, places.end.next_multiple_of(Self::BLOCK));
        if !self.counts.is_empty() {
            start = start.min(self.first);
            end = end.max(self.first + self.counts.len());
        }
        let mut counts = vec![0; end - start];
        if !self.counts.is_empty() {
            counts[self.first - start..][..self.counts.len()].copy_from_slice(&self.counts);
        }
        (self.counts, self.first) = (counts, start);
    }

    /// The places among which the counts lie that are not zero.
    fn used(&self) -> Range<usize> {
        match self.exact.count {
            0 => 0..0,
            _ => Self::place(self.exact.min)..Self::place(self.exact.max) + 1,
        }
    }

    /// Adds all values of another.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        self.exact.merge(&other.exact);
        self.cover(self.used());
        self.add_counts(other);
        for (&place, &count) in &other.spill {
            self.add_at(place, count);
        }
    }

    /// Adds the counts of another but for what has spilled there. There is room for them.
    fn add_counts(&mut self, other: &Self) {
        let used = other.used();
        if used.is_empty() {
            return;
        }
        let start = used.start - self.first;
        let theirs = &other.counts[used.start - other.first..used.end - other.first];
        if self.exact.count <= u64::from(u32::MAX) {
            // No count can be more than all together, so that none spills.
            let ours = &mut self.counts[start..start + theirs.len()];
            ours.iter_mut().zip(theirs).for_each(|(ours, theirs)| *ours += theirs);
            return;
        }
        theirs.iter().zip(used).for_each(|(count, place)| self.add_at(place, u64::from(*count)));
    }

    fn add_at(&mut self, place: usize, count: u64) {
        let count_here = &mut self.counts[place - self.first];
        let sum = u64::from(*count_here) + count;
        *count_here = sum as u32;
        let high = sum & !0xffff_ffff;
        if high > 0 {
            *self.spill.entry(place).or_default() += high;
        }
    }

    /// Whether there is no value.
    fn is_empty(&self) -> bool {
        self.exact.count == 0
    }

    /// The exact part: count, sum, smallest and largest value.
    pub fn exact(&self) -> Exact {
        self.exact
    }

    /// The places with a value, rising, and how many values each has. A place is the index of the same count in an
    /// [`hdrhistogram::Histogram`].
    pub fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        self.used().map(|place| (place, self.count_at(place))).filter(|(_, count)| *count > 0)
    }

    /// How many values there are at a used place.
    #[inline]
    fn count_at(&self, place: usize) -> u64 {
        let high = if self.spill.is_empty() { None } else { self.spill.get(&place) };
        u64::from(self.counts[place - self.first]) + high.unwrap_or(&0)
    }

    /// For each rank, counted from 1 and rising, the largest value that shares a place with the value of that rank: as
    /// HdrHistogram's `value_at_quantile` has it. None for a rank beyond all values.
    fn at_ranks<const N: usize>(&self, ranks: [u64; N]) -> [Option<u64>; N] {
        const STRIDE: usize = 32;
        let used = self.used();
        let (mut found, mut next, mut passed) = ([None; N], 0, 0);
        for start in used.clone().step_by(STRIDE) {
            let places = start..(start + STRIDE).min(used.end);
            let counts = &self.counts[places.start - self.first..places.end - self.first];
            let together = counts.iter().map(|count| u64::from(*count)).sum::<u64>();
            // Most lie between two ranks.
            if self.spill.is_empty() && ranks.get(next).is_none_or(|rank| passed + together < *rank) {
                passed += together;
                continue;
            }
            for place in places {
                passed += self.count_at(place);
                while next < N && ranks[next] <= passed {
                    found[next] = Some(Self::value_at(place + 1).wrapping_sub(1));
                    next += 1;
                }
            }
        }
        found
    }

    /// The whole statistic; percentiles are clamped to the exact minimum and maximum.
    pub fn times(&self) -> Times {
        let exact = self.exact();
        self.percentiles_among(exact.count, exact.times())
    }

    /// The statistic of `all` values, of which those that are not here are larger than any: none where such a one
    /// decides. There are at least as many as here.
    pub fn times_among(&self, all: u64) -> Times {
        let exact = self.exact();
        let mut times = Times { count: all, ..exact.times() };
        if all > exact.count {
            (times.mean_ns, times.max_ns) = (None, None);
        }
        self.percentiles_among(all, times)
    }

    fn percentiles_among(&self, all: u64, times: Times) -> Times {
        let Exact { count, min, max, .. } = self.exact();
        if count == 0 {
            return times;
        }
        let rank = |quantile: f64| ((quantile * all as f64).ceil() as u64).max(1);
        let values = self.at_ranks([0.1, 0.5, 0.9, 0.95, 0.99, 0.999].map(rank));
        let [p10_ns, p50_ns, p90_ns, p95_ns, p99_ns, p999_ns] =
            values.map(|value| value.map(|value| value.clamp(min, max)));
        Times { p10_ns, p50_ns, p90_ns, p95_ns, p99_ns, p999_ns, ..times }
    }
}

#[cfg(test)]
impl<const SUB_BITS: u32> Buckets<SUB_BITS> {
    /// The same values as a standard histogram.
    pub fn to_hdr(&self) -> hdrhistogram::Histogram<u64> {
        let digits = if SUB_BITS == 11 { 3 } else { 2 };
        let largest = self.exact().max.max(2);
        let mut hdr = hdrhistogram::Histogram::new_with_bounds(1, largest, digits).unwrap();
        for (place, count) in self.counts() {
            hdr.record_n(Self::value_at(place), count).unwrap();
        }
        hdr
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqscript_plugin::random::Stream;

    #[test]
    fn every_place_is_that_of_the_standard_histogram() {
        let hdr = hdrhistogram::Histogram::<u64>::new_with_bounds(1, u64::MAX, 3).unwrap();
        let mut stream = Stream::from_key(1);
        let values = (0..20_000).map(|i| if i < 5_000 { i } else { stream.next_u64() >> stream.below(63) });
        for value in values.chain([u64::MAX]) {
            let lowest = Histogram::value_at(Histogram::place(value));
            assert_eq!(lowest, hdr.lowest_equivalent(value), "{value}");
        }
    }

    #[test]
    fn percentiles_equal_those_of_the_standard_histogram() {
        let mut stream = Stream::from_key(2);
        for round in 0..300 {
            let (mut own, mut bits) = (Histogram::default(), 1 + round % 44);
            for i in 0..1 + stream.below(700) {
                if i % 64 == 0 {
                    bits = 1 + stream.below(44);
                }
                own.record(stream.below(1 << bits));
            }
            let (times, hdr) = (own.times(), own.to_hdr());
            let of = |quantile| Some(hdr.value_at_quantile(quantile).clamp(own.exact().min, own.exact().max));
            assert_eq!(times.count, hdr.len());
            let found = [times.p50_ns, times.p90_ns, times.p95_ns, times.p99_ns, times.p999_ns];
            assert_eq!(found, [0.5, 0.9, 0.95, 0.99, 0.999].map(of), "round {round}");
        }
    }

    #[test]
    fn merging_is_recording_it_all() {
        let mut stream = Stream::from_key(3);
        let (mut a, mut b, mut both) = (Histogram::default(), Histogram::default(), Histogram::default());
        for i in 0..1_000 {
            let value = stream.below(1 << (i % 40));
            if i % 3 == 0 {
                a.record(value)
            } else {
                b.record(value)
            };
            both.record(value);
        }
        a.merge(&b);
        assert_eq!(a.times(), both.times());
    }

    #[test]
    fn counts_past_32_bits_spill() {
        let mut one = Histogram::default();
        one.record(5_000_000);
        for _ in 0..33 {
            let twin = one.clone();
            one.merge(&twin);
        }
        assert_eq!(one.exact().count, 1 << 33);
        assert_eq!(one.to_hdr().len(), 1 << 33);
        one.record(7_000_000);
        assert_eq!(one.times().p999_ns, Some(one.to_hdr().value_at_quantile(0.999)));
    }

    #[test]
    fn no_time_is_too_long_to_be_told_apart() {
        const HOUR: u64 = 3_600_000_000_000;
        let mut long = CoarseHistogram::default();
        (1..=100).for_each(|hours| long.record(hours * HOUR));
        let hours = |ns: Option<u64>| ns.unwrap() as f64 / HOUR as f64;
        let times = long.times();
        assert!(
            (hours(times.p50_ns) / 50.0 - 1.0).abs() < 0.01
                && (hours(times.p99_ns) / 99.0 - 1.0).abs() < 0.01
        );
        let mut longest = Histogram::default();
        [0, u64::MAX].into_iter().for_each(|value| longest.record(value));
        assert_eq!((longest.times().p10_ns, longest.times().p99_ns), (Some(0), Some(u64::MAX)));
        assert_eq!(Histogram::default().times(), Times::default());
    }

    #[test]
    fn what_is_not_here_is_later_than_all_that_is() {
        let mut half = Histogram::default();
        (1..=50).for_each(|value| half.record(value));
        let times = half.times_among(100);
        assert_eq!(
            (times.count, times.min_ns, times.p10_ns, times.p50_ns),
            (100, Some(1), Some(10), Some(50))
        );
        assert_eq!((times.p90_ns, times.p99_ns, times.mean_ns, times.max_ns), (None, None, None, None));
        assert_eq!(half.times_among(50), half.times());
        let none = Histogram::default().times_among(3);
        assert_eq!(none, Times { count: 3, ..Times::default() });
    }
}
