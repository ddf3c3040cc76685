//! The charts of a run: what became of its messages, its percentiles, its course.

use crate::chart::{
    AxisScale, AxisUnit, Body, COLOURS, Chart, ChartAxis, Curve, CurveKind, Mark, Panel, Plot, Shade,
    ShadeKind, Share, Shares,
};
use crate::metrics::decode_histogram;
use crate::report::number::{count, percent, span};
use crate::results::{Counts, Notice, Run, Series, SeriesPoint};
use std::collections::BTreeMap;

/// The most types that have a curve of their own.
const TYPES_MAX: usize = 6;
/// The most stretches in which a course is drawn.
const STRETCHES_MAX: usize = 240;
/// The fewest messages in a stretch, on average, so that rates are not mostly chance.
const MESSAGES_MIN: u64 = 20;
/// The fewest stretches, however few messages there are.
const STRETCHES_MIN: usize = 24;
/// The most notices that are marked.
const MARKS_MAX: usize = 40;
/// The most outages that are shaded.
const SHADES_MAX: usize = 200;

/// What became of the messages, as their senders know; none without messages.
pub(in crate::report) fn ledger(run: &Run) -> Option<Chart> {
    let counts = &run.ledger.counts;
    let part = |class: &str, name: &str, value: u64, colour: &'static str| Share {
        name: name.to_owned(),
        value,
        class: colour,
        about: about(class, name, value, counts, &run.ledger.by_reason),
    };
    let parts = vec![
        part("delivered", "delivered", counts.delivered, "good"),
        part("failed", "failed", counts.failed, "bad"),
        part("dead_lettered", "dead-lettered", counts.dead_lettered, "bad"),
        part("rejected", "rejected", counts.rejected, "bad"),
        part("expired", "expired", counts.expired, "bad"),
        part("uncertain", "uncertain", counts.uncertain, "doubtful"),
        part("unanswered", "unanswered", counts.unanswered, "doubtful"),
    ];
    (counts.generated > 0).then(|| Chart {
        title: "Messages by their end".to_owned(),
        about: format!(
            "All {} messages that were generated, as their senders know.",
            count(counts.generated)
        ),
        body: Body::Shares(Shares { parts }),
    })
}

/// Such as "failed: 12 messages, 0.12 %: refused 9, timeout 3".
fn about(
    class: &str,
    name: &str,
    value: u64,
    counts: &Counts,
    by_reason: &BTreeMap<String, BTreeMap<String, u64>>,
) -> String {
    let share = percent(value as f64 / counts.generated.max(1) as f64);
    let reasons = by_reason.get(class).into_iter().flatten().filter(|(_, number)| **number > 0);
    let reasons: Vec<String> =
        reasons.map(|(reason, number)| format!("{reason} {}", count(*number))).collect();
    let told = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    format!("{name}: {}, {share}{told}", count(value))
}

/// What became of the copies of delivered messages; none where they are not followed.
pub(super) fn copies(run: &Run) -> Option<Chart> {
    let copies = run.ledger.copies.as_ref()?;
    let received = copies.received.saturating_sub(copies.recovered);
    let part = |name: &str, value: u64, class: &'static str| Share {
        name: name.to_owned(),
        value,
        class,
        about: format!("{name}: {}", count(value)),
    };
    let parts = vec![
        part("received", received, "good"),
        part("lost", copies.lost, "bad"),
        part("missing", copies.missing, "doubtful"),
        part("given up", copies.given_up, "bad"),
    ];
    (copies.expected > 0).then(|| Chart {
        title: "Copies by their end".to_owned(),
        about: format!(
            "All {} copies of delivered messages, as their receivers know.",
            count(copies.expected)
        ),
        body: Body::Shares(Shares { parts }),
    })
}

/// How executions ended; none without consumers.
pub(super) fn executions(run: &Run) -> Option<Chart> {
    let all = &run.consumers.as_ref()?.all;
    let part = |name: &str, value: u64, class: &'static str| Share {
        name: name.to_owned(),
        value,
        class,
        about: format!("{name}: {}", count(value)),
    };
    let first = all.succeeded.saturating_sub(all.duplicate_executions);
    let parts = vec![
        part("completed a message", first, "good"),
        part("repeated work that was done", all.duplicate_executions, "doubtful"),
        part("failed", all.failed, "bad"),
        part("crashed", all.crashed, "bad"),
        part("cut off by the end", all.cut_off, "plain"),
    ];
    (all.executions > 0).then(|| Chart {
        title: "Executions by their end".to_owned(),
        about: format!("All {} times that an agent worked on a message.", count(all.executions)),
        body: Body::Shares(Shares { parts }),
    })
}

