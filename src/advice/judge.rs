//! Whether a setting that was played helps, and whether it harms anything.

use crate::compare::{direction, number};
use crate::judgement::evaluate;
use crate::plan::{Check, Figure, Scope};
use crate::results::comparisons::Direction;
use crate::results::figures::lookup;
use crate::results::{Run, Tried};

/// A figure is helped if it moves by this share; of what fails, by this share of that.
const HELPED_MIN: f64 = 0.1;
/// A figure that is worse by no more than this share is as it was.
const SAME: f64 = 0.02;
/// The same margin for percentiles, which vary more.
const SAME_TAIL: f64 = 0.05;
/// With more attempts the workers must not be busier than this.
const UTILISATION_MAX: f64 = 0.85;

/// The run and the checks that a setting is judged by.
pub(super) struct AdviceJudge<'a> {
    /// The run that it is advice on.
    pub run: &'a Run,
    /// What was played without the setting, where that is not the run itself.
    pub without: Option<Run>,
    /// All checks that the run has.
    pub checks: Vec<&'a Check>,
}

impl AdviceJudge<'_> {
    /// Compares the runs with and without the setting.
    ///
    /// # Errors
    /// Why it is no good, for people.
    pub fn verdict(&self, setting: &str, with: &Run) -> Result<Tried, String> {
        let without = self.without.as_ref().unwrap_or(self.run);
        let figures = aims(setting);
        let tried = figures
            .iter()
            .map(|name| tried(name, without, with))
            .find(|tried| tried.as_ref().is_some_and(helps));
        let Some(Some(tried)) = tried else { return Err("it does not help".to_owned()) };
        if with.figures.success_rate < without.figures.success_rate {
            return Err("fewer messages are delivered".to_owned());
        }
        if with.valid != without.valid || with.partial.is_some() {
            return Err("the run is not valid then".to_owned());
        }
        if let Some(check) = self.checks.iter().find(|check| self.breaks(check, without, with)) {
            return Err(format!("`{}` may not hold then", check.text));
        }
        match unharmed(setting, without, with) {
            true => Ok(tried),
            false => Err("it makes other figures worse".to_owned()),
        }
    }

    /// Whether a check that holds on the run would not.
    fn breaks(&self, check: &Check, without: &Run, with: &Run) -> bool {
        let holds = |run: &Run| evaluate(run, check).holds;
        if !holds(self.run) {
            return false;
        }
        match self.without {
            None => !holds(with),
            // Of a beginning not only the answer counts, but also that it does not come nearer to another.
            Some(_) => (holds(without) && !holds(with)) || is_worse(&check.figure, without, with, SAME),
        }
    }
}

fn figure(name: &str) -> Figure {
    let (name, statistic) = match name.split_once('.') {
        Some((name, statistic)) => (name, Some(statistic.to_owned())),
        None => (name, None),
    };
    Figure { scope: Scope::All, name: name.to_owned(), statistic }
}

fn number_of(run: &Run, figure: &Figure) -> Option<f64> {
    lookup(run, figure).and_then(number)
}

/// The figures that a setting is meant for, one of which it must help.
fn aims(setting: &str) -> &'static [&'static str] {
    let path = setting.split('=').next().unwrap_or_default();
    match path {
        "queue.capacity" | "processor.retry.attempts" => &["success_rate"],
        "processor.retry.backoff" => &["total.mean", "total.p99"],
        path if path.ends_with("in_flight") => &["throughput"],
        path if path.ends_with("consumer.lease") => &["wasted_service"],
        path if path.starts_with("agents[") => &["completion.mean"],
        _ => &["queue_wait.mean"],
    }
}

fn tried(name: &str, without: &Run, with: &Run) -> Option<Tried> {
    let figure = figure(name);
    let (without, with) = (number_of(without, &figure)?, number_of(with, &figure)?);
    Some(Tried { figure: name.to_owned(), without, with })
}

fn helps(tried: &Tried) -> bool {
    let Tried { without, with, .. } = *tried;
    match direction(&figure(&tried.figure)) {
        Some(Direction::Higher) if tried.figure == "success_rate" => {
            with > without && 1.0 - with <= (1.0 - HELPED_MIN) * (1.0 - without)
        }
        Some(Direction::Higher) => with >= (1.0 + HELPED_MIN) * without,
        _ => with <= (1.0 - HELPED_MIN) * without && with < without,
    }
}

/// Whether a figure is worse by more than this share; of one that is neither good nor bad, whether it is another.
fn is_worse(figure: &Figure, without: &Run, with: &Run, share: f64) -> bool {
    let (Some(without), Some(with)) = (number_of(without, figure), number_of(with, figure)) else {
        return number_of(without, figure).is_some();
    };
    match direction(figure) {
        Some(Direction::Higher) => with < (1.0 - share) * without,
        Some(Direction::Lower) => with > (1.0 + share) * without,
        None => (with - without).abs() > share * without.abs(),
    }
}

/// Whether what a setting is not meant for stays as good as it was.
fn unharmed(setting: &str, without: &Run, with: &Run) -> bool {
    let as_good = |name: &str, share: f64| !is_worse(&figure(name), without, with, share);
    // What would be turned away or fail takes time, and what is sent beside it, too: that is what these are for.
    if setting.starts_with("queue.capacity") || setting.contains("in_flight") {
        return true;
    }
    if setting.starts_with("processor.retry.attempts") {
        return !is_overloaded(with);
    }
    as_good("total.mean", SAME) && as_good("total.p99", SAME_TAIL) && as_good("throughput", SAME)
}

/// Whether the workers hardly keep up.
fn is_overloaded(run: &Run) -> bool {
    let workers = run.plan.pointer("/processor/workers").and_then(serde_json::Value::as_f64).unwrap_or(1.0);
    let in_flight = run.occupancy.processor.parse::<f64>().unwrap_or(0.0) / run.duration_ns.max(1) as f64;
    in_flight >= UTILISATION_MAX * workers
        || run.warnings.iter().any(|warning| warning.kind == "queue_growing")
}
