//! Records by generating agent and by recipient: 96 bytes an agent, without percentiles above 1,000.

use super::cell::Ended;
use super::histogram::{CoarseHistogram, Exact};
use super::memory::{prefetch, roomy_of};
use crate::results::FinalOutcome;
use crate::results::{AgentFigures, Counts, RecipientFigures, Times};
use mqscript_plugin::abi::ALL;
use std::collections::BTreeMap;

/// Percentiles by agent are kept up to so many agents.
pub const PERCENTILES_MAX: usize = 1_000;
const NEVER: u64 = u64::MAX;

/// The final outcomes that have no count in the records of each agent: all but delivered and failed.
const RARE: usize = FinalOutcome::ALL.len() - 2;

/// One agent's records, in one cache line. Counts of messages are 32 bits wide: a run generates at most 2³² − 1 of them.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
struct AgentCell {
    total_sum: u64,
    total_min: u64,
    total_max: u64,
    last_activity_ns: u64,
    attempts: u64,
    answered: u64,
    /// Multiples of 2⁶⁴ in the sum of totals.
    total_sum_high: u32,
    delivered: u32,
    failed: u32,
    retries: u32,
}

const EMPTY: AgentCell = AgentCell {
    total_sum: 0,
    total_min: u64::MAX,
    total_max: 0,
    last_activity_ns: NEVER,
    attempts: 0,
    answered: 0,
    total_sum_high: 0,
    delivered: 0,
    failed: 0,
    retries: 0,
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
    agents: Vec<(u32, AgentCell, [u32; RARE])>,
    recipients: Vec<(u32, RecipientCell)>,
    all: Option<RecipientCell>,
    lost: BTreeMap<u32, u64>,
}

/// The records of all agents.
#[derive(Debug, Clone, Default)]
pub struct AgentsRecorder {
    agents: Vec<AgentCell>,
    /// The final outcomes other than delivered and failed, by agent; empty before the first.
    rare: Vec<[u32; RARE]>,
    recipients: Vec<RecipientCell>,
    all: RecipientCell,
    totals: Vec<CoarseHistogram>,
    receives: bool,
    /// Copies lost, by agent; only agents that lost some.
    lost: BTreeMap<u32, u64>,
}

impl AgentsRecorder {
    /// Records for so many agents, and for so many parties, the agents among them, as recipients; `receives` if copies are
    /// received.
    pub fn new(agents: usize, parties: usize, receives: bool) -> AgentsRecorder {
        let percentiles = if agents <= PERCENTILES_MAX { agents } else { 0 };
        AgentsRecorder {
            agents: roomy_of(EMPTY, agents),
            rare: Vec::new(),
            recipients: roomy_of(UNADDRESSED, parties),
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
            let rare = self.rare.get(agent as usize).copied().unwrap_or_default();
            kept.agents.push((agent, self.agents[agent as usize].clone(), rare));
            kept.recipients.extend(self.recipients.get(recipient as usize).map(|cell| (recipient, *cell)));
        }
        kept
    }

