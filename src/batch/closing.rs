//! How a batch ended: its counts, where everything lies, and every failure with the command that plays that cell alone.

use super::CellOutcome;
use super::bars::mark;
use super::batch_results::BatchResults;
use crate::report::{Element, Line, Section, Tone, count, counted};
use crate::session::repeat;

/// Reasons of a failure that are shown on a terminal.
const REASONS_MAX: usize = 5;

/// What whoever waits for a batch reads last.
pub(super) fn closing(told: &BatchResults<'_>) -> Vec<Element> {
    let place = format!("in {}", told.folder.path.display());
    let mut sections = vec![vec![counts(told), Line::whole(1, place)]];
    for outcome in failed(told) {
        let mark = Some(mark(outcome.exit()));
        let text = format!("{} (exit {})", outcome.cell, outcome.exit);
        let why = reasons(outcome).take(REASONS_MAX).map(|why| Line::whole(2, why));
        let head = Line { mark, ..Line::whole(0, text) };
        sections.push(std::iter::once(head).chain(why).chain([again(told, &outcome.cell)]).collect());
    }
    for cell in told.regressed() {
        let text = format!("{} is worse than the baseline", cell.cell);
        let head = Line { mark: Some("✗"), ..Line::whole(0, text) };
        sections.push(vec![head, Line::whole(2, cell.worse().join(", ")), again(told, &cell.cell)]);
    }
    let section = |lines: Vec<Line>| Section::of(lines.into_iter().map(Element::Line).collect());
    sections.into_iter().map(section).collect()
}

/// Every failure with all its reasons.
pub(super) fn failures(told: &BatchResults<'_>) -> Vec<Element> {
    let told = failed(told).flat_map(|outcome| {
        let text = format!("exit {}", outcome.exit);
        let head = Line { lead: outcome.cell.clone(), ..Line::whole(0, text) };
        [Element::Line(head), Element::Facts(reasons(outcome).map(str::to_owned).collect())]
    });
    told.collect()
}

fn failed<'a>(told: &'a BatchResults<'_>) -> impl Iterator<Item = &'a CellOutcome> {
    told.outcomes.iter().flatten().filter(|outcome| outcome.exit != 0)
}

fn reasons(outcome: &CellOutcome) -> impl Iterator<Item = &str> {
    outcome.summary.problems.iter().chain(&outcome.summary.failed).map(String::as_str)
}

/// One line of counts.
fn counts(told: &BatchResults<'_>) -> Line {
    let (all, failed, regressed) = (told.outcomes.len(), failed(told).count(), told.regressed().count());
    let ended = told.outcomes.iter().flatten().count();
    let missing = all - ended;
    let mut text = format!("{}: {} passed", counted(all as u64, "cell"), count((ended - failed) as u64));
    if failed > 0 {
        text.push_str(&format!(", {} failed", count(failed as u64)));
    }
    if missing > 0 {
        text.push_str(&format!(", {} not played: go on with `--resume`", count(missing as u64)));
    }
    if regressed > 0 {
        text.push_str(&format!(", {} worse than the baseline", count(regressed as u64)));
    }
    let tone = if failed + missing + regressed == 0 { Tone::Good } else { Tone::Bad };
    Line { lead: told.prepared.file.name.clone(), ..Line::whole(0, text) }.toned(tone)
}

/// The command that plays a cell alone.
fn again(told: &BatchResults<'_>, cell: &str) -> Line {
    let file = told.flags.file.display().to_string();
    let mut command = vec!["mqscript", "batch", &file, "--only", cell];
    if let Some(against) = &told.against {
        command.extend(["--baseline", &against.baseline.said]);
    }
    let command: Vec<String> = command.into_iter().map(repeat::quoted).collect();
    Line::whole(2, format!("again: {}", command.join(" ")))
}
