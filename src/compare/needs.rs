//! How many replications would decide.

use super::interval::Spread;
use super::student::two_sided_quantile;

/// More than so many replications are not worth naming.
const NEEDS_MAX: u64 = 100_000;

/// The number of replications of which the interval would be short enough for a verdict, if spread and change stayed
/// as they are: half its length below |change|, or within what is left between the change and `within`. None if that
/// takes more than 100,000. `confidence` is that of the one interval.
///
/// Half the length is t·s/√n (Law, §9.4.1); the degrees of freedom grow as the replications do.
pub fn replications_needed(spread: &Spread, seen: u64, within: f64, confidence: f64) -> Option<u64> {
    let (change, sd_of_mean) = match spread.mean_a {
        0.0 => (spread.mean_d.abs(), spread.variance_d.sqrt()),
        mean => ((spread.mean_d / mean).abs(), spread.variance_d.sqrt() / mean.abs()),
    };
    let target = change.max(within - change);
    let scale = |n: u64| (n - 1) as f64 / (seen - 1) as f64;
    let half = |n: u64| {
        let t = two_sided_quantile(confidence, spread.degrees * scale(n));
        t * sd_of_mean * (seen as f64 / n as f64).sqrt()
    };
    if half(NEEDS_MAX) >= target {
        return None;
    }
    // The half-length falls with n: the first n that is short enough is found by halving.
    let (mut too_few, mut enough) = (seen, NEEDS_MAX);
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if half(middle) < target { enough = middle } else { too_few = middle }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_number_named_is_the_first_that_decides() {
        // No change at all, spread 5 %, within 2 %: equivalence takes (t·5/2)² replications.
        let needed = replications_needed(&spread(0.0, 0.05, 10.0), 10, 0.02, 0.95).unwrap();
        let half = |n: u64| two_sided_quantile(0.95, (n - 1) as f64) * 0.05 / (n as f64).sqrt();
        assert!(half(needed) < 0.02 && half(needed - 1) >= 0.02, "{needed}");
        assert_eq!(needed, 27);
        // A change of 4 % beyond the 2 %: telling it from 0 takes fewer.
        assert!(replications_needed(&spread(0.04, 0.05, 10.0), 10, 0.02, 0.95).unwrap() < needed);
    }

    #[test]
    fn what_cannot_be_decided_is_not_promised() {
        assert_eq!(replications_needed(&spread(0.0, 10.0, 10.0), 10, 0.001, 0.95), None);
        assert_eq!(replications_needed(&spread(0.0, 0.05, 10.0), 10, 0.0, 0.95), None);
    }
}
