//! Cells that differ in one axis alone, compared.

use super::prepared::PreparedBatch;
use super::question::question;
use super::{AxisComparison, AxisKind, CellOutcome, RESULTS};
use crate::compare::{Candidate, compare, names_of, read_results};
use crate::diagnostics::Diagnostics;
use crate::results::comparisons::Comparison;
use crate::results::{Report, Run};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Cells that differ in one axis alone, against each other.
pub(super) fn across_cells(
    prepared: &PreparedBatch,
    places: &[PathBuf],
    outcomes: &[Option<CellOutcome>],
    across: &AxisComparison,
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
            match read_results(&places[*index].join(RESULTS)) {
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

/// The labels that the compared cells have in common.
fn name_of(prepared: &PreparedBatch, index: usize, axis: usize) -> String {
    let axes = prepared.file.axes.iter().enumerate();
    let varying = axes.filter(|(place, other)| {
        *place != axis && (other.values.len() > 1 || other.kind == AxisKind::Script)
    });
    let parts: Vec<String> = varying
        .map(|(place, other)| match other.kind {
            AxisKind::Script | AxisKind::Core => prepared.jobs[index].cell.labels[place].clone(),
            _ => format!("{}={}", other.name, prepared.jobs[index].cell.labels[place]),
        })
        .collect();
    parts.join(" · ")
}

/// A script with several runs is compared by its first.
fn one_comparison(across: &AxisComparison, reports: &[(String, Report)]) -> Result<Comparison, Diagnostics> {
    fn first(report: &Report) -> Vec<&Run> {
        let name = &report.runs[0].name;
        report.runs.iter().filter(|run| run.name == *name).collect()
    }
    let candidates: Vec<Candidate<'_>> =
        reports.iter().map(|(name, report)| Candidate { name: name.clone(), runs: first(report) }).collect();
    Ok(compare(&candidates, &question(Some(across), &names_of(&reports[0].1.runs[0]))?))
}
