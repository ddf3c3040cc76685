//! What consumers have done with what they received: executions, and which messages are completed.

use super::histogram::Histogram;
use super::marks::MessageMarks;
use crate::results::{AgentWork, ConsumerFigures, Consumption, Times};
use std::collections::BTreeMap;

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionEnd {
    /// The work was done.
    Succeeded,
    /// The work ended without success.
    Failed,
    /// The agent died in it.
    Crashed,
    /// The run ended in it.
    CutOff,
}

impl ExecutionEnd {
    /// The name of the end where every execution is written down.
    pub fn name(self) -> &'static str {
        match self {
            ExecutionEnd::Succeeded => "succeeded",
            ExecutionEnd::Failed => "failed",
            ExecutionEnd::Crashed => "crashed",
            ExecutionEnd::CutOff => "cut_off",
        }
    }
}

/// An execution that has ended.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerExecution {
    /// The group of the agent.
    pub group: usize,
    /// The agent that worked.
    pub agent: u32,
    /// The sender of the message, and its number among that agent's.
    pub message: (u32, u64),
    /// Whether the message was for all agents.
    pub to_all: bool,
    /// The number of the phase of the message, from 0; none before the measured window.
    pub phase: Option<usize>,
    /// How the execution ended.
    pub end: ExecutionEnd,
    /// Whether the lease of the copy had ended before.
    pub late: bool,
    /// Whether the copy is settled now.
    pub settles: bool,
    /// When the message was to be generated, in nanoseconds.
    pub intended_ns: u64,
    /// When the copy was handed over, in nanoseconds.
    pub handed_ns: u64,
    /// When the work began, in nanoseconds.
    pub began_ns: u64,
    /// When the execution ended, in nanoseconds.
    pub ended_ns: u64,
}

/// The records of one group.
#[derive(Debug, Clone, Default)]
pub struct GroupConsumption {
    /// The number of executions that began.
    pub began: u64,
    /// Executions that ended with success.
    pub succeeded: u64,
    /// Executions that ended without success.
    pub failed: u64,
    /// Executions in which the agent died.
    pub crashed: u64,
    /// Executions under way when the run ended.
    pub cut_off: u64,
    /// Successful executions of messages that were completed before.
    pub duplicate: u64,
    /// Whether it is known how long the leases are.
    knows_lease: bool,
    /// Executions that ended after the lease of their copy.
    pub late: u64,
    /// Of these, those whose copy was settled then.
    pub settled_late: u64,
    /// The time of all executions that ended, in nanoseconds.
    pub service_ns: u128,
    /// Of that, the time of those that did not count: repeats, and those whose lease had gone.
    pub wasted_ns: u128,
    /// Messages that were executed with success.
    pub completed: u64,
    /// Messages that were executed with success more than once.
    pub repeated: u64,
    /// Messages that the medium gave up.
    pub dead_letters: u64,
    /// Messages that are delivered, as their senders know, and neither completed nor given up.
    pub unfinished: u64,
    /// Copies that came to the agents.
    pub handed_over: u64,
    /// Of these, copies that were handed over again.
    pub redelivered: u64,
    /// Copies that were lost to an agent that died.
    pub forgotten: u64,
    /// The sum of the times from hand-over until a copy was settled or forgotten, in nanoseconds.
    pub held_ns: u128,
    /// Handed over until the work begins, in the window.
    pub held: Histogram,
    /// The time of the work, in the window.
    pub service: Histogram,
    /// Intended arrival to the end of the first successful execution, in the window.
    pub completion: Histogram,
    /// Copies that waited for a worker when the run ended.
    pub waiting: u64,
    was_delivered: MessageMarks,
    was_completed: MessageMarks,
    was_repeated: MessageMarks,
    was_given_up: MessageMarks,
}

