//! From a plan to results: finds the cores, plays the plan, and writes what was measured.

use super::account::Account;
use super::behaviour::Behaviour;
use super::callback_runner::CallbackRunner;
use super::cast::{Cast, Setting, consumes, receives};
use super::clock::{ALWAYS_SPIN_GAP_NS, Clock, VirtualClock, WallClock};
use super::consumers::Consumers;
use super::content::{Drafts, Renderer, Texts, TextsOfOne};
use super::core_link::CoreLink;
use super::error::RunError;
use super::generator::Generator;
use super::load::Load;
use super::message::Messages;
use super::names::Parties;
use super::observer::{Observer, Started};
use super::pace::Pace;
use super::played::Played;
use super::player::Player;
use super::processor::ProcessorState;
use super::receiver::Receiver;
use super::results::Measured;
use super::scene::Scene;
use super::setup::{Reasons, Rules, Setup};
use super::so_far::Closing;
use super::stop::Stop;
use super::timeline::Timeline;
use crate::cores::{
    self, Chain, CoreError, GroupRow, HostServices, Out, ResolvedChain, RunConfig, Session, TypeRow, abi,
};
use crate::metrics::{AgentsRecorder, ConsumptionRecorder, Recorder};
use crate::plan::{ClockKind, Consumer, Group, Lease, Plan, TypeId};
use crate::results::{Stopwatch, in_utc};
use mqscript_plugin::random::{KeyedSource, mix};
use std::borrow::Cow;
use std::sync::Arc;

/// The time between the decision to start and the start of the load on the wall clock, in nanoseconds: `open` must
/// return within it.
const OPEN_AHEAD_NS: u64 = 20_000_000;

/// From this number of agents on, their arrivals lie in a calendar.
const MANY_AGENTS: usize = 2_000;

/// Plays a plan on the cores that are found in the setting.
///
/// # Errors
/// The run could not be started. A run that started always gives results.
pub fn run(
    plan: &Plan,
    setting: Setting<'_>,
    behaviour: &mut dyn Behaviour,
    observer: &mut dyn Observer,
) -> Result<Played, RunError> {
    run_with(plan, &Cast::of(plan, setting)?, behaviour, observer)
}

/// Plays a plan on cores that were found for it, or for a plan with the same cores.
///
/// # Errors
/// As for [`run()`].
pub fn run_with(
    plan: &Plan,
    cast: &Cast,
    behaviour: &mut dyn Behaviour,
    observer: &mut dyn Observer,
) -> Result<Played, RunError> {
    let Cast { resolved, clock, confined } = cast;
    let clock = *clock;
    let (asked, plan) = (plan, &*as_played_on(plan, resolved));
    let stopwatch = Stopwatch::start();
    let parties = Parties::new(plan);
    let services = services_on(clock);
    let config = config(plan, cast, &parties)?;
    let (number, receive) = (config.run, config.receive);
    let mut chain = resolved.create(config, services.clone())?;
    can_consume(plan, cast, &chain)?;
    let opened = open(&mut chain, clock, &services);
    let (session, origin_ns) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // Errors of taking down are ignored: the user must see the first error.
            let _ = chain.clean();
            let _ = chain.destroy();
            return Err(error.into());
        }
    };
    let started_at = in_utc(origin_ns.saturating_sub(services.clock.now_ns()));
    observer.started(&started(plan, clock));
    if plan.processor.at_once && !asked.processor.is_plain() {
        observer.log(&plan.core.name, abi::LOG_INFO, HANDED_OVER_AT_ONCE);
    }
    let mut scene = Scene {
        plan,
        clock,
        resolved,
        capabilities: chain.capabilities(),
        confined: confined.as_deref(),
        kept: observer.keeps_results(),
        started_at,
        stopwatch,
        over: None,
    };
    let opened_run = OpenedRun { scene: &scene, parties, services, session, origin_ns, number, receive };
    let (measured, session) = match clock {
        ClockKind::Virtual => {
            let clock = VirtualClock::new(&opened_run.services);
            opened_run.play(clock, behaviour, observer)
        }
        ClockKind::Wall => {
            let always_spin = plan.mean_gap_ns() < ALWAYS_SPIN_GAP_NS;
            let clock = WallClock::new(&opened_run.services, origin_ns, always_spin);
            opened_run.play(clock, behaviour, observer)
        }
    };
    scene.over = Some(scene.stopwatch.finish(measured.generated(), behaviour.seconds()));
    Ok(close(measured, session, chain, origin_ns, &scene, observer))
}

