//! Many files of results as one table, each with a page of its own.

use super::document::{Document, Element, Heading, Tone};
use super::number::{NOTHING, count, counted, percent, span};
use super::run::verdict;
use super::table::{Cell, Column, RowKind, Table};
use crate::results::{Report, Run, Times};

/// A file of results, and where its page stands.
#[derive(Debug, Clone, Copy)]
pub struct Indexed<'a> {
    /// The name of the file, as the user knows it.
    pub name: &'a str,
    /// The address of its page, relative to the index.
    pub page: &'a str,
    /// What the file holds.
    pub report: &'a Report,
}

/// The index of these files, those that are bad news first.
pub fn index(files: &[Indexed<'_>]) -> Document {
    let columns = vec![
        Column::texts("results", 0),
        Column::texts("outcome", 0),
        Column::numbers("runs", 0),
        Column::numbers("messages", 0),
        Column::numbers("delivered", 0),
        Column::numbers("p50", 0),
        Column::numbers("p99", 0),
        Column::numbers("max", 0),
    ];
    let mut rows: Vec<(Tone, &Indexed<'_>)> =
        files.iter().map(|file| (worst(&file.report.runs), file)).collect();
    rows.sort_by_key(|(tone, _)| rank(*tone));
    let mut table = Table::new(0, columns);
    for (tone, file) in &rows {
        let outcome = in_a_word(*tone);
        table.toned_row(Tone::Plain, row(file, *tone, outcome));
        table.last_is(RowKind::Outcome(outcome));
    }
    let bad = rows.iter().filter(|(tone, _)| *tone == Tone::Bad).count() as u64;
    let text = counted(files.len() as u64, "file") + " of results";
    let aside = if bad > 0 { format!(" · {} with bad news", count(bad)) } else { String::new() };
    let heading = Heading { level: 1, text, aside, ..Heading::default() };
    Document { elements: vec![Element::Heading(heading), Element::Table(table)] }
}

fn row(file: &Indexed<'_>, tone: Tone, outcome: &str) -> Vec<Cell> {
    let runs = &file.report.runs;
    let generated: u64 = runs.iter().map(|run| run.ledger.counts.generated).sum();
    let delivered: u64 = runs.iter().map(|run| run.ledger.counts.delivered).sum();
    let share = if generated > 0 { percent(delivered as f64 / generated as f64) } else { NOTHING.to_owned() };
    // Percentiles of several runs are not those of all.
    let times = |time: fn(&Run) -> Option<u64>| match runs.as_slice() {
        [only] => time(only).map_or(NOTHING.to_owned(), span),
        _ => NOTHING.to_owned(),
    };
    vec![
        Cell { link: file.page.to_owned(), ..Cell::from(file.name) },
        Cell::from(outcome).toned(tone),
        count(runs.len() as u64).into(),
        count(generated).into(),
        share.into(),
        times(|run| of(run).p50_ns).into(),
        times(|run| of(run).p99_ns).into(),
        times(|run| of(run).max_ns).into(),
    ]
}

fn of(run: &Run) -> Times {
    if run.is_of_copies() { run.figures.end_to_end } else { run.figures.total }
}

/// The worst news of several runs.
fn worst(runs: &[Run]) -> Tone {
    runs.iter().map(|run| verdict(run).0).min_by_key(|tone| rank(*tone)).unwrap_or(Tone::Doubtful)
}

fn rank(tone: Tone) -> u8 {
    match tone {
        Tone::Bad => 0,
        Tone::Doubtful => 1,
        _ => 2,
    }
}

fn in_a_word(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Doubtful => "doubtful",
        _ => "good",
    }
}
