//! The course of a run, cut into stretches of equal length.

use crate::results::loaded;
use crate::results::{Run, SeriesPoint};

/// A stretch with fewer deliveries says nothing.
const DELIVERED_MIN: u64 = 30;
/// The share of stretches that may say nothing.
const EMPTY_MAX: f64 = 0.2;
/// How many stretches there may be, the finest first.
const STRETCHES: [usize; 2] = [30, 20];

/// The mean total times of equal stretches.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowMeans {
    /// When the first stretch starts, in nanoseconds.
    pub start_ns: u64,
    /// The length of each stretch, in nanoseconds.
    pub length_ns: u64,
    /// The mean total time of what was delivered in each, in nanoseconds.
    pub means_ns: Vec<f64>,
}

impl WindowMeans {
    /// The measured window of a run, from the end of the warm-up to the end of the load: 30 stretches, or 20, with enough
    /// deliveries in each. `None` if there are none.
    pub fn of(run: &Run, warm_up_ns: u64) -> Option<WindowMeans> {
        let series = &run.series;
        let first = usize::try_from(warm_up_ns.div_ceil(series.interval_ns.max(1))).ok()?;
        let points = series.points.get(first..loaded(series))?;
        STRETCHES.into_iter().find_map(|stretches| {
            let each = points.len() / stretches;
            let means = points.chunks_exact(each.max(1)).take(stretches).map(mean_ns).collect();
            let means_ns = filled(means).filter(|_| each > 0)?;
            Some(WindowMeans {
                start_ns: first as u64 * series.interval_ns,
                length_ns: each as u64 * series.interval_ns,
                means_ns,
            })
        })
    }

    /// When a stretch starts, in nanoseconds.
    pub fn starts_ns(&self, stretch: usize) -> u64 {
        self.start_ns + stretch as u64 * self.length_ns
    }
}

/// Where hardly anything was delivered, messages waited for the next stretch, and the mean is taken to be that one's.
/// `None` where that is so more often than now and then.
fn filled(means: Vec<Option<f64>>) -> Option<Vec<f64>> {
    let empty = means.iter().filter(|mean| mean.is_none()).count();
    let mut next = None;
    let mut filled: Vec<f64> = Vec::with_capacity(means.len());
    for mean in means.iter().rev() {
        next = mean.or(next);
        filled.push(next?);
    }
    filled.reverse();
    (empty as f64 <= EMPTY_MAX * means.len() as f64).then_some(filled)
}

fn mean_ns(points: &[SeriesPoint]) -> Option<f64> {
    let delivered: u64 = points.iter().map(|point| point.delivered).sum();
    let sum: f64 = points.iter().map(|p| p.total_mean_ns.unwrap_or(0.0) * p.delivered as f64).sum();
    (delivered >= DELIVERED_MIN).then(|| sum / delivered as f64)
}
