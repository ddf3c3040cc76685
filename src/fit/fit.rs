//! Results in, options out.

use super::censored::{Beyond, beyond};
use super::{quantiles, types};
use crate::metrics::decode_histogram;
use crate::plan::units::human_duration;
use crate::results::Run;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Options of the mock, with what they were fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The options, as `core("mock", …)` takes them.
    pub options: Map<String, Value>,
    /// Attempts with an outcome, of which the times are.
    pub deliveries: u64,
    /// Their mean, median and 99th percentile, in nanoseconds.
    pub delivery_ns: [f64; 3],
    /// The share of attempts that delivered, if any was answered.
    pub success_rate: Option<f64>,
    /// Types with options of their own.
    pub types: Vec<String>,
    /// Where the mock cannot do as the core did.
    pub notes: Vec<String>,
}

/// Why there is nothing to fit to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// The runs were not all played on one core.
    #[error("the runs were played on several cores: {}", .0.join(", "))]
    SeveralCores(Vec<String>),
    /// The results are older than the distributions in them.
    #[error("the results have no distributions of times: an earlier version saved them")]
    NoDistributions,
    /// No message was delivered in the runs.
    #[error("no delivery was measured")]
    Nothing,
    /// No consumer worked in the runs.
    #[error("no execution of a consumer was measured")]
    NoExecutions,
    /// A distribution is damaged.
    #[error("the distribution of `{0}` cannot be read")]
    Damaged(String),
}

/// Attempts that had an answer, and those of them that delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Attempts {
    pub answered: f64,
    pub delivered: f64,
}

impl Attempts {
    pub fn add(&mut self, answered: u64, rate: Option<f64>) {
        self.answered += answered as f64;
        self.delivered += answered as f64 * rate.unwrap_or(0.0);
    }

    pub fn rate(&self) -> Option<f64> {
        (self.answered > 0.0).then(|| self.delivered / self.answered)
    }
}

/// Fits the mock to these runs, one or more replications on one core.
///
/// # Errors
/// There is nothing to fit to.
pub fn fit<'r>(runs: &[&'r Run]) -> Result<Fitted, FitError> {
    one_core(runs)?;
    // Where messages are only taken over, the time that somebody waits for is that until they are received.
    let of_copies = runs.iter().all(|run| run.is_of_copies() && run.figures.transit.count > 0);
    let figure = if of_copies { "transit" } else { "delivery" };
    let delivery = merged(runs.iter().map(|run| run.histograms.all.get(figure)), figure)?;
    let counts = |run: &&'r Run| (*run, run.figures.counts.attempts, run.figures.counts.answered);
    let beyond = if of_copies { None } else { beyond(runs.iter().map(counts)) };
    let seen = |times: Histogram<u64>| beyond.map_or(times.clone(), |beyond| beyond.seen(&times));
    let Some(delivery) = delivery.map(seen).filter(|times| !times.is_empty()) else {
        let old = runs.iter().all(|run| run.histograms.all.is_empty());
        let measured = runs.iter().any(|run| run.figures.delivery.count > 0);
        return Err(if old && measured { FitError::NoDistributions } else { FitError::Nothing });
    };
    let mut attempts = Attempts::default();
    runs.iter().for_each(|run| attempts.add(run.figures.counts.answered, run.figures.attempt_success_rate));
    let failures = failures(runs);
    let mut notes = unfitted(runs, beyond, attempts);
    notes.extend(of_copies.then(|| of_transit(runs)));
    let types = types::that_differ(runs, figure, (&delivery, beyond), attempts)?;
    let mut options = Map::new();
    options.insert("latency".to_owned(), quantiles::table(&delivery, beyond));
    if let Some(rate) = attempts.rate() {
        options.insert("success_rate".to_owned(), json!(rate));
    }
    if !failures.is_empty() {
        options.insert("failures".to_owned(), json!(failures));
    }
    if !types.is_empty() {
        options.insert("types".to_owned(), Value::Object(types.clone()));
    }
    notes.extend(strange(runs));
    Ok(Fitted {
        options,
        deliveries: delivery.len(),
        delivery_ns: summary(&delivery),
        success_rate: attempts.rate(),
        types: types.into_iter().map(|(name, _)| name).collect(),
        notes,
    })
}

