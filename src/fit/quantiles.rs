//! A distribution as a short table of its quantiles, between which straight lines run.

use super::censored::Beyond;
use hdrhistogram::Histogram;
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::written::{Dimension, write_distribution};
use serde_json::Value;

/// The lines stay within this share of every value, if so many points will do.
const TOLERANCE: f64 = 0.005;
/// More points are not written: the tolerance is doubled until they do.
const POINTS_MAX: usize = 400;

/// A point of the quantile function: a share, and a value in nanoseconds.
type Point = (f64, f64);

/// The distribution as the mock reads it, with what lies beyond a timeout.
pub(super) fn table(times: &Histogram<u64>, beyond: Option<Beyond>) -> Value {
    let mut quantiles = points(times);
    if let Some(beyond) = beyond {
        beyond.add_tail(&mut quantiles);
    }
    let law = Distribution::Empirical { quantiles };
    write_distribution(&law, Dimension::Duration)
}

pub(super) fn points(times: &Histogram<u64>) -> Vec<Point> {
    let all = every_point(times);
    let mut tolerance = TOLERANCE;
    loop {
        let kept = thinned(&all, tolerance);
        if kept.len() <= POINTS_MAX {
            return kept;
        }
        tolerance *= 2.0;
    }
}

/// Two points for each bucket: its values lie evenly between its edges. Shares rise strictly, so that a jump takes a
/// millionth of the bucket's share.
fn every_point(times: &Histogram<u64>) -> Vec<Point> {
    let total = times.len() as f64;
    let (mut points, mut below) = (Vec::new(), 0);
    for bucket in times.iter_recorded() {
        let value = bucket.value_iterated_to();
        let count = bucket.count_at_value();
        let (from, to) = (below as f64 / total, (below + count) as f64 / total);
        let nudge = if below == 0 { 0.0 } else { (to - from) * 1e-6 };
        points.push((from + nudge, times.lowest_equivalent(value) as f64));
        points.push((to, times.highest_equivalent(value) as f64));
        below += count;
    }
    points
}

/// As few of the points as keep straight lines within `tolerance` of the others (Douglas and Peucker 1973, with the
/// distance measured along the values).
fn thinned(points: &[Point], tolerance: f64) -> Vec<Point> {
    let mut keep = vec![false; points.len()];
    let last = points.len() - 1;
    (keep[0], keep[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let (a, b) = (points[from], points[to]);
        let line = |share: f64| a.1 + (b.1 - a.1) * (share - a.0) / (b.0 - a.0);
        let error = |point: &Point| (line(point.0) - point.1).abs() / point.1.max(1.0);
        let worst =
            (from + 1..to).max_by(|one, other| error(&points[*one]).total_cmp(&error(&points[*other])));
        if let Some(worst) = worst.filter(|worst| error(&points[*worst]) > tolerance) {
            keep[worst] = true;
            open.extend([(from, worst), (worst, to)]);
        }
    }
    points.iter().zip(keep).filter(|(_, keep)| *keep).map(|(point, _)| *point).collect()
}
