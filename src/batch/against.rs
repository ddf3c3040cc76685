//! Every cell against its counterpart in a baseline.

use super::prepared::PreparedBatch;
use super::{AxisComparison, Baseline, CellOutcome, RESULTS};
use crate::compare::{
    Candidate, Question, compare, different_settings, groups, names_of, read_results, regressions, unique,
};
use crate::diagnostics::{Diagnostics, Exit};
use crate::plan::parse_figure;
use crate::report::{change, in_words};
use crate::results::comparisons::Comparison;
use crate::results::{Report, Run};
use serde::Serialize;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A batch beside its baseline.
pub(super) struct BaselineComparison<'b> {
    pub baseline: &'b Baseline,
    /// Every cell of the batch, in the matrix' order.
    pub cells: Vec<Matched>,
    /// Cells that only the baseline has.
    pub gone: Vec<String>,
}

/// A cell of the batch beside its counterpart.
#[derive(Serialize)]
pub(super) struct Matched {
    pub cell: String,
    pub standing: Standing,
    /// Figures that are worse, by more than what is too small to matter.
    pub regressed: Vec<String>,
    /// One for each of the script's runs, replications together.
    pub comparisons: Vec<Comparison>,
}

/// How a cell and its counterpart stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// All runs are the same, byte for byte.
    Identical,
    /// They have been compared.
    Compared,
    /// The baseline has no such cell.
    NoCounterpart,
    /// The cell has not been played.
    NotPlayed,
    /// The cell has no results to compare.
    NoResults,
    /// The counterpart has no results to compare with.
    NoResultsThen,
}

impl Standing {
    /// All standings, in the order in which they are counted.
    pub const ALL: [Standing; 6] = [
        Standing::Identical,
        Standing::Compared,
        Standing::NoCounterpart,
        Standing::NotPlayed,
        Standing::NoResults,
        Standing::NoResultsThen,
    ];

    /// Why nothing was compared.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Identical => "the same to the byte",
            Standing::Compared => "compared",
            Standing::NoCounterpart => "no counterpart in the baseline",
            Standing::NotPlayed => "not played",
            Standing::NoResults => "no results to compare",
            Standing::NoResultsThen => "no results in the baseline",
        }
    }
}

impl Matched {
    /// What is worse, with its change: "total.p99 +43.2 %".
    pub fn worse(&self) -> Vec<String> {
        let rows = self.comparisons.iter().flat_map(regressions);
        rows.map(|(_, row)| format!("{} {}", row.figure, change(row))).collect()
    }

    /// All verdicts as a sentence.
    pub fn in_words(&self) -> String {
        let contenders = self.comparisons.iter().flat_map(|comparison| &comparison.contenders);
        contenders.map(in_words).collect::<Vec<_>>().join("; ")
    }
}

/// Looks whether a baseline can be compared with, before anything is played for it.
///
/// # Errors
/// Results of a cell that has a counterpart cannot be read.
pub(super) fn look_at(prepared: &PreparedBatch, baseline: &Baseline) -> Result<(), Diagnostics> {
    let mut wrong = Diagnostics::new();
    for index in 0..prepared.jobs.len() {
        if let Some((_, folder)) = counterpart(prepared, index, baseline) {
            wrong.append(results(folder).err().unwrap_or_default());
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Compares every cell that can be.
pub(super) fn against<'b>(
    prepared: &PreparedBatch,
    places: &[PathBuf],
    outcomes: &[Option<CellOutcome>],
    baseline: &'b Baseline,
) -> (BaselineComparison<'b>, Diagnostics) {
    let (mut cells, mut wrong) = (Vec::new(), Diagnostics::new());
    let mut met = HashSet::new();
    for (index, job) in prepared.jobs.iter().enumerate() {
        let counterpart = counterpart(prepared, index, baseline);
        met.extend(counterpart.map(|(_, folder)| folder.as_path()));
        let of = |standing| (standing, Vec::new());
        let (standing, comparisons) = match (counterpart, &outcomes[index]) {
            (None, _) => of(Standing::NoCounterpart),
            (_, None) => of(Standing::NotPlayed),
            (Some((_, folder)), Some(_)) => match (results(folder), results(&places[index])) {
                (Ok(None), _) => of(Standing::NoResultsThen),
                (_, Ok(None)) => of(Standing::NoResults),
                (Ok(Some(then)), Ok(Some(now))) => {
                    beside(baseline, &then, &now, prepared.file.compare.as_ref())
                }
                (then, now) => {
                    wrong.append(then.err().unwrap_or_default());
                    wrong.append(now.err().unwrap_or_default());
                    of(Standing::NoResults)
                }
            },
        };
        let rows = comparisons.iter().flat_map(regressions);
        let regressed = rows.map(|(_, row)| row.figure.clone()).collect();
        cells.push(Matched { cell: job.cell.name.clone(), standing, regressed, comparisons });
    }
    let gone = baseline.cells.iter().filter(|(_, folder)| !met.contains(folder.as_path()));
    let gone = gone.map(|(outcome, _)| outcome.cell.clone()).collect();
    (BaselineComparison { baseline, cells, gone }, wrong)
}

fn counterpart<'b>(
    prepared: &PreparedBatch,
    index: usize,
    baseline: &'b Baseline,
) -> Option<&'b (CellOutcome, PathBuf)> {
    let labels = prepared.jobs[index].cell.labels.iter();
    let labels: Vec<(&str, &str)> =
        prepared.file.axes.iter().map(|axis| axis.name.as_str()).zip(labels.map(String::as_str)).collect();
    baseline.counterpart(&labels)
}

