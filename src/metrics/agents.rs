//! Records by generating agent and by recipient: under 130 bytes an agent, without percentiles above 1,000.

use super::histogram::{CoarseHistogram, Exact};
use super::prefetch::prefetch;
use crate::results::FinalOutcome;
use crate::results::{AgentFigures, Counts, RecipientFigures, Times};
use mqscript_plugin::abi::ALL;
use std::collections::BTreeMap;

/// Percentiles by agent are kept up to so many agents.
pub const PERCENTILES_MAX: usize = 1_000;
const NEVER: u64 = u64::MAX;

/// One agent's records. Counts of messages are 32 bits wide: a run generates at most 2³² − 1 of them.
#[derive(Debug, Clone)]
#[repr(C)]
struct AgentCell {
    total_sum: u128,
    total_min: u64,
    total_max: u64,
    generated: u32,
    ended: [u32; 7],
    attempts: u64,
    answered: u64,
    last_activity_ns: u64,
    retries: u32,
}

const EMPTY: AgentCell = AgentCell {
    generated: 0,
    ended: [0; 7],
    retries: 0,
    attempts: 0,
    answered: 0,
    last_activity_ns: NEVER,
    total_sum: 0,
    total_min: u64::MAX,
    total_max: 0,
};

#[derive(Debug, Clone, Copy)]
struct RecipientCell {
    addressed: u32,
    delivered: u32,
    received: u32,
    duplicated: u32,
    last_activity_ns: u64,
}

impl Default for RecipientCell {
    fn default() -> RecipientCell {
        UNADDRESSED
    }
}

const UNADDRESSED: RecipientCell =
    RecipientCell { addressed: 0, delivered: 0, received: 0, duplicated: 0, last_activity_ns: NEVER };

/// Some records as they were, to be put back.
#[derive(Debug, Default)]
pub struct Kept {
    agents: Vec<(u32, AgentCell)>,
    recipients: Vec<(u32, RecipientCell)>,
    all: Option<RecipientCell>,
    lost: BTreeMap<u32, u64>,
}

/// The records of all agents.
#[derive(Debug, Clone, Default)]
pub struct AgentsRecorder {
    agents: Vec<AgentCell>,
    recipients: Vec<RecipientCell>,
    all: RecipientCell,
    totals: Vec<CoarseHistogram>,
    receives: bool,
    /// Copies lost, by agent; only agents that lost some.
    lost: BTreeMap<u32, u64>,
}

impl AgentsRecorder {
    /// Records for so many agents; `receives` if copies are received.
    pub fn new(agents: usize, receives: bool) -> AgentsRecorder {
        let percentiles = if agents <= PERCENTILES_MAX { agents } else { 0 };
        AgentsRecorder {
            agents: vec![EMPTY; agents],
            recipients: vec![UNADDRESSED; agents],
            all: UNADDRESSED,
            totals: vec![CoarseHistogram::default(); percentiles],
            receives,
            lost: BTreeMap::new(),
        }
    }

    /// Takes all records; none stay here.
    pub fn take(&mut self) -> AgentsRecorder {
        std::mem::take(self)
    }

    /// What is on record of these agents and recipients, and of losses: all else that `ended` changes
    /// for a message that was not delivered.
    pub fn keep(&self, parties: impl Iterator<Item = (u32, u32)>) -> Kept {
        let mut kept = Kept { all: Some(self.all), lost: self.lost.clone(), ..Kept::default() };
        for (agent, recipient) in parties {
            kept.agents.push((agent, self.agents[agent as usize].clone()));
            kept.recipients.extend(self.recipients.get(recipient as usize).map(|cell| (recipient, *cell)));
        }
        kept
    }

    /// As it was when `kept` was kept.
    pub fn put_back(mut self, kept: Kept) -> AgentsRecorder {
        for (agent, cell) in kept.agents {
            self.agents[agent as usize] = cell;
        }
        for (recipient, cell) in kept.recipients {
            self.recipients[recipient as usize] = cell;
        }
        self.all = kept.all.unwrap_or(self.all);
        self.lost = kept.lost;
        self
    }

    /// The number of agents.
    pub fn len(&self) -> usize {
        self.agents.len()
    }

