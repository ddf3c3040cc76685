//! Message types that the common options would miss.

use super::censored::{Beyond, beyond};
use super::fit::{Attempts, FitError, merged, summary};
use super::quantiles;
use crate::results::Run;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// With fewer deliveries, or answers, a type is not told apart.
const MEASURED_MIN: u64 = 1_000;
/// By how much mean, median and 99th percentile may lie off before a type gets a table of its own.
const APART: [f64; 3] = [0.05, 0.05, 0.15];
/// The standard normal quantile of a two-sided test at 99.9 %.
const SURE: f64 = 3.29;

/// The mock's option `types`: those whose times lie further from the common ones than a fit may miss them by, and those
/// whose success is surely another.
pub(super) fn that_differ<'r>(
    runs: &[&'r Run],
    figure: &str,
    common: (&Histogram<u64>, Option<Beyond>),
    attempts: Attempts,
) -> Result<Map<String, Value>, FitError> {
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| run.by_type.keys()).collect();
    let mut found = Map::new();
    for name in names {
        let mut own = Map::new();
        let of_type = runs.iter().map(|run| match figure {
            "transit" => run.histograms.transit_by_type.get(name),
            _ => run.histograms.delivery_by_type.get(name),
        });
        let attempts_of = |run: &&'r Run| {
            let counts = run.by_type.get(name)?.counts;
            Some((*run, counts.attempts, counts.answered))
        };
        let beyond = match figure {
            "transit" => None,
            _ => beyond(runs.iter().filter_map(attempts_of)),
        };
        let times =
            merged(of_type, name)?.map(|times| beyond.map_or(times.clone(), |beyond| beyond.seen(&times)));
        if let Some(times) = times.filter(|times| times.len() >= MEASURED_MIN)
            && (is_apart(&times, common.0) || outlives_otherwise(beyond, common.1))
        {
            own.insert("latency".to_owned(), quantiles::table(&times, beyond));
        }
        let mut mine = Attempts::default();
        for figures in runs.iter().filter_map(|run| run.by_type.get(name)) {
            mine.add(figures.counts.answered, figures.attempt_success_rate);
        }
        if let Some(rate) = mine.rate().filter(|_| succeeds_otherwise(mine, attempts)) {
            own.insert("success_rate".to_owned(), json!(rate));
        }
        if !own.is_empty() {
            found.insert(name.clone(), Value::Object(own));
        }
    }
    Ok(found)
}

/// Whether another share of the attempts outlives the timeout.
fn outlives_otherwise(own: Option<Beyond>, common: Option<Beyond>) -> bool {
    let share = |beyond: Option<Beyond>| beyond.map_or(0.0, |beyond| beyond.share);
    (share(own) - share(common)).abs() > APART[0] * share(common)
}

fn is_apart(times: &Histogram<u64>, common: &Histogram<u64>) -> bool {
    let figures = summary(times).into_iter().zip(summary(common));
    figures.zip(APART).any(|((own, common), apart)| (own - common).abs() > apart * common)
}

/// Two shares, by the pooled z-test, of the type and of all others.
fn succeeds_otherwise(mine: Attempts, all: Attempts) -> bool {
    let others =
        Attempts { answered: all.answered - mine.answered, delivered: all.delivered - mine.delivered };
    let (Some(own), Some(other), Some(pooled)) = (mine.rate(), others.rate(), all.rate()) else {
        return false;
    };
    let variance = pooled * (1.0 - pooled) * (1.0 / mine.answered + 1.0 / others.answered);
    mine.answered >= MEASURED_MIN as f64 && (own - other).abs() > SURE * variance.max(0.0).sqrt()
}
