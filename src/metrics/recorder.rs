//! What the engine fills while it runs: counters and times by type and phase, by agent, by recipient.
//!
//! Cells and agents learn of a message when it ends, and of 64 together: where their records fill the memory, each of
//! them is prefetched long before it is written.

use super::agents::AgentsRecorder;
use super::cell::{CellId, CellRecords, Ended, Received};
use super::consumption::ConsumptionRecorder;
use super::histogram::Histogram;
use super::series::SeriesRecorder;
use super::without_lag::WithoutLag;
use crate::results::FinalOutcome;
use std::collections::BTreeMap;

/// So many messages that have ended wait to be recorded.
const PENDING_MAX: usize = 64;
/// From so many cells on, or so many agents, their records are prefetched: those of fewer lie in the caches.
const PREFETCHED_CELLS: usize = 16;
/// See [`PREFETCHED_CELLS`].
const PREFETCHED_AGENTS: usize = 200;

/// Counters beside the cells, over the whole run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras {
    /// Outcomes for attempts already given up.
    pub late_outcomes: u64,
    /// Arrivals held back by a full queue.
    pub blocked: u64,
    /// Slots for which `next` sent nothing.
    pub skipped: u64,
    /// Calls of `me.send` after the end of the load.
    pub suppressed: u64,
    /// Arrivals of the window that were generated only after it (wall clock).
    pub generated_late: u64,
}

/// The phase in which something happens, while time goes on.
#[derive(Debug, Clone)]
struct CurrentPhase {
    /// The number of types: a phase has so many cells.
    types: usize,
    /// Its first cell; beyond all cells once the window is over.
    first_cell: usize,
    /// When the phase ends, in nanoseconds.
    end_ns: u64,
    /// When the later phases end, in nanoseconds.
    later_ns: std::vec::IntoIter<u64>,
}

impl CurrentPhase {
    /// The first of phases that start at these times; the last ends with the load, or never.
    fn new(types: usize, starts_ns: &[u64], load_end_ns: Option<u64>) -> CurrentPhase {
        let ends: Vec<u64> =
            starts_ns.iter().skip(1).copied().chain([load_end_ns.unwrap_or(u64::MAX)]).collect();
        let mut later_ns = ends.into_iter();
        CurrentPhase { types, first_cell: 0, end_ns: later_ns.next().unwrap_or(u64::MAX), later_ns }
    }

    /// The cell of this phase for the type of `cell`. Times must not go back by more than rounding: what comes late
    /// counts in the current phase.
    #[inline]
    fn cell_at(&mut self, at_ns: u64, cell: CellId) -> usize {
        while at_ns >= self.end_ns {
            self.first_cell += self.types;
            self.end_ns = self.later_ns.next().unwrap_or(u64::MAX);
        }
        let cell = cell.index();
        match cell.wrapping_sub(self.first_cell) < self.types {
            true => cell,
            false => self.first_cell + cell % self.types,
        }
    }
}

/// All records of one run.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// Messages that have ended, and that neither cells nor agents know of yet.
    pending: Vec<Ended>,
    /// Whether a message's cell is prefetched when it ends.
    prefetches_cells: bool,
    /// Whether its agents' records are.
    prefetches_agents: bool,
    /// By phase, then by type; the warm-up, if any, is the first phase.
    pub cells: Vec<CellRecords>,
    /// Cells below this belong to the warm-up.
    pub window_cell: CellId,
    /// In which phase deliveries lie.
    now: CurrentPhase,
    /// In which phase receptions lie.
    receptions_now: CurrentPhase,
    /// Whether what is delivered is only taken over: then receptions make the throughput and the course.
    pub counts_copies: bool,
    /// The records by agent and by recipient, in the window.
    pub agents: AgentsRecorder,
    /// The course of the run.
    pub series: SeriesRecorder,
    /// Intended arrival to generation, in the window.
    pub schedule_lag: Histogram,
    /// Final outcomes but `delivered` by class and interned reason, whole run.
    pub by_reason: BTreeMap<(FinalOutcome, u32), u64>,
    /// Attempts without success by interned reason, whole run.
    pub attempts_by_reason: BTreeMap<u32, u64>,
    /// What consumers have done; only where there are some.
    pub consumption: Option<Box<ConsumptionRecorder>>,
    /// What lag cannot have added to; only where it is watched.
    pub without_lag: Option<Box<WithoutLag>>,
    /// What is recorded beside the cells.
    pub extras: Extras,
    /// Sum over all messages of the time from intended arrival to the end.
    pub in_system: u128,
    /// When the last message ended, in nanoseconds.
    pub last_end_ns: u64,
    /// When the last copy was received, where receptions count.
    pub last_reception_ns: u64,
    /// Messages generated and ended so far, for progress.
    pub generated: u64,
    /// Messages that have ended.
    pub ended: u64,
    /// The number of messages delivered.
    pub delivered: u64,
    /// Messages that have ended otherwise, by final outcome.
    pub not_delivered: [u64; FinalOutcome::ALL.len()],
}