    /// Whether there is no agent.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// Asks for the memory of an agent's records; anything but an agent's number asks for nothing.
    #[inline]
    pub fn prefetch(&self, agent: u32) {
        if let Some(cell) = self.agents.get(agent as usize) {
            prefetch(&cell.total_sum);
            prefetch(&cell.retries);
        }
    }

    /// Asks for the memory of a recipient's records.
    #[inline]
    pub fn prefetch_recipient(&self, recipient: u32) {
        if let Some(cell) = self.recipients.get(recipient as usize) {
            prefetch(cell);
        }
    }

    #[inline]
    fn recipient(&mut self, recipient: u32) -> &mut RecipientCell {
        if recipient == ALL { &mut self.all } else { &mut self.recipients[recipient as usize] }
    }

    #[inline]
    pub(super) fn generated(&mut self, agent: u32, recipient: u32, now_ns: u64) {
        let cell = &mut self.agents[agent as usize];
        cell.generated += 1;
        cell.last_activity_ns = now_ns;
        self.recipient(recipient).addressed += 1;
    }

    #[inline]
    pub(super) fn attempted(&mut self, agent: u32, retry: u64) {
        let cell = &mut self.agents[agent as usize];
        cell.attempts += 1;
        cell.retries += retry as u32;
    }

    #[inline]
    pub(super) fn answered(&mut self, agent: u32) {
        self.agents[agent as usize].answered += 1;
    }

    #[inline]
    pub(super) fn ended(
        &mut self,
        agent: u32,
        recipient: u32,
        outcome: FinalOutcome,
        at_ns: u64,
        total_ns: u64,
    ) {
        let cell = &mut self.agents[agent as usize];
        cell.ended[outcome as usize] += 1;
        cell.last_activity_ns = at_ns;
        let delivered = outcome == FinalOutcome::Delivered;
        if delivered {
            cell.total_sum += u128::from(total_ns);
            cell.total_min = cell.total_min.min(total_ns);
            cell.total_max = cell.total_max.max(total_ns);
            if let Some(histogram) = self.totals.get_mut(agent as usize) {
                histogram.record(total_ns);
            }
        }
        let cell = self.recipient(recipient);
        cell.delivered += u32::from(delivered);
        cell.last_activity_ns = at_ns;
    }

    /// The first copy of a message arrived at an agent.
    #[inline]
    pub(super) fn received(&mut self, agent: u32) {
        self.recipients[agent as usize].received += 1;
    }

    pub(super) fn duplicated(&mut self, agent: u32) {
        self.recipients[agent as usize].duplicated += 1;
    }

    /// Records that so many copies never arrived at an agent.
    pub fn lost(&mut self, agent: u32, copies: u64) {
        *self.lost.entry(agent).or_default() += copies;
    }

    /// The figures of one agent.
    pub fn figures(&self, agent: usize) -> AgentFigures {
        let cell = &self.agents[agent];
        let times = self.totals.get(agent).map_or_else(|| cell.exact().times(), CoarseHistogram::times);
        let addressed = u64::from(self.recipients[agent].addressed);
        figures_of(1, cell.counts(), addressed, cell.last_activity_ns, times)
    }

    /// The figures of all agents from `first` on, `count` of them, together.
    pub fn group_figures(&self, first: usize, count: usize) -> AgentFigures {
        let (mut counts, mut exact, mut last, mut addressed) =
            (Counts::default(), Exact::default(), NEVER, 0);
        for (cell, recipient) in self.agents[first..first + count].iter().zip(&self.recipients[first..]) {
            counts.merge(&cell.counts());
            exact.merge(&cell.exact());
            addressed += u64::from(recipient.addressed);
            if cell.last_activity_ns != NEVER {
                last = if last == NEVER { cell.last_activity_ns } else { last.max(cell.last_activity_ns) };
            }
        }
        figures_of(count as u64, counts, addressed, last, exact.times())
    }

    /// What was addressed to an agent, or to [`ALL`].
    pub fn recipient_figures(&self, recipient: u32) -> RecipientFigures {
        let cell = if recipient == ALL { &self.all } else { &self.recipients[recipient as usize] };
        let receives = self.receives && recipient != ALL;
        RecipientFigures {
            addressed: u64::from(cell.addressed),
            delivered: u64::from(cell.delivered),
            received: receives.then_some(u64::from(cell.received)),
            lost: receives.then(|| self.lost.get(&recipient).copied().unwrap_or(0)),
            duplicated: receives.then_some(u64::from(cell.duplicated)),
            last_activity_ns: some_time(cell.last_activity_ns),
        }
    }

