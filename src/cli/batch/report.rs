//! What a batch leaves: a table, and files for people, CI and programs.

use super::super::arguments::BatchFlags;
use super::super::{compare, repeat, terminal};
use super::Prepared;
use super::bars::mark;
use crate::batch::{Across, Folder, Kind, Outcome, keep};
use crate::compare::{
    Candidate, Question, WITHIN_DEFAULT, compare as compared, names_of, read_figures, regressions,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::metrics::comparisons::Comparison;
use crate::metrics::results::{Report, Run};
use crate::report::text::Look;
use crate::report::{
    Column, Table, comparison_markdown, comparison_text, count, escaped_for_markdown, magnitude, percent,
    printable, span,
};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Prints and writes what came of all cells; the worst of their exit codes.
///
/// # Errors
/// A file cannot be written.
pub(super) fn report(
    prepared: &Prepared,
    places: &[PathBuf],
    folder: &Folder,
    outcomes: &[Option<Outcome>],
    flags: &BatchFlags,
) -> Result<Exit, Diagnostics> {
    let ended: Vec<&Outcome> = outcomes.iter().flatten().collect();
    let (comparisons, mut wrong) = match &prepared.file.compare {
        Some(across) => across_cells(prepared, places, outcomes, across),
        None => (Vec::new(), Diagnostics::new()),
    };
    let look = terminal::look();
    terminal::print(&text(prepared, folder, outcomes, &comparisons, flags, &look))?;
    let markdown = markdown(prepared, outcomes, &comparisons);
    let lines: String = ended
        .iter()
        .map(|outcome| serde_json::to_string(outcome).expect("an outcome is plain data") + "\n")
        .collect();
    for (name, bytes) in [
        ("summary.md", markdown.as_str()),
        ("results.ndjson", &lines),
        ("junit.xml", &junit(prepared, outcomes)),
    ] {
        let path = folder.path.join(name);
        if let Err(error) = keep(&path, bytes.as_bytes()) {
            let fault = Diagnostic::new(Exit::Usage, "the batch cannot write its results");
            wrong.push(fault.found(format!("`{}`: {error}", path.display())));
        }
    }
    terminal::complain(&wrong);
    let worst = ended.iter().fold(wrong.exit(), |worst, outcome| worst.worst(outcome.exit()));
    let regressed = flags.fail_on_regression && comparisons.iter().any(|(_, c)| !regressions(c).is_empty());
    Ok(worst.worst(if regressed { Exit::CheckFailed } else { Exit::Success }))
}

/// All figures of a cell as a table shows them.
fn figures(outcome: &Outcome) -> [String; 4] {
    let summary = &outcome.summary;
    let shown = |value: Option<f64>, show: &dyn Fn(f64) -> String| value.map_or("·".to_owned(), show);
    let time = |ns: f64| span(ns as u64);
    [
        shown(summary.success_rate, &percent),
        shown(summary.throughput_per_s, &|rate| format!("{}/s", magnitude(rate))),
        shown(summary.total_mean_ns, &time),
        shown(summary.total_p99_ns, &time),
    ]
}

const HEADINGS: [&str; 4] = ["delivered", "throughput", "total mean", "total p99"];

fn text(
    prepared: &Prepared,
    folder: &Folder,
    outcomes: &[Option<Outcome>],
    comparisons: &[(String, Comparison)],
    flags: &BatchFlags,
    look: &Look,
) -> String {
    let mut text = String::new();
    let mut table = Table::new(
        [Column::names("cell"), Column::texts("", 0)]
            .into_iter()
            .chain(HEADINGS.map(|heading| Column::numbers(heading, 1)))
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
    if let Some(pivoted) = pivot(prepared, outcomes) {
        text.push_str("\n  total p99\n");
        for line in pivoted.lines(2, look.width, &look.palette) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    for (name, comparison) in comparisons {
        text.push_str(&format!(
            "\n{}\n{}",
            look.palette.strong(&printable(name)),
            comparison_text(comparison, look)
        ));
    }
    text.push('\n');
    text.push_str(&closing(prepared, folder, outcomes, flags, look));
    text
}

/// One line of counts, where everything lies, and every failure with the command that plays that cell alone.
fn closing(
    prepared: &Prepared,
    folder: &Folder,
    outcomes: &[Option<Outcome>],
    flags: &BatchFlags,
    look: &Look,
) -> String {
    let ended: Vec<&Outcome> = outcomes.iter().flatten().collect();
    let failed: Vec<&&Outcome> = ended.iter().filter(|outcome| outcome.exit != 0).collect();
    let missing = outcomes.len() - ended.len();
    let mut counts = format!(
        "{} cells: {} all well",
        count(outcomes.len() as u64),
        count((ended.len() - failed.len()) as u64)
    );
    if !failed.is_empty() {
        counts.push_str(&format!(", {} not", count(failed.len() as u64)));
    }
    if missing > 0 {
        counts.push_str(&format!(", {} not played: go on with `--resume`", count(missing as u64)));
    }
    let palette = &look.palette;
    let counts = if failed.is_empty() && missing == 0 { palette.good(&counts) } else { palette.bad(&counts) };
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
        let file = flags.file.display().to_string();
        let command = ["mqscript", "batch", &file, "--only", &outcome.cell].map(repeat::quoted).join(" ");
        text.push_str(&format!("    again: {command}\n"));
    }
    text
}

/// p99 of two axes that vary, one down and one across, if there are exactly two; the best and the worst are marked.
fn pivot(prepared: &Prepared, outcomes: &[Option<Outcome>]) -> Option<Table> {
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
        found.next().and_then(|(outcome, _)| outcome.summary.total_p99_ns)
    };
    let all: Vec<f64> =
        outcomes.iter().flatten().filter_map(|outcome| outcome.summary.total_p99_ns).collect();
    let best = all.iter().copied().fold(f64::INFINITY, f64::min);
    let worst = all.iter().copied().fold(0.0, f64::max);
    let columns = axes[across].values.iter().map(|value| Column::numbers(&value.label, 0));
    let mut table = Table::new(std::iter::once(Column::names(&axes[down].name)).chain(columns).collect());
    for row in &axes[down].values {
        let shown = |column: &crate::batch::Value| match p99(&row.label, &column.label) {
            None => "·".to_owned(),
            Some(ns) => {
                let mark = match ns {
                    _ if best == worst => "",
                    ns if ns == best => " best",
                    ns if ns == worst => " worst",
                    _ => "",
                };
                format!("{}{mark}", span(ns as u64))
            }
        };
        let cells = axes[across].values.iter().map(shown);
        table.row(std::iter::once(row.label.clone()).chain(cells).collect());
    }
    Some(table)
}

fn markdown(
    prepared: &Prepared,
    outcomes: &[Option<Outcome>],
    comparisons: &[(String, Comparison)],
) -> String {
    let mut text = format!("# {}\n\n", escaped_for_markdown(&prepared.file.name));
    text.push_str(&format!(
        "| cell | | {} | took |\n|---|---|---:|---:|---:|---:|---:|\n",
        HEADINGS.join(" | ")
    ));
    for (job, outcome) in prepared.jobs.iter().zip(outcomes) {
        let name = escaped_for_markdown(&job.cell.name);
        match outcome {
            Some(outcome) => {
                let took = span((outcome.wall_s * 1e9) as u64);
                let figures = figures(outcome).join(" | ");
                text.push_str(&format!("| {name} | {} | {figures} | {took} |\n", mark(outcome.exit())));
            }
            None => text.push_str(&format!("| {name} | not played | | | | | |\n")),
        }
    }
    for outcome in outcomes.iter().flatten().filter(|outcome| outcome.exit != 0) {
        text.push_str(&format!("\n**{}**: exit {}\n\n", escaped_for_markdown(&outcome.cell), outcome.exit));
        for why in outcome.summary.problems.iter().chain(&outcome.summary.failed) {
            text.push_str(&format!("- {}\n", escaped_for_markdown(why)));
        }
    }
    for (name, comparison) in comparisons {
        text.push_str(&format!("\n## {}\n\n{}", escaped_for_markdown(name), comparison_markdown(comparison)));
    }
    text
}

/// A check that failed is a failure, a core or a file that broke is an error, a cell that was not played is skipped.
fn junit(prepared: &Prepared, outcomes: &[Option<Outcome>]) -> String {
    let mut suite = TestSuite::new(printable(&prepared.file.name));
    for (job, outcome) in prepared.jobs.iter().zip(outcomes) {
        let mut status = match outcome {
            None => TestCaseStatus::skipped(),
            Some(outcome) => match outcome.exit() {
                Exit::Success => TestCaseStatus::success(),
                Exit::CheckFailed | Exit::Invalid | Exit::Undecided => {
                    TestCaseStatus::non_success(NonSuccessKind::Failure)
                }
                _ => TestCaseStatus::non_success(NonSuccessKind::Error),
            },
        };
        if let Some(outcome) = outcome.as_ref().filter(|outcome| outcome.exit != 0) {
            let why: Vec<String> = outcome
                .summary
                .problems
                .iter()
                .chain(&outcome.summary.failed)
                .map(|why| printable(why))
                .collect();
            status.set_message(why.first().cloned().unwrap_or_else(|| format!("exit {}", outcome.exit)));
            status.set_type(format!("exit {}", outcome.exit));
            status.set_description(why.join("\n"));
        }
        let mut case = TestCase::new(printable(&job.cell.name), status);
        case.set_classname(printable(&job.cell.script));
        if let Some(outcome) = outcome {
            case.set_time(Duration::from_secs_f64(outcome.wall_s.max(0.0)));
        }
        suite.add_test_case(case);
    }
    let mut report = quick_junit::Report::new("mqscript");
    report.add_test_suite(suite);
    report.to_string().expect("a document in memory")
}

/// Cells that differ in one axis alone, against each other.
fn across_cells(
    prepared: &Prepared,
    places: &[PathBuf],
    outcomes: &[Option<Outcome>],
    across: &Across,
) -> (Vec<(String, Comparison)>, Diagnostics) {
    let (mut found, mut wrong) = (Vec::new(), Diagnostics::new());
    let axis = prepared.file.axes.iter().position(|axis| axis.name == across.axis).unwrap_or(0);
    let mut groups: BTreeMap<Vec<&String>, Vec<usize>> = BTreeMap::new();
    for (index, job) in prepared.jobs.iter().enumerate().filter(|(index, _)| outcomes[*index].is_some()) {
        let others = job.cell.labels.iter().enumerate().filter(|(place, _)| *place != axis);
        groups.entry(others.map(|(_, label)| label).collect()).or_default().push(index);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|cells| cells.len() > 1).collect();
    groups.sort();
    for cells in groups {
        let mut reports: Vec<(String, Report)> = Vec::new();
        for index in &cells {
            match compare::read(&places[*index].join("results.json")) {
                Ok(report) => reports.push((prepared.jobs[*index].cell.labels[axis].clone(), report)),
                // Without results there is nothing to compare; the cell itself says why.
                Err(_) => continue,
            }
        }
        if reports.len() < 2 {
            continue;
        }
        match one_comparison(across, &reports) {
            Ok(comparison) => found.push((name_of(prepared, cells[0], axis), comparison)),
            Err(faults) => wrong.append(faults),
        }
    }
    (found, wrong)
}

/// What the compared cells have in common.
fn name_of(prepared: &Prepared, index: usize, axis: usize) -> String {
    let axes = prepared.file.axes.iter().enumerate();
    let varying = axes
        .filter(|(place, other)| *place != axis && (other.values.len() > 1 || other.kind == Kind::Script));
    let parts: Vec<String> = varying
        .map(|(place, other)| match other.kind {
            Kind::Script | Kind::Core => prepared.jobs[index].cell.labels[place].clone(),
            _ => format!("{}={}", other.name, prepared.jobs[index].cell.labels[place]),
        })
        .collect();
    parts.join(" · ")
}

fn one_comparison(across: &Across, reports: &[(String, Report)]) -> Result<Comparison, Diagnostics> {
    // A script with several runs is compared by its first.
    fn first(report: &Report) -> Vec<&Run> {
        let name = &report.runs[0].name;
        report.runs.iter().filter(|run| run.name == *name).collect()
    }
    let figures =
        read_figures(across.figures.as_deref(), &names_of(&reports[0].1.runs[0])).map_err(|faults| {
            let told = |fault: crate::plan::FigureFault| {
                Diagnostic::new(Exit::Contents, fault.title)
                    .path("compare.figures")
                    .expected(fault.expected)
                    .help_if(fault.help)
            };
            faults.into_iter().map(told).collect::<Diagnostics>()
        })?;
    let question = Question { figures, within: across.within.unwrap_or(WITHIN_DEFAULT) };
    let candidates: Vec<Candidate<'_>> =
        reports.iter().map(|(name, report)| Candidate { name: name.clone(), runs: first(report) }).collect();
    Ok(compared(&candidates, &question))
}
