//! How the cells of a batch stand to their baseline: in brief for a terminal, one by one for a file.

use super::against::{BaselineComparison, Matched, Standing};
use crate::compare::is_regression;
use crate::report::{
    Column, Element, Heading, Line, Table, Tone, change, count, counted, in_words, interval, of_comparison,
};
use crate::results::Warning;
use std::collections::BTreeMap;

/// Names of cells that only the baseline has, before the rest is only counted.
const GONE_MAX: usize = 5;

/// The counts; then those cells that are not what they were.
pub(super) fn beside_on_screen(against: &BaselineComparison<'_>) -> Vec<Element> {
    let count_of = |standing| {
        let cells = against.cells.iter().filter(|cell| cell.standing == standing).count();
        (cells > 0).then(|| format!("{} {}", count(cells as u64), standing.words()))
    };
    let counts: Vec<String> = Standing::ALL.into_iter().filter_map(count_of).collect();
    let counts = format!("{}: {}", counted(against.cells.len() as u64, "cell"), counts.join(", "));
    let mut lines = vec![Line::broken(1, counts)];
    let changed = against.cells.iter().filter(|cell| cell.standing != Standing::Identical);
    lines.extend(changed.flat_map(of_cell));
    if !against.gone.is_empty() {
        let mut gone: Vec<String> = against.gone.iter().take(GONE_MAX).cloned().collect();
        if against.gone.len() > gone.len() {
            gone.push(format!("{} more", against.gone.len() - gone.len()));
        }
        lines.push(Line::broken(1, format!("· only in the baseline: {}", gone.join("; "))));
    }
    let heading = heading(2, format!("against the baseline {}", against.baseline.name));
    let warnings = Element::Warnings(common_warnings(against));
    std::iter::once(heading).chain(lines.into_iter().map(Element::Line)).chain([warnings]).collect()
}

/// A table of all cells; then every comparison.
pub(super) fn one_by_one(against: &BaselineComparison<'_>) -> Vec<Element> {
    let mut table = Table::new(1, vec![Column::texts("cell", 0), Column::texts("", 0)]);
    for cell in &against.cells {
        let words = match cell.standing {
            Standing::Compared => cell.in_words(),
            other => other.words().to_owned(),
        };
        let mark = if cell.regressed.is_empty() { "" } else { "✗ " };
        table.row([cell.cell.clone(), format!("{mark}{words}")]);
    }
    against.gone.iter().for_each(|name| table.row([name.as_str(), "only in the baseline"]));
    let title = heading(2, format!("Against the baseline {}", against.baseline.name));
    let mut elements = vec![title, Element::Table(table)];
    for cell in against.cells.iter().filter(|cell| cell.standing == Standing::Compared) {
        for comparison in &cell.comparisons {
            elements.push(heading(3, cell.cell.clone()));
            elements.extend(of_comparison(comparison).elements);
        }
    }
    elements
}

fn heading(level: usize, text: String) -> Element {
    Element::Heading(Heading { level, text, ..Heading::default() })
}

fn of_cell(cell: &Matched) -> Vec<Line> {
    let name = &cell.cell;
    if cell.comparisons.is_empty() {
        return vec![Line::broken(1, format!("· {name}: {}", cell.standing.words()))];
    }
    let mut lines = Vec::new();
    for comparison in &cell.comparisons {
        let scenario = match cell.comparisons.len() {
            1 => String::new(),
            _ => format!(" ({})", comparison.alternatives[1].scenario),
        };
        for contender in &comparison.contenders {
            let regressed = contender.rows.iter().any(is_regression);
            let (mark, tone) = if regressed { ("✗", Tone::Bad) } else { ("·", Tone::Plain) };
            lines.push(Line { mark: Some(mark), ..Line::whole(1, format!("{name}{scenario}")) }.toned(tone));
            lines.push(Line::broken(3, in_words(contender)));
            for row in contender.rows.iter().filter(|row| is_regression(row)) {
                let text = format!("{} {} ({})", row.figure, change(row), interval(row));
                lines.push(Line::whole(3, text));
            }
        }
        lines.extend(comparison.notes.iter().map(|note| Line::broken(3, format!("! {note}"))));
    }
    lines
}

/// What makes comparisons doubtful, each kind once.
fn common_warnings(against: &BaselineComparison<'_>) -> Vec<Warning> {
    let mut kinds: BTreeMap<&str, (&Warning, &str, usize)> = BTreeMap::new();
    for cell in against.cells.iter().filter(|cell| cell.standing == Standing::Compared) {
        let mut met = Vec::new();
        for warning in cell.comparisons.iter().flat_map(|comparison| &comparison.warnings) {
            if !met.contains(&&warning.kind) {
                met.push(&warning.kind);
                kinds.entry(&warning.kind).or_insert((warning, &cell.cell, 0)).2 += 1;
            }
        }
    }
    let told = |(warning, cell, cells): (&Warning, &str, usize)| {
        let seen = match cells {
            1 => format!("{cell}: {}", warning.seen),
            _ => format!("in {cells} cells, the first being {cell}: {}", warning.seen),
        };
        Warning { seen, ..warning.clone() }
    };
    kinds.into_values().map(told).collect()
}