impl Recorder {
    /// Records for so many types in phases that start at these times, of which the first is the warm-up if `warm_up`.
    /// Without `load_end_ns` the last phase lasts as long as the run.
    pub fn new(
        types: usize,
        starts_ns: &[u64],
        load_end_ns: Option<u64>,
        warm_up: bool,
        agents: AgentsRecorder,
    ) -> Recorder {
        let cells = types * starts_ns.len();
        Recorder {
            pending: Vec::with_capacity(PENDING_MAX),
            prefetches_cells: cells >= PREFETCHED_CELLS,
            prefetches_agents: agents.len() >= PREFETCHED_AGENTS,
            cells: vec![CellRecords::default(); cells],
            window_cell: CellId::of(usize::from(warm_up), types as u16, 0),
            now: CurrentPhase::new(types, starts_ns, load_end_ns),
            receptions_now: CurrentPhase::new(types, starts_ns, load_end_ns),
            counts_copies: false,
            agents,
            series: SeriesRecorder::default(),
            schedule_lag: Histogram::default(),
            by_reason: BTreeMap::new(),
            attempts_by_reason: BTreeMap::new(),
            consumption: None,
            without_lag: None,
            extras: Extras::default(),
            in_system: 0,
            last_end_ns: 0,
            last_reception_ns: 0,
            generated: 0,
            ended: 0,
            delivered: 0,
            not_delivered: [0; FinalOutcome::ALL.len()],
        }
    }

    /// Whether messages of this cell belong to the measured window.
    #[inline]
    pub fn in_window(&self, cell: CellId) -> bool {
        cell >= self.window_cell
    }

    /// The number of the phase of this cell, from 0; none before the measured window.
    pub fn phase_of(&self, cell: CellId, types: usize) -> Option<usize> {
        Some(cell.index().checked_sub(self.window_cell.index())? / types)
    }

    /// A message was generated that counts as so many in the course of the run, while so many wait.
    #[inline(always)]
    pub fn generated(&mut self, cell: CellId, now_ns: u64, waiting: (u64, u64)) {
        self.generated += 1;
        self.cells[cell.index()].counts.generated += 1;
        self.series.generated(now_ns, waiting);
    }

    /// The first copy of a message arrived at an agent.
    #[inline]
    pub fn received(&mut self, copy: &Received) {
        let cell = &mut self.cells[copy.cell.index()];
        cell.end_to_end.record(copy.end_to_end_ns);
        if let Some(transit_ns) = copy.transit_ns {
            cell.transit.record(transit_ns);
        }
        if self.in_window(copy.cell) {
            self.agents.received(copy.agent);
        }
        if self.counts_copies {
            self.last_reception_ns = self.last_reception_ns.max(copy.at_ns);
            let here = self.receptions_now.cell_at(copy.at_ns, copy.cell);
            if let Some(cell) = self.cells.get_mut(here) {
                cell.receptions += 1;
            }
            self.series.delivered(copy.at_ns, copy.end_to_end_ns);
        }
    }

    /// From now on times are also kept without what the lag of the generator may have added to them.
    pub fn watch_lag(&mut self) {
        self.without_lag = Some(Box::new(WithoutLag::new(self.cells.len())));
    }

    /// A message has ended, as [`ended`](Recorder::ended) was told; lag may have added so much to its times, or, if
    /// `spared`, have kept it from being delivered at all.
    pub fn ended_without_lag(&mut self, e: &Ended, added_ns: u64, spared: bool) {
        let in_window = self.in_window(e.cell);
        if let Some(without) = &mut self.without_lag {
            without.ended(e, added_ns, spared, in_window);
        }
    }

