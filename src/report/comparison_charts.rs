//! The charts of a comparison: changes with their intervals, and percentiles laid over each other.

use super::compared::{change, verdict};
use super::document::Element;
use super::number::{counted, listed};
use super::run::chart_of_histograms;
use crate::chart::{AxisScale, AxisUnit, Body, Chart, ChartAxis, Estimate, Intervals};
use crate::results::Run;
use crate::results::comparisons::{Comparison, Contender, Row, Verdict};

/// Changes beyond this share are drawn at the edge, and those that matter less stay readable.
const CHANGE_MAX: f64 = 2.0;
/// The most alternatives whose percentiles are laid over each other.
const ALTERNATIVES_MAX: usize = 6;

/// The charts of a comparison; the runs are those that it was made of, as far as they are known.
pub(super) fn of(comparison: &Comparison, runs: &[Run]) -> Vec<Element> {
    let baseline = comparison.alternatives.first().map_or("", |first| first.name.as_str());
    let changes = comparison.contenders.iter().filter_map(|contender| changes(baseline, contender));
    let charts: Vec<Chart> = changes.chain(percentiles(comparison, runs)).collect();
    charts.into_iter().map(|chart| Element::Chart(Box::new(chart))).collect()
}

/// Such as "comparison of mock, surer and crashing".
pub(super) fn title(comparison: &Comparison) -> String {
    let names: Vec<String> = comparison.alternatives.iter().map(|of| of.name.clone()).collect();
    format!("comparison of {}", listed(&names))
}

/// How many verdicts there are of each kind, such as "2 better, 1 worse, 4 undecided".
pub(super) fn in_short(comparison: &Comparison) -> String {
    let verdicts =
        || comparison.contenders.iter().flat_map(|contender| &contender.rows).filter_map(|row| row.verdict);
    let kinds =
        [Verdict::Better, Verdict::Worse, Verdict::Different, Verdict::Equivalent, Verdict::Undecided];
    let told = kinds.into_iter().filter_map(|kind| {
        let number = verdicts().filter(|verdict| *verdict == kind).count();
        (number > 0).then(|| format!("{number} {}", kind.word()))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The relative changes of one contender; none if no figure has one.
fn changes(baseline: &str, contender: &Contender) -> Option<Chart> {
    let rows: Vec<Estimate> = contender.rows.iter().filter_map(estimate).collect();
    let ends = rows.iter().flat_map(|row| [Some(row.estimate), row.low, row.high, Some(row.within)]);
    let most = ends.flatten().map(f64::abs).fold(0.0, f64::max);
    let x = ChartAxis::from_zero("", AxisUnit::Share, most.min(CHANGE_MAX));
    let x = ChartAxis {
        label: format!("change against {baseline}"),
        unit: AxisUnit::Change,
        scale: AxisScale::Linear,
        least: -x.most,
        most: x.most,
    };
    (!rows.is_empty()).then(|| Chart {
        title: format!("Changes of {} against {baseline}", contender.name),
        about: format!(
            "{} with their intervals; what lies in the grey margin is too small to matter.",
            counted(rows.len() as u64, "figure")
        ),
        body: Body::Intervals(Intervals { x, rows }),
    })
}

fn estimate(row: &Row) -> Option<Estimate> {
    let interval = row.change?;
    let class = match row.verdict {
        Some(Verdict::Better) => "good",
        Some(Verdict::Worse) => "bad",
        Some(Verdict::Undecided) => "doubtful",
        _ => "plain",
    };
    Some(Estimate {
        name: row.figure.clone(),
        text: format!("{} {}", change(row), verdict(row)),
        estimate: interval.estimate,
        low: interval.low,
        high: interval.high,
        within: row.within.unwrap_or(0.0),
        class,
    })
}

/// The total times of each alternative's first replication; none if fewer than two of them are known.
fn percentiles(comparison: &Comparison, runs: &[Run]) -> Option<Chart> {
    let first = |of: &crate::results::comparisons::Alternative| {
        let digest = &of.replications.first()?.digest;
        let run = runs.iter().find(|run| run.digest == *digest)?;
        let key = if run.is_of_copies() { "end_to_end" } else { "total" };
        Some((of.name.clone(), run.histograms.all.get(key)?))
    };
    let known: Vec<(String, &String)> =
        comparison.alternatives.iter().take(ALTERNATIVES_MAX).filter_map(first).collect();
    let curves: Vec<(&str, &String)> =
        known.iter().map(|(name, encoded)| (name.as_str(), *encoded)).collect();
    let about = "The total times of the first replication of each alternative.";
    (curves.len() > 1).then(|| chart_of_histograms("Percentiles of times", about, &curves)).flatten()
}
