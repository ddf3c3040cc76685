//! Means, variances and covariances of a few numbers.

/// Count, mean and variance of a set of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The number of values.
    pub count: usize,
    /// The mean of the values.
    pub mean: f64,
    /// Their variance with n − 1 below; 0 for a single one.
    pub variance: f64,
}

impl Moments {
    /// Of these numbers, of which there is at least one. Of equal numbers the mean is exactly that number and the
    /// variance exactly 0.
    pub fn of(values: &[f64]) -> Moments {
        let mean = mean(values);
        let variance = match values.len() {
            1 => 0.0,
            n => values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1) as f64,
        };
        Moments { count: values.len(), mean, variance }
    }

    /// The variance of the mean.
    pub fn of_mean(&self) -> f64 {
        self.variance / self.count as f64
    }
}

/// The skewness of a population, estimated from at least three numbers (Fisher's G₁: Joanes and Gill, *The Statistician*
/// 47 (1998) 183–189); 0 where they do not vary.
pub fn skewness(values: &[f64]) -> f64 {
    let Moments { mean, variance, .. } = Moments::of(values);
    let n = values.len() as f64;
    let sd = (variance * (n - 1.0) / n).sqrt();
    if values.len() < 3 || sd == 0.0 {
        return 0.0;
    }
    let third = values.iter().map(|value| ((value - mean) / sd).powi(3)).sum::<f64>() / n;
    third * (n * (n - 1.0)).sqrt() / (n - 2.0)
}

/// The mean, taken from the first value on: of equal values it is exact.
fn mean(values: &[f64]) -> f64 {
    let first = values[0];
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

/// The covariance of two sets of the same length, with n − 1 below; 0 for a single pair.
pub fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean(a), mean(b));
    match a.len() {
        1 => 0.0,
        n => a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f64>() / (n - 1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_by_hand() {
        let seen = Moments::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!((seen.count, seen.mean), (8, 5.0));
        assert!((seen.variance - 32.0 / 7.0).abs() < 1e-12, "{seen:?}");
        assert_eq!(covariance(&[1.0, 2.0, 3.0], &[2.0, 4.0, 9.0]), 3.5);
    }

    /// By hand: deviations −3, −2, −1, 6 from 4; third moment 45, second 12.5; times √12 / 2.
    #[test]
    fn skewness_by_hand() {
        let expected = 45.0 / 12.5f64.powf(1.5) * 12f64.sqrt() / 2.0;
        assert!((skewness(&[1.0, 2.0, 3.0, 10.0]) - expected).abs() < 1e-12);
        assert_eq!(skewness(&[1.0, 2.0, 3.0]), 0.0);
        assert_eq!(skewness(&[2.0, 2.0, 2.0]), 0.0);
    }

    #[test]
    fn equal_numbers_vary_by_nothing() {
        for value in [0.1, 1e17, 5_123_456.7, 1.0 / 3.0] {
            for count in [1, 2, 5, 1000] {
                let seen = Moments::of(&vec![value; count]);
                assert_eq!((seen.mean, seen.variance), (value, 0.0));
            }
        }
    }
}
