//! Writes what a run has measured as results.

use super::clock::Clock;
use super::named::Name;
use super::names::Parties;
use super::notices::Notices;
use super::observer::Observer;
use super::outages::Outages;
use super::played::Played;
use super::player::Player;
use super::receiver::Receiver;
use super::scene::Scene;
use super::stop::Stop;
use crate::cores::{CoreFailure, HostServices, Session, abi, capability_names, library_sha256};
use crate::metrics::{AGENTS_LISTED_MAX, ConsumptionRecorder, Naming, Recorder};
use crate::plan::{End, Plan};
use crate::results::{
    self, AgentWork, Copies, Core, Cycles, Environment, Facts, Figures, Layer, Occupancy, Run, Series,
    Shortfall, Stopped, Times, Unknown, Waited,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// What a run has measured, taken from a player.
pub struct Measured {
    recorder: Recorder,
    occupancy: Occupancy,
    /// The integral of the copies that consumers held.
    held: String,
    notices: Notices,
    outages: Outages,
    cycles: Option<Cycles>,
    /// Why the run stopped before its time; none if it did not.
    pub stop: Option<Stop>,
    parties: Parties,
    services: HostServices,
    boundaries_ns: Vec<u64>,
    copies: Option<Copies>,
    /// What is unknown about copies, and why.
    unknown: Option<Unknown>,
    /// If the load ended before its count of messages: asked for, generated, why.
    shortfall: Option<(u64, u64, Shortfall)>,
}

impl Measured {
    /// Takes the measurements of a run that is over, and its session.
    pub fn of<C: Clock>(player: Player<'_, C>) -> (Measured, Session) {
        let (boundaries_ns, copies, unknown) = (boundaries(&player), copies(&player), unknown(&player));
        let shortfall = player.load.shortfall(&player.setup);
        let mut account = player.account;
        account.recorder.flush();
        charge_losses(&player.receiver, &mut account.recorder);
        let (session, services) = player.core.into_parts();
        let measured = Measured {
            held: account.occupancy.held(),
            occupancy: account.occupancy.results(account.recorder.in_system),
            recorder: account.recorder,
            notices: account.notices,
            outages: account.outages,
            cycles: player.processor.cycles(),
            stop: player.stop,
            parties: player.texts.renderer.parties.clone(),
            services,
            boundaries_ns,
            copies,
            unknown,
            shortfall,
        };
        (measured, session)
    }

    /// The results of what a run has measured so far, as if its core had just failed with `failure`.
    ///
    /// *Rationale.* A million agents have records of 120 MB. So they are not copied: what changes in them for these
    /// results is put back.
    pub fn so_far<C: Clock>(player: &mut Player<'_, C>, failure: CoreFailure) -> (Run, Facts) {
        let rest = player.rest(true);
        player.account.recorder.flush();
        let kept = player.account.recorder.agents.keep(rest.iter().map(|(id, ..)| {
            let message = &player.messages[*id];
            (message.agent, message.recipient)
        }));
        let agents = player.account.recorder.agents.take();
        let mut recorder = player.account.recorder.clone();
        recorder.agents = agents;
        charge_losses(&player.receiver, &mut recorder);
        for (id, outcome, reason) in rest {
            let last_attempt = player.messages[id].last_attempt();
            recorder.ended(&player.ended(id, outcome, reason, player.pace.now_ns(), last_attempt));
        }
        recorder.flush();
        if let Some(consumption) = &mut recorder.consumption {
            player.cut_off_into(consumption);
        }
        let mut measured = Measured::with(recorder, player, failure);
        let run = measured.write(player.setup.scene, Map::new());
        let facts = measured.facts(player.setup.scene);
        player.account.recorder.agents = measured.recorder.agents.put_back(kept);
        (run, facts)
    }

    fn with<C: Clock>(recorder: Recorder, player: &Player<'_, C>, failure: CoreFailure) -> Measured {
        let mut occupancy = player.account.occupancy.clone();
        occupancy.finish(player.pace.now_ns());
        Measured {
            held: occupancy.held(),
            occupancy: occupancy.results(recorder.in_system),
            recorder,
            notices: player.account.notices.clone(),
            outages: player.account.outages.clone(),
            cycles: player.processor.cycles(),
            stop: Some(Stop::CoreFailed(failure)),
            parties: player.texts.renderer.parties.clone(),
            services: player.core.services.clone(),
            boundaries_ns: boundaries(player),
            copies: copies(player),
            unknown: unknown(player),
            shortfall: None,
        }
    }

    /// Takes over the events and log lines that came while the cores were taken down.
    pub fn take_last_notices(&mut self, origin_ns: u64, observer: &mut dyn Observer) {
        self.notices.take_last(&self.services, origin_ns, observer);
    }

    /// The number of messages generated.
    pub fn generated(&self) -> u64 {
        self.recorder.generated
    }

    /// The results, not judged yet; `stats` is what the cores reported about themselves.
    pub fn results(mut self, scene: &Scene<'_>, stats: Map<String, Value>) -> Played {
        let run = self.write(scene, stats);
        let facts = self.facts(scene);
        Played { run, facts, stop: self.stop }
    }

    fn facts(&self, scene: &Scene<'_>) -> Facts {
        let stopped = self.stop.as_ref().map(|stop| match stop {
            Stop::Interrupted(None) => Stopped::ByUser,
            Stop::CoreFailed(_) => Stopped::CoreFailed,
            _ => Stopped::Otherwise,
        });
        Facts {
            stopped,
            unknown: self.unknown,
            generated_late: self.recorder.extras.generated_late,
            shortfall: self.shortfall,
            kept: scene.kept,
        }
    }

    /// Writes the results; to be called once.
    fn write(&mut self, scene: &Scene<'_>, stats: Map<String, Value>) -> Run {
        let plan = scene.plan;
        let so_far = || scene.stopwatch.finish(self.generated(), None);
        let environment = scene.over.clone().unwrap_or_else(so_far);
        let mut run = blank(scene, core_of(scene, stats), environment);
        run.environment.started_at = Some(scene.started_at.clone());
        run.environment.confined = scene.confined.map(str::to_owned);
        for core in &scene.resolved.cores {
            run.environment.files.insert(of_core(&core.id), core.path.display().to_string());
        }
        let stages = plan.stages();
        let naming = Naming {
            types: plan.types.iter().map(|t| t.name.as_str()).collect(),
            phases: stages.iter().map(|stage| stage.name.as_str()).collect(),
            boundaries_ns: self.boundaries_ns.clone(),
            groups: plan.groups.iter().map(|g| (g.name.as_str(), g.count as usize)).collect(),
            agent: &|id| self.parties.name(id),
            reason: &|id| self.services.interner.text(id),
            distributions: scene.kept,
        };
        let window_end = self.boundaries_ns.last().copied().unwrap_or(0);
        self.recorder.summarise(&mut run, &naming, window_end.saturating_sub(plan.warm_up_ns));
        run.duration_ns = self.recorder.last_end_ns.max(self.recorder.last_reception_ns);
        if let Some(consumption) = &self.recorder.consumption {
            run.duration_ns = run.duration_ns.max(consumption.last_ns);
            let groups = plan.groups.iter().enumerate().filter_map(|(number, group)| {
                let workers = u64::from(group.consumer.as_ref()?.workers) * u64::from(group.count);
                Some((group.name.as_str(), number, workers))
            });
            let mut consumers = consumption.results(groups, run.duration_ns);
            if plan.agents() <= AGENTS_LISTED_MAX as u32 {
                consumers.by_agent = work_by_agent(plan, consumption, &self.parties, run.duration_ns);
            }
            run.consumers = Some(consumers);
            self.occupancy.held = Some(std::mem::take(&mut self.held));
        }
        run.occupancy = std::mem::take(&mut self.occupancy);
        run.cycles = self.cycles.take();
        run.notices = std::mem::take(&mut self.notices).by_name(&self.services);
        run.outages = std::mem::take(&mut self.outages).into_rows();
        run.partial = self.stop.as_ref().map(Stop::in_words);
        run.ledger.copies = self.copies.take();
        run
    }
}

/// The starts of the phases, and the end of the measured window.
fn boundaries<C: Clock>(player: &Player<'_, C>) -> Vec<u64> {
    let window_end = match (player.setup.plan.end, player.setup.rules.load_end_ns) {
        (End::Duration(_), Some(end)) => end,
        (End::First { .. }, Some(end)) if player.load.ended_ns().is_some_and(|ended| ended >= end) => end,
        _ => player.account.recorder.last_end_ns,
    };
    // A run that stopped early has measured only until now.
    let is_over = player.stop.is_none() && player.is_settled();
    let window_end = if is_over { window_end } else { window_end.min(player.pace.now_ns()) };
    let mut boundaries_ns = player.setup.rules.phase_starts.clone();
    let last = boundaries_ns.last().copied().unwrap_or(0);
    boundaries_ns.push(window_end.max(last));
    boundaries_ns
}

fn copies<C: Clock>(player: &Player<'_, C>) -> Option<Copies> {
    player.receiver.is_active().then(|| copies_of(player))
}

fn unknown<C: Clock>(player: &Player<'_, C>) -> Option<Unknown> {
    if !player.receiver.is_active() {
        None
    } else if player.waited == Some(Waited::Limit) && !player.receiver.all_received() {
        Some(Unknown::WaitedTooLong)
    } else if nothing_arrived(player) {
        Some(Unknown::NothingArrived)
    } else if player.receiver.receipts().is_blurred() {
        Some(Unknown::LedgerTooLarge)
    } else {
        None
    }
}

/// Whether copies are expected of a core that does not confirm, and none came: then it is unknown whether it delivers
/// anything.
fn nothing_arrived<C: Clock>(player: &Player<'_, C>) -> bool {
    let copies = player.receiver.receipts().copies();
    let confirms = player.setup.scene.capabilities & abi::CONFIRMS != 0;
    !confirms && copies.expected > 0 && copies.received == 0
}

/// Counts lost copies for the agents that did not get them.
fn charge_losses(receiver: &Receiver, recorder: &mut Recorder) {
    if receiver.is_active() {
        receiver.receipts().lost(|agent, lost| recorder.agents.lost(agent, lost));
    }
}

/// The name of a core's library among the files of a run.
fn of_core(id: &str) -> String {
    format!("core {id}")
}

/// Records the library files with which a run was played; to be called before the run is saved. The digest does not
/// depend on it.
pub fn record_libraries(run: &mut Run) {
    let cores = std::iter::once(&run.core.id).chain(run.core.layers.iter().map(|layer| &layer.id));
    let names: Vec<String> = cores.map(|id| of_core(id)).collect();
    for name in names {
        let path = run.environment.files.get(&name);
        if let Some(sum) = path.and_then(|path| library_sha256(Path::new(path))) {
            run.environment.sha256.insert(name, sum);
        }
    }
}

/// What each agent did that works on what it receives.
fn work_by_agent(
    plan: &Plan,
    consumption: &ConsumptionRecorder,
    parties: &Parties,
    lasted_ns: u64,
) -> BTreeMap<String, AgentWork> {
    let mut first = 0;
    let mut by_agent = BTreeMap::new();
    for group in &plan.groups {
        if let Some(consumer) = &group.consumer {
            by_agent.extend((first..first + group.count).map(|agent| {
                let work = consumption.agent(agent).figures(consumer.workers, lasted_ns);
                (parties.name(agent), work)
            }));
        }
        first += group.count;
    }
    by_agent
}

/// The receiver's ledger in the form of the results.
fn copies_of<C: Clock>(player: &Player<'_, C>) -> Copies {
    let (ledger, named) = (player.receiver.receipts(), player.receiver.named());
    let capabilities = player.setup.scene.capabilities;
    let confirms = capabilities & abi::CONFIRMS != 0;
    let seen = ledger.copies();
    let (lost, by) = named.lost(|tell| ledger.each_lost(tell));
    let text = |reason: u32| player.core.services.interner.text(reason).to_string();
    let in_words = |names: &[Name]| names.iter().map(|name| named_copy(player, name)).collect();
    Copies {
        expected: seen.expected,
        received: seen.received,
        lost: if confirms { seen.outstanding } else { 0 },
        missing: if confirms { 0 } else { seen.outstanding },
        duplicated: seen.duplicated,
        redelivered: seen.redelivered,
        recovered: seen.recovered(),
        unexpected: seen.unexpected,
        foreign: seen.foreign,
        out_of_order: ledger.measures_order().then_some(seen.out_of_order),
        corrupted: seen.corrupted,
        late: seen.late,
        given_up: seen.given_up,
        unstamped: named.unstamped,
        altered: named.altered.iter().map(|(fields, number)| (text(*fields), *number)).collect(),
        failed_calls: named.failed_calls,
        lost_by: (capabilities & abi::PROCESSES != 0 && seen.outstanding > 0).then_some(results::LostBy {
            never_tried: by.never_tried,
            tried_and_given_up: by.tried,
            sent_but_not_received: by.elsewhere,
        }),
        waited: player.waited,
        named: results::NamedCopies {
            lost: in_words(&lost),
            duplicated: in_words(&named.duplicated),
            out_of_order: in_words(&named.out_of_order),
            given_up: in_words(&named.given_up),
        },
    }
}

fn named_copy<C: Clock>(player: &Player<'_, C>, name: &Name) -> results::NamedCopy {
    let parties = &player.texts.renderer.parties;
    let kinds = &player.setup.plan.types;
    results::NamedCopy {
        sender: parties.name(name.sender).to_string(),
        recipient: parties.recipient(name.recipient).to_string(),
        sequence: name.sequence,
        r#type: name.type_id.and_then(|id| kinds.get(id.index())).map(|kind| kind.name.clone()),
        intended_ns: name.intended_ns,
        at_ns: name.at_ns,
        failed_calls: name.failed_calls,
        reason: (name.reason != 0).then(|| player.core.services.interner.text(name.reason).to_string()),
    }
}

fn core_of(scene: &Scene<'_>, stats: Map<String, Value>) -> Core {
    let inner = &scene.resolved.cores[0];
    let layers = scene.resolved.cores[1..].iter().map(|layer| Layer {
        id: layer.id.clone(),
        version: layer.version.clone(),
        options: Value::Object(layer.options.clone()),
    });
    Core {
        name: scene.plan.core.name.clone(),
        id: inner.id.clone(),
        version: inner.version.clone(),
        options: Value::Object(inner.options.clone()),
        layers: layers.collect(),
        capabilities: capability_names(scene.capabilities),
        stats: Value::Object(stats),
    }
}

fn blank(scene: &Scene<'_>, core: Core, environment: Environment) -> Run {
    let plan = scene.plan;
    Run {
        name: plan.name.clone(),
        seed: plan.seed,
        clock: scene.clock.name().to_owned(),
        core,
        digest: String::new(),
        valid: None,
        invalid_because: Vec::new(),
        tolerated: Vec::new(),
        partial: None,
        ledger: results::Ledger::default(),
        duration_ns: 0,
        window_ns: 0,
        figures: Figures::default(),
        schedule_lag: Times::default(),
        without_lag: None,
        histograms: Default::default(),
        by_type: BTreeMap::new(),
        by_agent: BTreeMap::new(),
        by_group: BTreeMap::new(),
        by_recipient: BTreeMap::new(),
        phases: Vec::new(),
        series: Series::default(),
        occupancy: Occupancy::default(),
        cycles: None,
        consumers: None,
        notices: BTreeMap::new(),
        outages: Vec::new(),
        checks: Vec::new(),
        warnings: Vec::new(),
        limits: Vec::new(),
        plan: plan.written.clone(),
        environment,
    }
}
