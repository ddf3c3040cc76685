//! Intervals of a difference and of a relative change.
//!
//! Both come from the same variances, so that they agree on whether 0 lies inside: the difference by Student's or
//! Welch's t, the change (μ_b − μ_a)/μ_a by Fieller's theorem (Fieller, *Journal of the Royal Statistical Society B*
//! 16 (1954) 175–185), which takes into account that the baseline's mean is itself only estimated. A change c lies in
//! the interval if the t test does not reject μ_d = c·μ_a.

use super::moments::{Moments, covariance};
use crate::results::comparisons::Interval;

/// Two sets of replications, as far as intervals need them. `a` is the baseline, `d` the difference b − a.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean of the baseline.
    pub mean_a: f64,
    /// The mean of the differences.
    pub mean_d: f64,
    /// Variance of the baseline's mean.
    pub variance_a: f64,
    /// Variance of the mean difference.
    pub variance_d: f64,
    /// Covariance of the two.
    pub covariance: f64,
    /// The degrees of freedom of the t distribution.
    pub degrees: f64,
}

impl Spread {
    /// Of pairs with something in common: Student's t on their differences. At least two.
    ///
    /// Under common random numbers the covariance of the two sides takes most of the variance away (Law, §11.2;
    /// Glasserman and Yao, *Management Science* 38 (1992) 884–908).
    pub fn paired(a: &[f64], b: &[f64]) -> Spread {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
        let (of_a, of_d) = (Moments::of(a), Moments::of(&differences));
        Spread {
            mean_a: of_a.mean,
            mean_d: of_d.mean,
            variance_a: of_a.of_mean(),
            variance_d: of_d.of_mean(),
            covariance: covariance(a, &differences) / a.len() as f64,
            degrees: (a.len() - 1) as f64,
        }
    }

    /// Of two independent sets, whose variances may differ: Welch's t (Welch, *Biometrika* 34 (1947) 28–35) with the
    /// degrees of freedom of Satterthwaite (*Biometrics Bulletin* 2 (1946) 110–114). At least two on each side.
    pub fn welch(a: &[f64], b: &[f64]) -> Spread {
        let (of_a, of_b) = (Moments::of(a), Moments::of(b));
        let (variance_a, variance_b) = (of_a.of_mean(), of_b.of_mean());
        let variance_d = variance_a + variance_b;
        let below = variance_a.powi(2) / (a.len() - 1) as f64 + variance_b.powi(2) / (b.len() - 1) as f64;
        let degrees = if below > 0.0 { variance_d.powi(2) / below } else { (a.len() + b.len() - 2) as f64 };
        Spread {
            mean_a: of_a.mean,
            mean_d: of_b.mean - of_a.mean,
            variance_a,
            variance_d,
            covariance: -variance_a,
            degrees,
        }
    }

    /// The difference b − a with its interval at this quantile of t.
    pub fn difference(&self, quantile: f64) -> Interval {
        let margin = quantile * self.variance_d.sqrt();
        Interval { estimate: self.mean_d, low: Some(self.mean_d - margin), high: Some(self.mean_d + margin) }
    }

    /// The change (b − a)/a of figures that are never negative, with its interval at this quantile of t; none if the
    /// baseline is 0 and the other is not.
    ///
    /// Where the baseline's mean cannot be told from 0, an end may be missing: nothing bounds the change.
    pub fn change(&self, quantile: f64) -> Option<Interval> {
        if self.mean_d == 0.0 && self.variance_d == 0.0 {
            return Some(Interval { estimate: 0.0, low: Some(0.0), high: Some(0.0) });
        }
        if self.mean_a == 0.0 {
            return None;
        }
        let estimate = self.mean_d / self.mean_a;
        let (low, high) = self.change_ends(quantile);
        Some(Interval { estimate, low: low.map(|low| low.max(-1.0)), high })
    }