impl GroupConsumption {
    /// The figures of the group; `workers` are those of all its agents, and the run lasted for `lasted_ns`.
    fn figures(&self, workers: u64, lasted_ns: u64) -> ConsumerFigures {
        let share = |part: u128, whole: u128| part as f64 / whole as f64;
        let working_ns = u128::from(workers) * u128::from(lasted_ns);
        ConsumerFigures {
            executions: self.began,
            succeeded: self.succeeded,
            failed: self.failed,
            crashed: self.crashed,
            cut_off: self.cut_off,
            duplicate_executions: self.duplicate,
            lease_expired: self.knows_lease.then_some(self.late),
            late_settlements: self.knows_lease.then_some(self.settled_late),
            handed_over: self.handed_over,
            redelivered: self.redelivered,
            forgotten: self.forgotten,
            waiting: self.waiting,
            completed: self.completed,
            repeated: self.repeated,
            unfinished: self.unfinished,
            dead_letters: self.dead_letters,
            wasted_service: (self.service_ns > 0).then(|| share(self.wasted_ns, self.service_ns)),
            busy: if working_ns > 0 { share(self.service_ns, working_ns) } else { 0.0 },
            held: self.held.times(),
            service: self.service.times(),
            completion: self.completion.times(),
        }
    }

    /// Adds all of another group.
    pub fn merge(&mut self, other: &GroupConsumption) {
        self.knows_lease &= other.knows_lease;
        self.began += other.began;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.crashed += other.crashed;
        self.cut_off += other.cut_off;
        self.duplicate += other.duplicate;
        self.late += other.late;
        self.settled_late += other.settled_late;
        self.service_ns += other.service_ns;
        self.wasted_ns += other.wasted_ns;
        self.completed += other.completed;
        self.repeated += other.repeated;
        self.dead_letters += other.dead_letters;
        self.unfinished += other.unfinished;
        self.handed_over += other.handed_over;
        self.redelivered += other.redelivered;
        self.forgotten += other.forgotten;
        self.waiting += other.waiting;
        self.held_ns += other.held_ns;
        self.held.merge(&other.held);
        self.service.merge(&other.service);
        self.completion.merge(&other.completion);
    }
}

/// The records of one agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AgentConsumption {
    /// Executions that ended in any way.
    pub executions: u64,
    /// The time of all its executions, in nanoseconds.
    pub service_ns: u64,
    /// The time that copies waited for a worker of it, before their executions, in nanoseconds.
    pub held_ns: u64,
}

impl AgentConsumption {
    /// The figures of an agent with so many workers, in a run that lasted for `lasted_ns`.
    pub fn figures(&self, workers: u32, lasted_ns: u64) -> AgentWork {
        let working_ns = f64::from(workers) * lasted_ns as f64;
        AgentWork {
            executions: self.executions,
            busy: if lasted_ns > 0 { self.service_ns as f64 / working_ns } else { 0.0 },
            held_mean_ns: (self.executions > 0).then(|| self.held_ns as f64 / self.executions as f64),
        }
    }
}

/// The records of all consumers.
#[derive(Debug, Clone, Default)]
pub struct ConsumptionRecorder {
    /// By group; those of groups without consumers stay empty.
    groups: Vec<GroupConsumption>,
    /// By agent.
    agents: Vec<AgentConsumption>,
    /// The completion of the messages of each phase, as far as there are some.
    by_phase: Vec<Histogram>,
    /// When the last execution ended, in nanoseconds.
    pub last_ns: u64,
    /// When a message was last completed or given up, in nanoseconds.
    pub progress_ns: u64,
}

impl ConsumptionRecorder {
    /// Records for the groups of a run and its agents. For each group: whether it is known how long its leases are.
    pub fn new(leases_known: impl Iterator<Item = bool>, agents: usize) -> ConsumptionRecorder {
        let group = |knows_lease| GroupConsumption { knows_lease, ..GroupConsumption::default() };
        ConsumptionRecorder {
            groups: leases_known.map(group).collect(),
            agents: vec![AgentConsumption::default(); agents],
            by_phase: Vec::new(),
            last_ns: 0,
            progress_ns: 0,
        }
    }

    /// Intended arrival to completion, of the messages of a phase.
    pub fn completion_in(&self, phase: usize) -> Times {
        self.by_phase.get(phase).map_or_else(Times::default, Histogram::times)
    }

