//! The figures of several replications of one scenario, each with an interval over the seeds.

use super::CONFIDENCE;
use super::figures::{number, unit};
use super::judge::{replication, sample};
use super::shortcomings::shortcomings;
use crate::metrics::comparisons::{Aggregate, AggregateFigure, Replication};
use crate::metrics::figures::{NEVER, lookup};
use crate::metrics::results::Run;
use crate::plan::{Figure, FigureKind, Literal, STATISTICS, Scope, figures_of};
use std::collections::BTreeMap;

/// The figures of whole runs, of their types and of their phases, over these replications; at least one.
pub fn aggregate(runs: &[&Run]) -> Aggregate {
    let first = runs[0];
    let types = first.by_type.keys().map(|name| Scope::Type(name.clone()));
    let phases = first.phases.iter().map(|phase| Scope::Phase(phase.name.clone()));
    let mut figures = BTreeMap::new();
    for scope in std::iter::once(Scope::All).chain(types).chain(phases) {
        for figure in every_figure(&scope) {
            if let Some(row) = over_seeds(runs, &figure) {
                figures.insert(figure.path(), row);
            }
        }
    }
    Aggregate {
        scenario: first.name.clone(),
        core: first.core.name.clone(),
        seeds: runs.iter().map(|run| run.seed).collect(),
        figures,
        notes: notes(runs),
    }
}

fn notes(runs: &[&Run]) -> Vec<String> {
    let replications: Vec<Replication> = runs.iter().map(|run| replication(run, &[])).collect();
    let mut notes = shortcomings(&replications);
    let limited = |replication: &&Replication| replication.warnings.iter().any(|w| w == "generator_limited");
    match replications.iter().filter(limited).count() {
        0 => {}
        limited => notes.push(format!("the generator limits {limited} of {} replications", runs.len())),
    }
    notes.extend(never(runs));
    notes
}

/// A time that is never has no mean, so its row is missing.
fn never(runs: &[&Run]) -> Option<String> {
    let figure =
        Figure { scope: Scope::All, name: "total_all".to_owned(), statistic: Some("p99".to_owned()) };
    let never = runs.iter().filter(|run| lookup(run, &figure) == Some(Literal::Duration(NEVER))).count();
    (never > 0).then(|| {
        format!(
            "total_all.p99 is never in {never} of {} replications: more than 1 % is not delivered",
            runs.len()
        )
    })
}

fn every_figure(scope: &Scope) -> Vec<Figure> {
    let mut all = Vec::new();
    for known in figures_of(scope) {
        let statistics: &[&str] = if known.kind == FigureKind::Times { &STATISTICS } else { &[] };
        let figure = |statistic: Option<&&str>| Figure {
            scope: scope.clone(),
            name: known.name.to_owned(),
            statistic: statistic.map(|statistic| (*statistic).to_owned()),
        };
        all.extend(statistics.iter().map(|statistic| figure(Some(statistic))));
        if statistics.is_empty() {
            all.push(figure(None));
        }
    }
    all
}

/// None if a replication lacks the figure.
fn over_seeds(runs: &[&Run], figure: &Figure) -> Option<AggregateFigure> {
    let values: Option<Vec<f64>> = runs.iter().map(|run| lookup(run, figure).and_then(number)).collect();
    let values = values?;
    Some(AggregateFigure {
        unit: unit(figure).to_owned(),
        sample: sample(&values, CONFIDENCE),
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    })
}
