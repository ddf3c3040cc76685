//! Three or more alternatives side by side: one row a figure, one column an alternative.

use super::comparison::Shown;
use super::look::Look;
use super::number::printable;
use super::table::{Column, Table, Tone, shortened};
use super::text::wrapped;
use crate::results::comparisons::{Comparison, Direction, Row, Verdict};

/// How far the lines are indented.
const INDENT: usize = 4;
/// Whether margins stand beside the values and how wide a heading may be, the widest layout first.
const LAYOUTS: [(bool, usize); 3] = [(true, 16), (false, 16), (false, 8)];

/// One figure of one alternative.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    /// "4.21 ms ±0.30 %", or without its margin.
    pub value: String,
    /// Whether no other alternative has a better value, and one a worse.
    pub best: bool,
    /// What is said of it against the baseline; none of the baseline itself.
    pub verdict: Option<Verdict>,
}

impl Cell {
    /// The sign of the verdict.
    pub fn mark(&self) -> &'static str {
        self.verdict.map_or("", sign)
    }

    fn tone(&self) -> Option<Tone> {
        tone(self.verdict)
    }

    /// The value with its star and its sign, each in a place of its own.
    fn text(&self) -> String {
        let star = if self.best { '*' } else { ' ' };
        format!("{} {star} {:1}", self.value, self.mark())
    }
}

/// Colour only where something is certain.
pub(super) fn tone(verdict: Option<Verdict>) -> Option<Tone> {
    match verdict {
        Some(Verdict::Better) => Some(Tone::Good),
        Some(Verdict::Worse) => Some(Tone::Bad),
        _ => None,
    }
}

/// The sign that stands for a verdict.
pub(super) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Equivalent => "=",
        Verdict::Better => "✓",
        Verdict::Worse => "✗",
        Verdict::Different => "≠",
        Verdict::Undecided => "?",
    }
}

/// Whether there is anything that pairs would not show as well.
pub(super) fn is_wanted(comparison: &Comparison) -> bool {
    comparison.contenders.len() > 1
}

/// Of every figure its path, and a cell for each alternative, the baseline first.
pub(super) fn rows(comparison: &Comparison, margins: bool) -> Vec<(&str, Vec<Cell>)> {
    let Some(first) = comparison.contenders.first() else { return Vec::new() };
    let row = |(place, of_first): (usize, &'_ Row)| {
        let others: Vec<&Row> = comparison.contenders.iter().filter_map(|c| c.rows.get(place)).collect();
        let shown: Vec<Shown<'_>> = std::iter::once(Shown::baseline(of_first))
            .chain(others.iter().map(|row| Shown::contender(row)))
            .collect();
        let verdicts = std::iter::once(None).chain(others.iter().map(|row| row.verdict));
        let best = best(of_first.better, &shown);
        let cell = |(shown, verdict): (&Shown<'_>, Option<Verdict>)| Cell {
            value: if margins { shown.value() } else { shown.without_margin() },
            best: best.is_some_and(|best| shown.mean() == Some(best)),
            verdict,
        };
        shown.iter().zip(verdicts).map(cell).collect()
    };
    first
        .rows
        .iter()
        .enumerate()
        .map(|(place, of_first)| (of_first.figure.as_str(), row((place, of_first))))
        .collect()
}

/// The best mean; none where all are equal, or where nothing says which way is better.
fn best(better: Option<Direction>, shown: &[Shown<'_>]) -> Option<f64> {
    let means = || shown.iter().filter_map(|shown| shown.mean());
    let (least, most) = (means().fold(f64::INFINITY, f64::min), means().fold(f64::NEG_INFINITY, f64::max));
    let best = match better? {
        Direction::Higher => most,
        Direction::Lower => least,
    };
    (least < most).then_some(best)
}

/// What the signs mean, of those that there are.
pub(super) fn legend(comparison: &Comparison) -> String {
    let rows = || comparison.contenders.iter().flat_map(|contender| &contender.rows);
    let all = [Verdict::Better, Verdict::Worse, Verdict::Different, Verdict::Equivalent, Verdict::Undecided];
    let seen = all.into_iter().filter(|verdict| rows().any(|row| row.verdict == Some(*verdict)));
    let seen: Vec<String> = seen.map(|verdict| format!("{} {}", sign(verdict), verdict.word())).collect();
    let star = "* the best of its row";
    match seen.is_empty() {
        true => star.to_owned(),
        false => {
            format!("{star}; against {}: {}", printable(&comparison.alternatives[0].name), seen.join(", "))
        }
    }
}

/// The overview; none where it would be wider than `look`, or where headings could not tell the alternatives apart.
pub(super) fn lines(comparison: &Comparison, look: &Look) -> Option<Vec<String>> {
    let table = LAYOUTS.into_iter().find_map(|(margins, heading)| {
        let names = comparison.alternatives.iter().map(|a| shortened(&printable(&a.name), heading));
        let names: Vec<String> = names.collect();
        let distinct = names.iter().collect::<std::collections::HashSet<_>>().len() == names.len();
        let table = table(&names, &rows(comparison, margins));
        (distinct && table.fits(INDENT, look.width)).then_some(table)
    })?;
    let mut lines = table.lines(INDENT, look.width, &look.palette);
    lines
        .extend(wrapped(&legend(comparison), INDENT, look.width).iter().map(|line| look.palette.faint(line)));
    Some(lines)
}

fn table(names: &[String], rows: &[(&str, Vec<Cell>)]) -> Table {
    let mut columns = vec![Column::names("figure")];
    // The heading ends where the values do, before the star and the sign.
    columns.extend(names.iter().map(|name| Column::numbers(&format!("{name}    "), 0)));
    let mut table = Table::new(columns);
    table.name_in_full();
    for (figure, cells) in rows {
        let texts = std::iter::once((*figure).to_owned()).chain(cells.iter().map(Cell::text));
        table.row(texts.collect());
        cells.iter().enumerate().for_each(|(place, cell)| {
            if let Some(tone) = cell.tone() {
                table.tone(place + 1, tone);
            }
        });
    }
    table
}