    /// The records of an agent.
    pub fn agent(&self, agent: u32) -> AgentConsumption {
        self.agents[agent as usize]
    }

    /// A copy came to an agent of this group; `again`: not for the first time, as the medium says.
    #[inline]
    pub fn handed_over(&mut self, group: usize, again: bool) {
        self.groups[group].handed_over += 1;
        self.groups[group].redelivered += u64::from(again);
    }

    /// Notes that an execution begins.
    #[inline]
    pub fn began(&mut self, group: usize) {
        self.groups[group].began += 1;
    }

    /// A copy that an agent of this group held for `held_ns` is lost to it, because it died.
    pub fn forgotten(&mut self, group: usize, held_ns: u64) {
        self.groups[group].forgotten += 1;
        self.groups[group].held_ns += u128::from(held_ns);
    }

    /// The run ends while a copy has waited for a worker of this group for `held_ns`.
    pub fn still_waits(&mut self, group: usize, held_ns: u64) {
        self.groups[group].waiting += 1;
        self.groups[group].held_ns += u128::from(held_ns);
    }

    /// The records of all groups together.
    pub fn all(&self) -> GroupConsumption {
        let mut all = GroupConsumption { knows_lease: true, ..GroupConsumption::default() };
        self.groups.iter().for_each(|group| all.merge(group));
        all
    }

    /// The results; `groups` are the names of the groups that have consumers, with their numbers and the workers of all their
    /// agents; the run lasted until `lasted_ns`.
    pub fn results<'n>(
        &self,
        groups: impl Iterator<Item = (&'n str, usize, u64)>,
        lasted_ns: u64,
    ) -> Consumption {
        let (all, mut all_workers) = (self.all(), 0);
        let mut by_group = BTreeMap::new();
        for (name, number, workers) in groups {
            let group = &self.groups[number];
            by_group.insert(name.to_owned(), group.figures(workers, lasted_ns));
            all_workers += workers;
        }
        let held_sum = all.held_ns.to_string();
        Consumption {
            all: all.figures(all_workers, lasted_ns),
            held_sum,
            by_group,
            by_agent: BTreeMap::new(),
        }
    }

    /// A message to an agent of this group, or to its queue, is delivered, as its sender knows; one to all for this agent.
    pub fn delivered(&mut self, group: usize, message: (u32, u64), to_all_at: Option<u32>) {
        let group = &mut self.groups[group];
        let is_over =
            group.was_completed.has(message, to_all_at) || group.was_given_up.has(message, to_all_at);
        if group.was_delivered.mark(message, to_all_at) && !is_over {
            group.unfinished += 1;
        }
    }

    /// The medium has given up a message to this group.
    pub fn given_up(&mut self, group: usize, message: (u32, u64), at_ns: u64) {
        let group = &mut self.groups[group];
        if group.was_given_up.mark(message, None) {
            self.progress_ns = self.progress_ns.max(at_ns);
            group.dead_letters += 1;
            if group.was_delivered.has(message, None) && !group.was_completed.has(message, None) {
                group.unfinished -= 1;
            }
        }
    }

    /// Messages that are delivered, as their senders know, and neither completed nor given up.
    pub fn unfinished(&self) -> u64 {
        self.groups.iter().map(|group| group.unfinished).sum()
    }

