//! Distributions of durations and sizes: as they are written, and as samplers.
//!
//! Every sampler uses exactly one draw of 64 bits and an inverse transform, so a setting changed in one place
//! never shifts the draws of another. Logarithms come from own tables or `libm`, never from the platform.

use crate::random::unit_from;
use std::sync::LazyLock;

/// A law of non-negative numbers: nanoseconds for durations, bytes for sizes.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Distribution {
    /// The value is always the same.
    Constant(u64),
    /// Every whole number from `min` to `max`, both included, equally likely.
    Uniform {
        /// The smallest value of the range.
        min: u64,
        /// The largest value of the range.
        max: u64,
    },
    /// Normal, truncated below at `min`.
    Normal {
        /// The mean before values are cut off.
        mean: f64,
        /// Standard deviation before truncation.
        sd: f64,
        /// No value lies below.
        min: f64,
    },
    /// Values with an exponential distribution.
    Exponential {
        /// The mean of the values.
        mean: f64,
    },
    /// Log-normal: the logarithm is normal with mean `mu` and standard deviation `sigma`.
    LogNormal {
        /// Mean of the natural logarithm.
        mu: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// Piecewise linear between the given (share, value) points, shares rising from 0 to 1.
    Empirical {
        /// The quantile function's points.
        quantiles: Vec<(f64, f64)>,
    },
}

/// The standard normal quantile at 0.99.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

impl Distribution {
    /// The log-normal law with this median and 99th percentile.
    pub fn lognormal_from_p99(median: f64, p99: f64) -> Distribution {
        Distribution::LogNormal { mu: libm::log(median), sigma: libm::log(p99 / median) / NORMAL_P99 }
    }

    /// The log-normal law with this mean and standard deviation.
    pub fn lognormal_from_mean(mean: f64, sd: f64) -> Distribution {
        let variance = libm::log1p((sd / mean) * (sd / mean));
        Distribution::LogNormal { mu: libm::log(mean) - variance / 2.0, sigma: libm::sqrt(variance) }
    }

    /// The mean; for the truncated normal law the mean before truncation.
    pub fn mean(&self) -> f64 {
        match self {
            Distribution::Constant(value) => *value as f64,
            Distribution::Uniform { min, max } => (*min as f64 + *max as f64) / 2.0,
            Distribution::Normal { mean, .. } | Distribution::Exponential { mean } => *mean,
            Distribution::LogNormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Distribution::Empirical { quantiles } => {
                quantiles.windows(2).map(|p| (p[1].0 - p[0].0) * (p[0].1 + p[1].1) / 2.0).sum()
            }
        }
    }

    /// The value at which `bits`, 64 random bits, put the inverse of the distribution function.
    #[inline]
    pub fn sample(&self, bits: u64) -> u64 {
        match self {
            Distribution::Constant(value) => *value,
            Distribution::Uniform { min, max } => {
                let width = u128::from(max - min) + 1;
                min + ((u128::from(bits) * width) >> 64) as u64
            }
            Distribution::Exponential { mean } => round(standard_exponential(bits) * mean),
            _ => self.sample_curved(bits),
        }
    }