    /// The first copy of a message of this cell arrived; without lag it would have taken so long.
    pub fn received_without_lag(&mut self, cell: CellId, end_to_end_ns: u64) {
        if let Some(without) = &mut self.without_lag {
            without.cells[cell.index()].end_to_end.record(end_to_end_ns);
        }
    }

    /// One more copy of a message of this cell arrived at an agent.
    pub fn duplicated(&mut self, cell: CellId, agent: u32) {
        if self.in_window(cell) {
            self.agents.duplicated(agent);
        }
    }

    /// An attempt ended without success.
    pub fn attempt_lost(&mut self, reason: u32) {
        *self.attempts_by_reason.entry(reason).or_default() += 1;
    }

    /// A message has ended.
    #[inline(always)]
    pub fn ended(&mut self, e: &Ended) {
        self.ended += 1;
        self.in_system += u128::from(e.total_ns());
        if e.outcome != FinalOutcome::Unanswered {
            self.last_end_ns = self.last_end_ns.max(e.ended_ns);
        }
        if e.outcome == FinalOutcome::Delivered {
            self.delivered += 1;
            if !self.counts_copies {
                self.series.delivered(e.ended_ns, e.total_ns());
            }
        } else {
            self.not_delivered[e.outcome as usize] += 1;
            self.series.not_delivered(e.ended_ns);
            *self.by_reason.entry((e.outcome, e.reason)).or_default() += 1;
        }
        if self.prefetches_cells {
            self.cells[e.cell.index()].prefetch(e);
        }
        if self.prefetches_agents {
            self.agents.prefetch(e);
        }
        self.pending.push(*e);
        if self.pending.len() == PENDING_MAX {
            self.flush();
        }
    }

    /// Records the messages that have ended since the last time. To be called before cells and agents are read.
    #[inline(never)]
    pub fn flush(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        for e in pending.drain(..) {
            self.cells[e.cell.index()].ended(&e);
            if e.outcome == FinalOutcome::Delivered {
                let here = self.now.cell_at(e.ended_ns, e.cell);
                if let Some(cell) = self.cells.get_mut(here) {
                    cell.deliveries += 1;
                }
            }
            if self.in_window(e.cell) {
                self.agents.ended(&e);
            }
        }
        self.pending = pending;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(outcome: FinalOutcome) -> Ended {
        Ended {
            cell: CellId::FIRST,
            agent: 0,
            recipient: 1,
            intended_ns: 5,
            first_accepted_ns: 8,
            last_attempt: Some((8, 20)),
            ended_ns: 20,
            outcome,
            reason: 0,
            attempts: 3,
            answered: 2,
        }
    }

    /// With many cells and agents, so that records are prefetched, and with few.
    #[test]
    fn cells_and_agents_learn_of_messages_together() {
        for (types, agents) in [(1, 2), (PREFETCHED_CELLS, PREFETCHED_AGENTS)] {
            let mut recorder =
                Recorder::new(types, &[0], None, false, AgentsRecorder::new(agents, agents, false));
            for _ in 1..PENDING_MAX {
                recorder.ended(&ended(FinalOutcome::Delivered));
            }
            let seen = |recorder: &Recorder| {
                let counts = &recorder.cells[0].counts;
                let agents = recorder.agents.group_figures(0, 2).counts;
                assert_eq!(
                    (agents.generated, agents.attempts),
                    (counts.delivered + counts.failed, counts.attempts)
                );
                (counts.delivered, counts.failed, counts.attempts, counts.retries, counts.answered)
            };
            assert_eq!((seen(&recorder), recorder.ended), ((0, 0, 0, 0, 0), 63), "nothing is recorded yet");
            recorder.ended(&ended(FinalOutcome::Failed));
            assert_eq!(seen(&recorder), (63, 1, 192, 128, 128), "the 64th message records all");
            recorder.ended(&ended(FinalOutcome::Delivered));
            recorder.flush();
            recorder.flush();
            assert_eq!(seen(&recorder), (64, 1, 195, 130, 130));
            let cell = &recorder.cells[0];
            assert_eq!((cell.deliveries, cell.total.exact().count, cell.gave_up.exact().count), (64, 64, 1));
            assert_eq!((cell.queue_wait.exact().max, cell.delivery.exact().max), (3, 12));
        }
    }
}
