//! The loop: one thread, one timeline, two clocks.

use super::behaviour::{Behaviour, Draft};
use super::clock::Clock;
use super::content::{Drafts, Renderer};
use super::envelope::Envelopes;
use super::generator::Generator;
use super::lateness::Lateness;
use super::message::Messages;
use super::observer::{Observer, Progress};
use super::occupancy::Occupancy;
use super::queue::Waiting;
use super::receiver::Receiving;
use super::scene::Scene;
use super::silence::Silence;
use super::stop::Stop;
use super::timeline::{Class, Timeline};
use super::tokens::Tokens;
use crate::cores::{self, CoreFailure, HostServices, Out, Session, abi};
use crate::metrics::Recorder;
use crate::plan::{Arrival, End, Plan};
use crate::results::{Cycles, Shortfall, Waited};
use mqscript_plugin::random::Stream;
use std::collections::VecDeque;

/// More rounds than this without time advancing end a run.
pub const ROUNDS_MAX: u64 = 1_000_000;
/// More polls than this without an outcome, within [`IN_VAIN_NS`] of the virtual clock, end a run.
const POLLS_IN_VAIN_MAX: u64 = 1_000_000;
/// Within this time.
const IN_VAIN_NS: u64 = 10_000_000;
/// On the wall clock the loop looks at all else after so many polls at once that brought no outcome.
const POLLS_AT_ONCE_MAX: u64 = 1_000;
/// On the virtual clock the observer is asked after so many entries of the timeline.
const PROGRESS_ENTRIES: u64 = 1 << 16;
/// On the wall clock it is asked so often.
const PROGRESS_NS: u64 = 50_000_000;
/// From so many agents on, the memory of the next ones is asked for ahead of time.
const MANY_AGENTS: u32 = 20_000;

/// Interned names of the engine's own reasons.
#[derive(Debug, Clone, Copy)]
pub struct Reasons {
    pub queue_full: u32,
    pub dropped_oldest: u32,
    pub timeout: u32,
    pub core_failed: u32,
    pub unsent: u32,
    pub time_to_live: u32,
    pub no_outcome: u32,
}

/// What the plan asks for, as the loop looks at it.
#[derive(Debug, Clone)]
pub struct Rules {
    /// When the load ends, if by time.
    pub load_end_ns: Option<u64>,
    /// Whether it lasts until `load_end_ns` even if nothing more is going to be generated.
    pub ends_by_time: bool,
    /// When each phase starts; the warm-up, if any, is the first.
    pub phase_starts: Vec<u64>,
    /// Types per phase among the cells.
    pub types: u16,
    /// How long silence may last after the load.
    pub drain_ns: u64,
    /// The last moment of the wait after the load, counted from the end of the load.
    pub drain_max_ns: Option<u64>,
    /// How long the run listens on when all copies have come.
    pub linger_ns: u64,
    /// The mean time between two arrivals of the whole plan.
    pub mean_gap_ns: f64,
    /// Whether any group has callbacks of this kind, by group.
    pub on_outcome: Vec<bool>,
    /// By group.
    pub on_message: Vec<bool>,
    /// By group.
    pub next: Vec<bool>,
    /// By group.
    pub on_start: Vec<bool>,
    /// Whether messages made by callbacks can follow when no arrival is to come.
    pub reactive: bool,
    /// Whether any group's arrivals follow outcomes.
    pub closed: bool,
}

/// A cycle of the processor (`batch_interval` > 0).
#[derive(Debug, Default)]
pub struct Cycle {
    /// Taken from the queue, not handed over yet.
    pub taken: VecDeque<u32>,
    /// Whether a cycle is going on.
    pub active: bool,
    /// When the last one ended.
    pub ended_ns: Option<u64>,
    /// When the last one began.
    pub began_ns: u64,
    /// What those that have ended were like.
    pub spent: Cycles,
}

