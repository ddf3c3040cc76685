//! From records to results.

use super::agents::AgentsRecorder;
use super::cell::CellRecords;
use super::histograms::{add_consumers, add_type, histograms_of};
use super::recorder::Recorder;
use super::without_lag::WithoutLag;
use crate::results::FinalOutcome;
use crate::results::{
    AgentFigures, Counts, Figures, LaglessFigures, Ledger, Phase, RecipientFigures, Run, TimesOfAll,
};
use mqscript_plugin::abi::ALL;
use std::collections::BTreeMap;

/// Above so many agents only the extremes are listed.
pub const AGENTS_LISTED_MAX: usize = 1_000;
/// The number of agents that are listed for each kind of extreme.
const EXTREMES: usize = 10;

/// What the records need beside themselves to become results.
pub struct Naming<'a> {
    /// Names of the types, by id.
    pub types: Vec<&'a str>,
    /// Names of the phases, without the warm-up; empty if the scenario has none.
    pub phases: Vec<&'a str>,
    /// Start of each phase, the warm-up included; then the end of the window.
    pub boundaries_ns: Vec<u64>,
    /// Names of the groups with their number of agents, in order.
    pub groups: Vec<(&'a str, usize)>,
    /// Gives the name of an agent.
    pub agent: &'a dyn Fn(u32) -> String,
    /// Gives the text of an interned reason.
    pub reason: &'a dyn Fn(u32) -> String,
    /// Whether whole distributions are wanted.
    pub distributions: bool,
}

impl Recorder {
    /// Fills the parts of `run` that come from the records. `window_ns` is the length of the window.
    pub fn summarise(&self, run: &mut Run, naming: &Naming<'_>, window_ns: u64) {
        let types = naming.types.len();
        let warm_up = self.window_cell.index() / types.max(1);
        let window = &self.cells[self.window_cell.index()..];
        run.window_ns = window_ns;
        let all = merged(window.iter());
        run.figures = self.figures(&all, window_ns);
        if naming.distributions {
            run.histograms = histograms_of(&all);
        }
        for (id, name) in naming.types.iter().enumerate() {
            let all = merged(window.iter().skip(id).step_by(types));
            run.by_type.insert((*name).to_owned(), self.figures(&all, window_ns));
            if naming.distributions {
                add_type(&mut run.histograms, name, &all);
            }
        }
        for (index, name) in naming.phases.iter().enumerate() {
            let (start_ns, end_ns) =
                (naming.boundaries_ns[warm_up + index], naming.boundaries_ns[warm_up + index + 1]);
            let cells = &window[index * types..(index + 1) * types];
            run.phases.push(Phase {
                name: (*name).to_owned(),
                start_ns,
                end_ns,
                figures: self.figures(&merged(cells.iter()), end_ns - start_ns),
                completion: self.consumption.as_ref().map(|consumption| consumption.completion_in(index)),
            });
        }
        if let Some(consumption) = self.consumption.as_ref().filter(|_| naming.distributions) {
            add_consumers(&mut run.histograms, consumption);
        }
        run.schedule_lag = self.schedule_lag.times();
        run.without_lag =
            self.without_lag.as_deref().map(|without| self.summarise_without_lag(without, run, naming));
        run.series = self.series.results(self.counts_copies);
        run.ledger = self.ledger(naming.reason);
        self.by_agent(run, naming);
    }

    /// The figures once more, as they would be without lag. `run` has those that were measured.
    fn summarise_without_lag(&self, without: &WithoutLag, run: &Run, naming: &Naming<'_>) -> LaglessFigures {
        let types = naming.types.len();
        let first = self.window_cell.index();
        let cells: Vec<CellRecords> = without.cells[first..]
            .iter()
            .zip(&self.cells[first..])
            .map(|(without, measured)| WithoutLag::completed(without, measured))
            .collect();
        let of_type = |(id, name): (usize, &&str)| {
            let all = merged(cells.iter().skip(id).step_by(types));
            ((*name).to_owned(), self.figures(&all, run.window_ns))
        };
        let of_phase = |(index, phase): (usize, &Phase)| {
            let all = merged(cells[index * types..(index + 1) * types].iter());
            (phase.name.clone(), self.figures(&all, phase.end_ns - phase.start_ns))
        };
        LaglessFigures {
            figures: self.figures(&merged(cells.iter()), run.window_ns),
            by_type: naming.types.iter().enumerate().map(of_type).collect(),
            phases: run.phases.iter().enumerate().map(of_phase).collect(),
            added: without.added.times(),
        }
    }

