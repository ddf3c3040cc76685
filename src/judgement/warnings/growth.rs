//! Whether the system fell behind: more came than it got done, so that times grow for as long as the load lasts.

use crate::results::loaded;
use crate::results::{Run, SeriesPoint};

/// A load that the system could not keep up with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Mean number of messages that wait in the first quarter of the load.
    pub early: f64,
    /// The same mean in the last quarter.
    pub late: f64,
    /// Messages generated per second in the second half of the load.
    pub offered_per_s: f64,
    /// Messages that ended per second in it, whatever became of them.
    pub done_per_s: f64,
    /// Whether all of this is of copies to be received, not of messages to be delivered.
    pub of_copies: bool,
}

/// A quarter of the load takes at least so many points of the series.
const POINTS_MIN: usize = 5;
/// From the first quarter to the last the backlog must become so many times as long, and by at least so many messages.
const TIMES_MIN: f64 = 3.0;
const MESSAGES_MIN: f64 = 20.0;
/// The load is cut into so many stretches, to tell a drift from a queue that comes and goes.
const STRETCHES: usize = 20;
/// The mean step from one stretch to the next must be so many of its standard errors.
const ERRORS_MIN: f64 = 4.0;

/// Rule: in every quarter of the load no fewer messages wait than in the one before, and in the last at least three times
/// as many as in the first; and the steps in between are no random walk. With a load that does not change, a system that
/// keeps up has about as many waiting in each; one that does not has 1 : 3 : 5 : 7. What is with the core does not wait:
/// with a latency of 20 s there are more and more of those for 20 s.
pub fn growth(run: &Run) -> Option<Growth> {
    let series = &run.series;
    let points = &series.points[..loaded(series)];
    let quarter = points.len() / 4;
    if quarter < POINTS_MIN {
        return None;
    }
    let waiting = waiting(run, points);
    let quarters = means(&waiting, 4);
    let (early, late) = (quarters[0], quarters[3]);
    let climbs = quarters.windows(2).all(|pair| pair[0] <= pair[1]);
    if !climbs
        || late < TIMES_MIN * early
        || late - early < MESSAGES_MIN
        || !drifts(&means(&waiting, STRETCHES))
    {
        return None;
    }
    let half = &points[2 * quarter..4 * quarter];
    let seconds = half.len() as f64 * series.interval_ns as f64 / 1e9;
    let generated: u64 = half.iter().map(|point| point.generated).sum();
    let done: u64 = half.iter().map(|point| point.delivered + point.not_delivered).sum();
    Some(Growth {
        early,
        late,
        offered_per_s: generated as f64 / seconds,
        done_per_s: done as f64 / seconds,
        of_copies: series.of_copies,
    })
}

/// How many messages wait in each point: those in the queue when others came, or all in the system where agents are held
/// back because the queue is full.
fn waiting(run: &Run, points: &[SeriesPoint]) -> Vec<f64> {
    let mut now = 0.0;
    let held_back = run.ledger.blocked > 0;
    let after = points.iter().map(|point| {
        if held_back {
            now += point.generated as f64 - (point.delivered + point.not_delivered) as f64;
        } else if point.generated > 0 {
            now = point.queue_max as f64;
        }
        now
    });
    after.collect()
}

/// The means of so many equal parts.
fn means(values: &[f64], parts: usize) -> Vec<f64> {
    let each = values.len() / parts;
    values.chunks_exact(each).take(parts).map(|part| part.iter().sum::<f64>() / each as f64).collect()
}

/// Whether the steps go up by more than a random walk does (Student's t on their mean).
fn drifts(levels: &[f64]) -> bool {
    let steps: Vec<f64> = levels.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let n = steps.len() as f64;
    let mean = steps.iter().sum::<f64>() / n;
    let variance = steps.iter().map(|step| (step - mean).powi(2)).sum::<f64>() / (n - 1.0);
    mean > ERRORS_MIN * (variance / n).sqrt()
}
