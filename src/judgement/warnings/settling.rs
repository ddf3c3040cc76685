//! Whether the times changed for good in the middle of what was measured.

/// A mean that changed, from one stretch on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The first stretch after it.
    pub at: usize,
    /// The mean before the change.
    pub before: f64,
    /// The mean from there on.
    pub after: f64,
}

/// One in 2,000 series of 20 or 30 independent normal values exceeds 5.3, of 40,000 simulated.
const CRITICAL: f64 = 6.0;
/// Of logarithms it takes more: stretches of a busy queue follow from each other for longer than the variance is summed
/// over (of 200 stationary runs of each law in the tests at most four exceed it).
const CRITICAL_OF_LOGARITHMS: f64 = 9.0;
/// A change that moves the mean of the whole by less than this share of what it is in the end does not matter.
const SHARE_MIN: f64 = 0.05;

/// The changepoint of the mean: the cut with the largest cumulative sum of deviations for its place (CUSUM: Page,
/// *Biometrika* 41 (1954) 100–115; weighted so that it is the most likely cut, Hinkley, *Biometrika* 57 (1970) 1–17). The
/// stretches follow from each other, so the variance that it is held against is the long-run one, estimated within both
/// parts by Bartlett's weights (Newey and West, *Econometrica* 55 (1987) 703–708). The times of a queue are skewed, so
/// that a single long one makes the variance of a part: their logarithms must show the change, too.
/// `None` if chance does as much, or if it hardly matters.
pub fn changepoint(values: &[f64]) -> Option<Change> {
    let logarithms: Vec<f64> = values.iter().map(|value| value.max(1e-9).ln()).collect();
    let (at, statistic) = most_likely_cut(values)?;
    let (_, of_logarithms) = most_likely_cut(&logarithms)?;
    let (whole, before, after) = (mean(values), mean(&values[..at]), mean(&values[at..]));
    let beyond_chance = statistic > CRITICAL && of_logarithms > CRITICAL_OF_LOGARITHMS;
    let matters = f64::abs(whole - after) > SHARE_MIN * f64::abs(after);
    (beyond_chance && matters).then_some(Change { at, before, after })
}

/// The most likely place of a change, and how many long-run standard deviations it makes; none if nothing varies.
fn most_likely_cut(values: &[f64]) -> Option<(usize, f64)> {
    let n = values.len();
    if n < 3 {
        return None;
    }
    let whole = mean(values);
    let mut sum = 0.0;
    let (mut at, mut largest) = (0, 0.0);
    for (place, value) in values[..n - 1].iter().enumerate() {
        sum += value - whole;
        let before = (place + 1) as f64;
        let weighted = sum * sum / (before * (n as f64 - before));
        if weighted > largest {
            (at, largest) = (place + 1, weighted);
        }
    }
    if at == 0 {
        return None;
    }
    let (before, after) = (mean(&values[..at]), mean(&values[at..]));
    let rest: Vec<f64> = values[..at]
        .iter()
        .map(|value| value - before)
        .chain(values[at..].iter().map(|value| value - after))
        .collect();
    Some((at, (largest * n as f64 / long_run_variance(&rest)).sqrt()))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Of deviations from two means; never less than that of independent ones.
fn long_run_variance(rest: &[f64]) -> f64 {
    let lags = (rest.len() as f64).cbrt().floor() as usize;
    let covariance = |lag: usize| {
        let products = rest.iter().zip(&rest[lag..]).map(|(a, b)| a * b);
        products.sum::<f64>() / (rest.len() - 2) as f64
    };
    let weighted = |lag: usize| 2.0 * (1.0 - lag as f64 / (lags + 1) as f64) * covariance(lag);
    covariance(0) + (1..=lags).map(weighted).sum::<f64>().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqscript_plugin::random::{Stream, unit_from};

    fn noise(stream: &mut Stream) -> f64 {
        (0..12).map(|_| unit_from(stream.next_u64())).sum::<f64>() - 6.0
    }

    /// Independent values raise an alarm as seldom as promised: hardly one in 10,000.
    #[test]
    fn noise_is_no_change() {
        let mut stream = Stream::from_key(11);
        let alarms = (0..10_000)
            .filter(|_| {
                let values: Vec<f64> = (0..30).map(|_| 10.0 + 5.0 * noise(&mut stream)).collect();
                changepoint(&values).is_some()
            })
            .count();
        println!("{alarms} of 10,000");
        assert!(alarms <= 6, "{alarms}");
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let mut stream = Stream::from_key(12);
        for at in [1, 3, 10, 20] {
            let value = |i: usize, noise: f64| if i < at { 40.0 + noise } else { 10.0 + noise };
            let values: Vec<f64> = (0..30).map(|i| value(i, noise(&mut stream))).collect();
            let change = changepoint(&values).unwrap_or_else(|| panic!("{at}: {values:?}"));
            assert_eq!(change.at, at);
            assert!((change.before - 40.0).abs() < 3.0 && (change.after - 10.0).abs() < 1.0, "{change:?}");
        }
    }

    #[test]
    fn what_never_varies_or_hardly_matters_is_no_change() {
        assert_eq!(changepoint(&[5.0; 20]), None);
        let tiny: Vec<f64> = (0..20).map(|i| if i < 5 { 10.2 } else { 10.0 }).collect();
        assert_eq!(changepoint(&tiny), None);
        assert_eq!(changepoint(&[]), None);
    }
}
