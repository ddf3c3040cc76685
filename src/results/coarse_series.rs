//! How deliveries and their times went over a run, or over several replications of one.

use super::Series;
use super::comparisons::CoarseSeries;

/// One stretch of a run: when its middle was, what was delivered a second, and the p99 of their times.
struct Stretch {
    middle_ns: u64,
    delivered_per_s: f64,
    total_p99_ns: Option<f64>,
}

/// The number of points of a series in which there was load.
pub fn loaded(series: &Series) -> usize {
    series.points.iter().rposition(|point| point.generated > 0).map_or(0, |last| last + 1)
}

impl CoarseSeries {
    /// The series of one run while its load lasted; empty without load.
    pub fn of(series: &Series) -> CoarseSeries {
        let each = series.p99_intervals.max(1) as usize;
        let stretches = series.points[..loaded(series)].chunks(each).zip(&series.total_p99_ns);
        let (delivered_per_s, total_p99_ns) = stretches
            .map(|(points, p99)| {
                let delivered: u64 = points.iter().map(|point| point.delivered).sum();
                let length_ns = (points.len() as u64).saturating_mul(series.interval_ns).max(1);
                (delivered as f64 * 1e9 / length_ns as f64, p99.map(|ns| ns as f64))
            })
            .unzip();
        CoarseSeries {
            stretch_ns: (each as u64).saturating_mul(series.interval_ns),
            delivered_per_s,
            total_p99_ns,
        }
    }

    /// The mean series of several replications, in the longest stretches of any of them; empty without any.
    pub fn mean(all: &[CoarseSeries]) -> CoarseSeries {
        let stretch_ns = all.iter().map(|series| series.stretch_ns).max().unwrap_or(0);
        let all: Vec<CoarseSeries> = all.iter().map(|series| series.coarser(stretch_ns)).collect();
        let stretches = all.iter().map(|series| series.delivered_per_s.len()).max().unwrap_or(0);
        let rates = |place: usize| all.iter().filter_map(move |c| c.delivered_per_s.get(place).copied());
        let tails =
            |place: usize| all.iter().filter_map(move |c| c.total_p99_ns.get(place).copied().flatten());
        CoarseSeries {
            stretch_ns,
            delivered_per_s: (0..stretches).map(|place| mean(rates(place)).unwrap_or(0.0)).collect(),
            total_p99_ns: (0..stretches).map(|place| mean(tails(place))).collect(),
        }
    }

    /// The same in stretches of this length, if that is longer: the mean of the deliveries, and the largest p99, of all
    /// whose middle lies in one.
    pub fn coarser(&self, stretch_ns: u64) -> CoarseSeries {
        if stretch_ns <= self.stretch_ns {
            return self.clone();
        }
        let own: Vec<Stretch> = self.stretches().collect();
        let shared = own.chunk_by(|a, b| a.middle_ns / stretch_ns == b.middle_ns / stretch_ns);
        let (delivered_per_s, total_p99_ns) = shared
            .map(|stretches| {
                let rate = mean(stretches.iter().map(|stretch| stretch.delivered_per_s)).unwrap_or(0.0);
                let tails = stretches.iter().filter_map(|stretch| stretch.total_p99_ns);
                (rate, tails.reduce(f64::max))
            })
            .unzip();
        CoarseSeries { stretch_ns, delivered_per_s, total_p99_ns }
    }

    fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let values = self.delivered_per_s.iter().zip(&self.total_p99_ns).enumerate();
        values.map(|(place, (rate, tail))| Stretch {
            middle_ns: (place as u64).saturating_mul(self.stretch_ns).saturating_add(self.stretch_ns / 2),
            delivered_per_s: *rate,
            total_p99_ns: *tail,
        })
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u64, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::SeriesPoint;

    fn series(interval_ns: u64, each: u64, delivered: &[u64], tails: &[Option<u64>]) -> Series {
        let point =
            |delivered: &u64| SeriesPoint { generated: 1, delivered: *delivered, ..SeriesPoint::default() };
        let mut points: Vec<SeriesPoint> = delivered.iter().map(point).collect();
        // What arrives after the load is no part of the series.
        points.push(SeriesPoint { delivered: 1_000, ..SeriesPoint::default() });
        Series { of_copies: false, interval_ns, points, p99_intervals: each, total_p99_ns: tails.to_vec() }
    }

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_run_is_cut_where_its_percentiles_are() {
        let coarse = CoarseSeries::of(&series(SECOND / 2, 2, &[1, 2, 3, 4, 5], &[Some(7), None, Some(9)]));
        assert_eq!(coarse.stretch_ns, SECOND);
        assert_eq!(coarse.delivered_per_s, [3.0, 7.0, 10.0], "the last has half the length");
        assert_eq!(coarse.total_p99_ns, [Some(7.0), None, Some(9.0)]);
        assert!(CoarseSeries::of(&series(SECOND, 1, &[], &[None])).delivered_per_s.is_empty());
    }

    #[test]
    fn replications_are_averaged_stretch_by_stretch() {
        let one = CoarseSeries::of(&series(SECOND, 1, &[1, 2, 3], &[Some(10), None, None]));
        let other = CoarseSeries::of(&series(SECOND, 1, &[3, 4], &[Some(30), Some(50)]));
        let mean = CoarseSeries::mean(&[one, other]);
        assert_eq!(mean.delivered_per_s, [2.0, 3.0, 3.0]);
        assert_eq!(mean.total_p99_ns, [Some(20.0), Some(50.0), None]);
        assert!(CoarseSeries::mean(&[]).delivered_per_s.is_empty());
    }

    #[test]
    fn the_longest_stretches_rule() {
        let fine =
            CoarseSeries::of(&series(SECOND, 1, &[1, 3, 5, 7, 9], &[Some(1), Some(4), None, None, Some(2)]));
        let coarse = CoarseSeries::of(&series(2 * SECOND, 1, &[8, 8, 8], &[Some(6), Some(6), Some(6)]));
        let mean = CoarseSeries::mean(&[fine, coarse]);
        assert_eq!(mean.stretch_ns, 2 * SECOND);
        assert_eq!(mean.delivered_per_s, [3.0, 5.0, 6.5]);
        assert_eq!(mean.total_p99_ns, [Some(5.0), Some(6.0), Some(4.0)]);
    }
}