    #[inline(never)]
    fn sample_curved(&self, bits: u64) -> u64 {
        // The middle of one of 2⁵² equal cells: never 0 and never 1.
        let u = ((bits >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0);
        match self {
            Distribution::Normal { mean, sd, min } if *sd > 0.0 => {
                let cut = (min - mean) / sd;
                let x = if cut > FAR_CUT {
                    far_normal(cut, u)
                } else {
                    let below = normal_cdf(cut);
                    normal_quantile(below + u * (1.0 - below))
                };
                round((mean + sd * x).max(*min))
            }
            Distribution::Normal { mean, min, .. } => round(mean.max(*min)),
            Distribution::LogNormal { mu, sigma } => round(libm::exp(mu + sigma * normal_quantile(u))),
            Distribution::Empirical { quantiles } => round(interpolate(quantiles, u)),
            Distribution::Constant(_) | Distribution::Uniform { .. } | Distribution::Exponential { .. } => {
                self.sample(bits)
            }
        }
    }
}

/// Beyond this many standard deviations above the mean the share *below* a cut is no longer told apart from 1.
const FAR_CUT: f64 = 5.0;
/// Beyond this many the share *above* a cut is smaller than any number.
const FARTHEST_CUT: f64 = 37.0;

/// The standard normal law cut off below at `cut`, far above its mean: by the share above, which is small and therefore
/// exact. Where that is too small to be told from 0, by the law's tail exp(−x²/2), which is then right to a thousandth of
/// what lies beyond the cut.
fn far_normal(cut: f64, u: f64) -> f64 {
    if cut > FARTHEST_CUT {
        return libm::sqrt(cut * cut - 2.0 * libm::log1p(-u));
    }
    -normal_quantile(normal_cdf(-cut) * (1.0 - u))
}

/// To the nearest whole number, at most `i64::MAX`: processors turn numbers into whole ones with a sign, and into others
/// only in several steps. That many nanoseconds are 292 years.
#[inline]
fn round(value: f64) -> u64 {
    ((value + 0.5) as i64).max(0) as u64
}

fn interpolate(quantiles: &[(f64, f64)], u: f64) -> f64 {
    let after = quantiles.partition_point(|point| point.0 <= u).clamp(1, quantiles.len() - 1);
    let ((share_a, value_a), (share_b, value_b)) = (quantiles[after - 1], quantiles[after]);
    if share_b <= share_a {
        value_b
    } else {
        value_a + (value_b - value_a) * (u - share_a) / (share_b - share_a)
    }
}

const LOG_CELLS: usize = 512;

/// For each cell of the mantissa: the reciprocal of its middle, and minus the logarithm of that reciprocal.
static LOG_TABLE: LazyLock<[(f64, f64); LOG_CELLS]> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let middle = 1.0 + (i as f64 + 0.5) / LOG_CELLS as f64;
        (1.0 / middle, libm::log(middle))
    })
});