/// The text for a user who has set a processor option that has no effect.
const HANDED_OVER_AT_ONCE: &str = "it is a processor itself: messages are handed to it at their times, whatever their priority; \
                                   processor.workers, batch_size and batch_interval do not apply";

/// The plan, adapted to what these cores can do.
fn as_played_on<'p>(plan: &'p Plan, resolved: &ResolvedChain) -> Cow<'p, Plan> {
    plan.as_played_on(resolved.declared_capabilities() & abi::PROCESSES != 0)
}

/// Makes the cores of a plan, without a run.
///
/// # Errors
/// A core cannot be made with its options.
pub(super) fn make(plan: &Plan, cast: &Cast) -> Result<Chain, RunError> {
    let plan = &*as_played_on(plan, &cast.resolved);
    let config = config(plan, cast, &Parties::new(plan))?;
    let chain = cast.resolved.create(config, services_on(cast.clock))?;
    can_consume(plan, cast, &chain)?;
    Ok(chain)
}

/// Whether the cores, now that they are made with their options, can do what consumers ask for.
fn can_consume(plan: &Plan, cast: &Cast, chain: &Chain) -> Result<(), RunError> {
    consumes(plan, &cast.resolved, chain.capabilities(), |_| Vec::new())
}

fn services_on(clock: ClockKind) -> HostServices {
    HostServices::new(core_clock(clock))
}

fn core_clock(clock: ClockKind) -> cores::RunClockKind {
    match clock {
        ClockKind::Virtual => cores::RunClockKind::Virtual,
        ClockKind::Wall => cores::RunClockKind::Wall,
    }
}

/// What the cores are told about the run.
fn config(plan: &Plan, cast: &Cast, parties: &Parties) -> Result<RunConfig, RunError> {
    let receive = receives(plan, &cast.resolved)?;
    Ok(RunConfig {
        run: run_number(plan.seed, cast.clock),
        seed: plan.seed_of_cores(),
        clock: core_clock(cast.clock),
        agents: plan.agents(),
        party_names: Arc::new(parties.clone()),
        types: plan.types.iter().map(type_row).collect(),
        receive,
        wants_content: receive && plan.has_callback(|c| c.on_message.is_some()),
        max_in_flight: plan.processor.workers,
        groups: group_rows(plan, parties),
    })
}

/// What the cores are told about the groups, if some agents work on what they receive.
fn group_rows(plan: &Plan, parties: &Parties) -> Vec<GroupRow> {
    if plan.groups.iter().all(|group| group.consumer.is_none()) {
        return Vec::new();
    }
    let mut first_agent = 0;
    let row = |(number, group): (usize, &Group)| {
        let consumer = group.consumer.as_ref();
        let agents = group.count;
        first_agent += agents;
        GroupRow {
            name: group.name.clone(),
            first_agent: first_agent - agents,
            agents,
            queue: parties.queue_of(number),
            prefetch: consumer.and_then(|consumer| consumer.prefetch),
            lease_ns: consumer.and_then(|consumer| match consumer.lease {
                Lease::OfMedium => None,
                Lease::Never => Some(abi::NEVER),
                Lease::For(lease_ns) => Some(lease_ns),
            }),
            max_deliveries: consumer.and_then(|consumer| consumer.max_deliveries),
            redelivery_ns: consumer.map_or_else(Vec::new, |consumer| consumer.redelivery_ns.clone()),
        }
    };
    plan.groups.iter().enumerate().map(row).collect()
}

