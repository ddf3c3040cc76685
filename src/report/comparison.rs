//! A comparison as a table: of every figure both values, the change with its interval, and the verdict.

use super::course;
use super::look::Look;
use super::number::{NEVER, NOTHING, amount, count, listed, percent, printable, rate};
use super::overview;
use super::table::{Column, Table};
use super::text::{warnings, wrapped};
use crate::compare::shared_seeds;
use crate::plan::units::human_duration;
use crate::results::comparisons::{
    Aggregate, AggregateFigure, Alternative, Comparison, Contender, Direction, Interval, Method, Never, Row,
    Sample, Verdict,
};

/// The comparison for people, with a line break at its end.
pub fn comparison_text(comparison: &Comparison, look: &Look) -> String {
    let title = |text: &str, indent| {
        wrapped(text, indent, look.width).into_iter().map(|line| look.palette.strong(&line))
    };
    let mut lines: Vec<String> = title(&heading(comparison), 0).collect();
    let more: Vec<String> = [method(comparison), within(comparison)].concat();
    for line in more {
        lines.extend(wrapped(&line, 2, look.width));
    }
    let baseline = &comparison.alternatives[0].name;
    let overview = overview::is_wanted(comparison).then(|| overview::lines(comparison, look)).flatten();
    let values_shown = overview.is_some();
    if let Some(overview) = overview {
        lines.push(String::new());
        lines.extend(overview);
    }
    for contender in &comparison.contenders {
        lines.push(String::new());
        lines.extend(title(&format!("{} against {}", printable(&contender.name), printable(baseline)), 2));
        lines.extend(if values_shown { changes(contender, look) } else { rows(baseline, contender, look) });
        lines.extend(wrapped(&in_words(contender), 4, look.width));
    }
    let courses = course::lines(comparison, look);
    if !courses.is_empty() {
        lines.push(String::new());
        lines.extend(courses);
    }
    lines.extend(noted(&comparison.notes, look));
    if !comparison.warnings.is_empty() {
        lines.push(String::new());
        lines.extend(warnings(&comparison.warnings, look));
    }
    lines.join("\n") + "\n"
}

/// The notes, after an empty line if there are any.
fn noted(notes: &[String], look: &Look) -> Vec<String> {
    let mut lines: Vec<String> = (!notes.is_empty()).then(String::new).into_iter().collect();
    for note in notes {
        for (place, line) in wrapped(&printable(note), 4, look.width).iter().enumerate() {
            let line = if place == 0 { format!("  ! {}", line.trim_start()) } else { line.clone() };
            lines.push(look.palette.doubt(&line));
        }
    }
    lines
}

/// "comparison of mock, surer and crashing"
pub(super) fn heading(comparison: &Comparison) -> String {
    let names: Vec<String> = comparison.alternatives.iter().map(|a| printable(&a.name)).collect();
    format!("comparison of {}", listed(&names))
}

/// How the numbers came about.
pub(super) fn method(comparison: &Comparison) -> Vec<String> {
    let replications = |alternative: &Alternative| alternative.replications.len();
    let counts: Vec<usize> = comparison.alternatives.iter().map(replications).collect();
    let each = if counts.iter().all(|count| *count == counts[0]) {
        let word = if counts[0] == 1 { "replication" } else { "replications" };
        format!("{} {word} of each", counts[0])
    } else {
        let names = comparison.alternatives.iter().map(|a| printable(&a.name));
        let each = names.zip(&counts).map(|(name, count)| format!("{count} of {name}"));
        format!("replications: {}", each.collect::<Vec<_>>().join(", "))
    };
    let paired = comparison.contenders.iter().filter(|c| c.method == Method::Paired).count();
    let how = match paired {
        0 if shares_seeds(comparison) => "runs with some seeds in common (Welch's t)",
        0 => "independent runs (Welch's t)",
        all if all == comparison.contenders.len() => {
            "the same traffic and luck on every side (Student's t on the differences)"
        }
        _ => "Student's t on the differences where the traffic is the same, else Welch's t",
    };
    vec![format!("{each}; {how}")]
}

