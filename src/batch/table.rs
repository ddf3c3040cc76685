//! What came of a batch, for people at a terminal.

use super::bars::mark;
use super::beside::beside;
use super::told::Told;
use super::{Outcome, Value};
use crate::numbers;
use crate::report::Look;
use crate::report::{Column, Table, comparison_text, count, counted, percent, printable, rate, span};
use crate::results::figures::NEVER;
use crate::session::repeat;

/// All figures of a cell as a table shows them.
pub(super) fn figures(outcome: &Outcome) -> [String; 4] {
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
pub(super) fn headings(outcomes: &[Option<Outcome>]) -> [&'static str; 4] {
    let received = |outcome: &Outcome| outcome.summary.end_to_end_p99_ns.is_some();
    let all = || outcomes.iter().flatten();
    let (mean, p99) = match (all().any(received), all().all(received)) {
        (false, _) => ("total mean", "total p99"),
        (true, true) => ("end to end mean", "end to end p99"),
        (true, false) => ("mean time", "p99 time"),
    };
    ["delivered", "throughput", mean, p99]
}

/// Everything from the table to the commands that play what failed again.
pub(super) fn text(told: &Told<'_>, look: &Look) -> String {
    let Told { prepared, outcomes, .. } = told;
    let mut text = String::new();
    let mut table = Table::new(
        [Column::names("cell"), Column::texts("", 0)]
            .into_iter()
            .chain(headings(outcomes).map(|heading| Column::numbers(heading, 1)))
            .chain([Column::numbers("took", 2)])
            .collect(),
    );
    // Failures first; within each, in the order of the matrix.
    let mut order: Vec<usize> = (0..outcomes.len()).collect();
    order.sort_by_key(|index| outcomes[*index].as_ref().is_some_and(|outcome| outcome.exit == 0));
    for index in &order {
        let name = prepared.jobs[*index].cell.name.clone();
        match &outcomes[*index] {
            Some(outcome) => {
                let took = span((outcome.wall_s * 1e9) as u64);
                let cells = [name, mark(outcome.exit()).to_owned()].into_iter();
                table.row(cells.chain(figures(outcome)).chain([took]).collect());
            }
            None => {
                let blank = std::iter::repeat_n("·".to_owned(), 6);
                table.row(std::iter::once(name).chain(blank).collect());
            }
        }
    }
    table.name_in_full();
    for line in table.lines(2, look.width, &look.palette) {
        text.push_str(&line);
        text.push('\n');
    }
    if let Some(pivoted) = pivot(told) {
        text.push_str("\n  p99 of all messages\n");
        for line in pivoted.lines(2, look.width, &look.palette) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    for (name, comparison) in &told.across {
        text.push_str(&format!(
            "\n{}\n{}",
            look.palette.strong(&printable(name)),
            comparison_text(comparison, look)
        ));
    }
    if let Some(against) = &told.against {
        text.push_str(&beside(against, look));
    }
    text.push('\n');
    text.push_str(&closing(told, look));
    text
}

/// One line of counts, where everything lies, and every failure with the command that plays that cell alone.
fn closing(told: &Told<'_>, look: &Look) -> String {
    let Told { prepared, folder, outcomes, .. } = told;
    let ended: Vec<&Outcome> = outcomes.iter().flatten().collect();
    let failed: Vec<&&Outcome> = ended.iter().filter(|outcome| outcome.exit != 0).collect();
    let missing = outcomes.len() - ended.len();
    let mut counts = format!(
        "{}: {} passed",
        counted(outcomes.len() as u64, "cell"),
        count((ended.len() - failed.len()) as u64)
    );
    if !failed.is_empty() {
        counts.push_str(&format!(", {} failed", count(failed.len() as u64)));
    }
    if missing > 0 {
        counts.push_str(&format!(", {} not played: go on with `--resume`", count(missing as u64)));
    }
    let palette = &look.palette;
    let regressed = told.regressed().count();
    if regressed > 0 {
        counts.push_str(&format!(", {} worse than the baseline", count(regressed as u64)));
    }
    let counts = if failed.is_empty() && missing + regressed == 0 {
        palette.good(&counts)
    } else {
        palette.bad(&counts)
    };
    let mut text = format!("{}: {counts}\n  in {}\n", printable(&prepared.file.name), folder.path.display());
    for outcome in failed {
        let why = outcome.summary.problems.iter().chain(&outcome.summary.failed);
        text.push_str(&format!(
            "\n{} {} (exit {})\n",
            mark(outcome.exit()),
            printable(&outcome.cell),
            outcome.exit
        ));
        why.take(5).for_each(|why| text.push_str(&format!("    {}\n", printable(why))));
        text.push_str(&again(told, &outcome.cell));
    }
    for cell in told.regressed() {
        text.push_str(&format!("\n✗ {} is worse than the baseline\n", printable(&cell.cell)));
        text.push_str(&format!("    {}\n", cell.worse().join(", ")));
        text.push_str(&again(told, &cell.cell));
    }
    text
}

/// The command that plays a cell alone.
fn again(told: &Told<'_>, cell: &str) -> String {
    let file = told.flags.file.display().to_string();
    let mut command = vec!["mqscript", "batch", &file, "--only", cell];
    if let Some(against) = &told.against {
        command.extend(["--baseline", &against.baseline.said]);
    }
    let command: Vec<String> = command.into_iter().map(repeat::quoted).collect();
    format!("    again: {}\n", command.join(" "))
}

/// The p99 of all messages of a cell's runs; none if nothing was generated.
fn p99_of_all(outcome: &Outcome) -> Option<f64> {
    let summary = &outcome.summary;
    if summary.end_to_end_p99_ns.is_some() {
        return summary.end_to_end_p99_ns;
    }
    summary.total_all_p99_ns.or((summary.generated > 0 && summary.success_rate.is_some()).then_some(NEVER))
}

/// The p99 of all messages by two axes that vary, one down and one across, if there are exactly two; the best and the
/// worst are marked. A cell in which more than 1 % is not delivered is worse than any other.
fn pivot(told: &Told<'_>) -> Option<Table> {
    let Told { prepared, outcomes, .. } = told;
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
    let mut table = Table::new(std::iter::once(Column::names(&axes[down].name)).chain(columns).collect());
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
        table.row(std::iter::once(row.label.clone()).chain(cells).collect());
    }
    Some(table)
}