/// The results in a cell's folder; none if there are none.
fn results(cell: &Path) -> Result<Option<Report>, Diagnostics> {
    let path = cell.join(RESULTS);
    if path.exists() { read_results(&path).map(Some) } else { Ok(None) }
}

/// What a cell's scripts played then and now, run by run.
fn beside(
    baseline: &Baseline,
    then: &Report,
    now: &Report,
    asked: Option<&AxisComparison>,
) -> (Standing, Vec<Comparison>) {
    let (then, now) = (groups(then), groups(now));
    let mut taken = HashSet::new();
    let (then_name, now_name) = (unique(&baseline.name, &mut taken), unique("now", &mut taken));
    let mut comparisons = Vec::new();
    let mut identical = then.len() == now.len();
    for (place, (_, runs)) in now.iter().enumerate() {
        let Some(others) = same_run(&then, &now, place) else {
            identical = false;
            continue;
        };
        identical &= digests(others) == digests(runs) && !runs[0].digest.is_empty();
        let candidates = [
            Candidate { name: then_name.clone(), runs: others.to_vec() },
            Candidate { name: now_name.clone(), runs: runs.clone() },
        ];
        let mut comparison = compare(&candidates, &asked_of(asked, runs[0]));
        if let Some(settings) = different_settings(others[0], runs[0]) {
            comparison.notes.push(format!("they were not asked to do the same: {settings}"));
        }
        comparisons.push(comparison);
    }
    let standing = match (identical, comparisons.is_empty()) {
        (true, _) => Standing::Identical,
        (false, true) => Standing::NoResultsThen,
        (false, false) => Standing::Compared,
    };
    (standing, comparisons)
}

/// What is asked, as far as this run of a script has such figures.
fn asked_of(asked: Option<&AxisComparison>, run: &Run) -> Question {
    let names = names_of(run);
    let mut named = asked.and_then(|asked| asked.figures.clone());
    if let Some(named) = &mut named {
        named.retain(|figure| parse_figure(figure, &names).is_ok());
    }
    let within = asked.and_then(|asked| asked.within);
    let read = Question::read(named.as_deref(), within, &names, Exit::Contents);
    read.expect("figures that can be read, or those that every run has")
}

fn digests<'r>(runs: &[&'r Run]) -> Vec<&'r str> {
    runs.iter().map(|run| run.digest.as_str()).collect()
}

type Group<'r> = (String, Vec<&'r Run>);

/// What was played then of the same scenario on the same core; or at all, where there is only one on both sides.
fn same_run<'a, 'r>(then: &'a [Group<'r>], now: &[Group<'r>], place: usize) -> Option<&'a [&'r Run]> {
    if let ([(_, only)], [_]) = (then, now) {
        return Some(only);
    }
    let key = |(_, runs): &Group<'r>| (runs[0].name.clone(), runs[0].core.name.clone());
    let wanted = key(&now[place]);
    let before = now[..place].iter().filter(|group| key(group) == wanted).count();
    then.iter().filter(|group| key(group) == wanted).nth(before).map(|(_, runs)| runs.as_slice())
}

/// Whether the outcomes are fit to be compared with by later batches; else what keeps them from it.
pub(super) fn unfit(outcomes: &[Option<CellOutcome>]) -> Option<(String, Exit)> {
    let missing = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    let broken = |outcome: &&CellOutcome| {
        !matches!(outcome.exit(), Exit::Success | Exit::CheckFailed | Exit::Invalid | Exit::Undecided)
    };
    let broken: Vec<&CellOutcome> = outcomes.iter().flatten().filter(broken).collect();
    match (broken.first(), missing) {
        (Some(first), _) => {
            let worst = broken.iter().fold(Exit::Undecided, |worst, outcome| worst.worst(outcome.exit()));
            Some((format!("{} cells are not whole, the first being `{}`", broken.len(), first.cell), worst))
        }
        (None, 1..) => Some((format!("{missing} cells were not played"), Exit::Undecided)),
        (None, 0) => None,
    }
}
