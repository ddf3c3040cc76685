//! The work of consumers: it begins when a copy comes, ends on the timeline, and settles the copy.

use super::behaviour::{BehaviourError, MessageAnswer};
use super::clock::Clock;
use super::consumers::{Begun, Held};
use super::due::Due;
use super::message::{Message, MessageId};
use super::observer::ExecutionRecord;
use super::occupancy::Place;
use super::player::Player;
use super::receiver::Copy;
use super::stop::Stop;
use crate::cores::{Settlement, abi};
use crate::metrics::{ConsumerExecution, ConsumptionRecorder, ExecutionEnd};
use crate::plan::TypeId;

/// The ways of settling, in the order in which they are told: what makes room comes first.
const SETTLEMENTS: [Settlement; 4] =
    [Settlement::Acknowledge, Settlement::GiveBack, Settlement::Reject, Settlement::Extend];

/// Why a run ends in which copies come again faster than anybody can work on them.
const TOO_MUCH_HELD: &str = "consumers hold 10 million copies, which wait to be worked on: copies come again faster than they are \
                             settled; set a `prefetch`, or a longer `lease`";

/// Why a run ends in which copies come again without end in one instant.
const TIME_STANDS_STILL: &str = "10 million copies came to consumers at the same instant: they are given back, and come again at \
                                 once; give `service` or `redelivery` a time, or set `max_deliveries`";

