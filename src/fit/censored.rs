//! Times of which some were not seen to their end: attempts that the processor's timeout gave up.
//!
//! What is known of those is that they take longer than the timeout. They stay beyond it in the fit, as a tail whose
//! length is a guess: that of an exponential law with as large a share beyond the timeout.

use crate::plan::units::parse_duration;
use crate::results::Run;
use hdrhistogram::Histogram;

/// Points of the tail: the share of it below each, which ends at seven means.
const TAIL: [f64; 7] = [0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 1.0];
const TAIL_END: f64 = 7.0;

/// The part of the attempts that outlived a timeout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beyond {
    /// The timeout; of several the shortest.
    pub timeout_ns: u64,
    /// The share of all attempts, 0 … 1.
    pub share: f64,
}

/// The attempts of these runs that ended by timeout; none if there were none.
pub(super) fn beyond<'r>(runs: impl Iterator<Item = (&'r Run, u64, u64)>) -> Option<Beyond> {
    let (mut shortest, mut given_up, mut attempts) = (u64::MAX, 0, 0);
    for (run, attempted, answered) in runs {
        attempts += attempted;
        let timeout = run.plan.pointer("/processor/timeout").and_then(|timeout| timeout.as_str());
        let Some(timeout_ns) = timeout.and_then(|text| parse_duration(text).ok()) else { continue };
        given_up += attempted.saturating_sub(answered);
        shortest = shortest.min(timeout_ns);
    }
    (given_up > 0).then(|| Beyond { timeout_ns: shortest, share: given_up as f64 / attempts as f64 })
}

impl Beyond {
    /// The times below the timeout alone.
    pub fn seen(self, times: &Histogram<u64>) -> Histogram<u64> {
        let mut seen = Histogram::new_from(times);
        seen.auto(true);
        let end = times.lowest_equivalent(self.timeout_ns);
        for bucket in times.iter_recorded().filter(|bucket| bucket.value_iterated_to() < end) {
            seen.record_n(bucket.value_iterated_to(), bucket.count_at_value()).expect("it resizes itself");
        }
        seen
    }

    /// The quantile function of the times seen, with the tail beyond the timeout.
    pub fn add_tail(self, points: &mut Vec<(f64, f64)>) {
        let seen = 1.0 - self.share;
        points.iter_mut().for_each(|point| point.0 *= seen);
        let timeout = self.timeout_ns as f64;
        let mean = timeout / -self.share.min(1.0 - 1e-9).ln();
        // Just beyond it: what takes as long as the timeout is in time.
        points.push((seen + self.share * 1e-6, timeout * 1.001 + 1.0));
        for part in TAIL {
            let excess = if part < 1.0 { -(1.0 - part).ln() } else { TAIL_END };
            points.push((
                if part < 1.0 { seen + self.share * part } else { 1.0 },
                timeout * 1.001 + mean * excess,
            ));
        }
    }
}
