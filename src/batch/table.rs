//! The cells of a batch as tables: every cell with its figures, and one figure over two axes.

use super::bars::mark;
use super::batch_results::BatchResults;
use super::{CellOutcome, Value};
use crate::numbers;
use crate::report::{Cell, Column, Table, Tone, percent, rate, span};
use crate::results::figures::NEVER;

/// All figures of a cell as a table shows them.
fn figures(outcome: &CellOutcome) -> [String; 4] {
    let summary = &outcome.summary;
    let shown = |value: Option<f64>, show: &dyn Fn(f64) -> String| value.map_or("·".to_owned(), show);
    let time = |ns: f64| span(ns as u64);
    let [mean_ns, p99_ns] = summary.times_ns();
    [
        shown(summary.success_rate, &percent),
        shown(summary.throughput_per_s, &rate),
        shown(mean_ns, &time),
        shown(p99_ns, &time),
    ]
}

/// The headings of [`figures`]: times are until delivered, or, where all cells' cores only take messages over, until received.
fn headings(outcomes: &[Option<CellOutcome>]) -> [&'static str; 4] {
    let received = |outcome: &CellOutcome| outcome.summary.end_to_end_p99_ns.is_some();
    let all = || outcomes.iter().flatten();
    let (mean, p99) = match (all().any(received), all().all(received)) {
        (false, _) => ("total mean", "total p99"),
        (true, true) => ("end to end mean", "end to end p99"),
        (true, false) => ("mean time", "p99 time"),
    };
    ["delivered", "throughput", mean, p99]
}

/// Every cell with its figures, in the order of the matrix.
pub(super) fn cells(told: &BatchResults<'_>) -> Table {
    let BatchResults { prepared, outcomes, .. } = told;
    let figures_of_all = headings(outcomes).map(|heading| Column::numbers(heading, 1));
    let columns = [Column::texts("cell", 0), Column::texts("", 0)].into_iter().chain(figures_of_all);
    let mut table = Table::new(1, columns.chain([Column::numbers("took", 2)]).collect());
    (table.names_in_full, table.worst_first) = (true, true);
    for (job, outcome) in prepared.jobs.iter().zip(outcomes.iter()) {
        let name = Cell::from(job.cell.name.as_str());
        match outcome {
            Some(outcome) => {
                let took = span((outcome.wall_s * 1e9) as u64);
                let tone = if outcome.exit == 0 { Tone::Good } else { Tone::Bad };
                let cells = [name, mark(outcome.exit()).into()].into_iter();
                let figures = figures(outcome).into_iter().chain([took]).map(Cell::from);
                table.toned_row(tone, cells.chain(figures));
            }
            None => {
                let blank = std::iter::repeat_n(Cell::missing(""), 5);
                table.row([name, Cell::missing("not played")].into_iter().chain(blank));
            }
        }
    }
    table
}

/// The p99 of all messages of a cell's runs; none if nothing was generated.
fn p99_of_all(outcome: &CellOutcome) -> Option<f64> {
    let summary = &outcome.summary;
    if summary.end_to_end_p99_ns.is_some() {
        return summary.end_to_end_p99_ns;
    }
    summary.total_all_p99_ns.or((summary.generated > 0 && summary.success_rate.is_some()).then_some(NEVER))
}

/// The p99 of all messages by two axes that vary, one down and one across, if there are exactly two; the best and the
/// worst are marked. A cell in which more than 1 % is not delivered is worse than any other.
pub(super) fn pivot(told: &BatchResults<'_>) -> Option<Table> {
    let BatchResults { prepared, outcomes, .. } = told;
    let varying: Vec<usize> =
        (0..prepared.file.axes.len()).filter(|axis| prepared.file.axes[*axis].values.len() > 1).collect();
    let &[down, across] = varying.as_slice() else { return None };
    let axes = &prepared.file.axes;
    let p99 = |row: &str, column: &str| {
        let found = outcomes.iter().flatten().zip(&prepared.jobs);
        let mut found = found.filter(|(outcome, _)| {
            outcome.labels.get(&axes[down].name).is_some_and(|label| label == row)
                && outcome.labels.get(&axes[across].name).is_some_and(|label| label == column)
        });
        found.next().and_then(|(outcome, _)| p99_of_all(outcome))
    };
    let all: Vec<f64> = outcomes.iter().flatten().filter_map(p99_of_all).collect();
    let best = all.iter().copied().fold(f64::INFINITY, f64::min);
    let worst = all.iter().copied().fold(0.0, f64::max);
    let columns = axes[across].values.iter().map(|value| Column::numbers(&value.label, 0));
    let mut table =
        Table::new(1, std::iter::once(Column::texts(&axes[down].name, 0)).chain(columns).collect());
    for row in &axes[down].values {
        let shown = |column: &Value| match p99(&row.label, &column.label) {
            None => "·".to_owned(),
            Some(ns) => {
                let mark = match ns {
                    _ if best == worst => "",
                    ns if ns == best => " best",
                    ns if ns == worst => " worst",
                    _ => "",
                };
                let time = if ns == NEVER { numbers::NEVER.to_owned() } else { span(ns as u64) };
                format!("{time}{mark}")
            }
        };
        let cells = axes[across].values.iter().map(shown);
        table.row(std::iter::once(row.label.clone()).chain(cells));
    }
    Some(table)
}