    fn figures(&self, all: &CellRecords, window_ns: u64) -> Figures {
        figures(all, window_ns, if self.counts_copies { all.receptions } else { all.deliveries })
    }

    fn ledger(&self, reason: &dyn Fn(u32) -> String) -> Ledger {
        let mut counts = Counts::default();
        self.cells.iter().for_each(|cell| counts.merge(&cell.counts));
        let named = |id: u32| if id == 0 { "unnamed".to_owned() } else { reason(id) };
        let mut by_reason: BTreeMap<String, BTreeMap<String, u64>> = FinalOutcome::ALL[1..]
            .iter()
            .map(|outcome| (outcome.name().to_owned(), BTreeMap::new()))
            .collect();
        for ((outcome, id), count) in &self.by_reason {
            *by_reason.entry(outcome.name().to_owned()).or_default().entry(named(*id)).or_default() += count;
        }
        let mut attempts_by_reason = BTreeMap::new();
        for (id, count) in &self.attempts_by_reason {
            *attempts_by_reason.entry(named(*id)).or_default() += count;
        }
        Ledger {
            balanced: counts.is_balanced(),
            counts,
            by_reason,
            attempts_by_reason,
            late_outcomes: self.extras.late_outcomes,
            blocked: self.extras.blocked,
            skipped: self.extras.skipped,
            suppressed: self.extras.suppressed,
            copies: None,
        }
    }

    fn by_agent(&self, run: &mut Run, naming: &Naming<'_>) {
        let (agents, recipients): (Vec<usize>, Vec<usize>) = if self.agents.len() <= AGENTS_LISTED_MAX {
            ((0..self.agents.len()).collect(), (0..self.agents.len()).collect())
        } else {
            run.by_group = groups(&self.agents, &naming.groups);
            let (slowest, failing) = self.agents.extremes(EXTREMES);
            ([slowest, failing].concat(), self.agents.most_addressed(EXTREMES))
        };
        let named = |agent: usize| (naming.agent)(agent as u32);
        let agent = |agent: usize| -> (String, AgentFigures) { (named(agent), self.agents.figures(agent)) };
        run.by_agent = agents.into_iter().map(agent).collect();
        let figures = |agent: usize| -> (String, RecipientFigures) {
            (named(agent), self.agents.recipient_figures(agent as u32))
        };
        run.by_recipient = recipients.into_iter().map(figures).collect();
        run.by_recipient.insert("ALL".to_owned(), self.agents.recipient_figures(ALL));
    }
}

fn groups(agents: &AgentsRecorder, groups: &[(&str, usize)]) -> BTreeMap<String, AgentFigures> {
    let mut first = 0;
    let mut found = BTreeMap::new();
    for (name, count) in groups {
        found.insert((*name).to_owned(), agents.group_figures(first, *count));
        first += count;
    }
    found
}

fn merged<'a>(cells: impl Iterator<Item = &'a CellRecords>) -> CellRecords {
    let mut all = CellRecords::default();
    cells.for_each(|cell| all.merge(cell));
    all
}

/// The figures of a cell, over a window of this length in which so many arrived.
fn figures(all: &CellRecords, window_ns: u64, arrived: u64) -> Figures {
    let counts = all.counts;
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let per_s = |count: u64| (window_ns > 0).then(|| count as f64 * 1e9 / window_ns as f64);
    Figures {
        counts,
        offered_per_s: per_s(counts.generated),
        throughput_per_s: per_s(arrived),
        delivered_rate_per_s: per_s(counts.delivered),
        success_rate: share(counts.delivered, counts.generated),
        attempt_success_rate: share(counts.delivered, counts.answered),
        queue_wait: all.queue_wait.times(),
        delivery: all.delivery.times(),
        total: all.total.times(),
        total_all: TimesOfAll::new(counts.delivered, all.total.times_among(counts.generated)),
        gave_up: all.gave_up.times(),
        end_to_end: all.end_to_end.times(),
        transit: all.transit.times(),
    }
}