    /// The ends of { c : |d̄ − c ā| ≤ t √(V_d − 2c C + c² V_a) }, a quadratic inequality p c² − 2q c + r ≤ 0.
    fn change_ends(&self, t: f64) -> (Option<f64>, Option<f64>) {
        let t2 = t * t;
        let p = self.mean_a.powi(2) - t2 * self.variance_a;
        let q = self.mean_a * self.mean_d - t2 * self.covariance;
        let r = self.mean_d.powi(2) - t2 * self.variance_d;
        if p > 0.0 {
            // The estimate solves the inequality, so it has real roots. Each is taken in the form that cancels least.
            let root = (q * q - p * r).max(0.0).sqrt();
            let far = if q >= 0.0 { q + root } else { q - root };
            let (one, other) = (far / p, if far == 0.0 { 0.0 } else { r / far });
            return (Some(one.min(other)), Some(one.max(other)));
        }
        // The baseline's mean may be 0: all changes from some place on are possible, or all there are.
        let root = (q * q - p * r).sqrt();
        if p == 0.0 || root.is_nan() {
            return (None, None);
        }
        let ends = [(q + root) / p, (q - root) / p];
        let (first, second) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        // No figure changes by less than −100 %.
        if first < -1.0 { (Some(second), None) } else { (None, None) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::student::two_sided_quantile;
    use super::*;
    use proptest::prelude::*;

    fn close(seen: f64, expected: f64) {
        assert!((seen - expected).abs() < 1e-9 * expected.abs().max(1.0), "{seen}, not {expected}");
    }

    /// By hand: differences 1, 2, 3, 4, 0; mean 2, variance 10/4, of the mean 1/2; t(0.95, 4) = 2.776445.
    #[test]
    fn pairs_by_hand() {
        let spread = Spread::paired(&[10.0, 12.0, 11.0, 13.0, 14.0], &[11.0, 14.0, 14.0, 17.0, 14.0]);
        close(spread.mean_d, 2.0);
        close(spread.variance_d, 0.5);
        assert_eq!(spread.degrees, 4.0);
        let seen = spread.difference(two_sided_quantile(0.95, spread.degrees));
        close(seen.low.unwrap(), 2.0 - 2.776_445_105_197_799 * 0.5f64.sqrt());
        close(seen.high.unwrap(), 2.0 + 2.776_445_105_197_799 * 0.5f64.sqrt());
    }

    /// By hand: means 3 and 6, variances 5/2 and 10/3, of the means 1/2 and 5/6; degrees (4/3)²/(1/16 + 25/108) =
    /// 768/127.
    #[test]
    fn welch_by_hand() {
        let spread = Spread::welch(&[1.0, 2.0, 3.0, 4.0, 5.0], &[4.0, 8.0, 5.0, 7.0]);
        close(spread.mean_d, 3.0);
        close(spread.variance_a, 0.5);
        close(spread.variance_d, 4.0 / 3.0);
        close(spread.degrees, 768.0 / 127.0);
    }

    /// Welch's own kind of example: one side varies, the other hardly does; the degrees are the varying side's.
    #[test]
    fn the_side_that_varies_brings_the_degrees() {
        let spread = Spread::welch(&[10.0; 20], &[1.0, 2.0, 3.0, 4.0, 5.0]);
        close(spread.degrees, 4.0);
        let constant = Spread::welch(&[10.0; 5], &[11.0; 5]);
        assert_eq!((constant.variance_d, constant.degrees), (0.0, 8.0));
        assert_eq!(constant.change(3.0), Some(Interval { estimate: 0.1, low: Some(0.1), high: Some(0.1) }));
    }

    /// With an exactly known baseline the change is the difference, divided.
    #[test]
    fn a_constant_baseline_only_scales() {
        let spread = Spread::paired(&[10.0; 5], &[11.0, 12.0, 13.0, 14.0, 10.0]);
        let (change, difference) = (spread.change(2.5).unwrap(), spread.difference(2.5));
        for (change, difference) in [(change.low, difference.low), (change.high, difference.high)] {
            close(change.unwrap(), difference.unwrap() / 10.0);
        }
    }

    #[test]
    fn a_baseline_near_nought_bounds_nothing_above() {
        // Means 0.2 and 100: more by any factor, but surely more.
        let far = Spread::welch(&[0.0, 0.0, 0.0, 0.0, 1.0], &[99.0, 100.0, 101.0, 100.0, 100.0]);
        let change = far.change(2.776).unwrap();
        assert!(change.low.unwrap() > 10.0 && change.high.is_none(), "{change:?}");
        // Means 0.2 and 0.4, both in doubt: anything is possible.
        let near = Spread::welch(&[0.0, 0.0, 0.0, 0.0, 1.0], &[0.0, 1.0, 0.0, 1.0, 0.0]);
        let change = near.change(2.776).unwrap();
        assert_eq!((change.low, change.high), (None, None));
        let nought = Spread::paired(&[0.0; 5], &[0.0; 5]);
        assert_eq!(nought.change(3.0), Some(Interval { estimate: 0.0, low: Some(0.0), high: Some(0.0) }));
        let same = Spread::paired(&[1.0, 9.0], &[1.0, 9.0]);
        assert_eq!(same.change(99.0), nought.change(3.0), "however much the baseline varies");
        assert_eq!(Spread::paired(&[0.0; 5], &[1.0, 0.0, 0.0, 0.0, 0.0]).change(3.0), None);
    }

    proptest! {
        /// An interval that is shown never disagrees with the t test of its difference.
        #[test]
        fn change_and_difference_agree_on_nought(
            a in proptest::collection::vec(50.0f64..150.0, 5..12),
            shift in -20.0f64..20.0,
            noise in proptest::collection::vec(-20.0f64..20.0, 12),
            paired in proptest::bool::ANY,
        ) {
            let b: Vec<f64> = a.iter().zip(&noise).map(|(a, noise)| a + shift + noise).collect();
            let spread = if paired { Spread::paired(&a, &b) } else { Spread::welch(&a, &b) };
            let t = two_sided_quantile(0.99, spread.degrees);
            let (difference, change) = (spread.difference(t), spread.change(t).unwrap());
            let holds = |interval: &Interval| {
                interval.low.is_none_or(|low| low <= 0.0) && interval.high.is_none_or(|high| high >= 0.0)
            };
            prop_assert_eq!(holds(&difference), holds(&change), "{:?} {:?}", difference, change);
            prop_assert!(change.low.is_none_or(|low| low <= change.estimate + 1e-12));
            prop_assert!(change.high.is_none_or(|high| high >= change.estimate - 1e-12));
        }
    }
}