/// The times of the whole run by their percentiles; none if nothing was timed.
pub(in crate::report) fn percentiles(run: &Run) -> Option<Chart> {
    let named = [
        ("total", "total"),
        ("end_to_end", "end to end"),
        ("queue_wait", "queue wait"),
        ("delivery", "delivery"),
        ("transit", "to received"),
        ("held", "held"),
        ("service", "work"),
        ("completion", "completion"),
    ];
    let curves: Vec<(&str, &String)> =
        named.iter().filter_map(|(key, name)| Some((*name, run.histograms.all.get(*key)?))).collect();
    let about = "Read it so: at 99 %, that share of the messages took at most the time drawn there.";
    of_histograms("Percentiles of times", about, &curves)
}

/// The times from hand-over to delivery of each type; none for a single type.
pub(super) fn percentiles_by_type(run: &Run) -> Option<Chart> {
    let by_type = &run.histograms.delivery_by_type;
    let curves: Vec<(&str, &String)> =
        by_type.iter().take(TYPES_MAX).map(|(name, encoded)| (name.as_str(), encoded)).collect();
    let rest = by_type.len().saturating_sub(TYPES_MAX);
    let more = if rest > 0 { format!(" {rest} more types are left out.") } else { String::new() };
    let about = format!("The time that the core took for messages of each type.{more}");
    (curves.len() > 1).then(|| of_histograms("Delivery by type", &about, &curves)).flatten()
}

/// The percentiles of distributions, laid over each other; none if there is no value in any.
pub(in crate::report) fn of_histograms(
    title: &str,
    about: &str,
    encoded: &[(&str, &String)],
) -> Option<Chart> {
    let decoded = encoded.iter().filter_map(|(name, text)| Some((*name, decode_histogram(text).ok()?)));
    let decoded: Vec<_> = decoded.filter(|(_, histogram)| !histogram.is_empty()).collect();
    let most = decoded.iter().map(|(_, histogram)| histogram.len()).max()?;
    let xs = shares(most);
    let curves = decoded.iter().enumerate().map(|(place, (name, histogram))| {
        // Beyond its last message, a distribution says nothing.
        let last = 1.0 - 1.0 / histogram.len() as f64;
        let value =
            |share: &f64| (*share <= last + 1e-12).then(|| histogram.value_at_quantile(*share) as f64);
        Curve {
            name: (*name).to_owned(),
            kind: CurveKind::Straight,
            colour: place % COLOURS,
            values: xs.iter().map(value).collect(),
        }
    });
    let curves: Vec<Curve> = curves.collect();
    let values = curves.iter().flat_map(|curve| curve.values.iter().flatten()).copied();
    let y = ChartAxis::fitting("time", AxisUnit::Time, values);
    let x = ChartAxis {
        label: "share of the messages".to_owned(),
        unit: AxisUnit::Share,
        scale: AxisScale::Beyond,
        least: 0.0,
        most: xs.last().copied().unwrap_or(0.9),
    };
    Some(Chart {
        title: title.to_owned(),
        about: about.to_owned(),
        body: Body::Plot(Plot {
            x,
            xs,
            panels: vec![Panel { y, curves }],
            shades: Vec::new(),
            marks: Vec::new(),
        }),
    })
}

/// Shares of so many messages: eight to each halving of what lies beyond, with the well-known ones among them.
fn shares(messages: u64) -> Vec<f64> {
    let known = [0.9, 0.99, 0.999, 0.999_9, 0.999_99, 0.999_999, 0.999_999_9];
    let last = 1.0 - 1.0 / messages.max(2) as f64;
    let halves = (0..200).map(|step| 1.0 - 0.5_f64.powf(f64::from(step) / 4.0));
    let mut shares: Vec<f64> = halves.chain(known).chain([last]).filter(|share| *share <= last).collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
    shares
}

