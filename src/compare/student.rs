//! Quantiles of Student's t distribution.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Above so many degrees of freedom the distribution is taken at this many. The quantile is then too large by less
/// than 2 parts in 10,000, which is on the safe side; beyond a million the library's inversion is no longer exact.
const DEGREES_MAX: f64 = 10_000.0;

/// The t with P(|T| ≤ t) = `confidence` at these degrees of freedom, which need not be whole (Student, *Biometrika* 6
/// (1908) 1–25; Welch's degrees are fractions).
///
/// # Panics
/// `degrees` is not positive, or `confidence` not within 0 … 1.
pub fn two_sided_quantile(confidence: f64, degrees: f64) -> f64 {
    assert!(confidence > 0.0 && confidence < 1.0, "a confidence lies between 0 and 1, not at {confidence}");
    let law = StudentsT::new(0.0, 1.0, degrees.min(DEGREES_MAX)).expect("degrees of freedom are positive");
    law.inverse_cdf(0.5 + confidence / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// Inverse distribution functions that are elementary: Shaw, *Journal of Computational Finance* 9 (2006) 37–73.
    fn exact(p: f64, degrees: u32) -> f64 {
        let spread = 4.0 * p * (1.0 - p);
        match degrees {
            1 => (PI * (p - 0.5)).tan(),
            2 => (2.0 * p - 1.0) * (2.0 / spread).sqrt(),
            4 => 2.0 * ((spread.sqrt().acos() / 3.0).cos() / spread.sqrt() - 1.0).sqrt(),
            _ => unreachable!("no elementary inverse"),
        }
    }

    #[test]
    fn quantiles_are_those_of_the_closed_forms() {
        for confidence in [0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.99375, 0.996875, 0.999, 0.99998] {
            for degrees in [1, 2, 4] {
                let (seen, exact) = (
                    two_sided_quantile(confidence, f64::from(degrees)),
                    exact(0.5 + confidence / 2.0, degrees),
                );
                assert!((seen / exact - 1.0).abs() < 1e-10, "{confidence}, {degrees}: {seen}, not {exact}");
            }
        }
    }

    /// Table of the percentage points of t: NIST/SEMATECH e-Handbook of Statistical Methods, §1.3.6.7.2.
    #[test]
    fn quantiles_are_those_of_the_tables() {
        let table = [
            (0.95, 9.0, 2.262),
            (0.95, 19.0, 2.093),
            (0.95, 99.0, 1.984),
            (0.99, 9.0, 3.250),
            (0.99, 4.0, 4.604),
            (0.999, 19.0, 3.883),
            (0.998, 30.0, 3.385),
        ];
        for (confidence, degrees, tabulated) in table {
            let seen = two_sided_quantile(confidence, degrees);
            assert!((seen - tabulated).abs() < 0.0006, "{confidence}, {degrees}: {seen}, not {tabulated}");
        }
    }

    #[test]
    fn at_many_degrees_it_is_the_normal_quantile() {
        for degrees in [10_000.0, 1e6, 1e9, f64::INFINITY] {
            let seen = two_sided_quantile(0.95, degrees);
            assert!((1.959964..1.9604).contains(&seen), "{degrees}: {seen}");
        }
    }

    #[test]
    fn fractions_of_degrees_lie_between_the_whole_ones() {
        let [low, mid, high] = [8.0, 8.37, 9.0].map(|degrees| two_sided_quantile(0.95, degrees));
        assert!(low > mid && mid > high, "{low} {mid} {high}");
    }
}
