//! Whether the system fell behind: more came than it got done, so that times grow for as long as the load lasts.

use crate::metrics::course::loaded;
use crate::metrics::results::Run;

/// A load that the system could not keep up with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Mean number of messages in the system in the first quarter of the load.
    pub early: f64,
    /// The same in the last quarter.
    pub late: f64,
    /// Messages generated per second in the second half of the load.
    pub offered_per_s: f64,
    /// Messages that ended per second in it, whatever became of them.
    pub done_per_s: f64,
}

/// A quarter of the load takes at least so many points of the series.
const POINTS_MIN: usize = 5;
/// From the first quarter to the last the backlog must become so many times as long, and by at least so many messages.
const TIMES_MIN: f64 = 3.0;
const MESSAGES_MIN: f64 = 20.0;

/// Rule: in every quarter of the load there are more messages in the system than in the one before, and in the last at
/// least three times as many as in the first. With a load that does not change, a system that keeps up has about as
/// many in each; one that does not has 1 : 3 : 5 : 7.
pub fn growth(run: &Run) -> Option<Growth> {
    let series = &run.series;
    let points = &series.points[..loaded(series)];
    let quarter = points.len() / 4;
    if quarter < POINTS_MIN {
        return None;
    }
    let mut inside = 0.0;
    let after: Vec<f64> = points
        .iter()
        .map(|point| {
            inside += point.generated as f64 - (point.delivered + point.not_delivered) as f64;
            inside
        })
        .collect();
    let quarters: Vec<f64> =
        after.chunks_exact(quarter).take(4).map(|part| part.iter().sum::<f64>() / quarter as f64).collect();
    let (early, late) = (quarters[0], quarters[3]);
    let climbs = quarters.windows(2).all(|pair| pair[0] < pair[1]);
    if !climbs || late < TIMES_MIN * early || late - early < MESSAGES_MIN {
        return None;
    }
    let half = &points[2 * quarter..4 * quarter];
    let seconds = half.len() as f64 * series.interval_ns as f64 / 1e9;
    let generated: u64 = half.iter().map(|point| point.generated).sum();
    let done: u64 = half.iter().map(|point| point.delivered + point.not_delivered).sum();
    Some(Growth { early, late, offered_per_s: generated as f64 / seconds, done_per_s: done as f64 / seconds })
}