/// The course of the run: rates, what waits, times; none if it is too short to draw.
pub(in crate::report) fn course(run: &Run) -> Option<Chart> {
    let series = &run.series;
    let stretches = Stretches::of(series)?;
    let of_copies = series.of_copies;
    let (came, went) = if of_copies { ("copies to come", "received") } else { ("offered", "delivered") };
    let curve = |name: &str, kind, colour, values| Curve { name: name.to_owned(), kind, colour, values };
    let most = |values: &[Option<f64>]| values.iter().flatten().copied().fold(0.0, f64::max);
    let offered = stretches.per_s(|point| point.generated);
    let delivered = stretches.per_s(|point| point.delivered);
    let ended = stretches.per_s(|point| point.not_delivered);
    let rates_most =
        [&offered, &delivered, &ended].map(|values| most(values)).into_iter().fold(0.0, f64::max);
    let waiting = stretches.each(|points| points.iter().map(|point| point.queue_max as f64).reduce(f64::max));
    let largest = stretches.each(|points| {
        points.iter().filter_map(|point| point.total_max_ns.map(|ns| ns as f64)).reduce(f64::max)
    });
    let tails = stretches.tails(series);
    let mut rates =
        vec![curve(went, CurveKind::Steps, 0, delivered), curve(came, CurveKind::Filled, 7, offered)];
    if most(&ended) > 0.0 {
        rates.push(curve("ended without delivery", CurveKind::Steps, 3, ended));
    }
    let times = tails.iter().chain(&largest).flatten().copied();
    let y = ChartAxis::fitting(if of_copies { "end to end" } else { "total time" }, AxisUnit::Time, times);
    let waits = ChartAxis::from_zero(
        if of_copies { "still to come" } else { "waiting" },
        AxisUnit::Count,
        most(&waiting),
    );
    let panels = vec![
        Panel {
            y: ChartAxis::from_zero("messages a second", AxisUnit::PerSecond, rates_most),
            curves: rates,
        },
        Panel { y: waits, curves: vec![curve("waiting at most", CurveKind::Filled, 5, waiting)] },
        Panel {
            y,
            curves: vec![
                curve("p99", CurveKind::Steps, 2, tails),
                curve("max", CurveKind::Steps, 4, largest),
            ],
        },
    ];
    Some(Chart {
        title: "The course of the run".to_owned(),
        about: course_in_words(run),
        body: Body::Plot(Plot {
            x: stretches.axis(),
            xs: stretches.starts(),
            panels,
            shades: shades(run),
            marks: marks(run),
        }),
    })
}

fn course_in_words(run: &Run) -> String {
    let mut text = format!("What was offered and what came of it, over {}", span(run.duration_ns));
    if !run.phases.is_empty() {
        let names: Vec<&str> = run.phases.iter().map(|phase| phase.name.as_str()).collect();
        text.push_str(&format!("; phases: {}", names.join(", ")));
    }
    if !run.outages.is_empty() {
        text.push_str(&format!("; outages are red ({})", count(run.outages.len() as u64)));
    }
    if !marks(run).is_empty() {
        text.push_str("; vertical lines are notices");
    }
    text + "."
}

/// Neighbouring points of a series that are drawn as one.
struct Stretches<'a> {
    points: Vec<&'a [SeriesPoint]>,
    length_ns: u64,
    each: usize,
}