/// Takes the cores down and writes what was measured.
fn close(
    measured: Measured,
    session: Session,
    mut chain: Chain,
    origin_ns: u64,
    scene: &Scene<'_>,
    observer: &mut dyn Observer,
) -> Played {
    let mut closing = Closing { measured: Some(measured), scene, observer };
    let (closed, stats, ended) =
        cores::with_final_snapshot(&mut closing, Closing::take_final_snapshot, |_| {
            let closed = session.close();
            let (stats, told) = match chain.stats() {
                Ok(stats) => (stats, Ok(())),
                Err(error) => (Default::default(), Err(error)),
            };
            let ended = chain.clean().and_then(|()| chain.destroy());
            (closed, stats, told.and(ended))
        });
    let mut measured = closing.measured.expect("only a final snapshot takes it");
    measured.take_last_notices(origin_ns, closing.observer);
    if let Err(failure) = closed {
        measured.stop.get_or_insert(Stop::CoreFailed(failure));
    }
    let played = measured.results(scene, stats);
    Played { stop: played.stop.or_else(|| ended.err().map(Stop::CoreUnclean)), ..played }
}

/// "`run` is derived from the seed on the virtual clock and drawn from the operating system on the wall clock."
fn run_number(seed: u64, clock: ClockKind) -> u32 {
    let number = match clock {
        ClockKind::Virtual => mix(seed) as u32,
        ClockKind::Wall => rand::random(),
    };
    number.max(1)
}

fn type_row(row: &crate::plan::MessageType) -> TypeRow {
    TypeRow {
        name: row.name.clone(),
        wire_type: row.wire_type.clone(),
        priority: row.settings.priority as u8,
        tags: row.settings.tags.clone(),
    }
}

fn open(chain: &mut Chain, clock: ClockKind, services: &HostServices) -> Result<(Session, u64), CoreError> {
    chain.prepare()?;
    let origin_ns = match clock {
        ClockKind::Virtual => 0,
        ClockKind::Wall => services.clock.now_ns() + OPEN_AHEAD_NS,
    };
    Ok((chain.open(origin_ns)?, origin_ns))
}

fn started(plan: &Plan, clock: ClockKind) -> Started {
    Started {
        name: plan.name.clone(),
        core: plan.core.name.clone(),
        clock,
        seed: plan.seed,
        agents: plan.agents(),
        load_ns: plan.load_ns(),
        warm_up_ns: plan.warm_up_ns,
        messages: plan.messages_max(),
    }
}

fn timeline_for(plan: &Plan) -> Timeline {
    let (agents, workers) = (plan.agents() as usize, plan.processor.workers as usize);
    let (at_work, work_ns) = at_work(plan);
    // In these plans each agent has one arrival at a time, and they come at one rate.
    let plain = plan.has_steady_load() && !plan.has_callback(|callbacks| callbacks.any());
    if agents >= MANY_AGENTS && plain {
        return Timeline::of_many_agents(agents, workers + at_work, plan.mean_gap_ns(), work_ns);
    }
    let gap = plan.mean_gap_ns().min(1e9);
    Timeline::new(agents + workers + at_work, gap, work_ns.max(gap * agents as f64))
}

/// How many executions there are at a time at most, and how long one takes on average where that is longest.
fn at_work(plan: &Plan) -> (usize, f64) {
    let mut of_all = (0, 0.0_f64);
    for group in &plan.groups {
        let Some(consumer) = &group.consumer else { continue };
        let service_ns = (0..plan.types.len()).map(|id| consumer.service_of(TypeId(id as u16)).mean());
        of_all.0 += group.count as usize * consumer.workers as usize;
        of_all.1 = service_ns.fold(of_all.1, f64::max);
    }
    of_all
}