/// Whether some contender has seeds of the baseline.
fn shares_seeds(comparison: &Comparison) -> bool {
    let Some((baseline, others)) = comparison.alternatives.split_first() else { return false };
    others.iter().any(|other| shared_seeds(baseline, other) > 0)
}

/// What the verdicts mean.
pub(super) fn within(comparison: &Comparison) -> Vec<String> {
    let share = percent(comparison.within.share);
    let within = match comparison.within.time_ns {
        Some(ns) => format!("{} for times, {share} for the rest", human_duration(ns.round() as u64)),
        None => share,
    };
    let confidence = percent(comparison.confidence).replace(".0 %", " %");
    vec![format!(
        "equivalent: within {within}; all {} verdicts together at {confidence}",
        comparison.verdicts
    )]
}

fn rows(baseline: &str, contender: &Contender, look: &Look) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::names("figure"),
        Column::numbers(&clipped(baseline), 3),
        Column::numbers(&clipped(&contender.name), 2),
        Column::numbers("change", 0),
        Column::numbers("interval", 1),
        Column::texts("verdict", 0),
    ]);
    table.name_in_full();
    for row in &contender.rows {
        table.row(vec![
            row.figure.clone(),
            Shown::baseline(row).value() + best_mark(row, Shown::baseline(row)),
            Shown::contender(row).value() + best_mark(row, Shown::contender(row)),
            change(row),
            interval(row),
            verdict(row),
        ]);
        if let Some(tone) = overview::tone(row.verdict) {
            table.tone(5, tone);
        }
    }
    table.lines(4, look.width, &look.palette)
}

/// The same where the values stand above, side by side.
fn changes(contender: &Contender, look: &Look) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::names("figure"),
        Column::numbers("change", 0),
        Column::numbers("interval", 1),
        Column::texts("verdict", 0),
    ]);
    table.name_in_full();
    for row in &contender.rows {
        table.row(vec![row.figure.clone(), change(row), interval(row), verdict(row)]);
        if let Some(tone) = overview::tone(row.verdict) {
            table.tone(3, tone);
        }
    }
    table.lines(4, look.width, &look.palette)
}

/// What one side of a row shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    sample: Option<&'a Sample>,
    never: Option<Never>,
    unit: &'a str,
}