impl<'a> Stretches<'a> {
    /// Long enough that rates are not mostly chance, and as long as the percentiles of the series are.
    fn of(series: &'a Series) -> Option<Stretches<'a>> {
        let messages: u64 = series.points.iter().map(|point| point.generated.max(point.delivered)).sum();
        let wanted = (messages / MESSAGES_MIN).clamp(STRETCHES_MIN as u64, STRETCHES_MAX as u64) as usize;
        let unit = series.p99_intervals.max(1) as usize;
        let each = series.points.len().div_ceil(wanted).max(1).next_multiple_of(unit);
        let points: Vec<&[SeriesPoint]> = series.points.chunks(each).collect();
        let length_ns = (each as u64).saturating_mul(series.interval_ns);
        (points.len() > 1 && messages > 0).then_some(Stretches { points, length_ns, each })
    }

    fn starts(&self) -> Vec<f64> {
        (0..self.points.len()).map(|place| place as f64 * self.length_ns as f64).collect()
    }

    fn axis(&self) -> ChartAxis {
        ChartAxis {
            label: "time since the start".to_owned(),
            unit: AxisUnit::Time,
            scale: AxisScale::Linear,
            least: 0.0,
            most: self.points.len() as f64 * self.length_ns as f64,
        }
    }

    fn each(&self, value: impl Fn(&[SeriesPoint]) -> Option<f64>) -> Vec<Option<f64>> {
        self.points.iter().map(|points| value(points)).collect()
    }

    fn per_s(&self, number: impl Fn(&SeriesPoint) -> u64) -> Vec<Option<f64>> {
        self.each(|points| {
            let length_s = points.len() as f64 / self.each as f64 * self.length_ns as f64 / 1e9;
            Some(points.iter().map(&number).sum::<u64>() as f64 / length_s)
        })
    }

    /// The p99 of each stretch: the largest of those within it.
    fn tails(&self, series: &Series) -> Vec<Option<f64>> {
        let of_each = self.each / series.p99_intervals.max(1) as usize;
        let stretches = series.total_p99_ns.chunks(of_each.max(1));
        let mut tails: Vec<Option<f64>> =
            stretches.map(|tails| tails.iter().flatten().max().map(|ns| *ns as f64)).collect();
        tails.resize(self.points.len(), None);
        tails
    }
}

fn shades(run: &Run) -> Vec<Shade> {
    let phase = |phase: &crate::results::Phase| Shade {
        from: phase.start_ns as f64,
        to: phase.end_ns as f64,
        label: phase.name.clone(),
        kind: ShadeKind::Phase,
    };
    let outage = |outage: &crate::results::Outage| Shade {
        from: outage.start_ns as f64,
        to: outage.end_ns.unwrap_or(run.duration_ns) as f64,
        label: format!("outage: {}", outage.text),
        kind: ShadeKind::Outage,
    };
    run.phases.iter().map(phase).chain(run.outages.iter().take(SHADES_MAX).map(outage)).collect()
}

fn marks(run: &Run) -> Vec<Mark> {
    // Outages are shaded already. Of what came often only the first times are known, which would mislead.
    let is_marked = |kind: &str, notice: &Notice| {
        !kind.starts_with("outage") && notice.count == notice.sample.len() as u64
    };
    let kinds = run.notices.iter().filter(|(kind, notice)| is_marked(kind, notice));
    let of_kind = |(kind, notice): (&String, &Notice)| {
        let sample = |sample: &crate::results::NoticeSample| Mark {
            at: sample.at_ns as f64,
            label: format!("{kind}: {}", sample.text),
        };
        notice.sample.iter().map(sample).collect::<Vec<_>>()
    };
    kinds.flat_map(of_kind).take(MARKS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_end_with_the_last_message_and_hold_the_well_known_ones() {
        let of_thousand = shares(1_000);
        assert!(of_thousand.is_sorted() && of_thousand[0] == 0.0 && of_thousand.contains(&0.5));
        assert!(of_thousand.contains(&0.9) && of_thousand.contains(&0.99) && of_thousand.contains(&0.999));
        assert_eq!(of_thousand.last(), Some(&0.999));
        assert_eq!(
            shares(1),
            [0.0, 1.0 - 0.5_f64.powf(0.25), 1.0 - 0.5_f64.powf(0.5), 1.0 - 0.5_f64.powf(0.75), 0.5]
        );
    }

    #[test]
    fn a_course_is_drawn_in_stretches_that_hold_enough_messages() {
        let points = |number: usize, each: u64| {
            vec![
                SeriesPoint { generated: each, delivered: each, queue_max: 3, ..SeriesPoint::default() };
                number
            ]
        };
        let series = |points: Vec<SeriesPoint>| Series {
            interval_ns: 1_000_000_000,
            p99_intervals: 2,
            total_p99_ns: vec![Some(5); points.len().div_ceil(2)],
            points,
            ..Series::default()
        };
        let many = series(points(600, 1_000));
        let stretches = Stretches::of(&many).unwrap();
        assert_eq!((stretches.points.len(), stretches.length_ns), (150, 4_000_000_000));
        assert_eq!(stretches.per_s(|point| point.delivered)[149], Some(1_000.0));
        assert_eq!(stretches.tails(&many), vec![Some(5.0); 150]);
        let few = series(points(600, 1));
        assert_eq!(Stretches::of(&few).unwrap().points.len(), 30);
        // The last stretch may be shorter; its rate is not.
        let odd = series(points(601, 1));
        let rates = Stretches::of(&odd).unwrap().per_s(|point| point.generated);
        assert!(rates.iter().all(|rate| (rate.unwrap() - 1.0).abs() < 1e-9), "{rates:?}");
        assert!(
            Stretches::of(&series(points(1, 5))).is_none() && Stretches::of(&series(points(9, 0))).is_none()
        );
    }
}