    /// An execution has ended.
    pub fn ended(&mut self, e: &ConsumerExecution) {
        let group = &mut self.groups[e.group];
        let service_ns = e.ended_ns - e.began_ns;
        let agent = &mut self.agents[e.agent as usize];
        agent.executions += 1;
        agent.service_ns += service_ns;
        agent.held_ns += e.began_ns.saturating_sub(e.handed_ns);
        group.service_ns += u128::from(service_ns);
        group.held_ns += u128::from(e.ended_ns.saturating_sub(e.handed_ns));
        if e.end == ExecutionEnd::CutOff {
            group.cut_off += 1;
            return;
        }
        self.last_ns = self.last_ns.max(e.ended_ns);
        group.late += u64::from(e.late);
        group.settled_late += u64::from(e.late && e.settles);
        if e.phase.is_some() {
            group.held.record(e.began_ns.saturating_sub(e.handed_ns));
            group.service.record(service_ns);
        }
        let mut counts = !e.late;
        match e.end {
            ExecutionEnd::Failed => group.failed += 1,
            ExecutionEnd::Crashed | ExecutionEnd::CutOff => group.crashed += 1,
            ExecutionEnd::Succeeded => {
                group.succeeded += 1;
                let at = e.to_all.then_some(e.agent);
                if group.was_completed.mark(e.message, at) {
                    group.completed += 1;
                    self.progress_ns = self.progress_ns.max(e.ended_ns);
                    if group.was_delivered.has(e.message, at) && !group.was_given_up.has(e.message, at) {
                        group.unfinished -= 1;
                    }
                    // Its work is done, whatever became of the lease.
                    counts = true;
                    if let Some(phase) = e.phase {
                        let completion_ns = e.ended_ns.saturating_sub(e.intended_ns);
                        group.completion.record(completion_ns);
                        if self.by_phase.len() <= phase {
                            self.by_phase.resize_with(phase + 1, Histogram::default);
                        }
                        self.by_phase[phase].record(completion_ns);
                    }
                } else {
                    counts = false;
                    group.duplicate += 1;
                    group.repeated += u64::from(group.was_repeated.mark(e.message, at));
                }
            }
        }
        if !counts {
            group.wasted_ns += u128::from(service_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution(sequence: u64, end: ExecutionEnd, late: bool) -> ConsumerExecution {
        ConsumerExecution {
            group: 0,
            agent: 3,
            message: (1, sequence),
            to_all: false,
            phase: Some(0),
            end,
            late,
            settles: end != ExecutionEnd::Crashed,
            intended_ns: 0,
            handed_ns: 10,
            began_ns: 15,
            ended_ns: 35,
        }
    }

    #[test]
    fn a_message_is_completed_once_and_repeated_once() {
        use ExecutionEnd::{Crashed, Failed, Succeeded};
        let mut recorder = ConsumptionRecorder::new(std::iter::once(true), 5);
        for (sequence, end, late) in [
            (1, Failed, false),
            (1, Succeeded, false),
            (64, Succeeded, true),
            (64, Succeeded, false),
            (64, Succeeded, false),
            (65, Crashed, false),
            (66, Failed, true),
        ] {
            recorder.ended(&execution(sequence, end, late));
        }
        let group = &recorder.groups[0];
        assert_eq!((group.succeeded, group.failed, group.crashed), (4, 2, 1));
        assert_eq!((group.completed, group.duplicate, group.repeated, group.late), (2, 2, 1, 2));
        assert_eq!((group.service_ns, group.wasted_ns), (7 * 20, 3 * 20));
        assert_eq!((group.held.exact().count, group.completion.exact().count), (7, 2));
        assert_eq!((group.held.exact().max, group.completion.exact().max), (5, 35));
    }

    #[test]
    fn what_is_neither_completed_nor_given_up_is_unfinished() {
        let mut recorder = ConsumptionRecorder::new(std::iter::once(true), 5);
        for sequence in [1, 2, 3, 200] {
            recorder.delivered(0, (1, sequence), None);
        }
        recorder.delivered(0, (2, 2), Some(3));
        assert_eq!(recorder.groups[0].unfinished, 5);
        recorder.ended(&execution(2, ExecutionEnd::Succeeded, false));
        recorder.ended(&execution(9, ExecutionEnd::Succeeded, false));
        recorder.given_up(0, (1, 200), 7);
        recorder.given_up(0, (1, 200), 7);
        assert_eq!((recorder.groups[0].unfinished, recorder.groups[0].dead_letters), (3, 1));
    }

    #[test]
    fn a_broadcast_is_completed_by_each_agent() {
        let mut recorder = ConsumptionRecorder::new(std::iter::once(true), 5);
        for agent in [3, 4, 3] {
            let e = execution(9, ExecutionEnd::Succeeded, false);
            recorder.ended(&ConsumerExecution { agent, to_all: true, ..e });
        }
        assert_eq!((recorder.groups[0].completed, recorder.groups[0].duplicate), (2, 1));
    }
}
