//! The cores of a plan, found and checked before a run begins.

use super::error::RunError;
use crate::cores::{self, CoreRequest, Finder, ResolvedChain, ResolvedCore, abi, is_foreign};
use crate::plan::{ClockKind, Consumer, Plan, Receive};
use std::path::Path;
use std::sync::Arc;

/// The surroundings in which a plan is played.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Finds the libraries of cores.
    pub finder: &'a Finder,
    /// The folder to which the paths of cores are relative.
    pub base_dir: &'a Path,
    /// Whether only cores may take part that touch nothing outside the process.
    pub pure: bool,
    /// How far the kernel confines the process, for the results.
    pub confined: Option<&'a str>,
}

/// The most agents for which cores are made only to check that they can be.
const AGENTS_TRIED_MAX: u32 = 10_000;

/// The cores of a plan, found and loaded, and the clock of the run.
#[derive(Debug, Clone)]
pub struct Cast {
    pub(super) resolved: ResolvedChain,
    pub(super) clock: ClockKind,
    pub(super) confined: Option<String>,
}

impl Cast {
    /// Finds and loads the cores of a plan.
    ///
    /// # Errors
    /// A core cannot be found or loaded; a live core is asked to play on the virtual clock; or, in a pure run, a core
    /// touches something outside the process.
    pub fn of(plan: &Plan, setting: Setting<'_>) -> Result<Cast, RunError> {
        let resolved = cores::plan_chain(setting.finder, setting.base_dir, &requests(plan))?;
        if setting.pure {
            refuse_impure(&resolved)?;
        }
        consumes(plan, &resolved, resolved.declared_capabilities(), |capability| {
            cores::own_cores_with(setting.finder, setting.base_dir, capability)
        })?;
        let clock = clock_of(plan, &resolved)?;
        Ok(Cast { resolved, clock, confined: setting.confined.map(str::to_owned) })
    }

    /// Finds and loads the cores of each plan, in order. Plans with the same cores share the work.
    ///
    /// # Errors
    /// The first error in the order of the plans, as for [`Cast::of`], with the index of its plan.
    pub fn of_all(plans: &[Plan], setting: Setting<'_>) -> Result<Vec<Arc<Cast>>, (usize, RunError)> {
        let mut casts: Vec<Arc<Cast>> = Vec::with_capacity(plans.len());
        for (index, plan) in plans.iter().enumerate() {
            let same = |other: &Plan| {
                let asks = |plan: &Plan| {
                    plan.groups
                        .iter()
                        .flat_map(|group| group.consumer.as_ref().map(Consumer::needs))
                        .collect::<Vec<_>>()
                };
                other.core == plan.core && other.clock == plan.clock && asks(other) == asks(plan)
            };
            let known = plans[..index].iter().position(same).map(|first| Arc::clone(&casts[first]));
            casts.push(match known {
                Some(known) => known,
                None => Arc::new(Cast::of(plan, setting).map_err(|error| (index, error))?),
            });
        }
        Ok(casts)
    }

    /// Checks whether these cores can do what the plan asks. Our own simulated cores are made and taken down for it,
    /// because they check some options only then; not if there are very many agents, because that takes time.
    ///
    /// Deliveries are asked for and a core cannot receive, or a core cannot be made with its options.
    pub fn could_play(&self, plan: &Plan) -> Result<(), RunError> {
        receives(plan, &self.resolved)?;
        let harmless =
            |core: &ResolvedCore| core.capabilities & abi::SIMULATED != 0 && !is_foreign(&core.path);
        if plan.agents() <= AGENTS_TRIED_MAX && self.resolved.cores.iter().all(harmless) {
            super::run::make(plan, self)?.destroy()?;
        }
        Ok(())
    }

    /// Whether "delivered" only means that the core has stored the message, so that the received copies count.
    pub fn stores(&self) -> bool {
        self.resolved.declared_capabilities() & abi::STORES != 0
    }

    /// Whether all of these cores can report received copies.
    pub fn can_receive(&self) -> bool {
        self.resolved.declared_capabilities() & abi::RECEIVES != 0
    }