    /// As it was when `kept` was kept.
    pub fn put_back(mut self, kept: Kept) -> AgentsRecorder {
        for (agent, cell, rare) in kept.agents {
            self.agents[agent as usize] = cell;
            if let Some(place) = self.rare.get_mut(agent as usize) {
                *place = rare;
            }
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

    #[inline]
    fn recipient(&mut self, recipient: u32) -> &mut RecipientCell {
        if recipient == ALL { &mut self.all } else { &mut self.recipients[recipient as usize] }
    }

    /// Prefetches the records that [`ended`](AgentsRecorder::ended) will write.
    #[inline(never)]
    pub(super) fn prefetch(&self, e: &Ended) {
        if let Some(cell) = self.agents.get(e.agent as usize) {
            prefetch(cell);
        }
        if let Some(cell) = self.recipients.get(e.recipient as usize) {
            prefetch(cell);
        }
        if let Some(histogram) = self.totals.get(e.agent as usize) {
            histogram.prefetch(e.total_ns());
        }
    }

    /// A message has ended.
    #[inline(always)]
    pub(super) fn ended(&mut self, e: &Ended) {
        let Ended { agent, recipient, ended_ns, outcome, attempts, answered, .. } = *e;
        let cell = &mut self.agents[agent as usize];
        cell.last_activity_ns = ended_ns;
        cell.attempts += u64::from(attempts);
        cell.retries += u32::from(attempts.saturating_sub(1));
        cell.answered += u64::from(answered);
        match outcome {
            FinalOutcome::Delivered => {
                cell.delivered(e.total_ns());
                if let Some(histogram) = self.totals.get_mut(agent as usize) {
                    histogram.record(e.total_ns());
                }
            }
            FinalOutcome::Failed => cell.failed += 1,
            rare => self.ended_rarely(agent, rare),
        }
        let cell = self.recipient(recipient);
        cell.addressed += 1;
        cell.delivered += u32::from(outcome == FinalOutcome::Delivered);
        cell.last_activity_ns = ended_ns;
    }

    #[inline(never)]
    fn ended_rarely(&mut self, agent: u32, outcome: FinalOutcome) {
        if self.rare.is_empty() {
            self.rare = vec![[0; RARE]; self.agents.len()];
        }
        self.rare[agent as usize][outcome as usize - 2] += 1;
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
        figures_of(1, self.counts(agent), addressed, cell.last_activity_ns, times)
    }

    /// The figures of all agents from `first` on, `count` of them, together.
    pub fn group_figures(&self, first: usize, count: usize) -> AgentFigures {
        let (mut counts, mut exact, mut last, mut addressed) =
            (Counts::default(), Exact::default(), NEVER, 0);
        for agent in first..first + count {
            let (cell, recipient) = (&self.agents[agent], &self.recipients[agent]);
            counts.merge(&self.counts(agent));
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
        let agents =
            || self.agents.iter().enumerate().map(|(agent, cell)| (agent, cell, self.generated(agent)));
        let active = || agents().filter(|(.., generated)| *generated > 0);
        let mean = |cell: &AgentCell| cell.sum() as f64 / f64::from(cell.delivered.max(1));
        let failing = |cell: &AgentCell, generated: u64| 1.0 - f64::from(cell.delivered) / generated as f64;
        (
            top(n, active().map(|(agent, cell, _)| (mean(cell), agent))),
            top(n, active().map(|(agent, cell, generated)| (failing(cell, generated), agent))),
        )
    }

    /// The number of messages of an agent: each ends once.
    fn generated(&self, agent: usize) -> u64 {
        let rare = self.rare.get(agent).map_or(0, |rare| rare.iter().map(|count| u64::from(*count)).sum());
        let cell = &self.agents[agent];
        u64::from(cell.delivered) + u64::from(cell.failed) + rare
    }

    fn counts(&self, agent: usize) -> Counts {
        let cell = &self.agents[agent];
        let [dead_lettered, rejected, expired, uncertain, unanswered] =
            self.rare.get(agent).copied().unwrap_or_default().map(u64::from);
        Counts {
            generated: self.generated(agent),
            delivered: u64::from(cell.delivered),
            failed: u64::from(cell.failed),
            dead_lettered,
            rejected,
            expired,
            uncertain,
            unanswered,
            attempts: cell.attempts,
            retries: u64::from(cell.retries),
            answered: cell.answered,
        }
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
    /// A message was delivered after `total_ns`.
    #[inline(always)]
    fn delivered(&mut self, total_ns: u64) {
        self.delivered += 1;
        let (sum, carry) = self.total_sum.overflowing_add(total_ns);
        self.total_sum = sum;
        self.total_sum_high += u32::from(carry);
        self.total_min = self.total_min.min(total_ns);
        self.total_max = self.total_max.max(total_ns);
    }

    fn sum(&self) -> u128 {
        u128::from(self.total_sum_high) << 64 | u128::from(self.total_sum)
    }

    fn exact(&self) -> Exact {
        Exact { count: u64::from(self.delivered), sum: self.sum(), min: self.total_min, max: self.total_max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::CellId;

    #[test]
    fn an_agent_costs_little() {
        assert!(size_of::<AgentCell>() + size_of::<RecipientCell>() <= 96);
    }

    #[test]
    fn groups_are_the_sum_of_their_agents() {
        let mut agents = AgentsRecorder::new(3, 3, false);
        let ended = |agent, recipient, outcome, ended_ns| Ended {
            cell: CellId::FIRST,
            agent,
            recipient,
            intended_ns: 5,
            first_accepted_ns: 5,
            last_attempt: None,
            ended_ns,
            outcome,
            reason: 0,
            attempts: 2,
            answered: 1,
        };
        for (agent, total) in [(0, 10), (1, 30), (1, 20)] {
            agents.ended(&ended(agent, 2, FinalOutcome::Delivered, 5 + total));
        }
        agents.ended(&ended(1, ALL, FinalOutcome::Failed, 39));
        agents.ended(&ended(1, ALL, FinalOutcome::Expired, 39));
        let group = agents.group_figures(0, 3);
        let Counts { generated, delivered, failed, expired, attempts, retries, answered, .. } = group.counts;
        assert_eq!((generated, delivered, failed, expired), (5, 3, 1, 1));
        assert_eq!((attempts, retries, answered), (10, 5, 5));
        assert_eq!((group.total.count, group.total.min_ns, group.total.max_ns), (3, Some(10), Some(30)));
        assert_eq!(group.last_activity_ns, Some(39));
        assert_eq!(agents.figures(2).last_activity_ns, None);
        assert_eq!(agents.recipient_figures(2).delivered, 3);
        assert_eq!(agents.recipient_figures(ALL).addressed, 2);
        assert_eq!(agents.extremes(2), (vec![1, 0], vec![1, 0]));
        assert_eq!(agents.most_addressed(1), [2]);
    }
}
