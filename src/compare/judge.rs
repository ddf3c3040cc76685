//! Verdicts: every alternative against the first, figure by figure.

use super::figures::{direction, number, unit};
use super::interval::Spread;
use super::moments::Moments;
use super::needs::replications_needed;
use super::question::{Candidate, Question};
use super::shortcomings::{partial, shortcomings};
use super::student::two_sided_quantile;
use super::warnings::find_warnings;
use super::{CONFIDENCE, REPLICATIONS_MIN};
use crate::judgement::band;
use crate::plan::{Figure, Literal};
use crate::results::Run;
use crate::results::comparisons::{
    Alternative, CoarseSeries, Comparison, Contender, Direction, Interval, Method, Never, Replication, Row,
    Sample, Verdict, Within,
};
use crate::results::figures::{NEVER, lookup};
use std::collections::BTreeSet;

/// Compares candidates, each with at least one replication, with the first of them.
pub fn compare(candidates: &[Candidate<'_>], question: &Question) -> Comparison {
    let figures = question.figures_for(candidates);
    let mut comparison = Comparison {
        confidence: CONFIDENCE,
        verdicts: 0,
        within: question.within,
        figures: figures.iter().map(|(text, _)| text.clone()).collect(),
        alternatives: candidates.iter().map(|candidate| alternative(candidate, &figures)).collect(),
        contenders: Vec::new(),
        notes: Vec::new(),
        warnings: Vec::new(),
    };
    let read: Vec<&Figure> = figures.iter().map(|(_, figure)| figure).collect();
    judge(&mut comparison, &read);
    comparison.warnings = find_warnings(&comparison, candidates, &figures);
    comparison
}

fn alternative(candidate: &Candidate<'_>, figures: &[(String, Figure)]) -> Alternative {
    let first = candidate.runs[0];
    let replications = candidate.runs.iter().map(|run| replication(run, figures));
    Alternative {
        name: candidate.name.clone(),
        scenario: first.name.clone(),
        core: first.core.clone(),
        clock: first.clock.clone(),
        plan: first.plan.clone(),
        replications: replications.collect(),
        course: CoarseSeries::mean(
            &candidate.runs.iter().map(|run| CoarseSeries::of(&run.series)).collect::<Vec<_>>(),
        ),
    }
}

/// A run as one of several, with the values of these figures.
pub(super) fn replication(run: &Run, figures: &[(String, Figure)]) -> Replication {
    let values = figures.iter().map(|(text, figure)| (text.clone(), lookup(run, figure).and_then(number)));
    let never = figures.iter().filter(|(_, figure)| lookup(run, figure) == Some(Literal::Duration(NEVER)));
    let without_lag = figures
        .iter()
        .filter_map(|(text, figure)| Some((text.clone(), band(run, figure)?.without_lag.and_then(number)?)));
    let failed = run.checks.iter().filter(|check| !check.holds && check.undecided.is_none());
    let undecided =
        run.checks.iter().filter_map(|check| Some((check.expression.clone(), check.undecided.clone()?)));
    Replication {
        seed: run.seed,
        digest: run.digest.clone(),
        partial: run.partial.clone(),
        valid: run.valid,
        failed_checks: failed.map(|check| check.expression.clone()).collect(),
        undecided_checks: undecided.collect(),
        warnings: run.warnings.iter().map(|warning| warning.kind.clone()).collect(),
        version: run.environment.version.clone(),
        host: run.environment.host.clone(),
        values: values.collect(),
        never: never.map(|(text, _)| text.clone()).collect(),
        without_lag: without_lag.collect(),
    }
}

/// Computes the contenders and the notes of a comparison anew from the values of its replications. `figures` are those
/// that it names, read.
pub fn judge(comparison: &mut Comparison, figures: &[&Figure]) {
    let Some((baseline, others)) = comparison.alternatives.split_first() else { return };
    comparison.verdicts = (figures.len() * others.len()) as u64;
    // Bonferroni: the chance that any of m intervals misses is at most the sum of their chances (Law, §9.7).
    let each = 1.0 - (1.0 - comparison.confidence) / comparison.verdicts.max(1) as f64;
    let judge =
        ComparisonJudge { confidence: each, overall: comparison.confidence, within: comparison.within };
    let contenders = others.iter().map(|other| {
        let method = if same_traffic(baseline, other) { Method::Paired } else { Method::Welch };
        let texts = comparison.figures.iter().zip(figures);
        Contender {
            name: other.name.clone(),
            method,
            rows: texts.map(|(text, figure)| judge.row(text, figure, baseline, other, method)).collect(),
        }
    });
    comparison.contenders = contenders.collect();
    comparison.notes = notes(baseline, others);
}

/// Simulated replications with the same seeds meet the same traffic and, by keyed draws, the same luck.
fn same_traffic(a: &Alternative, b: &Alternative) -> bool {
    let seeds = |alternative: &Alternative| -> Vec<u64> {
        alternative.replications.iter().map(|replication| replication.seed).collect()
    };
    a.clock == "virtual" && b.clock == "virtual" && seeds(a) == seeds(b)
}

/// How many seeds two simulated alternatives have in common: these runs met the same traffic.
pub fn shared_seeds(a: &Alternative, b: &Alternative) -> usize {
    if a.clock != "virtual" || b.clock != "virtual" {
        return 0;
    }
    let seeds: BTreeSet<u64> = a.replications.iter().map(|replication| replication.seed).collect();
    b.replications.iter().filter(|replication| seeds.contains(&replication.seed)).count()
}

fn notes(baseline: &Alternative, others: &[Alternative]) -> Vec<String> {
    let mut notes = Vec::new();
    for other in others {
        let digests = |alternative: &Alternative| -> Vec<String> {
            alternative.replications.iter().map(|replication| replication.digest.clone()).collect()
        };
        if !baseline.replications[0].digest.is_empty() && digests(baseline) == digests(other) {
            notes.push(format!("`{}` and `{}` are the same runs, to the byte", baseline.name, other.name));
        }
        let shared = shared_seeds(baseline, other);
        if shared > 0 && !same_traffic(baseline, other) {
            notes.push(format!(
                "`{}` and `{}` have {shared} seeds in common: the intervals, which are those of independent runs, are \
                 wider than they need be; give both the same seeds",
                baseline.name, other.name
            ));
        }
        if other.scenario != baseline.scenario {
            notes.push(format!(
                "they played different scenarios: {} and {}",
                baseline.scenario, other.scenario
            ));
        }
    }
    for alternative in std::iter::once(baseline).chain(others) {
        let of = |note: String| format!("`{}`: {note}", alternative.name);
        notes.extend(shortcomings(&alternative.replications).into_iter().map(of));
    }
    notes.dedup();
    notes
}

/// The values of a figure, one for each replication, infinite where its time is never; or why there are none.
fn values(alternative: &Alternative, text: &str) -> Result<Vec<f64>, String> {
    if let Some((number, why)) = partial(&alternative.replications) {
        return Err(format!("replication {number} of {} is partial: {why}", alternative.name));
    }
    let value = |(index, replication): (usize, &Replication)| {
        if replication.never.iter().any(|never| never == text) {
            return Ok(NEVER);
        }
        let value = replication.values.get(text).copied().flatten().filter(|value| value.is_finite());
        value.ok_or_else(|| format!("no samples in replication {} of {}", index + 1, alternative.name))
    };
    alternative.replications.iter().enumerate().map(value).collect()
}

/// The same values without the lag of the generator.
fn without_lag(alternative: &Alternative, text: &str, measured: &[f64]) -> Vec<f64> {
    let replications = alternative.replications.iter();
    replications.zip(measured).map(|(one, measured)| *one.without_lag.get(text).unwrap_or(measured)).collect()
}

/// A figure's values as one line; the margin is that of this figure alone.
pub(super) fn sample(values: &[f64], confidence: f64) -> Sample {
    let moments = Moments::of(values);
    let several = moments.count > 1;
    let margin = several
        .then(|| two_sided_quantile(confidence, (moments.count - 1) as f64) * moments.of_mean().sqrt());
    Sample {
        replications: moments.count as u64,
        mean: moments.mean,
        sd: several.then(|| moments.variance.sqrt()),
        margin,
    }
}

/// The levels of confidence and the margin by which rows are judged.
struct ComparisonJudge {
    /// The confidence of each interval, between 0 and 1.
    confidence: f64,
    /// The confidence of all intervals together, between 0 and 1.
    overall: f64,
    within: Within,
}

impl ComparisonJudge {
    fn row(
        &self,
        text: &str,
        figure: &Figure,
        baseline: &Alternative,
        other: &Alternative,
        method: Method,
    ) -> Row {
        let (a, b) = (values(baseline, text), values(other, text));
        let mut row = Row {
            figure: text.to_owned(),
            unit: unit(figure).to_owned(),
            better: direction(figure),
            baseline: a.as_deref().ok().and_then(|values| self.sample(values)),
            contender: b.as_deref().ok().and_then(|values| self.sample(values)),
            baseline_never: a.as_deref().ok().and_then(never),
            contender_never: b.as_deref().ok().and_then(never),
            difference: None,
            change: None,
            within: None,
            verdict: None,
            needs: None,
            because: None,
            by_lag: None,
        };
        let decided = row.baseline_never.is_none() && row.contender_never.is_none();
        match (a, b) {
            (Ok(a), Ok(b)) if !decided => judge_order(&mut row, &a, &b),
            (Ok(a), Ok(b)) => {
                self.judge(&mut row, &a, &b, method);
                let (a, b) = (without_lag(baseline, text, &a), without_lag(other, text, &b));
                self.judge_again(&mut row, &a, &b, method);
            }
            (Err(why), _) | (_, Err(why)) => row.because = Some(why),
        }
        row
    }

    /// There is no mean where a time is never.
    fn sample(&self, values: &[f64]) -> Option<Sample> {
        never(values).is_none().then(|| sample(values, self.overall))
    }

    fn judge(&self, row: &mut Row, a: &[f64], b: &[f64], method: Method) {
        let fewest = a.len().min(b.len());
        if fewest < 2 {
            let (a, b) = (Moments::of(a).mean, Moments::of(b).mean);
            let only = |estimate| Interval { estimate, low: None, high: None };
            row.difference = Some(only(b - a));
            row.change = (a != 0.0).then(|| only((b - a) / a));
            row.because = Some(too_few(fewest));
            return;
        }
        let spread = match method {
            Method::Paired => Spread::paired(a, b),
            Method::Welch => Spread::welch(a, b),
        };
        let quantile = two_sided_quantile(self.confidence, spread.degrees);
        let difference = spread.difference(quantile);
        row.difference = Some(difference);
        row.change = spread.change(quantile);
        row.within = self.within_of(row, spread.mean_a);
        if fewest < REPLICATIONS_MIN {
            row.because = Some(too_few(fewest));
            return;
        }
        let within = row.within.unwrap_or(0.0);
        let verdict = verdict(&row.change.unwrap_or(difference), within, row.better);
        if verdict == Verdict::Undecided {
            row.needs = replications_needed(&spread, fewest as u64, within, self.confidence);
        }
        row.verdict = Some(verdict);
    }

    /// Judges once more by the values without the lag of the generator. Where that gives another verdict, there is none.
    fn judge_again(&self, row: &mut Row, a: &[f64], b: &[f64], method: Method) {
        let Some(measured) = row.verdict else { return };
        let mut again = row.clone();
        self.judge(&mut again, a, b, method);
        let Some(without) = again.verdict.filter(|verdict| *verdict != measured) else { return };
        row.by_lag = Some([measured, without]);
        row.verdict = Some(Verdict::Undecided);
        row.needs = None;
        row.because = Some(format!(
            "messages were sent late: {} as measured, {} without the lag",
            measured.word(),
            without.word()
        ));
    }

    /// What is too small to matter, as a share of the baseline; in the figure's unit where the baseline is 0.
    fn within_of(&self, row: &Row, mean_a: f64) -> Option<f64> {
        match self.within.time_ns.filter(|_| row.unit == "ns") {
            Some(time_ns) if row.change.is_some() && mean_a != 0.0 => Some(time_ns / mean_a.abs()),
            Some(time_ns) => Some(time_ns),
            None => row.change.is_some().then_some(self.within.share),
        }
    }
}

fn never(values: &[f64]) -> Option<Never> {
    let replications = values.iter().filter(|value| value.is_infinite()).count() as u64;
    (replications > 0).then_some(Never { replications, of: values.len() as u64 })
}

/// Never is later than any time, and there is no mean to set an interval around: one side is better only if each of its
/// replications is before each of the other's (of twice five, that happens by chance once in 126; of twice ten, once in
/// 92,378).
fn judge_order(row: &mut Row, a: &[f64], b: &[f64]) {
    let fewest = a.len().min(b.len());
    if fewest < REPLICATIONS_MIN {
        row.because = Some(too_few(fewest));
        return;
    }
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.verdict = Some(match () {
        () if least(a) == NEVER && least(b) == NEVER => Verdict::Equivalent,
        () if most(a) < least(b) => Verdict::Worse,
        () if most(b) < least(a) => Verdict::Better,
        () => Verdict::Undecided,
    });
}

fn too_few(found: usize) -> String {
    let word = if found == 1 { "replication" } else { "replications" };
    format!("{found} {word}: a verdict takes at least {REPLICATIONS_MIN}")
}

/// Wholly within: equivalent; else without 0: better or worse; else undecided.
fn verdict(interval: &Interval, within: f64, better: Option<Direction>) -> Verdict {
    let low = interval.low.unwrap_or(f64::NEG_INFINITY);
    let high = interval.high.unwrap_or(f64::INFINITY);
    if low >= -within && high <= within {
        return Verdict::Equivalent;
    }
    match better {
        _ if low <= 0.0 && high >= 0.0 => Verdict::Undecided,
        None => Verdict::Different,
        Some(Direction::Higher) if low > 0.0 => Verdict::Better,
        Some(Direction::Lower) if high < 0.0 => Verdict::Better,
        Some(_) => Verdict::Worse,
    }
}

/// Figures that are worse, by more than what is too small to matter: the contender's name and the row.
pub fn regressions(comparison: &Comparison) -> Vec<(&str, &Row)> {
    let contenders = comparison.contenders.iter();
    contenders
        .flat_map(|c| c.rows.iter().filter(|row| is_regression(row)).map(|row| (c.name.as_str(), row)))
        .collect()
}

/// Whether a figure would be worse as measured, or without the lag of the generator, while the other verdict differs.
pub fn may_regress(comparison: &Comparison) -> bool {
    let mut rows = comparison.contenders.iter().flat_map(|contender| &contender.rows);
    rows.any(|row| row.by_lag.is_some_and(|verdicts| verdicts.contains(&Verdict::Worse)))
}

/// Whether a figure is worse, by more than what is too small to matter; never is.
pub fn is_regression(row: &Row) -> bool {
    if row.contender_never.is_some() {
        return row.verdict == Some(Verdict::Worse);
    }
    let estimate = row.change.or(row.difference).map_or(0.0, |interval| interval.estimate.abs());
    row.verdict == Some(Verdict::Worse) && estimate > row.within.unwrap_or(0.0)
}