impl<'a> Shown<'a> {
    pub fn baseline(row: &'a Row) -> Shown<'a> {
        Shown { sample: row.baseline.as_ref(), never: row.baseline_never, unit: &row.unit }
    }

    pub fn contender(row: &'a Row) -> Shown<'a> {
        Shown { sample: row.contender.as_ref(), never: row.contender_never, unit: &row.unit }
    }

    /// The mean; infinite where the time is never; none without one.
    pub fn mean(self) -> Option<f64> {
        self.never.map(|_| f64::INFINITY).or(self.sample.map(|sample| sample.mean))
    }

    /// "4.21 ms ±0.3 %", "never", "never in 3 of 10"
    pub fn value(self) -> String {
        let mean = self.without_margin();
        match self
            .sample
            .and_then(|sample| Some((sample.mean, sample.margin.filter(|margin| *margin > 0.0)?)))
        {
            Some((of, margin)) => format!("{mean} ±{}", margin_text(margin / of.abs())),
            None => mean,
        }
    }

    /// The same without its margin.
    pub fn without_margin(self) -> String {
        match (self.sample, self.never) {
            (_, Some(never)) if never.replications == never.of => NEVER.to_owned(),
            (_, Some(never)) => format!("{NEVER} in {} of {}", never.replications, never.of),
            (Some(sample), None) => number(sample.mean, self.unit),
            (None, None) => NOTHING.to_owned(),
        }
    }
}

/// A star behind the better of two values; none where neither is better, or where nothing says which way is.
pub(super) fn best_mark(row: &Row, of: Shown<'_>) -> &'static str {
    let (Some(a), Some(b), Some(of)) = (Shown::baseline(row).mean(), Shown::contender(row).mean(), of.mean())
    else {
        return "";
    };
    let best = match row.better {
        Some(Direction::Higher) => a.max(b),
        Some(Direction::Lower) => a.min(b),
        None => return "",
    };
    match (a == b, of == best) {
        (true, _) => "",
        (false, true) => " *",
        (false, false) => "  ",
    }
}

/// A column's heading is no place for a long name.
fn clipped(name: &str) -> String {
    super::table::shortened(&printable(name), 16)
}

/// A margin as a share of the value it belongs to: "0.3 %".
fn margin_text(share: f64) -> String {
    match share * 100.0 {
        p if !p.is_finite() || p >= 99.5 => ">99 %".to_owned(),
        p if p < 0.01 => "<0.01 %".to_owned(),
        p if p < 1.0 => format!("{p:.2} %"),
        p => format!("{p:.1} %"),
    }
}

/// A value in its unit.
pub(super) fn number(value: f64, unit: &str) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    match unit {
        "ns" => format!("{sign}{}", human_duration(size.round() as u64)),
        "per_s" => format!("{sign}{}", rate(size)),
        "share" => format!("{sign}{}", percent(size)),
        _ => format!("{sign}{}", amount(size)),
    }
}

/// A change with its sign, without its unit: "+1.23"; and the unit: percent, or nothing where a factor says more
/// ("×12.3"). Only exactly nothing is "0".
fn signed(share: f64) -> (String, &'static str) {
    let percent = (share * 100.0).abs();
    let sign = if share < 0.0 { '−' } else { '+' };
    match percent {
        0.0 => ("0".to_owned(), " %"),
        p if p >= 999.5 => (format!("×{}", amount(1.0 + share)), ""),
        p if p >= 99.95 => (format!("{sign}{p:.0}"), " %"),
        p if p >= 9.995 => (format!("{sign}{p:.1}"), " %"),
        p => (format!("{sign}{p:.2}"), " %"),
    }
}

/// The change with its sign, or the difference where there is no share: "+1.59 %".
pub fn change(row: &Row) -> String {
    match (row.change, row.difference) {
        (Some(change), _) => {
            let (text, unit) = signed(change.estimate);
            text + unit
        }
        (None, Some(difference)) if difference.estimate > 0.0 => {
            format!("+{}", number(difference.estimate, &row.unit))
        }
        (None, Some(difference)) => number(difference.estimate, &row.unit),
        (None, None) => NOTHING.to_owned(),
    }
}

/// "+1.2 … +3.4 %"; what nothing bounds is "?".
pub fn interval(row: &Row) -> String {
    let ends = |interval: &Interval, show: &dyn Fn(f64) -> (String, &'static str)| {
        let end = |end: Option<f64>| end.map_or_else(|| ("?".to_owned(), ""), show);
        let ((low, low_unit), (high, unit)) = (end(interval.low), end(interval.high));
        let low_unit = if low_unit == unit { "" } else { low_unit };
        let known = interval.low.is_some() || interval.high.is_some();
        if known { format!("{low}{low_unit} … {high}{unit}") } else { String::new() }
    };
    match (&row.change, &row.difference) {
        (Some(change), _) => ends(change, &signed),
        (None, Some(difference)) => ends(difference, &|value| (number(value, &row.unit), "")),
        (None, None) => String::new(),
    }
}

/// "✗ worse", "? 40 runs"
pub(super) fn verdict(row: &Row) -> String {
    match (row.verdict, row.needs) {
        (Some(Verdict::Equivalent), _) => "= equivalent".to_owned(),
        (Some(Verdict::Better), _) => "✓ better".to_owned(),
        (Some(Verdict::Worse), _) => "✗ worse".to_owned(),
        (Some(Verdict::Different), _) => "≠ different".to_owned(),
        (Some(Verdict::Undecided), Some(needs)) => format!("? {} runs", count(needs)),
        (Some(Verdict::Undecided), None) => "? undecided".to_owned(),
        (None, _) => "no verdict".to_owned(),
    }
}

/// The verdicts as a sentence, and why some are missing.
pub fn in_words(contender: &Contender) -> String {
    let all = [
        (Verdict::Better, "better"),
        (Verdict::Worse, "worse"),
        (Verdict::Different, "different"),
        (Verdict::Equivalent, "equivalent"),
        (Verdict::Undecided, "undecided"),
    ];
    let group = |(verdict, word): (Verdict, &str)| {
        let figures: Vec<String> = contender
            .rows
            .iter()
            .filter(|row| row.verdict == Some(verdict))
            .map(|row| row.figure.clone())
            .collect();
        let told = format!("{word} in {}", listed(&figures));
        let needs = contender.rows.iter().filter_map(|row| row.needs).max();
        match (verdict, needs) {
            _ if figures.is_empty() => None,
            (Verdict::Undecided, Some(needs)) => {
                Some(format!("{told} ({} runs of each would tell)", count(needs)))
            }
            _ => Some(told),
        }
    };
    let mut parts: Vec<String> = all.into_iter().filter_map(group).collect();
    let mut reasons: Vec<&str> = contender.rows.iter().filter_map(|row| row.because.as_deref()).collect();
    reasons.dedup();
    parts.extend(reasons.into_iter().map(|reason| format!("no verdict: {}", printable(reason))));
    parts.join("; ")
}

/// The figures that a summary of several seeds shows.
const SHOWN: [&str; 12] = [
    "offered",
    "throughput",
    "success_rate",
    "attempt_success_rate",
    "total.mean",
    "total.p50",
    "total.p99",
    "total_all.p99",
    "delivery.mean",
    "delivery.p99",
    "queue_wait.mean",
    "queue_wait.p99",
];

/// The figures of a run over its seeds, with a line break at the end.
pub fn aggregate_text(aggregate: &Aggregate, look: &Look) -> String {
    let seeds = &aggregate.seeds;
    let (first, last) = (seeds.first().copied().unwrap_or(0), seeds.last().copied().unwrap_or(0));
    let title = format!(
        "{} on {} over {} seeds, {first} … {last}",
        printable(&aggregate.scenario),
        printable(&aggregate.core),
        seeds.len()
    );
    let mut table = Table::new(vec![
        Column::names("figure"),
        Column::numbers("mean", 0),
        Column::numbers("95 % interval of the mean", 0),
        Column::numbers("smallest", 1),
        Column::numbers("largest", 1),
    ]);
    table.name_in_full();
    aggregate_rows(aggregate, look.full).into_iter().for_each(|row| table.row(row.into()));
    let mut text = look.palette.strong(&title) + "\n";
    for line in table.lines(2, look.width, &look.palette).into_iter().chain(noted(&aggregate.notes, look)) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Of each figure its path, mean, interval, smallest and largest value; of all there are if `full`.
pub(super) fn aggregate_rows(aggregate: &Aggregate, full: bool) -> Vec<[String; 5]> {
    let all = aggregate.figures.iter().map(|(name, figure)| (name.as_str(), figure));
    let some = SHOWN.iter().filter_map(|name| Some((*name, aggregate.figures.get(*name)?)));
    let chosen: Vec<(&str, &AggregateFigure)> = if full { all.collect() } else { some.collect() };
    let row = |(name, figure): (&str, &AggregateFigure)| {
        let show = |value: f64| number(value, &figure.unit);
        let mean = figure.sample.mean;
        let ends = match figure.sample.margin {
            Some(margin) if margin > 0.0 => format!("{} … {}", show(mean - margin), show(mean + margin)),
            _ => String::new(),
        };
        let ends = match figure.skewed {
            Some(needed) => format!("{ends}, skewed: {} runs or more", count(needed)),
            None => ends,
        };
        [name.to_owned(), show(mean), ends, show(figure.min), show(figure.max)]
    };
    chosen.into_iter().map(row).collect()
}