/// A run whose cores are open, before its clock is chosen.
struct OpenedRun<'a> {
    scene: &'a Scene<'a>,
    parties: Parties,
    services: HostServices,
    session: Session,
    origin_ns: u64,
    number: u32,
    receive: bool,
}

impl<'a> OpenedRun<'a> {
    /// Plays the run on this clock. Returns what was measured, and the session, which is still open.
    fn play<C: Clock>(
        self,
        clock: C,
        behaviour: &mut dyn Behaviour,
        observer: &mut dyn Observer,
    ) -> (Measured, Session) {
        let plan = self.scene.plan;
        let setup = self.setup(C::VIRTUAL, observer.wants_messages());
        let generator = Generator::new(plan, &self.parties);
        let settings = &generator.settings;
        let renderer = Renderer::new(plan.seed, self.parties.clone(), &plan.types, settings);
        let batch = plan.processor.batch_size as usize;
        let out = Out::with_capacity(batch.max(64), if self.receive { 64 } else { 0 });
        let mut player = Player {
            pace: Pace::new(clock, timeline_for(plan)),
            processor: ProcessorState::new(&plan.processor, &plan.queue),
            receiver: self.receiver(!C::VIRTUAL),
            consumers: Consumers::new(plan),
            account: Account::new(self.recorder(&setup, !C::VIRTUAL), &self.services.interner),
            core: CoreLink::new(self.session, self.services, out, self.origin_ns),
            load: Load::new(generator, plan.end, &setup.rules),
            messages: Messages::default(),
            texts: Texts {
                renderer: Arc::new(renderer),
                drafts: Drafts::default(),
                room: TextsOfOne::default(),
            },
            callbacks: CallbackRunner::new(plan, behaviour),
            observer,
            setup,
            stop: None,
            waited: None,
        };
        cores::with_final_snapshot(&mut player, Player::take_final_snapshot, Player::play);
        Measured::of(player)
    }

    fn setup(&self, on_virtual_clock: bool, wants_messages: bool) -> Setup<'a> {
        Setup {
            plan: self.scene.plan,
            scene: self.scene,
            rules: Rules::of(self.scene.plan, on_virtual_clock),
            reasons: Reasons::new(&self.services.interner),
            run: self.number,
            jitter: KeyedSource::new(self.scene.plan.seed, "engine", "jitter"),
            core_reads_content: self.scene.capabilities & abi::READS_CONTENT != 0,
            wants_messages,
        }
    }

    fn recorder(&self, setup: &Setup<'_>, on_wall_clock: bool) -> Recorder {
        let (plan, rules) = (setup.plan, &setup.rules);
        let agents = AgentsRecorder::new(plan.agents() as usize, self.parties.count() as usize, self.receive);
        let warms_up = plan.warm_up_ns > 0;
        let mut recorder =
            Recorder::new(plan.types.len(), &rules.phase_starts, rules.load_end_ns, warms_up, agents);
        let stores = self.scene.capabilities & abi::STORES != 0;
        recorder.counts_copies = self.receive && (stores || plan.counts_copies);
        if plan.groups.iter().any(|group| group.consumer.is_some()) {
            let knows_lease = |group: &Group| group.consumer.as_ref().is_none_or(Consumer::knows_lease);
            let leases_known = plan.groups.iter().map(knows_lease);
            recorder.consumption =
                Some(Box::new(ConsumptionRecorder::new(leases_known, plan.agents() as usize)));
        }
        // A plan with its own limit says that lag below the limit does not matter.
        if on_wall_clock && plan.max_schedule_lag_ns.is_none() {
            recorder.watch_lag();
        }
        recorder
    }

    fn receiver(&self, on_wall_clock: bool) -> Receiver {
        let plan = self.scene.plan;
        let order_by_address = self.scene.capabilities & abi::ORDER_BY_ADDRESS != 0;
        Receiver::new(self.receive, plan.agents(), plan.ledger_memory, order_by_address, on_wall_clock)
    }
}
