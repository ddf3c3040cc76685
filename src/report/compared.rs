//! What a comparison says about one figure: both values, the change with its interval, and the verdict.

use super::document::Tone;
use super::number::{NEVER, NOTHING, amount, count, listed, percent, rate};
use super::table::Cell;
use crate::plan::units::human_duration;
use crate::results::comparisons::{Contender, Direction, Interval, Never, Row, Sample, Verdict};

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

    /// The mean: infinite if the time is never reached; none if there is no mean.
    pub fn mean(self) -> Option<f64> {
        self.never.map(|_| f64::INFINITY).or(self.sample.map(|sample| sample.mean))
    }

    /// The value with its margin, such as "4.21 ms" and "0.30 %"; or "never", or "never in 3 of 10".
    pub fn cell(self) -> Cell {
        let text = match (self.sample, self.never) {
            (_, Some(never)) if never.replications == never.of => NEVER.to_owned(),
            (_, Some(never)) => format!("{NEVER} in {} of {}", never.replications, never.of),
            (Some(sample), None) => number(sample.mean, self.unit),
            (None, None) => NOTHING.to_owned(),
        };
        let margin = self.sample.and_then(|sample| {
            let margin = sample.margin.filter(|margin| *margin > 0.0)?;
            Some(margin_text(margin / sample.mean.abs()))
        });
        Cell { text, margin, ..Cell::default() }
    }

    /// Whether this is the better of the row's two values; none if they are equal, or if neither direction counts as
    /// better.
    pub fn is_best(self, row: &Row) -> Option<bool> {
        let (a, b) = (Shown::baseline(row).mean()?, Shown::contender(row).mean()?);
        let best = match row.better? {
            Direction::Higher => a.max(b),
            Direction::Lower => a.min(b),
        };
        (a != b).then_some(self.mean()? == best)
    }
}

/// The tone of a verdict; anything but plain only if the verdict is certain.
pub(super) fn tone(verdict: Option<Verdict>) -> Tone {
    match verdict {
        Some(Verdict::Better) => Tone::Good,
        Some(Verdict::Worse) => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// A margin as a share of its value, such as "0.3 %".
fn margin_text(share: f64) -> String {
    match share * 100.0 {
        p if !p.is_finite() || p >= 99.5 => ">99 %".to_owned(),
        p if p < 0.01 => "<0.01 %".to_owned(),
        p if p < 1.0 => format!("{p:.2} %"),
        p => format!("{p:.1} %"),
    }
}

/// A value with its unit.
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

/// A change with its sign and without its unit, such as "+1.23"; and the unit: percent, or nothing if the change is
/// shown as a factor ("×12.3"). Only a change of exactly zero is "0".
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

/// The change with its sign, such as "+1.59 %"; or the difference if there is no share.
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

/// The interval of the change, such as "+1.2 … +3.4 %"; an end without a bound is "?".
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

/// The verdict with its sign, such as "✗ worse" or "? 40 runs".
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

/// The verdicts as a sentence, and the reason if some are missing.
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
    parts.extend(reasons.into_iter().map(|reason| format!("no verdict: {}", reason)));
    parts.join("; ")
}
