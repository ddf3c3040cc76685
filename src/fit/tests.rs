use super::quantiles::points;
use hdrhistogram::Histogram;
use mqscript_plugin::distribution::{Distribution, normal_quantile};
use mqscript_plugin::random::Stream;

/// Values drawn from a law.
fn drawn(law: &Distribution, count: u64) -> Histogram<u64> {
    let mut stream = Stream::from_key(1);
    let mut times = Histogram::new(3).unwrap();
    for _ in 0..count {
        times.record(law.sample(stream.next_u64())).unwrap();
    }
    times
}

/// How far the table's figures lie off: mean, and the values at some shares.
fn error(times: &Histogram<u64>) -> f64 {
    let table = Distribution::Empirical { quantiles: points(times) };
    let at = |share: f64| table.sample((share * 2f64.powi(64)) as u64) as f64;
    let shares = [0.01, 0.25, 0.5, 0.9, 0.99, 0.999];
    let off = |found: f64, wanted: f64| (found - wanted).abs() / wanted.max(1.0);
    let errors = shares.map(|share| off(at(share), times.value_at_quantile(share) as f64));
    errors.into_iter().fold(off(table.mean(), times.mean()), f64::max)
}

#[test]
fn a_table_is_short_and_close() {
    assert!((normal_quantile(0.99) - 2.326).abs() < 1e-3);
    let laws = [
        Distribution::Uniform { min: 1_000_000, max: 10_000_000 },
        Distribution::LogNormal { mu: 15.0, sigma: 1.0 },
        Distribution::Exponential { mean: 3e6 },
        Distribution::Constant(5_000_000),
    ];
    for law in &laws {
        for count in [1, 10, 100_000] {
            let times = drawn(law, count);
            let found = points(&times);
            assert!(found.len() <= 400, "{law:?} {count}: {}", found.len());
            assert!(found.windows(2).all(|p| p[0].0 < p[1].0 && p[0].1 <= p[1].1), "{found:?}");
            assert_eq!((found[0].0, found[found.len() - 1].0), (0.0, 1.0));
            if count > 10 {
                assert!(error(&times) < 0.02, "{law:?} {count}: {}", error(&times));
            }
        }
    }
}

#[test]
fn two_lumps_stay_two_lumps() {
    let mut times = Histogram::<u64>::new(3).unwrap();
    times.record_n(1_000_000, 900).unwrap();
    times.record_n(200_000_000, 100).unwrap();
    let table = Distribution::Empirical { quantiles: points(&times) };
    let between = (0..1_000).filter(|i| {
        let value = table.sample(((f64::from(*i) + 0.5) / 1_000.0 * 2f64.powi(64)) as u64);
        (1_010_000..199_000_000).contains(&value)
    });
    assert_eq!(between.count(), 0, "nothing lies between");
    assert!((table.mean() - times.mean()).abs() / times.mean() < 0.01);
}

#[test]
fn a_ragged_tail_keeps_its_mean() {
    // As a live core has it: most are quick, a few hundred lie anywhere over four decades.
    let mut stream = Stream::from_key(3);
    let mut times = drawn(&Distribution::LogNormal { mu: 11.0, sigma: 0.3 }, 20_000);
    for _ in 0..600 {
        times.record(10_u64.pow(4 + stream.below(4) as u32) * (1 + stream.below(9))).unwrap();
    }
    let table = Distribution::Empirical { quantiles: points(&times) };
    assert!((table.mean() / times.mean() - 1.0).abs() < 0.01, "{} {}", table.mean(), times.mean());
    assert!(error(&times) < 0.03, "{}", error(&times));
}