fn one_core(runs: &[&Run]) -> Result<(), FitError> {
    let other = |run: &&&Run| {
        let (one, first) = (&run.core, &runs[0].core);
        (&one.name, &one.id, &one.options, &one.layers)
            != (&first.name, &first.id, &first.options, &first.layers)
    };
    if !runs.iter().any(|run| other(&run)) {
        return Ok(());
    }
    let mut names: Vec<String> = runs.iter().map(|run| format!("`{}`", run.core.name)).collect();
    names.sort();
    names.dedup();
    if names.len() == 1 {
        names.push("with several settings".to_owned());
    }
    Err(FitError::SeveralCores(names))
}

/// All values of several distributions; none if all are missing.
pub(super) fn merged<'r>(
    texts: impl Iterator<Item = Option<&'r String>>,
    name: &str,
) -> Result<Option<Histogram<u64>>, FitError> {
    let mut all: Option<Histogram<u64>> = None;
    for text in texts.flatten() {
        let one = decode_histogram(text).map_err(|_| FitError::Damaged(name.to_owned()))?;
        match &mut all {
            None => {
                let mut first = one;
                first.auto(true);
                all = Some(first);
            }
            Some(all) => all.add(&one).map_err(|_| FitError::Damaged(name.to_owned()))?,
        }
    }
    Ok(all.filter(|all| !all.is_empty()))
}

/// Mean, median and 99th percentile, in nanoseconds.
pub(super) fn summary(times: &Histogram<u64>) -> [f64; 3] {
    [times.mean(), times.value_at_quantile(0.5) as f64, times.value_at_quantile(0.99) as f64]
}

/// What a mock needs that takes until a copy is received for every message: as many under way as there were.
fn of_transit(runs: &[&Run]) -> String {
    let under_way = |run: &&Run| {
        run.figures.throughput_per_s.unwrap_or(0.0) * run.figures.transit.mean_ns.unwrap_or(0.0) / 1e9
    };
    let most = runs.iter().map(under_way).fold(1.0, f64::max);
    format!(
        "the core only takes messages over: the times are from accepted to received, so play the fit with as many \
         under way, processor.workers={} or more",
        (2.0 * most).ceil()
    )
}

/// How often each reason ended an attempt that had an answer.
fn failures(runs: &[&Run]) -> BTreeMap<String, u64> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for (reason, count) in runs.iter().flat_map(|run| &run.ledger.attempts_by_reason) {
        *found.entry(reason.clone()).or_default() += count;
    }
    found.remove("timeout");
    found
}

/// Of so large a share of failures on it is told that they have no times of their own.
const FAILURES_MIN: f64 = 0.01;

/// What the mock cannot do as the core did it, or of which the results do not tell enough.
fn unfitted(runs: &[&Run], beyond: Option<Beyond>, attempts: Attempts) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(Beyond { timeout_ns, share }) = beyond {
        notes.push(format!(
            "{:.1} % of the attempts took longer than the timeout of {}: how much longer is a guess, so play the fit \
             with no longer timeout",
            share * 100.0,
            human_duration(timeout_ns)
        ));
    }
    if attempts.rate().is_some_and(|rate| rate < 1.0 - FAILURES_MIN) {
        notes.push(
            "the mock takes as long for a failure as for a delivery: where the core is faster or slower to refuse, the \
             fit has the times of both together"
                .to_owned(),
        );
    }
    if runs.iter().any(|run| run.by_recipient.len() > 1) {
        notes.push(
            "recipients are not told apart, as results do not have their times: where the core is slower to some, set \
             the mock's option `recipients`"
                .to_owned(),
        );
    }
    notes
}

/// Warnings about runs that make a poor model.
fn strange(runs: &[&Run]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(why) = runs.iter().find_map(|run| run.partial.as_ref()) {
        notes.push(format!("a run ended before its time: {why}"));
    }
    match runs.iter().map(|run| run.valid).find(|valid| *valid != Some(true)) {
        Some(Some(_)) => {
            notes.push("a run is not valid: what the core lost or repeated is not fitted".to_owned());
        }
        Some(None) => notes.push("nobody knows whether a run is valid".to_owned()),
        None => {}
    }
    let limited = |run: &&&Run| run.generator_limited().is_some();
    if let Some(run) = runs.iter().find(limited) {
        notes.push(format!(
            "a run is generator-limited (seed {}): the load was lighter than asked for, and the core may be slower \
             under all of it",
            run.seed
        ));
    }
    if runs.iter().any(|run| !run.core.layers.is_empty()) {
        notes.push("what layers did is part of the fit: play it without them".to_owned());
    }
    notes
}
