//! The figures of several replications of one scenario, each with an interval over the seeds.

use super::CONFIDENCE;
use super::figures::{number, unit};
use super::judge::{replication, sample};
use super::moments::{Moments, skewness};
use super::shortcomings::shortcomings;
use crate::plan::{Figure, FigureKind, Literal, STATISTICS, Scope, figures_of};
use crate::results::comparisons::{Aggregate, AggregateFigure, Replication};
use crate::results::figures::{NEVER, lookup};
use crate::results::{GENERATOR_LIMITED, Run};
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
    let limited = |replication: &&Replication| replication.warnings.iter().any(|w| w == GENERATOR_LIMITED);
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
        skewed: skewed(&values),
    })
}

/// With fewer replications their skewness says nothing.
const SKEWNESS_OF_MIN: usize = 5;
/// Values are skewed if their skewness is larger than this, and they vary by more than `VARIATION_MIN`.
const SKEWNESS_MAX: f64 = 0.5;
/// Values that vary by no more than this share of their mean are not taken as skewed.
const VARIATION_MIN: f64 = 0.05;
/// Values that vary by more than this share of their mean are skewed, whatever their skewness: what is never negative and
/// varies that much is, whether the largest values have been seen yet or not.
const VARIATION_MAX: f64 = 0.2;

/// Of how many replications, or more, Student's interval holds the mean of such values as often as it says: 25 G₁²
/// (Cochran, *Sampling Techniques*, 3rd ed., §2.15, for intervals of 95 %); none where they are not skewed, or there
/// are so many. G₁ is at least that of a lognormal law that varies as much: of a few values it is an underestimate.
fn skewed(values: &[f64]) -> Option<u64> {
    let Moments { count, mean, variance } = Moments::of(values);
    if count < 2 || variance == 0.0 || mean <= 0.0 {
        return None;
    }
    let variation = variance.sqrt() / mean;
    let skewness = if count < SKEWNESS_OF_MIN { 0.0 } else { skewness(values) };
    if variation <= VARIATION_MAX && (skewness <= SKEWNESS_MAX || variation <= VARIATION_MIN) {
        return None;
    }
    let of_lognormal = variation * (3.0 + variation * variation);
    let needed = (25.0 * skewness.max(of_lognormal).powi(2)).ceil();
    let digit = 10f64.powf((needed.log10().floor() - 1.0).max(0.0));
    let needed = ((needed / digit).ceil() * digit) as u64;
    (needed > count as u64).then_some(needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_vary_little_or_evenly_are_not_skewed() {
        assert_eq!(skewed(&[10.0, 10.1, 9.9, 10.0, 11.0]), None, "within a twentieth of the mean");
        assert_eq!(skewed(&[8.0, 9.0, 10.0, 11.0, 12.0]), None, "to both sides alike");
        assert_eq!(skewed(&[7.0; 10]), None);
        assert_eq!(skewed(&[3.0]), None);
    }

    #[test]
    fn one_value_far_above_the_others_is_told_with_the_runs_it_takes() {
        let mut values = [10.0, 11.0, 9.0, 10.0, 12.0, 9.0, 10.0, 11.0, 10.0, 30.0];
        // G₁ is 3.0.
        assert_eq!(skewed(&values), Some(240));
        values[9] = 8.0;
        assert_eq!(skewed(&values), None);
        // What varies by half its mean and is never negative has a tail, seen or not.
        assert!(skewed(&[5.0, 10.0, 15.0, 4.0, 16.0]).is_some());
    }
}