/// A run being played.
pub struct Player<'a, C: Clock> {
    pub plan: &'a Plan,
    /// What the results say of the run beside what was measured.
    pub scene: &'a Scene<'a>,
    pub rules: Rules,
    pub clock: C,
    pub now_ns: u64,
    /// The load's start on the core's clock.
    pub origin_ns: u64,
    /// The run's number in stamps.
    pub run: u32,
    pub session: Session,
    pub services: HostServices,
    pub out: Out,
    pub core_reads_content: bool,
    pub timeline: Timeline,
    pub waiting: Waiting,
    pub messages: Messages,
    pub tokens: Tokens,
    /// Messages in flight.
    pub in_flight: usize,
    pub generator: Generator,
    pub recorder: Recorder,
    /// What the lag of the generator adds to times (wall clock).
    pub lateness: Lateness,
    pub occupancy: Occupancy,
    pub renderer: Renderer,
    pub drafts: Drafts,
    pub envelopes: Envelopes,
    /// Messages about to be handed over.
    pub staged: Vec<u32>,
    pub cycle: Cycle,
    /// Messages sent by callbacks for later, by slot.
    pub sends: Vec<(u32, Draft)>,
    pub sends_free: Vec<u32>,
    /// Agents held by a full queue, each with its message.
    pub blocked: VecDeque<u32>,
    /// Messages whose `on_outcome` is still to be called.
    pub untold: usize,
    pub receiving: Receiving,
    pub behaviour: &'a mut dyn Behaviour,
    pub observer: &'a mut dyn Observer,
    pub wants_messages: bool,
    pub behaviour_streams: Vec<Stream>,
    pub reasons: Reasons,
    /// The core took less than offered: nothing is offered until an outcome, a wake or its next due.
    pub held_back: bool,
    /// Hand-overs so far.
    pub handed_over: u64,
    /// Arrivals on the timeline and messages held: what generates without waiting for an outcome.
    pub sources: u64,
    /// Agents that have generated as many messages as each may.
    pub agents_done: u32,
    /// Slots in a row for which `next` sent nothing, and how many messages there were when they began.
    pub skips: (u64, u64),
    /// When the load ended.
    pub load_ended_ns: Option<u64>,
    /// Why the wait after the load ended, where it was not because all had come.
    pub waited: Option<Waited>,
    /// Why a load that ends by a count ended, if that was not reached.
    ended_by: Shortfall,
    pub stop: Option<Stop>,
    pub notices: super::notices::Notices,
    pub outages: super::outages::Outages,
    /// The current phase: index into `rules.phase_starts`.
    pub phase: usize,
    /// So many agents that their records do not fit into the caches.
    many_agents: bool,
    /// Agents whose memory was asked for last.
    soon: [u32; 4],
    pub(super) entries: u64,
    /// Polls since the last that brought an outcome, and when the first of them was.
    in_vain: (u64, u64),
    next_progress_ns: u64,
    pub(super) silence: Silence,
    /// The core is asked for what it knows, though it has not woken anybody.
    asks: bool,
    /// Signs of work that the core has given.
    pub(super) signs: u64,
    /// Timers on the timeline: entries that may mean nothing any more.
    pub timers: usize,
    /// Entries that were counted and are nothing that happened: polls and timers.
    pub idle_entries: u64,
}

/// What [`Player::new`] is made of.
pub struct Parts<'a, C: Clock> {
    pub plan: &'a Plan,
    pub scene: &'a Scene<'a>,
    pub rules: Rules,
    pub clock: C,
    pub origin_ns: u64,
    pub run: u32,
    pub session: Session,
    pub services: HostServices,
    pub receive: bool,
    pub timeline: Timeline,
    pub generator: Generator,
    pub recorder: Recorder,
    pub renderer: Renderer,
    pub behaviour: &'a mut dyn Behaviour,
    pub observer: &'a mut dyn Observer,
    pub behaviour_streams: Vec<Stream>,
    pub reasons: Reasons,
}

