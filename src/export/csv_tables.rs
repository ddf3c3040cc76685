//! Tidy tables: one row for each observation, one column for each variable.

use crate::plan::{Figure, FigureKind, Literal, STATISTICS, Scope, figures_of};
use crate::results::figures::lookup;
use crate::results::{AgentFigures, Run};

/// A table as CSV (RFC 4180, UTF-8, a heading first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvTable {
    /// The name of its file, without the ending.
    pub name: &'static str,
    /// The rows as text, the heading first.
    pub text: String,
}

/// All tables of these runs; each row begins with the number of its run, from 1, its scenario, core and seed.
pub fn tables(runs: &[Run]) -> Vec<CsvTable> {
    vec![figures(runs), series(runs), agents(runs), checks(runs)]
}

/// A table under construction.
struct Rows {
    name: &'static str,
    writer: csv::Writer<Vec<u8>>,
}

impl Rows {
    fn new(name: &'static str, columns: &[&str]) -> Rows {
        let mut rows = Rows { name, writer: csv::Writer::from_writer(Vec::new()) };
        rows.add(["run", "scenario", "core", "seed"].iter().chain(columns).map(|name| (*name).to_owned()));
        rows
    }

    fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        self.writer.write_record(cells).expect("a row has as many cells as the heading");
    }

    /// A row of a run.
    fn of(&mut self, (place, run): (usize, &Run), cells: impl IntoIterator<Item = String>) {
        let key = [(place + 1).to_string(), run.name.clone(), run.core.name.clone(), run.seed.to_string()];
        self.add(key.into_iter().chain(cells));
    }

    fn end(self) -> CsvTable {
        let bytes = self.writer.into_inner().expect("memory takes everything");
        CsvTable { name: self.name, text: String::from_utf8(bytes).expect("texts are UTF-8") }
    }
}

/// A number as text; nothing where there is none.
fn number<N: ToString>(value: Option<N>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Every figure of every part of a run that has a value.
fn figures(runs: &[Run]) -> CsvTable {
    let mut rows = Rows::new("figures", &["part", "name", "figure", "statistic", "unit", "value"]);
    for (place, run) in runs.iter().enumerate() {
        for scope in scopes(run) {
            let (part, name) = match &scope {
                Scope::All => ("run", ""),
                Scope::Type(name) => ("type", name.as_str()),
                Scope::Agent(name) => ("agent", name.as_str()),
                Scope::Recipient(name) => ("recipient", name.as_str()),
                Scope::Phase(name) => ("phase", name.as_str()),
            };
            for known in figures_of(&scope) {
                let statistics = match known.kind {
                    FigureKind::Times => STATISTICS.map(Some).to_vec(),
                    _ => vec![None],
                };
                for statistic in statistics {
                    let figure = Figure {
                        scope: scope.clone(),
                        name: known.name.to_owned(),
                        statistic: statistic.map(str::to_owned),
                    };
                    let Some((unit, value)) = lookup(run, &figure).map(measured) else { continue };
                    let statistic = statistic.unwrap_or_default();
                    let cells = [part, name, known.name, statistic, unit, &value].map(str::to_owned);
                    rows.of((place, run), cells);
                }
            }
        }
    }
    rows.end()
}

fn scopes(run: &Run) -> Vec<Scope> {
    let types = run.by_type.keys().cloned().map(Scope::Type);
    let phases = run.phases.iter().map(|phase| Scope::Phase(phase.name.clone()));
    let agents = run.by_agent.keys().cloned().map(Scope::Agent);
    let recipients = run.by_recipient.keys().cloned().map(Scope::Recipient);
    std::iter::once(Scope::All).chain(types).chain(phases).chain(agents).chain(recipients).collect()
}

/// The unit and the value; a time that is never reached is `inf`, as programs read it.
fn measured(value: Literal) -> (&'static str, String) {
    match value {
        Literal::Duration(ns) => ("ns", ns.to_string()),
        Literal::Rate(per_s) => ("per_s", per_s.to_string()),
        Literal::Share(share) => ("share", share.to_string()),
        Literal::Count(count) => ("count", count.to_string()),
    }
}

/// The course of each run, interval by interval.
fn series(runs: &[Run]) -> CsvTable {
    let columns = [
        "start_ns",
        "length_ns",
        "generated",
        "delivered",
        "not_delivered",
        "queue_max",
        "total_mean_ns",
        "total_max_ns",
        "total_p99_ns",
    ];
    let mut rows = Rows::new("series", &columns);
    for (place, run) in runs.iter().enumerate() {
        let series = &run.series;
        for (at, point) in series.points.iter().enumerate() {
            let p99 = series.total_p99_ns.get(at / series.p99_intervals.max(1) as usize).copied().flatten();
            let start_ns = (at as u64).saturating_mul(series.interval_ns);
            let counts = [
                start_ns,
                series.interval_ns,
                point.generated,
                point.delivered,
                point.not_delivered,
                point.queue_max,
            ];
            let times = [number(point.total_mean_ns), number(point.total_max_ns), number(p99)];
            rows.of((place, run), counts.map(|count| count.to_string()).into_iter().chain(times));
        }
    }
    rows.end()
}

/// The agents of each run, or their groups where there are too many.
fn agents(runs: &[Run]) -> CsvTable {
    let columns = [
        "agent",
        "agents",
        "generated",
        "delivered",
        "addressed",
        "success_rate",
        "total_mean_ns",
        "executions",
        "busy",
        "held_mean_ns",
    ];
    let mut rows = Rows::new("agents", &columns);
    for (place, run) in runs.iter().enumerate() {
        let row = |(name, figures): (&String, &AgentFigures)| {
            let work = run.consumers.as_ref().and_then(|consumers| consumers.by_agent.get(name));
            vec![
                name.clone(),
                figures.agents.to_string(),
                figures.counts.generated.to_string(),
                figures.counts.delivered.to_string(),
                figures.addressed.to_string(),
                number(figures.success_rate),
                number(figures.total.mean_ns),
                number(work.map(|work| work.executions)),
                number(work.map(|work| work.busy)),
                number(work.and_then(|work| work.held_mean_ns)),
            ]
        };
        for cells in run.by_agent.iter().chain(&run.by_group).map(row) {
            rows.of((place, run), cells);
        }
    }
    rows.end()
}

/// The checks of each run.
fn checks(runs: &[Run]) -> CsvTable {
    let mut rows = Rows::new("checks", &["expression", "holds", "seen", "undecided"]);
    for (place, run) in runs.iter().enumerate() {
        for check in &run.checks {
            let undecided = check.undecided.clone().unwrap_or_default();
            let cells = [check.expression.clone(), check.holds.to_string(), check.seen.clone(), undecided];
            rows.of((place, run), cells);
        }
    }
    rows.end()
}
