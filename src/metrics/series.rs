//! The course of a run in at most 600 intervals.

use super::histogram::RoughHistogram;
use crate::results::{Series, SeriesPoint};

/// The most intervals kept.
pub const POINTS_MAX: usize = 600;
/// The most percentiles over the course.
const TAILS_MAX: usize = 50;
/// The first interval: 100 ms. It doubles whenever the run outgrows the points.
const FIRST_INTERVAL_NS: u64 = 100_000_000;

#[derive(Debug, Clone, Default)]
struct Point {
    generated: u64,
    delivered: u64,
    not_delivered: u64,
    queue_max: u64,
    total: RoughHistogram,
}

impl Point {
    fn merge(&mut self, later: &Point) {
        self.generated += later.generated;
        self.delivered += later.delivered;
        self.not_delivered += later.not_delivered;
        self.queue_max = self.queue_max.max(later.queue_max);
        self.total.merge(&later.total);
    }
}

/// Collects the points while time goes on. Times must not go back by more than rounding: what comes late counts
/// in the current interval.
#[derive(Debug, Clone)]
pub struct SeriesRecorder {
    interval_ns: u64,
    /// End of the last point.
    end_ns: u64,
    points: Vec<Point>,
}

impl Default for SeriesRecorder {
    fn default() -> Self {
        SeriesRecorder {
            interval_ns: FIRST_INTERVAL_NS,
            end_ns: FIRST_INTERVAL_NS,
            points: vec![Point::default()],
        }
    }
}

impl SeriesRecorder {
    #[inline]
    fn at(&mut self, now_ns: u64) -> &mut Point {
        if now_ns >= self.end_ns {
            self.advance(now_ns);
        }
        self.points.last_mut().expect("there is always a point")
    }

    #[inline(never)]
    fn advance(&mut self, now_ns: u64) {
        while now_ns / self.interval_ns >= POINTS_MAX as u64 {
            self.interval_ns *= 2;
            let halves = self.points.chunks(2).map(|pair| {
                let mut first = pair[0].clone();
                pair[1..].iter().for_each(|later| first.merge(later));
                first
            });
            self.points = halves.collect();
        }
        let last = (now_ns / self.interval_ns) as usize;
        if self.points.len() <= last {
            self.points.resize(last + 1, Point::default());
        }
        self.end_ns = self.points.len() as u64 * self.interval_ns;
    }

    /// So many messages (or copies) were generated, while so many wait.
    #[inline]
    pub fn generated(&mut self, now_ns: u64, (number, waiting): (u64, u64)) {
        let point = self.at(now_ns);
        point.generated += number;
        point.queue_max = point.queue_max.max(waiting);
    }

    /// A message was delivered after `total_ns`.
    #[inline]
    pub fn delivered(&mut self, now_ns: u64, total_ns: u64) {
        let point = self.at(now_ns);
        point.delivered += 1;
        point.total.record(total_ns);
    }

    /// A message ended otherwise.
    #[inline]
    pub fn not_delivered(&mut self, now_ns: u64) {
        self.at(now_ns).not_delivered += 1;
    }

    /// The points as results.
    pub fn results(&self, of_copies: bool) -> Series {
        let point = |p: &Point| {
            let total = p.total.exact().times();
            SeriesPoint {
                generated: p.generated,
                delivered: p.delivered,
                not_delivered: p.not_delivered,
                queue_max: p.queue_max,
                total_mean_ns: total.mean_ns,
                total_max_ns: total.max_ns,
            }
        };
        let each = self.points.len().div_ceil(TAILS_MAX);
        let p99 = |points: &[Point]| {
            let mut all = points[0].total.clone();
            points[1..].iter().for_each(|later| all.merge(&later.total));
            all.times().p99_ns
        };
        Series {
            of_copies,
            interval_ns: self.interval_ns,
            points: self.points.iter().map(point).collect(),
            p99_intervals: each as u64,
            total_p99_ns: self.points.chunks(each).map(p99).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_never_exceed_the_limit_and_lose_nothing() {
        let mut series = SeriesRecorder::default();
        for i in 0..100_000u64 {
            series.generated(i * 37_000_000, (1, i % 7));
            series.delivered(i * 37_000_000, i);
        }
        series.not_delivered(100_000 * 37_000_000);
        let results = series.results(false);
        assert!(results.points.len() <= POINTS_MAX && results.points.len() > POINTS_MAX / 2);
        assert_eq!(results.points.iter().map(|p| p.generated).sum::<u64>(), 100_000);
        assert_eq!(results.points.iter().map(|p| p.delivered).sum::<u64>(), 100_000);
        assert_eq!(results.points.iter().map(|p| p.not_delivered).sum::<u64>(), 1);
        assert_eq!(results.points.iter().filter_map(|p| p.total_max_ns).max(), Some(99_999));
        assert_eq!(results.points[0].queue_max, 6);
        assert!(results.total_p99_ns.len() <= TAILS_MAX && results.total_p99_ns.len() > TAILS_MAX / 2);
        // The values climb: 99 % of the last stretch lie below all but its last hundredth.
        let last = results.total_p99_ns.last().unwrap().unwrap() as f64;
        assert!((last / 99_980.0 - 1.0).abs() < 0.07, "{last}");
    }
}