impl<C: Clock> Player<'_, C> {
    /// A copy comes to an agent that works on what it receives.
    pub fn consume(&mut self, agent: u32, group: usize, copy: Copy) {
        let Some(consumption) = &mut self.account.recorder.consumption else { return };
        consumption.handed_over(group, copy.flags & abi::DELIVERY_REDELIVERED != 0);
        self.account.occupancy.enter(Place::Consumer, copy.at_ns, 1);
        self.consumers.take(agent, group, copy);
        self.work_on(agent, group);
        let endless = match () {
            () if self.consumers.hold_too_much() => TOO_MUCH_HELD,
            () if self.consumers.stand_still() => TIME_STANDS_STILL,
            () => return,
        };
        if self.stop.is_none() {
            self.stop = Some(Stop::Interrupted(Some(endless.to_owned())));
        }
    }

    /// Lets an agent begin as much work as it has workers for.
    fn work_on(&mut self, agent: u32, group: usize) {
        let now_ns = self.pace.now_ns();
        while let Some(begun) = self.consumers.begin(agent, group, now_ns, &self.load.generator) {
            let Begun { slot, ends_ns, extends_ns } = begun;
            if let Some(consumption) = &mut self.account.recorder.consumption {
                consumption.began(group);
            }
            self.pace.schedule(ends_ns, Due::Work(slot));
            if let Some(extends_ns) = extends_ns {
                self.pace.schedule(extends_ns, Due::Extend(slot));
            }
        }
    }

    /// The work on the copy in this slot ends.
    pub fn work_due(&mut self, slot: u32) {
        let Some(held) = self.consumers.end(slot) else { return };
        let (agent, group) = (held.agent, held.group as usize);
        self.account.occupancy.leave(Place::Consumer, self.pace.now_ns(), 1);
        if held.will == ExecutionEnd::Crashed {
            self.agent_dies(group, &held);
            return;
        }
        let how = match held.will {
            ExecutionEnd::Succeeded => self.answer_to(group, &held),
            _ => Settlement::GiveBack,
        };
        let end = if how == Settlement::Acknowledge { ExecutionEnd::Succeeded } else { ExecutionEnd::Failed };
        let settles = self.consumers.settles_after(group);
        if settles {
            self.consumers.settle(how, held.copy.ack_tag);
        }
        self.executed(group, &held, end, settles.then_some(how));
        self.work_on(agent, group);
    }

    /// How an agent settles a copy on which it has worked with success: as its `on_message` says.
    fn answer_to(&mut self, group: usize, held: &Held) -> Settlement {
        let Some(text) = held.copy.text.as_ref().filter(|_| self.setup.rules.on_message[group]) else {
            return Settlement::Acknowledge;
        };
        if self.stop.is_some() {
            return Settlement::Acknowledge;
        }
        match self.tell_agent(held.agent, &held.copy, text) {
            MessageAnswer::Accepted => Settlement::Acknowledge,
            MessageAnswer::Refused => self.if_it_settles(Settlement::GiveBack),
            MessageAnswer::Rejected => self.if_it_settles(Settlement::Reject),
        }
    }

    /// A callback may ask for what the cores cannot do.
    fn if_it_settles(&mut self, how: Settlement) -> Settlement {
        if self.setup.scene.capabilities & abi::SETTLES != 0 {
            return how;
        }
        if self.stop.is_none() {
            let text = "`on_message` refused or rejected a message, and the core takes no copies back: choose a core with \
                        SETTLES (`mqscript core list`), or return ()";
            self.stop = Some(Stop::Behaviour(BehaviourError(text.into())));
        }
        Settlement::Acknowledge
    }

    /// An agent dies at the work on this copy; nothing that it holds is settled.
    fn agent_dies(&mut self, group: usize, held: &Held) {
        let now_ns = self.pace.now_ns();
        let (cut_short, forgotten, back_ns) = self.consumers.dies(held.agent, group, now_ns);
        let released = (cut_short.len() + forgotten.len()) as u64;
        self.account.occupancy.leave(Place::Consumer, now_ns, released);
        self.executed(group, held, ExecutionEnd::Crashed, None);
        cut_short.iter().for_each(|held| self.executed(group, held, ExecutionEnd::Crashed, None));
        if let Some(consumption) = &mut self.account.recorder.consumption {
            forgotten.iter().for_each(|held| consumption.forgotten(group, now_ns - held.copy.at_ns));
        }
        self.pace.schedule(back_ns, Due::Restart(held.agent));
    }

    /// Records an execution that ends now; `settled` is how its copy is settled by it.
    fn executed(&mut self, group: usize, held: &Held, end: ExecutionEnd, settled: Option<Settlement>) {
        let execution = self.execution(group, held, end, settled.is_some());
        if let Some(consumption) = &mut self.account.recorder.consumption {
            consumption.ended(&execution);
        }
        if self.setup.wants_messages {
            self.tell_execution(held, &execution, settled);
        }
    }

    fn execution(&self, group: usize, held: &Held, end: ExecutionEnd, settles: bool) -> ConsumerExecution {
        let (ended_ns, stamp) = (self.pace.now_ns(), &held.copy.stamp);
        let intended_ns = self.core.since_load(stamp.intended_ns);
        let cell = self.load.cell_of(&self.setup.rules, intended_ns, TypeId(stamp.type_id));
        ConsumerExecution {
            group,
            agent: held.agent,
            message: (stamp.sender, stamp.sequence),
            to_all: held.copy.recipient == abi::ALL,
            phase: self.account.recorder.phase_of(cell, self.setup.plan.types.len()),
            end,
            late: held.is_late(ended_ns),
            settles,
            intended_ns,
            handed_ns: held.copy.at_ns,
            began_ns: held.began_ns,
            ended_ns,
        }
    }

    /// Tells the observer of an execution that has ended.
    fn tell_execution(&mut self, held: &Held, execution: &ConsumerExecution, settled: Option<Settlement>) {
        let parties = &self.texts.renderer.parties;
        let stamp = &held.copy.stamp;
        let record = ExecutionRecord {
            agent: &parties.name(stamp.sender),
            sequence: stamp.sequence,
            type_name: &self.setup.plan.types[usize::from(stamp.type_id)].name,
            consumer: &parties.name(held.agent),
            to_all: execution.to_all,
            hand_over: held.handed_over_times(),
            intended_ns: execution.intended_ns,
            handed_ns: execution.handed_ns,
            began_ns: execution.began_ns,
            ended_ns: execution.ended_ns,
            end: execution.end,
            lease_expired: execution.late,
            settled: settled.map(settlement_name),
        };
        if let Err(text) = self.observer.execution(&record)
            && self.stop.is_none()
        {
            self.stop = Some(Stop::Interrupted(Some(text)));
        }
    }

    /// The run is over: what consumers still hold is written down as such.
    pub fn cut_off_work(&mut self) {
        let Some(mut consumption) = self.account.recorder.consumption.take() else { return };
        self.cut_off_into(&mut consumption);
        if self.setup.wants_messages {
            let at_work: Vec<Held> =
                self.consumers.rest().filter(|(_, at_work)| *at_work).map(|(held, _)| held.clone()).collect();
            for held in at_work {
                let execution = self.execution(held.group as usize, &held, ExecutionEnd::CutOff, false);
                self.tell_execution(&held, &execution, None);
            }
        }
        self.account.recorder.consumption = Some(consumption);
    }

    /// Counts what consumers still hold, as if the run ended now.
    pub fn cut_off_into(&self, consumption: &mut ConsumptionRecorder) {
        for (held, at_work) in self.consumers.rest() {
            let group = held.group as usize;
            if at_work {
                consumption.ended(&self.execution(group, held, ExecutionEnd::CutOff, false));
            } else {
                consumption.still_waits(group, self.pace.now_ns() - held.copy.at_ns);
            }
        }
    }

    /// The sender of a message knows it as delivered: those who work on it are expected to complete it.
    #[inline(never)]
    pub fn is_to_be_completed(&mut self, id: MessageId) {
        let Message { agent: sender, sequence, recipient, .. } = self.messages[id];
        let (generator, agents) = (&self.load.generator, self.load.generator.agents.len() as u32);
        let Some(consumption) = &mut self.account.recorder.consumption else { return };
        let message = (sender, sequence);
        if recipient == abi::ALL {
            for agent in (0..agents).filter(|agent| *agent != sender) {
                let group = generator.agents[agent as usize].group as usize;
                if self.consumers.has(group) {
                    consumption.delivered(group, message, Some(agent));
                }
            }
        } else if let Some(group) = generator.group_of_recipient(recipient).filter(|g| self.consumers.has(*g))
        {
            consumption.delivered(group, message, None);
        }
    }

    /// The lease of a copy in work is to be extended.
    pub fn extend_due(&mut self, slot: u32) {
        let group = self.consumers.group_at(slot);
        if let Some(next_ns) = self.consumers.extend(slot, group, self.pace.now_ns()) {
            self.pace.schedule(next_ns, Due::Extend(slot));
        }
    }

    /// An agent that died is back.
    pub fn restart_due(&mut self, agent: u32) {
        let group = self.load.group_of(agent);
        self.consumers.is_back(agent, group);
        self.work_on(agent, group);
    }

    /// Tells the core how copies are settled, since the last call.
    #[inline(never)]
    pub fn settle_copies(&mut self) {
        let told = self.consumers.take_settlements();
        for (how, tags) in SETTLEMENTS.into_iter().zip(&told) {
            if !tags.is_empty() && self.stop.is_none() {
                self.show_signs();
                let result = self.core.settle(self.pace.now_ns(), how, tags);
                self.absorb(result);
            }
        }
        self.consumers.settlements_told(told);
    }
}

/// How a settlement is called where every execution is written down.
fn settlement_name(how: Settlement) -> &'static str {
    match how {
        Settlement::Acknowledge => "acknowledged",
        Settlement::GiveBack => "given_back",
        Settlement::Reject => "rejected",
        Settlement::Extend => "extended",
    }
}
