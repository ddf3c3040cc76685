//! What came of a batch, for an issue or a change request.

use super::against::{Against, Standing};
use super::bars::mark;
use super::table::{figures, headings};
use super::told::Told;
use crate::report::{comparison_markdown, escaped_for_markdown, span};

/// The table, the failures, the comparisons, and the baseline.
pub(super) fn markdown(told: &Told<'_>) -> String {
    let Told { prepared, outcomes, .. } = told;
    let mut text = format!("# {}\n\n", escaped_for_markdown(&prepared.file.name));
    text.push_str(&format!(
        "| cell | | {} | took |\n|---|---|---:|---:|---:|---:|---:|\n",
        headings(outcomes).join(" | ")
    ));
    for (job, outcome) in prepared.jobs.iter().zip(outcomes.iter()) {
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
    for (name, comparison) in &told.across {
        text.push_str(&format!("\n## {}\n\n{}", escaped_for_markdown(name), comparison_markdown(comparison)));
    }
    if let Some(against) = &told.against {
        text.push_str(&beside(against));
    }
    text
}

fn beside(against: &Against<'_>) -> String {
    let name = escaped_for_markdown(&against.baseline.name);
    let mut text = format!("\n## Against the baseline {name}\n\n| cell | |\n|---|---|\n");
    for cell in &against.cells {
        let words = match cell.standing {
            Standing::Compared => cell.in_words(),
            other => other.words().to_owned(),
        };
        let mark = if cell.regressed.is_empty() { "" } else { "✗ " };
        let cells = [&cell.cell, &words].map(|cell| escaped_for_markdown(cell));
        text.push_str(&format!("| {} | {mark}{} |\n", cells[0], cells[1]));
    }
    for name in &against.gone {
        text.push_str(&format!("| {} | only in the baseline |\n", escaped_for_markdown(name)));
    }
    for cell in against.cells.iter().filter(|cell| cell.standing == Standing::Compared) {
        for comparison in &cell.comparisons {
            let name = escaped_for_markdown(&cell.cell);
            text.push_str(&format!("\n### {name}\n\n{}", comparison_markdown(comparison)));
        }
    }
    text
}