    /// Agents by mean total time, slowest first, and by share not delivered, most failing first: `n` of each.
    pub fn extremes(&self, n: usize) -> (Vec<usize>, Vec<usize>) {
        let mean = |cell: &AgentCell| cell.total_sum as f64 / f64::from(cell.ended[0].max(1));
        let failing = |cell: &AgentCell| 1.0 - f64::from(cell.ended[0]) / f64::from(cell.generated.max(1));
        let active = |cell: &&AgentCell| cell.generated > 0;
        (
            top(n, self.agents.iter().enumerate().filter(|(_, c)| active(c)).map(|(i, c)| (mean(c), i))),
            top(n, self.agents.iter().enumerate().filter(|(_, c)| active(c)).map(|(i, c)| (failing(c), i))),
        )
    }

    /// The `n` agents that were addressed most.
    pub fn most_addressed(&self, n: usize) -> Vec<usize> {
        top(n, self.recipients.iter().enumerate().map(|(i, cell)| (f64::from(cell.addressed), i)))
    }
}

/// The indices of the `n` largest values, largest first; equal values in order of index.
fn top(n: usize, values: impl Iterator<Item = (f64, usize)>) -> Vec<usize> {
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(n + 1);
    for (value, index) in values {
        let place = best.partition_point(|(other, _)| *other >= value);
        if place < n {
            best.insert(place, (value, index));
            best.truncate(n);
        }
    }
    best.into_iter().map(|(_, index)| index).collect()
}

fn some_time(ns: u64) -> Option<u64> {
    (ns != NEVER).then_some(ns)
}

fn figures_of(agents: u64, counts: Counts, addressed: u64, last: u64, total: Times) -> AgentFigures {
    AgentFigures {
        agents,
        counts,
        addressed,
        success_rate: (counts.generated > 0).then(|| counts.delivered as f64 / counts.generated as f64),
        last_activity_ns: some_time(last),
        total,
    }
}

impl AgentCell {
    fn counts(&self) -> Counts {
        let [delivered, failed, dead_lettered, rejected, expired, uncertain, unanswered] =
            self.ended.map(u64::from);
        Counts {
            generated: u64::from(self.generated),
            delivered,
            failed,
            dead_lettered,
            rejected,
            expired,
            uncertain,
            unanswered,
            attempts: self.attempts,
            retries: u64::from(self.retries),
            answered: self.answered,
        }
    }

    fn exact(&self) -> Exact {
        Exact {
            count: u64::from(self.ended[FinalOutcome::Delivered as usize]),
            sum: self.total_sum,
            min: self.total_min,
            max: self.total_max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_costs_little() {
        assert!(size_of::<AgentCell>() + size_of::<RecipientCell>() <= 144);
    }

    #[test]
    fn groups_are_the_sum_of_their_agents() {
        let mut agents = AgentsRecorder::new(3, false);
        for (agent, total) in [(0, 10), (1, 30), (1, 20)] {
            agents.generated(agent, 2, 5);
            agents.attempted(agent, 0);
            agents.ended(agent, 2, FinalOutcome::Delivered, 5 + total, total);
        }
        agents.generated(1, ALL, 37);
        agents.ended(1, ALL, FinalOutcome::Failed, 39, 2);
        let group = agents.group_figures(0, 3);
        assert_eq!((group.counts.generated, group.counts.delivered, group.counts.failed), (4, 3, 1));
        assert_eq!((group.total.count, group.total.min_ns, group.total.max_ns), (3, Some(10), Some(30)));
        assert_eq!(group.last_activity_ns, Some(39));
        assert_eq!(agents.figures(2).last_activity_ns, None);
        assert_eq!(agents.recipient_figures(2).delivered, 3);
        assert_eq!(agents.recipient_figures(ALL).addressed, 1);
        assert_eq!(agents.extremes(2), (vec![1, 0], vec![1, 0]));
        assert_eq!(agents.most_addressed(1), [2]);
    }
}
