//! How many replications would decide.

use super::interval::Spread;
use super::student::two_sided_quantile;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// More than so many replications are not worth naming.
const NEEDS_MAX: u64 = 100_000;

/// They decide in so many of 100 cases.
const POWER: f64 = 0.8;
/// The spread seen is an estimate. What is reckoned with is exceeded by the true one in this share of cases.
const SPREAD_EXCEEDED: f64 = 0.2;
/// Less than so many standard errors of change may be none at all.
const SURELY_CHANGED: f64 = 2.0;

/// The number of replications that would give a verdict in four of five cases, if the first of them are those seen. None
/// if that takes more than 100,000. `confidence` is that of the one interval.
///
/// The change seen, c ± s, is an estimate: that of n replications in all lies about c with variance s² − s_n². A verdict
/// is reached where it lies farther from 0 than the interval's half-length t·s_n, or within `within` by as much. A small
/// c may be no change at all: then the verdict must be reached in as many cases if the rest shows none.
pub fn replications_needed(spread: &Spread, seen: u64, within: f64, confidence: f64) -> Option<u64> {
    let (change, sd_of_mean) = match spread.mean_a {
        0.0 => (spread.mean_d.abs(), spread.variance_d.sqrt()),
        mean => ((spread.mean_d / mean).abs(), spread.variance_d.sqrt() / mean.abs()),
    };
    let of_spread = ChiSquared::new(spread.degrees).ok()?.inverse_cdf(SPREAD_EXCEEDED);
    let error = sd_of_mean * (spread.degrees / of_spread).sqrt();
    let normal = Normal::standard();
    let decides = |n: u64| {
        let part = seen as f64 / n as f64;
        let degrees = spread.degrees * (n - 1) as f64 / (seen - 1) as f64;
        let half = two_sided_quantile(confidence, degrees) * error * part.sqrt();
        let chance = |mean: f64, sd: f64| {
            let below = |value: f64| match sd > 0.0 {
                true => normal.cdf((value - mean) / sd),
                false => f64::from(value > mean),
            };
            let different = 1.0 - below(half) + below(-half);
            // Where the two overlap every change is decided.
            different + (below(within - half) - below(half - within)).max(0.0)
        };
        let rest = 1.0 - part;
        let as_seen = chance(change, error * rest.max(0.0).sqrt());
        let without = chance(part * change, error * (part * rest).max(0.0).sqrt());
        as_seen >= POWER && (change > SURELY_CHANGED * sd_of_mean || without >= POWER)
    };
    if !decides(NEEDS_MAX) {
        return None;
    }
    // More replications decide more often: the first number that does so often enough is found by halving.
    let (mut too_few, mut enough) = (seen, NEEDS_MAX);
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if decides(middle) { enough = middle } else { too_few = middle }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::super::moments::Moments;
    use super::*;
    use mqscript_plugin::random::{Stream, unit_from};

    fn spread(change: f64, sd: f64, n: f64) -> Spread {
        Spread {
            mean_a: 100.0,
            mean_d: 100.0 * change,
            variance_a: 0.0,
            variance_d: (100.0 * sd).powi(2) / n,
            covariance: 0.0,
            degrees: n - 1.0,
        }
    }

    /// No change seen, spread 5 %, within 2 %: an interval of 27 would just fit in if the change stayed exactly nought
    /// and the spread as it was.
    #[test]
    fn more_are_named_than_would_do_if_nothing_changed() {
        let needed = replications_needed(&spread(0.0, 0.05, 10.0), 10, 0.02, 0.95).unwrap();
        assert!((40..120).contains(&needed), "{needed}");
        // A change of 4 % beyond the 2 %: telling it from 0 takes fewer.
        assert!(replications_needed(&spread(0.04, 0.05, 10.0), 10, 0.02, 0.95).unwrap() < needed);
    }

    /// Ten replications of a change that is nought, small or large, with an even and with a skewed law; where they leave
    /// it undecided, as many more as were named decide it in four of five cases.
    #[test]
    fn as_many_as_are_named_decide_in_four_of_five_cases() {
        let mut stream = Stream::from_key(5);
        for skewed in [false, true] {
            for change in [0.0, 0.01, 0.02, 0.03, 0.05] {
                let mut draw = || {
                    let unit = |stream: &mut Stream| unit_from(stream.next_u64());
                    let noise = match skewed {
                        false => (0..12).map(|_| unit(&mut stream)).sum::<f64>() - 6.0,
                        true => -unit(&mut stream).max(1e-300).ln() - 1.0,
                    };
                    change + 0.04 * noise
                };
                let decided = |values: &[f64]| {
                    let n = values.len() as f64;
                    let Moments { mean, variance, .. } = Moments::of(values);
                    let half = two_sided_quantile(0.95, n - 1.0) * (variance / n).sqrt();
                    mean.abs() > half || mean.abs() + half < 0.02
                };
                let (mut asked, mut answered) = (0, 0);
                for _ in 0..600 {
                    let mut values: Vec<f64> = (0..10).map(|_| draw()).collect();
                    if decided(&values) {
                        continue;
                    }
                    let moments = Moments::of(&values);
                    let seen = spread(moments.mean, moments.variance.sqrt(), 10.0);
                    let needed = replications_needed(&seen, 10, 0.02, 0.95).unwrap();
                    values.extend((10..needed).map(|_| draw()));
                    (asked, answered) = (asked + 1, answered + i32::from(decided(&values)));
                }
                let share = f64::from(answered) / f64::from(asked);
                println!("skewed {skewed}, change {change}: {share:.3} of {asked}");
                assert!(share >= 0.8, "skewed {skewed}, change {change}: {share:.3} of {asked}");
            }
        }
    }

    #[test]
    fn what_cannot_be_decided_is_not_promised() {
        assert_eq!(replications_needed(&spread(0.0, 10.0, 10.0), 10, 0.001, 0.95), None);
        assert_eq!(replications_needed(&spread(0.0, 0.05, 10.0), 10, 0.0, 0.95), None);
    }
}
