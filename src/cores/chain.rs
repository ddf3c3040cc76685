//! Cores made for one run, and the order in which they live and die.

use super::capabilities::combined;
use super::error::CoreError;
use super::host::RunFor;
use super::links::{Link, Links, Recipe};
use super::run_config::{RunClockKind, RunConfig};
use super::services::HostServices;
use super::session::Session;
use super::vet::Vetted;
use mqscript_plugin::abi;
use mqscript_plugin::random::mix;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The cores of one run: a core, and the layers over it. Dropping it destroys them.
pub struct Chain {
    links: Option<Arc<Links>>,
    capabilities: u64,
    opened: bool,
}

/// The seed of the core at `depth`: the run's. A second layer of the same name would meet the same luck as the first
/// and strike the very messages that the first has struck, so it gets a seed of its own.
fn seed_of(recipes: &[Recipe<'_>], depth: usize, seed: u64) -> u64 {
    let same = |recipe: &&Recipe<'_>| recipe.vetted.info.id == recipes[depth].vetted.info.id;
    let before = recipes[..depth].iter().filter(same).count();
    if before == 0 { seed } else { mix(seed ^ mix(before as u64)) }
}

impl Chain {
    pub(super) fn create(
        recipes: &[Recipe<'_>],
        config: RunConfig,
        services: HostServices,
    ) -> Result<Chain, CoreError> {
        check_fit(recipes.iter().map(|recipe| recipe.vetted), &config)?;
        super::load::tell_of_loading(&services);
        let (seed, clock, agents, receives) = (config.seed, config.clock, config.agents, config.receive);
        let outermost = recipes.last().map_or("", |recipe| &recipe.vetted.info.id).to_owned();
        let run = Arc::new(RunFor::new(config));
        let mut links: Vec<Arc<Link>> = Vec::with_capacity(recipes.len());
        let mut effective = Vec::with_capacity(recipes.len());
        for (depth, recipe) in recipes.iter().enumerate() {
            services.vitals.name_core(depth, &recipe.vetted.info.id);
            match Link::create(recipe, depth, &run, &services, seed_of(recipes, depth, seed)) {
                Ok((link, bits)) => {
                    links.push(Arc::new(link));
                    effective.push(bits);
                }
                Err(failure) => {
                    // What is there already goes again, in order; the first failure is the one to tell.
                    let links = Links::new(links, services, clock, agents, receives);
                    let _ = links.destroy();
                    return Err(failure.into());
                }
            }
        }
        let chain = Chain {
            links: Some(Arc::new(Links::new(links, services, clock, agents, receives))),
            capabilities: combined(effective),
            opened: false,
        };
        fit_effective(&outermost, chain.capabilities, clock, receives)?;
        Ok(chain)
    }

    fn links(&self) -> &Arc<Links> {
        self.links.as_ref().expect("a chain has its links until it is dropped")
    }

    /// The effective capabilities of the whole chain: bits of [`abi`].
    pub fn capabilities(&self) -> u64 {
        self.capabilities
    }

    /// Makes queues, purges; inner cores first.
    ///
    /// # Errors
    /// A core failed or did not return in time.
    pub fn prepare(&mut self) -> Result<(), CoreError> {
        for link in &self.links().links {
            if let Some(prepare) = link.calls.prepare {
                self.links().on_core(link, "prepare", prepare)?;
            }
        }
        Ok(())
    }

    /// Opens the chain, inner cores first; once. Times in options count from `load_start_ns`.
    ///
    /// # Errors
    /// A core failed or did not return in time.
    pub fn open(&mut self, load_start_ns: u64) -> Result<Session, CoreError> {
        if self.opened {
            let core = self.links().outermost().to_owned();
            return Err(CoreError::Unfit { core, reason: "its session was opened already".to_owned() });
        }
        self.opened = true;
        Ok(Links::open(self.links(), load_start_ns)?)
    }

    /// What the cores report of themselves, a map by name; after the session is closed. A second core of the same name
    /// is `name#2`.
    ///
    /// # Errors
    /// A core failed, did not return in time, or gave no JSON object.
    pub fn stats(&mut self) -> Result<Map<String, Value>, CoreError> {
        let mut all = Map::new();
        for link in &self.links().links {
            let stats = self.links().stats(link)?;
            if stats.is_empty() {
                continue;
            }
            let mut name = link.core.to_string();
            let mut number = 2;
            while all.contains_key(&name) {
                name = format!("{}#{number}", link.core);
                number += 1;
            }
            all.insert(name, Value::Object(stats));
        }
        Ok(all)
    }

    /// Removes what `prepare` made; layers first.
    ///
    /// # Errors
    /// A core failed or did not return in time.
    pub fn clean(&mut self) -> Result<(), CoreError> {
        for link in self.links().links.iter().rev() {
            if let Some(clean) = link.calls.clean {
                self.links().on_core(link, "clean", clean)?;
            }
        }
        Ok(())
    }

    /// Frees the cores, layers first.
    ///
    /// # Errors
    /// A session is still open (then the cores are never freed), or a core did not return in time.
    pub fn destroy(mut self) -> Result<(), CoreError> {
        match self.links.take() {
            Some(links) => Ok(links.destroy()?),
            None => Ok(()),
        }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        if let Some(links) = self.links.take() {
            // Nobody is left to tell.
            let _ = links.destroy();
        }
    }
}

/// What the declared capabilities already rule out, before a core is made.
fn check_fit<'a>(cores: impl Iterator<Item = &'a Vetted>, config: &RunConfig) -> Result<(), CoreError> {
    for vetted in cores {
        let info = &vetted.info;
        let unfit = |reason: String| Err(CoreError::Unfit { core: info.id.clone(), reason });
        if config.clock == RunClockKind::Virtual && info.capabilities & abi::SIMULATED == 0 {
            return unfit("it is not simulated, so it needs the wall clock".to_owned());
        }
        if config.receive && info.capabilities & abi::RECEIVES == 0 {
            return unfit("it cannot receive, and this run wants deliveries".to_owned());
        }
        if config.receive && info.receivers_max != abi::ALL && config.agents > info.receivers_max {
            let (agents, max) = (config.agents, info.receivers_max);
            return unfit(format!("{agents} agents are to receive, it can serve {max}"));
        }
    }
    Ok(())
}

/// The capabilities that the options have ruled out.
fn fit_effective(core: &str, capabilities: u64, clock: RunClockKind, receive: bool) -> Result<(), CoreError> {
    let unfit = |reason: &str| Err(CoreError::Unfit { core: core.to_owned(), reason: reason.to_owned() });
    if clock == RunClockKind::Virtual && capabilities & abi::SIMULATED == 0 {
        return unfit("with these options it is not simulated, so it needs the wall clock");
    }
    if receive && capabilities & abi::RECEIVES == 0 {
        return unfit("with these options it cannot receive, and this run wants deliveries");
    }
    Ok(())
}