    /// The clock on which the plan will be played.
    pub fn clock(&self) -> ClockKind {
        self.clock
    }

    /// The library files of the cores, innermost first.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.resolved.cores.iter().map(|core| core.path.as_path())
    }
}

fn requests(plan: &Plan) -> Vec<CoreRequest> {
    let layers = plan.core.layers.iter().map(|layer| (&layer.layer, &layer.options));
    let all = std::iter::once((&plan.core.core, &plan.core.options)).chain(layers);
    all.map(|(reference, options)| CoreRequest { reference: reference.clone(), options: options.clone() })
        .collect()
}

fn refuse_impure(resolved: &ResolvedChain) -> Result<(), RunError> {
    let impure = abi::TOUCHES_NETWORK | abi::TOUCHES_FILES | abi::STARTS_PROCESSES;
    match resolved.cores.iter().find(|core| core.capabilities & impure != 0) {
        None => Ok(()),
        Some(core) => Err(RunError::NotPure {
            core: core.id.clone(),
            declares: cores::capability_names(core.capabilities & impure),
        }),
    }
}

fn clock_of(plan: &Plan, resolved: &ResolvedChain) -> Result<ClockKind, RunError> {
    let live = resolved.cores.iter().find(|core| core.capabilities & abi::SIMULATED == 0);
    match (plan.clock, live) {
        (Some(ClockKind::Virtual), Some(core)) => {
            Err(RunError::VirtualClockWithLiveCore { core: core.id.clone() })
        }
        (Some(clock), _) => Ok(clock),
        (None, Some(_)) => Ok(ClockKind::Wall),
        (None, None) => Ok(ClockKind::Virtual),
    }
}

/// Whether cores with these capabilities can do what the consumers of a plan ask for. `others` names our cores that have a
/// capability.
pub(super) fn consumes(
    plan: &Plan,
    resolved: &ResolvedChain,
    capabilities: u64,
    others: impl Fn(u64) -> Vec<&'static str>,
) -> Result<(), RunError> {
    for group in &plan.groups {
        let Some(consumer) = &group.consumer else { continue };
        if plan.receive == Receive::Never {
            return Err(RunError::ConsumesNothing { group: group.name.clone() });
        }
        let lacks = |(capability, _): &(&str, &str)| capabilities & cores::capability_named(capability) == 0;
        if let Some((capability, key)) = consumer.needs().into_iter().find(lacks) {
            return Err(RunError::CannotConsume {
                core: resolved.cores.first().map(|core| core.id.clone()).unwrap_or_default(),
                group: group.name.clone(),
                key,
                capability,
                others: others(cores::capability_named(capability)),
            });
        }
    }
    Ok(())
}

/// Whether copies are received: "auto = some group has `on_message`, or the core is live and RECEIVES", or an option
/// needs the copies.
pub(super) fn receives(plan: &Plan, resolved: &ResolvedChain) -> Result<bool, RunError> {
    let callbacks = plan.has_callback(|callbacks| callbacks.on_message.is_some());
    let consumers = plan.groups.iter().any(|group| group.consumer.is_some());
    let unable = resolved.cores.iter().find(|core| core.capabilities & abi::RECEIVES == 0);
    let live = resolved.cores.iter().any(|core| core.capabilities & abi::SIMULATED == 0);
    let asked = resolved.cores.iter().find_map(|core| Some((&core.id, core.receives_for.as_ref()?)));
    let wanted = match plan.receive {
        Receive::Always => true,
        Receive::Never if callbacks => true,
        Receive::Never => false,
        Receive::Auto => callbacks || consumers || asked.is_some() || (live && unable.is_none()),
    };
    match unable {
        Some(core) if wanted => Err(RunError::CannotReceive {
            core: core.id.clone(),
            because: match asked {
                _ if callbacks => "`on_message`".to_owned(),
                _ if consumers => "`consumer`".to_owned(),
                Some((layer, option)) => format!("the option `{option}` of `{layer}`"),
                None => "`receive`".to_owned(),
            },
        }),
        _ => Ok(wanted),
    }
}
