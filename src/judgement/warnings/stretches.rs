//! Stretches in which messages took far longer than in the others.

/// The stretches that stand out from the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlying {
    /// The number of stretches that stand out.
    pub count: usize,
    /// The slowest of them.
    pub worst: usize,
    /// The mean of the slowest one.
    pub worst_mean: f64,
    /// The median of all stretches.
    pub median: f64,
}

/// The median absolute deviation times this is the standard deviation of a normal distribution.
const NORMAL: f64 = 1.4826;
/// So many robust standard deviations above the median, and so many times the median.
const DEVIATIONS: f64 = 10.0;
const TIMES_MIN: f64 = 5.0;
/// So many robust standard deviations of the logarithms.
const LOG_DEVIATIONS: f64 = 7.0;
/// A tenth of all may stand out; where more does, it is how the system is.
const SHARE_MAX: f64 = 0.1;

/// Rule: a mean is outlying if it lies more than ten robust standard deviations (median absolute deviation × 1.4826;
/// Iglewicz and Hoaglin, *How to Detect and Handle Outliers*, 1993) above the median, and at least five times as high: queues at a high
/// load make stretches of three times the median by themselves. Where service times have a heavy tail they make far
/// higher ones, but none that stand alone: their logarithms are spread evenly, so that the mean must lie as far above
/// the median in these, too.
pub fn outlying(means: &[f64]) -> Option<Outlying> {
    let (median, deviation) = robust(means)?;
    let logarithms: Vec<f64> = means.iter().map(|value| value.max(1.0).ln()).collect();
    let (middle, spread) = robust(&logarithms)?;
    let limit = (median + DEVIATIONS * deviation)
        .max(TIMES_MIN * median)
        .max((middle + LOG_DEVIATIONS * spread).exp());
    let count = means.iter().filter(|value| **value > limit).count();
    let (worst, worst_mean) = means
        .iter()
        .copied()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, mean)| *mean > limit)?;
    (count as f64 <= SHARE_MAX * means.len() as f64).then_some(Outlying { count, worst, worst_mean, median })
}

/// The median, and the standard deviation of a normal distribution with the same median absolute deviation.
fn robust(values: &[f64]) -> Option<(f64, f64)> {
    let median = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    Some((median, NORMAL * self::median(&deviations)?))
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_stands_out_and_noise_does_not() {
        let noise: Vec<f64> = (0..30).map(|i| 10.0 + f64::from(i * 7 % 11) / 5.0).collect();
        assert_eq!(outlying(&noise), None);
        let mut paused = noise.clone();
        paused[17] = 90.0;
        let found = outlying(&paused).unwrap();
        assert_eq!((found.count, found.worst, found.worst_mean), (1, 17, 90.0));
        let often: Vec<f64> = (0..30).map(|i| if i % 4 == 0 { 90.0 } else { noise[i] }).collect();
        assert_eq!(outlying(&often), None, "what happens all the time is no outlier");
        assert_eq!(outlying(&[]), None);
    }

    #[test]
    fn five_times_the_median_is_asked_for_where_nothing_else_varies() {
        let mut still = [10.0; 30];
        still[3] = 49.0;
        assert_eq!(outlying(&still), None);
        still[3] = 51.0;
        assert!(outlying(&still).is_some());
    }
}
