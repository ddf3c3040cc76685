//! What the results of a cell of a batch say in short: the whole stands in its own results.

use crate::diagnostics::Diagnostics;
use crate::results::{CheckResult, Report, Run};
use serde::{Deserialize, Serialize};

/// What the results of a cell say in short; figures are means over its runs, null if one of them lacks the figure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CellSummary {
    /// The number of runs.
    pub runs: u64,
    /// The number of messages generated.
    pub generated: u64,
    /// The messages delivered divided by those generated.
    pub success_rate: Option<f64>,
    /// Deliveries within the window, per second of the run's clock.
    pub throughput_per_s: Option<f64>,
    /// Mean of `total`, in nanoseconds.
    pub total_mean_ns: Option<f64>,
    /// 99th percentile of `total`, in nanoseconds.
    pub total_p99_ns: Option<f64>,
    /// 99th percentile of `total_all`, in nanoseconds; null if it is never in a run.
    #[serde(default)]
    pub total_all_p99_ns: Option<f64>,
    /// Mean of `end_to_end`, in nanoseconds, over a core that only takes messages over.
    #[serde(default)]
    pub end_to_end_mean_ns: Option<f64>,
    /// 99th percentile of `end_to_end`, in nanoseconds, over such a core.
    #[serde(default)]
    pub end_to_end_p99_ns: Option<f64>,
    /// Checks that did not hold, each with what was seen, once.
    pub failed: Vec<String>,
    /// The other faults, each once.
    pub problems: Vec<String>,
    /// The kinds of the warnings.
    pub warnings: Vec<String>,
}

impl CellSummary {
    /// Mean and 99th percentile of the time that counts: until received over a core that only takes messages over, else until
    /// delivered; in nanoseconds.
    pub fn times_ns(&self) -> [Option<f64>; 2] {
        match self.end_to_end_p99_ns {
            Some(_) => [self.end_to_end_mean_ns, self.end_to_end_p99_ns],
            None => [self.total_mean_ns, self.total_p99_ns],
        }
    }

    /// Makes the summary of a cell's report, and of what was wrong.
    pub fn of(report: &Report, wrong: &Diagnostics) -> CellSummary {
        let runs = &report.runs;
        let mean = |figure: &dyn Fn(&Run) -> Option<f64>| {
            let values: Vec<f64> = runs.iter().map(figure).collect::<Option<_>>()?;
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let mut summary = CellSummary {
            runs: runs.len() as u64,
            generated: runs.iter().map(|run| run.ledger.counts.generated).sum(),
            success_rate: mean(&|run| run.figures.success_rate),
            throughput_per_s: mean(&|run| run.figures.throughput_per_s),
            total_mean_ns: mean(&|run| run.figures.total.mean_ns),
            total_p99_ns: mean(&|run| run.figures.total.p99_ns.map(|ns| ns as f64)),
            total_all_p99_ns: mean(&|run| run.figures.total_all.times.p99_ns.map(|ns| ns as f64)),
            end_to_end_mean_ns: mean(&|run| {
                run.is_of_copies().then_some(run.figures.end_to_end.mean_ns).flatten()
            }),
            end_to_end_p99_ns: mean(&|run| {
                let p99_ns = run.figures.end_to_end.p99_ns.filter(|_| run.is_of_copies());
                p99_ns.map(|ns| ns as f64)
            }),
            ..CellSummary::default()
        };
        for run in runs {
            run.invalid_because
                .iter()
                .chain(&run.partial)
                .for_each(|why| once(&mut summary.problems, why.clone()));
            run.warnings.iter().for_each(|warning| once(&mut summary.warnings, warning.kind.clone()));
        }
        summary.failed = failed_checks(runs);
        wrong.iter().for_each(|fault| once(&mut summary.problems, fault.title.clone()));
        summary
    }
}

/// Each check that did not hold, with what was seen first, and in how many of the runs that have it.
fn failed_checks(runs: &[Run]) -> Vec<String> {
    let mut found: Vec<(&str, &str, u64, u64)> = Vec::new();
    for check in runs.iter().flat_map(checks_of) {
        let place = found.iter().position(|(expression, ..)| *expression == check.expression);
        let place = place.unwrap_or_else(|| {
            found.push((&check.expression, "", 0, 0));
            found.len() - 1
        });
        let (_, seen, failed, all) = &mut found[place];
        *all += 1;
        if !check.holds || check.undecided.is_some() {
            *failed += 1;
            if seen.is_empty() {
                *seen = &check.seen;
            }
        }
    }
    let told = |(expression, seen, failed, all): (&str, &str, u64, u64)| match (seen, all) {
        ("", 1) => expression.to_owned(),
        (seen, 1) => format!("{expression} ({seen})"),
        ("", _) => format!("{expression} (in {failed} of {all} runs)"),
        (seen, _) => format!("{expression} ({seen}; in {failed} of {all} runs)"),
    };
    found.into_iter().filter(|(_, _, failed, _)| *failed > 0).map(told).collect()
}

/// The checks of a run; one that both the script and the batch file ask for is one.
fn checks_of(run: &Run) -> Vec<&CheckResult> {
    let mut seen = std::collections::HashSet::new();
    run.checks.iter().filter(|check| seen.insert(&check.expression)).collect()
}

/// Many seeds tell the same.
const TOLD_MAX: usize = 20;

fn once(list: &mut Vec<String>, text: String) {
    if list.len() < TOLD_MAX && !list.contains(&text) {
        list.push(text);
    }
}