/// A draw of the exponential law with mean 1: −ln(1 − u), by table and a short series.
///
/// The mantissa's cell gives its logarithm; what remains, |r| < 2⁻¹⁰, is ln(1 + r) = r − r²/2 + r³/3 − r⁴/4 to
/// better than 10⁻¹⁵. Only additions and multiplications in a fixed order: the same bits everywhere.
#[inline]
pub fn standard_exponential(bits: u64) -> f64 {
    // 1 − u over the multiples of 2⁻⁵³ in (0, 1].
    let x = 1.0 - unit_from(bits);
    let raw = x.to_bits();
    let exponent = (raw >> 52) as i64 - 1023;
    let cell = ((raw >> (52 - 9)) & (LOG_CELLS as u64 - 1)) as usize;
    let mantissa = f64::from_bits((raw & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let (reciprocal, log_middle) = LOG_TABLE[cell];
    let r = mantissa * reciprocal - 1.0;
    let series = r * (1.0 - r * (0.5 - r * (1.0 / 3.0 - r * 0.25)));
    (-(exponent as f64 * std::f64::consts::LN_2 + log_middle + series)).max(0.0)
}

/// The standard normal distribution function, by the complementary error function.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The inverse of the standard normal distribution function (Wichura, Algorithm AS 241, PPND16, 1988).
pub fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 8] = [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ];
    const B: [f64; 8] = [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ];
    const C: [f64; 8] = [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ];
    const E: [f64; 8] = [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_7e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ];
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&A, r) / polynomial(&B, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let value = if r <= 5.0 {
        polynomial(&C, r - 1.6) / polynomial(&D, r - 1.6)
    } else {
        polynomial(&E, r - 5.0) / polynomial(&F, r - 5.0)
    };
    if q < 0.0 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn moments(law: &Distribution) -> (f64, f64) {
        let mut stream = Stream::from_key(11);
        let n = 400_000;
        let draws: Vec<f64> = (0..n).map(|_| law.sample(stream.next_u64()) as f64).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(n);
        (mean, variance.sqrt())
    }

    fn close(found: f64, expected: f64, share: f64) {
        assert!((found / expected - 1.0).abs() < share, "{found} is not within {share} of {expected}");
    }

    #[test]
    fn moments_are_those_of_the_law() {
        let uniform = Distribution::Uniform { min: 1_000_000, max: 10_000_000 };
        let (mean, sd) = moments(&uniform);
        close(mean, 5.5e6, 0.005);
        close(sd, 9e6 / 12f64.sqrt(), 0.005);

        let (mean, sd) = moments(&Distribution::Exponential { mean: 5e6 });
        close(mean, 5e6, 0.01);
        close(sd, 5e6, 0.01);

        let (mean, sd) = moments(&Distribution::Normal { mean: 5e6, sd: 1e6, min: 0.0 });
        close(mean, 5e6, 0.005);
        close(sd, 1e6, 0.01);

        let (mean, sd) = moments(&Distribution::lognormal_from_mean(5e6, 5e6));
        close(mean, 5e6, 0.02);
        close(sd, 5e6, 0.05);

        let empirical = Distribution::Empirical { quantiles: vec![(0.0, 1e6), (0.5, 3e6), (1.0, 80e6)] };
        close(moments(&empirical).0, empirical.mean(), 0.01);
    }

    #[test]
    fn the_table_logarithm_equals_libm() {
        let mut stream = Stream::from_key(3);
        for _ in 0..100_000 {
            let bits = stream.next_u64();
            let exact = -libm::log(1.0 - unit_from(bits));
            assert!((standard_exponential(bits) - exact).abs() <= 1e-13 * exact.max(1.0), "{bits}");
        }
        assert_eq!(standard_exponential(0), 0.0);
        assert!((standard_exponential(u64::MAX) - 53.0 * std::f64::consts::LN_2).abs() < 1e-12);
    }

    #[test]
    fn quantiles_are_the_textbook_ones() {
        for (p, x) in
            [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.99, NORMAL_P99), (1e-9, -5.997_807_015_007_686)]
        {
            assert!((normal_quantile(p) - x).abs() < 1e-12, "{p}");
        }
        let law = Distribution::lognormal_from_p99(5e6, 40e6);
        assert_eq!(law.sample((u128::from(u64::MAX) * 99 / 100) as u64) / 10_000, 4_000);
    }

    #[test]
    fn truncation_keeps_everything_above_the_minimum() {
        let law = Distribution::Normal { mean: 1e6, sd: 5e6, min: 0.5e6 };
        let mut stream = Stream::from_key(1);
        assert!((0..10_000).all(|_| law.sample(stream.next_u64()) >= 500_000));
    }

    /// The mean of what lies beyond a cut of a standard deviations is φ(a)/Q(a), by the continued fraction of Laplace.
    fn mean_beyond(cut: f64) -> f64 {
        let mut fraction = cut;
        for k in (1..200).rev() {
            fraction = cut + f64::from(k) / fraction;
        }
        fraction
    }

    #[test]
    fn a_normal_law_cut_far_above_its_mean_keeps_its_tail() {
        for cut in [1.0, 4.9, 5.1, 8.5, 12.0, 30.0, 36.9, 37.1, 100.0] {
            let (mean, sd) = (1e9, 1e6);
            let law = Distribution::Normal { mean, sd, min: mean + cut * sd };
            let (seen, spread) = moments(&law);
            let beyond = (seen - mean) / sd - cut;
            let expected = mean_beyond(cut) - cut;
            // Five standard errors of 400,000 draws, and a thousandth for the tail beyond all numbers.
            let error = 5.0 * spread / sd / 400_000f64.sqrt() + expected * 1e-3;
            assert!((beyond - expected).abs() < error, "{cut}: {beyond}, expected {expected} ± {error}");
        }
    }

    #[test]
    fn uniform_reaches_both_ends() {
        let law = Distribution::Uniform { min: 3, max: 5 };
        assert_eq!((law.sample(0), law.sample(u64::MAX)), (3, 5));
    }
}
