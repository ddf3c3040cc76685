//! How the cells of a batch stand to their baseline, for people at a terminal.

use super::against::{Against, Matched, Standing};
use crate::compare::is_regression;
use crate::report::Look;
use crate::report::text::{warnings, wrapped};
use crate::report::{change, count, counted, in_words, interval, printable};
use crate::results::Warning;
use std::collections::BTreeMap;

/// How the cells stand to their baseline; those that are not what they were, one by one.
pub(super) fn beside(against: &Against<'_>, look: &Look) -> String {
    let palette = &look.palette;
    let title = format!("against the baseline {}", printable(&against.baseline.name));
    let mut lines = vec![String::new(), palette.strong(&title)];
    let mut counts: Vec<String> = Vec::new();
    for standing in Standing::ALL {
        let cells = against.cells.iter().filter(|cell| cell.standing == standing).count();
        if cells > 0 {
            counts.push(format!("{} {}", count(cells as u64), standing.words()));
        }
    }
    lines.extend(wrapped(
        &format!("{}: {}", counted(against.cells.len() as u64, "cell"), counts.join(", ")),
        2,
        look.width,
    ));
    for cell in against.cells.iter().filter(|cell| cell.standing != Standing::Identical) {
        lines.extend(of_cell(cell, look));
    }
    if !against.gone.is_empty() {
        let mut gone: Vec<String> = against.gone.iter().take(5).map(|name| printable(name)).collect();
        if against.gone.len() > gone.len() {
            gone.push(format!("{} more", against.gone.len() - gone.len()));
        }
        lines.extend(wrapped(&format!("· only in the baseline: {}", gone.join("; ")), 2, look.width));
    }
    lines.extend(warnings(&common_warnings(against), look));
    lines.join("\n") + "\n"
}

fn of_cell(cell: &Matched, look: &Look) -> Vec<String> {
    let name = printable(&cell.cell);
    if cell.comparisons.is_empty() {
        return wrapped(&format!("· {name}: {}", cell.standing.words()), 2, look.width);
    }
    let mut lines = Vec::new();
    for comparison in &cell.comparisons {
        let scenario = match cell.comparisons.len() {
            1 => String::new(),
            _ => format!(" ({})", printable(&comparison.alternatives[1].scenario)),
        };
        for contender in &comparison.contenders {
            let regressed = contender.rows.iter().any(is_regression);
            let mark = if regressed { "✗" } else { "·" };
            let title = format!("  {mark} {name}{scenario}");
            lines.push(if regressed { look.palette.bad(&title) } else { title });
            lines.extend(wrapped(&in_words(contender), 6, look.width));
            for row in contender.rows.iter().filter(|row| is_regression(row)) {
                lines.push(format!("      {} {} ({})", row.figure, change(row), interval(row)));
            }
        }
        for note in &comparison.notes {
            lines.extend(wrapped(&format!("! {}", printable(note)), 6, look.width));
        }
    }
    lines
}

/// What makes comparisons doubtful, each kind once.
fn common_warnings(against: &Against<'_>) -> Vec<Warning> {
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