impl<'a, C: Clock> Player<'a, C> {
    /// A run that is ready to be played.
    pub fn new(parts: Parts<'a, C>) -> Player<'a, C> {
        let wants_messages = parts.observer.wants_messages();
        let batch = parts.plan.processor.batch_size as usize;
        let outages = super::outages::Outages::new(&parts.services.interner);
        Player {
            plan: parts.plan,
            scene: parts.scene,
            rules: parts.rules,
            clock: parts.clock,
            now_ns: 0,
            origin_ns: parts.origin_ns,
            run: parts.run,
            session: parts.session,
            services: parts.services,
            out: Out::with_capacity(batch.max(64), if parts.receive { 64 } else { 0 }),
            core_reads_content: parts.scene.capabilities & abi::READS_CONTENT != 0,
            timeline: parts.timeline,
            waiting: Waiting::new(parts.plan.processor.at_once),
            messages: Messages::default(),
            tokens: Tokens::default(),
            in_flight: 0,
            generator: parts.generator,
            recorder: parts.recorder,
            lateness: Lateness::default(),
            occupancy: Occupancy::default(),
            renderer: parts.renderer,
            drafts: Drafts::default(),
            envelopes: Envelopes::default(),
            staged: Vec::with_capacity(batch),
            cycle: Cycle::default(),
            sends: Vec::new(),
            sends_free: Vec::new(),
            blocked: VecDeque::new(),
            untold: 0,
            receiving: Receiving::new(
                parts.receive,
                parts.plan.agents(),
                parts.plan.ledger_memory,
                parts.scene.capabilities & abi::ORDER_BY_ADDRESS != 0,
                !C::VIRTUAL,
            ),
            behaviour: parts.behaviour,
            observer: parts.observer,
            wants_messages,
            behaviour_streams: parts.behaviour_streams,
            reasons: parts.reasons,
            held_back: false,
            handed_over: 0,
            sources: 0,
            agents_done: 0,
            skips: (0, 0),
            load_ended_ns: None,
            waited: None,
            ended_by: Shortfall::NothingToCome,
            stop: None,
            notices: super::notices::Notices::default(),
            outages,
            phase: 0,
            many_agents: parts.plan.agents() >= MANY_AGENTS,
            soon: [u32::MAX; 4],
            entries: 0,
            in_vain: (0, 0),
            next_progress_ns: 0,
            silence: Silence::default(),
            asks: false,
            signs: 0,
            timers: 0,
            idle_entries: 0,
        }
    }

    /// Plays the run to its end.
    pub fn play(&mut self) {
        if self.observer.wants_results() {
            self.tell_results_so_far(false);
        }
        self.start();
        while self.stop.is_none() {
            if let Some(next) = self.instant() {
                self.now_ns = self.clock.wait(next.max(self.now_ns));
                continue;
            }
            if self.stop.is_some() {
                break;
            }
            if self.count_is_over() {
                // What the core held back until now is offered again, before time goes on.
                self.end_load();
                continue;
            }
            if self.is_finished() {
                break;
            }
            let Some(next) = self.next_wake_up() else {
                self.nothing_to_wait_for();
                break;
            };
            self.now_ns = self.clock.wait(next.max(self.now_ns));
        }
        cores::speak_if_dying();
        self.settle();
    }

    /// When the timeline goes on, if that alone decides: on the virtual clock, under load, with a core that has no
    /// wish of its own.
    #[inline(always)]
    fn next_of_timeline(&mut self) -> Option<u64> {
        let alone = C::VIRTUAL
            && self.load_ended_ns.is_none()
            && self.rules.ends_by_time
            && self.out.next_due_ns == abi::NEVER
            && self.plan.processor.batch_interval_ns == 0;
        if alone { self.timeline.next_time() } else { None }
    }

    /// Does all that is due now, and what that makes due. Returns when the loop goes on, if the timeline decides.
    #[inline(always)]
    fn instant(&mut self) -> Option<u64> {
        let mut rounds = 0;
        loop {
            if self.wants_poll() {
                self.poll();
            }
            self.run_due();
            if self.stop.is_some() {
                return None;
            }
            let again = self.dispatch();
            if self.stop.is_some() {
                return None;
            }
            match self.next_of_timeline() {
                // Another round would find nothing to do.
                Some(next) if next > self.now_ns && !self.out.more && self.blocked.is_empty() => {
                    return Some(next);
                }
                next if !again && !self.polls_at_once() => return next,
                _ => {}
            }
            if !C::VIRTUAL {
                self.now_ns = self.clock.now();
            }
            rounds += u64::from(again);
            if rounds > ROUNDS_MAX {
                self.stop = Some(Stop::endless_answers(&format!(
                    "more than {ROUNDS_MAX} rounds at {} ns without time advancing: {}",
                    self.now_ns,
                    self.busiest()
                )));
                return None;
            }
        }
    }

    /// "After MORE the host polls at once." On the wall clock it looks at all else now and then.
    #[inline]
    fn polls_at_once(&self) -> bool {
        self.out.more && (C::VIRTUAL || self.in_vain.0 % POLLS_AT_ONCE_MAX != POLLS_AT_ONCE_MAX - 1)
    }

    /// The core was polled. One that is always due and never answers would keep the virtual clock where it is for ever.
    pub fn polled(&mut self, answered: bool) {
        self.entries += 1;
        self.idle_entries += 1;
        if self.entries & (PROGRESS_ENTRIES - 1) == 0 {
            self.report_progress();
        }
        if answered || self.in_vain.0 == 0 {
            self.in_vain = (u64::from(!answered), self.now_ns);
            return;
        }
        self.in_vain.0 += 1;
        if self.in_vain.0 < POLLS_IN_VAIN_MAX {
            return;
        }
        let (polls, since_ns) = std::mem::take(&mut self.in_vain);
        let passed_ns = self.now_ns - since_ns;
        if C::VIRTUAL && passed_ns < IN_VAIN_NS {
            let text = format!(
                "it was polled {polls} times within {passed_ns} ns because it asked for it (`next_due_ns`, or MORE), \
                 and told no outcome (rules R56 and R57)"
            );
            self.fail(CoreFailure::breach(self.session.core(), "poll", text));
        }
    }

    /// Handles the timeline's entries up to now.
    #[inline(always)]
    fn run_due(&mut self) {
        while let Some(due) = self.timeline.pop_due(self.now_ns) {
            match due.class {
                Class::Outcome => self.outcome_due(due.payload),
                Class::Arrival => self.arrival_due(due.payload, due.time_ns),
                Class::Timeout => self.timeout_due(due.payload, due.time_ns),
                Class::OutcomeCallback => self.outcome_callback_due(due.payload),
                Class::Delivery => self.delivery_due(due.payload),
                Class::Backoff => self.backoff_due(due.payload),
                Class::Phase => self.phase_due(due.payload),
            }
            if self.many_agents {
                self.look_ahead();
            }
            self.entries += 1;
            if self.entries & (PROGRESS_ENTRIES - 1) == 0
                || (!C::VIRTUAL && self.now_ns >= self.next_progress_ns)
            {
                self.report_progress();
            }
            if self.stop.is_some() {
                return;
            }
        }
        if self.receiving.has_tags() {
            self.acknowledge();
        }
        if !C::VIRTUAL && self.now_ns >= self.next_progress_ns {
            self.report_progress();
        }
    }

    /// Asks for the memory that one of the next arrivals will need: its agent's first, and when that is there, its
    /// recipient's.
    #[inline(never)]
    fn look_ahead(&mut self) {
        let Some(agent) = self.timeline.scout() else { return };
        self.generator.prefetch(agent);
        self.recorder.agents.prefetch(agent);
        self.soon.rotate_right(1);
        let earlier = std::mem::replace(&mut self.soon[0], agent);
        if let Some(recipient) = self.generator.next_recipient(earlier) {
            self.recorder.agents.prefetch_recipient(recipient);
        }
    }

    #[inline(never)]
    fn report_progress(&mut self) {
        self.next_progress_ns = self.now_ns + PROGRESS_NS;
        self.asks = !C::VIRTUAL && self.receiving.active && self.load_ended_ns.is_some();
        self.take_notices();
        let progress = Progress {
            now_ns: self.now_ns,
            generated: self.recorder.generated,
            ended: self.recorder.ended,
            delivered: self.recorder.delivered,
            draining: self.load_ended_ns.is_some(),
            awaited: self.receiving.ledger.copies().outstanding,
        };
        if !self.observer.progress(&progress) && self.stop.is_none() {
            self.stop = Some(Stop::Interrupted(None));
        }
        cores::speak_if_dying();
        if self.observer.wants_results() {
            self.tell_results_so_far(false);
        }
    }

    /// Whether the core must be polled before anything else happens.
    #[inline]
    fn wants_poll(&mut self) -> bool {
        let asks = std::mem::take(&mut self.asks);
        self.out.more || asks || self.core_due_ns() <= self.now_ns || self.clock.take_wake()
    }

    /// When the core wants to be polled, on the load's clock.
    #[inline]
    pub(super) fn core_due_ns(&self) -> u64 {
        match self.out.next_due_ns {
            abi::NEVER => u64::MAX,
            due => due.saturating_sub(self.origin_ns),
        }
    }

    /// When the loop must look again, at the latest; `None` if nothing will ever happen.
    #[inline]
    fn next_wake_up(&mut self) -> Option<u64> {
        let mut next = self.timeline.next_time().unwrap_or(u64::MAX).min(self.core_due_ns());
        if let Some(ready) = self.cycle_ready_ns() {
            next = next.min(ready);
        }
        next = next.min(self.wait_ends_ns());
        if C::VIRTUAL {
            return (next != u64::MAX).then_some(next);
        }
        Some(next.min(self.next_progress_ns))
    }

    /// Where the end is a count of messages: whether nothing more will be generated, though the count may not be
    /// reached.
    fn count_is_over(&mut self) -> bool {
        if self.load_ended_ns.is_some() || self.rules.ends_by_time {
            return false;
        }
        // A time comes first, too, unless every agent has sent all its messages before.
        if self.rules.load_end_ns.is_some() && self.agents_done < self.generator.agents.len() as u32 {
            return false;
        }
        // Agents go on thinking after an outcome, and callbacks may send after an outcome or a copy.
        let ended = self.recorder.ended == self.recorder.generated;
        let quiet = ended && (!self.copies_missing() || self.is_silent());
        let settled = match (self.rules.reactive, self.rules.closed) {
            (true, _) => quiet,
            (false, true) => quiet || self.agents_done == self.generator.agents.len() as u32,
            (false, false) => true,
        };
        if self.sources == 0 && settled {
            self.ended_by = Shortfall::NothingToCome;
            return true;
        }
        if self.hand_overs_left() == 0
            && self.in_flight == 0
            && self.timeline.len() == 0
            && !self.copies_missing()
        {
            self.ended_by = Shortfall::HandOversUsedUp;
            return true;
        }
        self.ended_by = Shortfall::CoreSilent;
        self.is_silent()
    }

    /// Where the load ended before its count of messages: how many were asked for, how many of these were generated, and
    /// why. Of agents that only answer nobody knows how many they owe, unless it is a count in all.
    pub fn shortfall(&self) -> Option<(u64, u64, Shortfall)> {
        let (asked, generated) = match self.plan.end {
            End::Duration(_) | End::First { duration_ns: Some(_), .. } => return None,
            End::First { messages_per_agent: Some(_), .. }
                if self.agents_done == self.generator.agents.len() as u32 =>
            {
                return None;
            }
            End::First { messages, .. } => (messages.unwrap_or(0), self.generator.generated()),
            End::Messages(asked) => (asked, self.generator.generated()),
            End::MessagesPerAgent(each) => {
                let owes = |group: u32| self.plan.groups[group as usize].arrival != Arrival::OnDemand;
                let owing = self.generator.agents.iter().filter(|agent| owes(agent.group));
                owing.fold((0, 0), |(asked, sent), agent| (asked + each, sent + agent.sequence.min(each)))
            }
        };
        (generated < asked).then_some((asked, generated, self.ended_by))
    }

    /// No more is generated from now on; the core is told to send what it holds back.
    pub fn end_load(&mut self) {
        if self.load_ended_ns.is_some() {
            return;
        }
        self.load_ended_ns = Some(self.now_ns);
        self.show_signs();
        // The flush polls, and "a wish stands until the next `poll`": what the core held back is to be offered again, so
        // that it can say anew when it may pass.
        self.held_back = false;
        let result = self.session.flush(self.now_ns + self.origin_ns, &mut self.out);
        self.absorb_outcomes(0..0);
        self.absorb_deliveries();
        self.take_events();
        if let Err(failure) = result {
            self.fail(failure);
        }
    }

    /// Nothing is due and nothing will be, yet messages are without an end.
    fn nothing_to_wait_for(&mut self) {
        let stuck = self.in_flight > 0 || (self.held_back && !self.waiting.is_empty());
        if stuck {
            self.fail(CoreFailure::stuck(self.session.core()));
        }
    }

    /// The core is finished.
    pub fn fail(&mut self, failure: CoreFailure) {
        if self.stop.is_none() {
            self.stop = Some(Stop::CoreFailed(failure));
        }
    }
}
