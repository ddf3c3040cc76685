//! Where the value of a figure lies, as far as the lag of the generator lets one tell.
//!
//! Times count from the moment at which a message was due, so a generator that is late makes them longer, never
//! shorter. Beside each the run keeps what is left without all that lag can have added; the value lies between.

use crate::plan::{Check, Comparator, Figure, Literal, Operand, Scope};
use crate::results::figures::{lookup, number, of_figures, times_of};
use crate::results::{Figures, LaglessFigures, Run, Times};

/// A value between two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The value that was measured.
    pub measured: Literal,
    /// What it would be without lag, if that is something else.
    pub without_lag: Option<Literal>,
    low: f64,
    high: f64,
}

/// The figures that a late generator changes.
const TOUCHED: [&str; 10] = [
    "queue_wait",
    "total",
    "total_all",
    "gave_up",
    "end_to_end",
    "success_rate",
    "delivered_rate",
    "delivered",
    "rejected",
    "expired",
];

/// Where a figure lies; `None` if the run does not have it.
pub fn band(run: &Run, figure: &Figure) -> Option<Band> {
    let measured = lookup(run, figure)?;
    let certain = Band { measured, without_lag: None, low: number(measured), high: number(measured) };
    let Some(without) = &run.without_lag else { return Some(certain) };
    let Some(shortened) = without_lag(without, figure, measured) else { return Some(certain) };
    let (mut low, mut high) =
        (number(shortened).min(number(measured)), number(shortened).max(number(measured)));
    if figure.statistic.as_deref() == Some("spread") {
        (low, high) = spread(run, without, figure).unwrap_or((low, high));
    }
    let differs = low < high;
    Some(Band { measured, without_lag: differs.then_some(shortened), low, high })
}

/// The value without lag; `None` where lag has no part in it.
pub fn without_lag(without: &LaglessFigures, figure: &Figure, measured: Literal) -> Option<Literal> {
    let statistic = figure.statistic.as_deref();
    let added_ns = without.added.max_ns.unwrap_or(0) as f64;
    let shorter = || match measured {
        Literal::Duration(ns) => Some(Literal::Duration((ns - added_ns).max(0.0))),
        _ => None,
    };
    if matches!(figure.name.as_str(), "duration" | "last_activity") {
        return shorter();
    }
    let touched = TOUCHED.contains(&figure.name.as_str());
    match &figure.scope {
        // Of a single agent nothing was kept; no time is longer by more than the largest of all.
        Scope::Agent(_) if figure.name == "total" => shorter(),
        Scope::Agent(_) | Scope::Recipient(_) => None,
        scope => of_figures(figures_of(without, scope)?, &figure.name, statistic).filter(|_| touched),
    }
}

fn figures_of<'a>(without: &'a LaglessFigures, scope: &Scope) -> Option<&'a Figures> {
    match scope {
        Scope::Type(name) => without.by_type.get(name),
        Scope::Phase(name) => without.phases.get(name),
        _ => Some(&without.figures),
    }
}

/// The spread is a difference, of which either end may be longer than it should be.
fn spread(run: &Run, without: &LaglessFigures, figure: &Figure) -> Option<(f64, f64)> {
    let of = |figures: &Figures| match figure.name.as_str() {
        "queue_wait" => Some(figures.queue_wait),
        "total" => Some(figures.total),
        "gave_up" => Some(figures.gave_up),
        "end_to_end" => Some(figures.end_to_end),
        _ => None,
    };
    let measured = times_of(run, figure)?;
    let shortened: Times = of(figures_of(without, &figure.scope)?)?;
    let least = shortened.p90_ns?.saturating_sub(measured.p10_ns?);
    let most = measured.p90_ns?.saturating_sub(shortened.p10_ns?);
    Some((least as f64, most as f64))
}

impl Band {
    /// A value that is known.
    pub fn of(value: Literal) -> Band {
        Band { measured: value, without_lag: None, low: number(value), high: number(value) }
    }

    fn is_certain(&self) -> bool {
        self.low == self.high
    }

    /// As measured and without lag, where the band lies between just these.
    fn ends(&self) -> Option<(f64, f64)> {
        let (measured, without) = (number(self.measured), self.without_lag.map(number)?);
        let ends = (measured.min(without), measured.max(without));
        (ends == (self.low, self.high)).then_some((measured, without))
    }
}

/// Whether a comparison of two bands comes out the same wherever in them the values lie.
///
/// Two figures of a run are late by the same lag: if it added less to the one than it can have, then as much less to the
/// other. So they are compared as measured, and without lag; in between the difference goes evenly from one to the other.
fn is_decided(comparison: Comparator, left: &Band, right: &Band) -> bool {
    match comparison {
        Comparator::Equal | Comparator::NotEqual => {
            let apart = left.high < right.low || right.high < left.low;
            apart || (left.is_certain() && right.is_certain())
        }
        _ => {
            let at = |left, right| comparison.holds(left, right);
            match left.ends().zip(right.ends()) {
                Some((left, right)) => at(left.0, right.0) == at(left.1, right.1),
                None => at(left.low, right.high) == at(left.high, right.low),
            }
        }
    }
}

/// Whether lag could have turned a check round. A check on what the run does not have cannot be turned.
pub fn is_turned_by_lag(run: &Run, check: &Check) -> bool {
    let right = match &check.operand {
        Operand::Literal(literal) => Some(Band::of(*literal)),
        Operand::Figure(figure) => band(run, figure),
    };
    let bands = band(run, &check.figure).zip(right);
    bands.is_some_and(|(left, right)| !is_decided(check.comparison, &left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(low: f64, high: f64) -> Band {
        Band { low, high, ..Band::of(Literal::Duration(high)) }
    }

    #[test]
    fn a_comparison_is_decided_if_it_comes_out_the_same_all_over_the_bands() {
        use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let limit = between(100.0, 100.0);
        for (low, high, decided) in [(80.0, 99.0, true), (97.0, 101.0, false), (101.0, 140.0, true)] {
            for comparison in [Less, LessOrEqual, Greater, GreaterOrEqual, Equal, NotEqual] {
                let seen = is_decided(comparison, &between(low, high), &limit);
                assert_eq!(seen, decided, "{comparison:?} {low} … {high}");
            }
        }
        let same = [between(5.0, 5.0), between(5.0, 5.0)];
        assert!(is_decided(Equal, &same[0], &same[1]) && is_decided(LessOrEqual, &same[0], &same[1]));
        assert!(!is_decided(LessOrEqual, &between(0.0, 3.0), &between(1.0, 2.0)));
        assert!(is_decided(LessOrEqual, &between(0.0, 1.0), &between(1.0, 2.0)));
        let late = |without: f64, measured: f64| Band {
            without_lag: Some(Literal::Duration(without)),
            ..between(without, measured)
        };
        assert!(is_decided(LessOrEqual, &late(0.0, 57.0), &late(0.0, 4060.0)), "late by the same lag");
        assert!(!is_decided(LessOrEqual, &late(10.0, 57.0), &late(20.0, 40.0)));
        assert!(!is_decided(Less, &between(0.0, 1.0), &between(1.0, 2.0)), "both may be 1");
    }
}
