//! Three or more alternatives side by side: one row for each figure, one column for each alternative.

use super::compared::{Shown, tone};
use super::document::{Element, Line, Tone};
use super::table::{Cell, Column, Table};
use crate::results::comparisons::{Comparison, Direction, Row, Verdict};

/// The number of steps of indentation of the table.
const DEPTH: usize = 2;
/// The most characters of an alternative's name in the heading of its column.
const HEADING_MAX: usize = 16;

/// Whether the table shows more than the pairs do.
pub(super) fn is_wanted(comparison: &Comparison) -> bool {
    comparison.contenders.len() > 1
}

/// The table, and the meaning of its signs.
pub(super) fn elements(comparison: &Comparison) -> Vec<Element> {
    let names =
        comparison.alternatives.iter().map(|of| Column::judged(&of.name).heading_at_most(HEADING_MAX));
    let columns = std::iter::once(Column::texts("figure", 0)).chain(names);
    let mut table = Table::new(DEPTH, columns.collect());
    (table.names_in_full, table.is_whole) = (true, true);
    let figures = comparison.contenders.first().map_or(&[][..], |first| &first.rows);
    for (place, of_first) in figures.iter().enumerate() {
        let others = comparison.contenders.iter().filter_map(|contender| contender.rows.get(place));
        let figure = Cell::from(of_first.figure.as_str());
        table.row(std::iter::once(figure).chain(cells(of_first, &others.collect::<Vec<_>>())));
    }
    let legend = Line::broken(DEPTH, legend(comparison)).toned(Tone::Faint);
    vec![Element::Table(table), Element::Line(legend)]
}

/// The cells of one figure for all alternatives, the baseline first.
fn cells(of_first: &Row, others: &[&Row]) -> Vec<Cell> {
    let of_others = others.iter().map(|row| (Shown::contender(row), row.verdict));
    let all: Vec<(Shown<'_>, Option<Verdict>)> =
        std::iter::once((Shown::baseline(of_first), None)).chain(of_others).collect();
    let best = best(of_first.better, &all.iter().map(|(shown, _)| *shown).collect::<Vec<_>>());
    let cell = |(shown, verdict): (Shown<'_>, Option<Verdict>)| Cell {
        best: best.map(|best| shown.mean() == Some(best)),
        sign: verdict.map_or("", sign),
        tone: tone(verdict),
        ..shown.cell()
    };
    all.into_iter().map(cell).collect()
}

/// The best mean; none if all are equal, or if neither direction counts as better.
fn best(better: Option<Direction>, shown: &[Shown<'_>]) -> Option<f64> {
    let means = || shown.iter().filter_map(|shown| shown.mean());
    let (least, most) = (means().fold(f64::INFINITY, f64::min), means().fold(f64::NEG_INFINITY, f64::max));
    let best = match better? {
        Direction::Higher => most,
        Direction::Lower => least,
    };
    (least < most).then_some(best)
}

/// The sign for a verdict.
fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Equivalent => "=",
        Verdict::Better => "✓",
        Verdict::Worse => "✗",
        Verdict::Different => "≠",
        Verdict::Undecided => "?",
    }
}

/// The meaning of the signs that occur in the table.
fn legend(comparison: &Comparison) -> String {
    let rows = || comparison.contenders.iter().flat_map(|contender| &contender.rows);
    let all = [Verdict::Better, Verdict::Worse, Verdict::Different, Verdict::Equivalent, Verdict::Undecided];
    let seen = all.into_iter().filter(|verdict| rows().any(|row| row.verdict == Some(*verdict)));
    let seen: Vec<String> = seen.map(|verdict| format!("{} {}", sign(verdict), verdict.word())).collect();
    let star = "* the best of its row";
    match seen.is_empty() {
        true => star.to_owned(),
        false => format!("{star}; against {}: {}", comparison.alternatives[0].name, seen.join(", ")),
    }
}
