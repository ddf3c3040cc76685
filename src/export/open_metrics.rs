//! OpenMetrics text, as a collector of text files reads it.

use crate::metrics::decode_histogram;
use crate::results::Run;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;

/// The bounds of the buckets of times in nanoseconds, three to a decade: from 100 µs to 200 s.
const BOUNDS_NS: [u64; 20] = [
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
    20_000_000_000,
    50_000_000_000,
    100_000_000_000,
    200_000_000_000,
];

/// The labels of a sample, each with its value.
type Labels = Vec<(String, String)>;

/// Samples of one name.
#[derive(Debug)]
struct MetricFamily {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    samples: Samples,
}

#[derive(Debug)]
enum Samples {
    Counters(Vec<(Labels, u64)>),
    Gauges(Vec<(Labels, f64)>),
    Histograms(Vec<(Labels, TimeBuckets)>),
}

/// Times in seconds: their sum, their number, and how many are in each bucket.
#[derive(Debug)]
struct TimeBuckets {
    sum_s: f64,
    count: u64,
    buckets: Vec<(f64, u64)>,
}

#[derive(Debug)]
struct Results(Vec<MetricFamily>);

impl Collector for Results {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in &self.0 {
            let kind = match &family.samples {
                Samples::Counters(_) => MetricType::Counter,
                Samples::Gauges(_) => MetricType::Gauge,
                Samples::Histograms(_) => MetricType::Histogram,
            };
            let mut metric =
                encoder.encode_descriptor(family.name, family.help, family.unit.as_ref(), kind)?;
            match &family.samples {
                Samples::Counters(samples) => {
                    for (labels, value) in samples {
                        metric.encode_family(labels)?.encode_counter::<Labels, u64, u64>(value, None)?;
                    }
                }
                Samples::Gauges(samples) => {
                    for (labels, value) in samples {
                        metric.encode_family(labels)?.encode_gauge(value)?;
                    }
                }
                Samples::Histograms(samples) => {
                    for (labels, times) in samples {
                        let mut sample = metric.encode_family(labels)?;
                        sample.encode_histogram::<Labels>(times.sum_s, times.count, &times.buckets, None)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The results of these runs as OpenMetrics text: counters of messages by outcome and of attempts, rates, shares, and
/// histograms of times in seconds. Labels name the run, its scenario, core and seed.
pub fn openmetrics(runs: &[Run]) -> String {
    let mut registry = Registry::with_prefix("mqscript");
    registry.register_collector(Box::new(Results(families(runs))));
    let mut written = String::new();
    text::encode(&mut written, &registry).expect("a text takes everything");
    written
}

/// A count with the label that tells it from others of its name, if there is one.
type LabelledCount = (Option<(&'static str, &'static str)>, u64);

fn families(runs: &[Run]) -> Vec<MetricFamily> {
    let counters = |name, help, count: fn(&Run) -> Vec<LabelledCount>| {
        let samples =
            each(runs, |run| count(run).into_iter().map(|(label, value)| (label.map(own), value)).collect());
        MetricFamily { name, help, unit: None, samples: Samples::Counters(samples) }
    };
    let gauges = |name, help, unit: Option<Unit>, value: fn(&Run) -> Option<f64>| {
        let samples = each(runs, |run| value(run).map(|value| (None, value)).into_iter().collect());
        MetricFamily { name, help, unit, samples: Samples::Gauges(samples) }
    };
    let ratio = || Some(Unit::Other("ratio".to_owned()));
    let mut families = vec![
        counters("messages", "Messages by their end, as their senders know", messages),
        counters("attempts", "Attempts to hand messages to the core", |run| {
            vec![(None, run.ledger.counts.attempts)]
        }),
        counters("copies", "Copies of delivered messages, as their receivers know", copies),
        counters("executions", "Executions of consumers by their end", executions),
        gauges("valid", "1 if every message is accounted for, 0 if not; missing if unknown", None, |run| {
            run.valid.map(|valid| f64::from(u8::from(valid)))
        }),
        gauges("checks_failed", "Checks that do not hold", None, |run| {
            Some(run.checks.iter().filter(|check| !check.holds).count() as f64)
        }),
        gauges("success", "Share of the messages that were delivered", ratio(), |run| {
            run.figures.success_rate
        }),
        gauges("offered_per_second", "Messages offered in a second", None, |run| run.figures.offered_per_s),
        gauges("throughput_per_second", "Messages delivered in a second", None, |run| {
            run.figures.throughput_per_s
        }),
        gauges("window", "Length of the measured window", Some(Unit::Seconds), |run| {
            Some(run.window_ns as f64 / 1e9)
        }),
    ];
    families.push(times(runs));
    families.retain(|family| match &family.samples {
        Samples::Counters(samples) => !samples.is_empty(),
        Samples::Gauges(samples) => !samples.is_empty(),
        Samples::Histograms(samples) => !samples.is_empty(),
    });
    families
}

fn messages(run: &Run) -> Vec<LabelledCount> {
    let counts = &run.ledger.counts;
    let by_end = [
        ("delivered", counts.delivered),
        ("failed", counts.failed),
        ("dead_lettered", counts.dead_lettered),
        ("rejected", counts.rejected),
        ("expired", counts.expired),
        ("uncertain", counts.uncertain),
        ("unanswered", counts.unanswered),
    ];
    by_end.map(|(end, number)| (Some(("outcome", end)), number)).to_vec()
}

fn copies(run: &Run) -> Vec<LabelledCount> {
    let Some(copies) = &run.ledger.copies else { return Vec::new() };
    let by_class = [
        ("received", copies.received),
        ("lost", copies.lost),
        ("missing", copies.missing),
        ("given_up", copies.given_up),
        ("duplicated", copies.duplicated),
        ("redelivered", copies.redelivered),
    ];
    by_class.map(|(class, number)| (Some(("class", class)), number)).to_vec()
}

fn executions(run: &Run) -> Vec<LabelledCount> {
    let Some(consumers) = &run.consumers else { return Vec::new() };
    let all = &consumers.all;
    let by_end = [
        ("succeeded", all.succeeded),
        ("failed", all.failed),
        ("crashed", all.crashed),
        ("cut_off", all.cut_off),
    ];
    by_end.map(|(end, number)| (Some(("end", end)), number)).to_vec()
}

fn own((name, value): (&'static str, &'static str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The samples of every run, with the labels that name it.
fn each<V>(runs: &[Run], samples: impl Fn(&Run) -> Vec<(Option<(String, String)>, V)>) -> Vec<(Labels, V)> {
    let of_run = |(place, run): (usize, &Run)| {
        let labels = labels(place, run);
        let labelled = move |(more, value)| (labels.iter().cloned().chain(more).collect::<Labels>(), value);
        samples(run).into_iter().map(labelled).collect::<Vec<_>>()
    };
    runs.iter().enumerate().flat_map(of_run).collect()
}

fn labels(place: usize, run: &Run) -> Labels {
    let pairs = [
        ("run", (place + 1).to_string()),
        ("scenario", run.name.clone()),
        ("core", run.core.name.clone()),
        ("seed", run.seed.to_string()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// The distributions of times: by figure, and `delivery` by type as well.
fn times(runs: &[Run]) -> MetricFamily {
    let of_run = |(place, run): (usize, &Run)| {
        let all = run.histograms.all.iter().map(|(figure, encoded)| (figure.as_str(), "", encoded));
        let by_type = run
            .histograms
            .delivery_by_type
            .iter()
            .map(|(name, encoded)| ("delivery", name.as_str(), encoded));
        let sample = |(figure, of_type, encoded): (&str, &str, &String)| {
            let pairs = [("figure", figure), ("type", of_type)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            Some((labels(place, run).into_iter().chain(pairs).collect(), buckets(encoded)?))
        };
        all.chain(by_type).filter_map(sample).collect::<Vec<_>>()
    };
    MetricFamily {
        name: "time",
        help: "Times of messages in the measured window; an empty type means all",
        unit: Some(Unit::Seconds),
        samples: Samples::Histograms(runs.iter().enumerate().flat_map(of_run).collect()),
    }
}

/// The same distribution in fixed buckets; none if the text is none.
fn buckets(encoded: &str) -> Option<TimeBuckets> {
    let histogram = decode_histogram(encoded).ok()?;
    let mut buckets: Vec<(f64, u64)> = BOUNDS_NS.iter().map(|bound| (*bound as f64 / 1e9, 0)).collect();
    buckets.push((f64::INFINITY, 0));
    let mut sum_s = 0.0;
    for step in histogram.iter_recorded() {
        let (value, count) = (step.value_iterated_to(), step.count_since_last_iteration());
        let place = BOUNDS_NS.partition_point(|bound| *bound < value);
        buckets[place].1 += count;
        sum_s += histogram.median_equivalent(value) as f64 / 1e9 * count as f64;
    }
    Some(TimeBuckets { sum_s, count: histogram.len(), buckets })
}
