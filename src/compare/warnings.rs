//! What makes a comparison doubtful: what makes its runs doubtful, and what only shows beside each other.

use super::figures::{literal, unit};
use super::interval::Spread;
use super::moments::Moments;
use super::question::Candidate;
use super::student::two_sided_quantile;
use crate::judgement::{TooFew, WarningCause, longer, too_few};
use crate::numbers::percent;
use crate::plan::Figure;
use crate::results::comparisons::{Alternative, Comparison, Method, Replication};
use crate::results::figures::human;
use crate::results::{Run, Warning};
use std::collections::{BTreeMap, BTreeSet};

/// Below so many replications none of them can stand out.
const REPLICATIONS_MIN: usize = 5;
/// The chance that any replication of a comparison is called outlying by mere chance.
const CHANCE: f64 = 0.01;
/// A replication that lies nearer to the others than this share of their mean does not matter; nor one that lies within
/// what is too small to matter anyway.
const SHARE_MIN: f64 = 0.05;
/// Success rates that are nearer than this hardly move a percentile of what was delivered.
const SUCCESS_APART: f64 = 0.005;
/// How sure it must be that they differ at all.
const SUCCESS_CONFIDENCE: f64 = 0.99;

/// All that is doubtful, one warning for each kind.
pub fn find_warnings(
    comparison: &Comparison,
    candidates: &[Candidate<'_>],
    figures: &[(String, Figure)],
) -> Vec<Warning> {
    let mut found = of_runs(candidates);
    // What is said of the very figures that are compared says more than what each run says of its own.
    if let Some(few) = few_samples(candidates, figures) {
        found.retain(|warning| warning.kind != few.kind());
        found.push(few.warning());
    }
    let own = [
        different_success(comparison, candidates, figures),
        different_hosts(comparison),
        different_versions(comparison),
        outlying(comparison, figures),
    ];
    found.extend(own.iter().flatten().map(WarningCause::warning));
    found
}

/// The runs' own warnings: how many replications of which alternative have it, and what was seen in the first.
fn of_runs(candidates: &[Candidate<'_>]) -> Vec<Warning> {
    let mut kinds: BTreeMap<&str, (&Warning, Vec<String>)> = BTreeMap::new();
    for candidate in candidates {
        let mut counts: BTreeMap<&str, (usize, &Warning)> = BTreeMap::new();
        for warning in candidate.runs.iter().flat_map(|run: &&Run| &run.warnings) {
            counts.entry(&warning.kind).or_insert((0, warning)).0 += 1;
        }
        for (kind, (count, first)) in counts {
            let told = format!("{count} of {} of `{}`", candidate.runs.len(), candidate.name);
            kinds.entry(kind).or_insert_with(|| (first, Vec::new())).1.push(told);
        }
    }
    kinds
        .into_values()
        .map(|(first, told)| Warning {
            seen: format!("in {} replications: {}", told.join(", "), first.seen),
            ..first.clone()
        })
        .collect()
}

/// The first compared percentile that is the luck of a handful of messages in some replication.
fn few_samples(candidates: &[Candidate<'_>], figures: &[(String, Figure)]) -> Option<WarningCause> {
    figures.iter().find_map(|(text, figure)| {
        let mut fewest: Option<TooFew> = None;
        let mut told = Vec::new();
        for candidate in candidates {
            let found: Vec<TooFew> = candidate.runs.iter().filter_map(|run| too_few(run, figure)).collect();
            let least = found.iter().copied().min_by_key(|too_few| too_few.count);
            fewest = fewest.into_iter().chain(least).min_by_key(|too_few| too_few.count);
            if !found.is_empty() {
                told.push(format!("{} of {} of `{}`", found.len(), candidate.runs.len(), candidate.name));
            }
        }
        fewest.map(|too_few| WarningCause::FewSamplesOf {
            figure: text.clone(),
            too_few,
            replications: Some(told.join(", ")),
            longer: longer(candidates[0].runs[0]),
        })
    })
}

/// The first alternative that delivers another share of its messages than the baseline does, where figures are compared
/// that are of delivered messages only.
fn different_success(
    comparison: &Comparison,
    candidates: &[Candidate<'_>],
    figures: &[(String, Figure)],
) -> Option<WarningCause> {
    let of_delivered = |figure: &Figure| matches!(figure.name.as_str(), "total" | "gave_up" | "end_to_end");
    figures.iter().find(|(_, figure)| of_delivered(figure))?;
    let rates = |candidate: &Candidate<'_>| -> Option<Vec<f64>> {
        candidate.runs.iter().map(|run| run.figures.success_rate).collect()
    };
    let (baseline, others) = candidates.split_first()?;
    let a = rates(baseline)?;
    others.iter().zip(&comparison.contenders).find_map(|(other, contender)| {
        let b = rates(other)?;
        let (mean_a, mean_b) = (Moments::of(&a).mean, Moments::of(&b).mean);
        let certain = a.len().min(b.len()) < 2 || {
            let spread = match contender.method {
                Method::Paired => Spread::paired(&a, &b),
                Method::Welch => Spread::welch(&a, &b),
            };
            let difference = spread.difference(two_sided_quantile(SUCCESS_CONFIDENCE, spread.degrees));
            difference.low.is_some_and(|low| low > 0.0) || difference.high.is_some_and(|high| high < 0.0)
        };
        let apart = (mean_a - mean_b).abs() >= SUCCESS_APART && certain;
        apart.then(|| WarningCause::DifferentSuccess {
            alternatives: [&baseline.name, &other.name].map(String::clone),
            rates: [mean_a, mean_b].map(percent),
        })
    })
}

/// Only what ran on the wall clock depends on the machine.
fn different_hosts(comparison: &Comparison) -> Option<WarningCause> {
    let live = comparison.alternatives.iter().filter(|alternative| alternative.clock == "wall");
    let hosts = distinct(live, |replication| &replication.host);
    (hosts.len() > 1).then_some(WarningCause::DifferentHosts(hosts))
}

fn different_versions(comparison: &Comparison) -> Option<WarningCause> {
    let versions = distinct(comparison.alternatives.iter(), |replication| &replication.version);
    (versions.len() > 1).then_some(WarningCause::DifferentVersions(versions))
}

fn distinct<'a>(
    alternatives: impl Iterator<Item = &'a Alternative>,
    of: impl Fn(&'a Replication) -> &'a String,
) -> Vec<String> {
    let replications = alternatives.flat_map(|alternative| &alternative.replications);
    replications.map(of).cloned().collect::<BTreeSet<String>>().into_iter().collect()
}

/// The replication that stands out most, if any does.
fn outlying(comparison: &Comparison, figures: &[(String, Figure)]) -> Option<WarningCause> {
    let samples = comparison.alternatives.len() * figures.len();
    let mut worst: Option<(f64, WarningCause)> = None;
    for alternative in &comparison.alternatives {
        for (text, figure) in figures {
            let values: Option<Vec<f64>> = alternative
                .replications
                .iter()
                .map(|replication| replication.values.get(text).copied().flatten())
                .collect();
            let Some(values) = values else { continue };
            let Some((place, excess)) = grubbs(&values, CHANCE / samples as f64) else { continue };
            if worst.as_ref().is_some_and(|(known, _)| *known >= excess) {
                continue;
            }
            let others = (values.iter().sum::<f64>() - values[place]) / (values.len() - 1) as f64;
            let within = match comparison.within.time_ns.filter(|_| unit(figure) == "ns") {
                Some(time_ns) => time_ns,
                None => comparison.within.share * others.abs(),
            };
            if (values[place] - others).abs() <= within.max(SHARE_MIN * others.abs()) || others == 0.0 {
                continue;
            }
            let show = |value: f64| human(literal(figure, value));
            let doubt = WarningCause::OutlyingReplication {
                alternative: alternative.name.clone(),
                figure: text.clone(),
                seed: alternative.replications[place].seed,
                value: show(values[place]),
                others: show(others),
            };
            worst = Some((excess, doubt));
        }
    }
    worst.map(|(_, doubt)| doubt)
}

/// The value farthest from the mean of all, if it lies beyond what a normal sample of this size shows with this
/// `chance`, and by how many times (Grubbs, *Technometrics* 11 (1969) 1–21: two-sided, one outlier).
fn grubbs(values: &[f64], chance: f64) -> Option<(usize, f64)> {
    let n = values.len() as f64;
    if values.len() < REPLICATIONS_MIN {
        return None;
    }
    let Moments { mean, variance, .. } = Moments::of(values);
    let sd = variance.sqrt();
    let distance = |value: &f64| (value - mean).abs();
    let (place, farthest) =
        values.iter().map(distance).enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|_| sd > 0.0)?;
    let t = two_sided_quantile(1.0 - chance / n, n - 2.0);
    let critical = (n - 1.0) / n.sqrt() * (t * t / (n - 2.0 + t * t)).sqrt();
    let excess = farthest / sd / critical;
    (excess > 1.0).then_some((place, excess))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Critical values, two-sided at 5 %: Grubbs and Beck, *Technometrics* 14 (1972) 847–854, table 1 (at 2.5 %, one-sided).
    #[test]
    fn critical_values_are_those_of_the_table() {
        for (n, tabulated) in [(5_usize, 1.715), (10, 2.290), (20, 2.709)] {
            // One value away from zeros has the largest G that there is; mixing noise in lowers it through the table's.
            let found = |distance: f64| {
                let mut values: Vec<f64> = (1..n).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
                values.push(distance);
                let mean = values.iter().sum::<f64>() / n as f64;
                let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n as f64 - 1.0)).sqrt();
                ((distance - mean) / sd, grubbs(&values, 0.05).is_some())
            };
            let mut distances = (0..4_000).map(|i| found(f64::from(i) / 100.0));
            let (statistic, _) = distances.find(|(_, outlying)| *outlying).unwrap();
            assert!((statistic - tabulated).abs() < 0.01, "{n}: {statistic}, not {tabulated}");
        }
    }

    #[test]
    fn few_or_equal_values_have_no_outlier() {
        assert_eq!(grubbs(&[1.0, 1.0, 1.0, 100.0], 0.05), None);
        assert_eq!(grubbs(&[1.0; 10], 0.05), None);
    }
}
