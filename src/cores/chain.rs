//! Cores made for one run, and the order in which they live and die.

use super::border::{self, Border};
use super::control::{Told, within};
use super::error::{CoreError, CoreFailure};
use super::host::{HostFor, RunFor, WAKER};
use super::run::{ClockKind, RunConfig};
use super::services::HostServices;
use super::session::Session;
use super::vet::{Calls, Vetted};
use mqscript_plugin::abi::{self, RawCore, RawSession};
use serde_json::{Map, Value};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The cores of one run: a core, and the layers over it. Dropping it destroys them.
pub struct Chain {
    links: Option<Arc<Links>>,
    capabilities: u64,
    opened: bool,
}

/// What a chain and its session share. Cores innermost first.
pub(super) struct Links {
    links: Vec<Arc<Link>>,
    services: HostServices,
    clock: ClockKind,
    agents: u32,
    receives: bool,
    session_open: AtomicBool,
    /// A control call did not return: no other may be made ("never overlap"), and nothing can be freed.
    hung: AtomicBool,
}

/// One core that exists.
struct Link {
    core: Arc<str>,
    calls: Calls,
    raw: Handle<RawCore>,
    /// Kept where it is, and as long as the core: it has pointers to both.
    _host: Arc<HostFor>,
    _run: Arc<RunFor>,
}

/// A core's own pointer, handed from thread to thread.
struct Handle<T>(*mut T);

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

// SAFETY: opaque; it is only given to the core's functions, which the contract lets be called from any thread,
// one at a time ("control calls … never overlap a session call of the same core").
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Handle<T> {}

impl<T> Handle<T> {
    /// *Rationale.* A closure that names the field would capture the bare pointer, which is not `Send`.
    fn get(self) -> *mut T {
        self.0
    }
}

/// Capabilities that a chain has only if all of it has them.
const BY_AND: u64 =
    abi::SIMULATED | abi::RECEIVES | abi::CONFIRMS | abi::ORDERED | abi::EXACTLY_ONCE | abi::DURABLE;
/// Capabilities that a chain has if any part has them.
const BY_OR: u64 = abi::READS_CONTENT | abi::TOUCHES_NETWORK | abi::TOUCHES_FILES | abi::STARTS_PROCESSES;

/// What a chain can do whose parts, innermost first, can do this.
pub(super) fn combined(capabilities: impl IntoIterator<Item = u64>) -> u64 {
    let mut parts = capabilities.into_iter();
    let first = parts.next().unwrap_or(0);
    parts.fold(first, |inner, layer| (inner & layer & BY_AND) | ((inner | layer) & BY_OR))
}

/// A core to be made, with its options as JSON.
pub(super) struct Recipe<'a> {
    pub vetted: &'a Vetted,
    pub options: &'a str,
}

impl Chain {
    pub(super) fn create(
        recipes: &[Recipe<'_>],
        config: RunConfig,
        services: HostServices,
    ) -> Result<Chain, CoreError> {
        check_fit(recipes.iter().map(|recipe| recipe.vetted), &config)?;
        let (seed, clock, agents, receives) = (config.seed, config.clock, config.agents, config.receive);
        let outermost = recipes.last().map_or("", |recipe| &recipe.vetted.info.id).to_owned();
        let run = Arc::new(RunFor::new(config));
        let mut links: Vec<Arc<Link>> = Vec::with_capacity(recipes.len());
        let mut effective = Vec::with_capacity(recipes.len());
        for recipe in recipes {
            match Link::create(recipe, &run, &services, seed) {
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
        services.watch.name_cores(links.iter().map(|link| link.core.clone()).collect());
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
        if config.clock == ClockKind::Virtual && info.capabilities & abi::SIMULATED == 0 {
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

/// What the options have ruled out.
fn fit_effective(core: &str, capabilities: u64, clock: ClockKind, receive: bool) -> Result<(), CoreError> {
    let unfit = |reason: &str| Err(CoreError::Unfit { core: core.to_owned(), reason: reason.to_owned() });
    if clock == ClockKind::Virtual && capabilities & abi::SIMULATED == 0 {
        return unfit("with these options it is not simulated, so it needs the wall clock");
    }
    if receive && capabilities & abi::RECEIVES == 0 {
        return unfit("with these options it cannot receive, and this run wants deliveries");
    }
    Ok(())
}

impl Link {
    fn create(
        recipe: &Recipe<'_>,
        run: &Arc<RunFor>,
        services: &HostServices,
        seed: u64,
    ) -> Result<(Link, u64), CoreFailure> {
        let info = &recipe.vetted.info;
        let core: Arc<str> = info.id.as_str().into();
        let (calls, options) = (recipe.vetted.calls, recipe.options.to_owned());
        let (host, run) = (Arc::new(HostFor::new(services.clone(), core.clone())), run.clone());
        let (host, run, told, raw, effective) = within(&core, "create", services.control_limit, move || {
            let (mut raw, mut effective) = (ptr::null_mut(), 0u64);
            let told = Told::by(|error| {
                let text = abi::Str::new(&options);
                // SAFETY: "[control]"; "`host` and `run` stay valid until `destroy` returns": both live in the
                // link, which destroys the core before it drops them.
                unsafe { (calls.create)(host.raw(), text, run.raw(), seed, &mut raw, &mut effective, error) }
            });
            (host, run, told, Handle(raw), effective)
        })?;
        told.into_result(&core, "create")?;
        if raw.0.is_null() {
            return Err(CoreFailure::breach(&core, "create", "it returned OK, but no core"));
        }
        let link = Link { core: core.clone(), calls, raw, _host: host, _run: run };
        let known = effective & (BY_AND | BY_OR | abi::LAYER);
        let undeclared = known & !info.capabilities;
        if undeclared != 0 {
            let names = super::vet::capability_names(undeclared).join(", ");
            let text = format!("it claims {names}, which its descriptor does not declare");
            let _ = destroy(&Arc::new(link), services);
            return Err(CoreFailure::breach(&core, "create", text));
        }
        Ok((link, known))
    }
}

fn destroy(link: &Arc<Link>, services: &HostServices) -> Result<(), CoreFailure> {
    let moved = link.clone();
    within(&link.core, "destroy", services.control_limit, move || {
        // SAFETY: "[control] Frees the core": its session is closed, and nobody calls it afterwards.
        unsafe { (moved.calls.destroy)(moved.raw.get()) };
    })
}

impl Links {
    fn new(
        links: Vec<Arc<Link>>,
        services: HostServices,
        clock: ClockKind,
        agents: u32,
        receives: bool,
    ) -> Links {
        let (session_open, hung) = (AtomicBool::new(false), AtomicBool::new(false));
        Links { links, services, clock, agents, receives, session_open, hung }
    }

    fn outermost(&self) -> &str {
        self.links.last().map_or("", |link| &link.core)
    }

    /// One control call on one core, unless an earlier one hangs.
    fn control<T: Send + 'static>(
        &self,
        link: &Arc<Link>,
        function: &'static str,
        call: impl FnOnce(&Link) -> T + Send + 'static,
    ) -> Result<T, CoreFailure> {
        if self.hung.load(Ordering::Acquire) {
            let text = "an earlier call has not returned";
            return Err(CoreFailure::from_status(&link.core, function, abi::POISONED, text));
        }
        let moved = link.clone();
        let result = within(&link.core, function, self.services.control_limit, move || call(&moved));
        if result.is_err() {
            self.hung.store(true, Ordering::Release);
        }
        result
    }

    fn on_core(
        &self,
        link: &Arc<Link>,
        function: &'static str,
        call: super::vet::OnCore,
    ) -> Result<(), CoreFailure> {
        // SAFETY: "[control]"; the core is not destroyed while its link lives.
        let told = self
            .control(link, function, move |link| Told::by(|error| unsafe { call(link.raw.get(), error) }))?;
        told.into_result(&link.core, function)
    }

    fn stats(&self, link: &Arc<Link>) -> Result<Map<String, Value>, CoreFailure> {
        const LEN_MAX: u64 = 16 << 20;
        let Some(stats) = link.calls.stats else { return Ok(Map::new()) };
        let (told, text) = self.control(link, "stats", move |link| {
            let mut buffer = vec![0u8; 4096];
            loop {
                let mut len = 0u64;
                // SAFETY: "[control] writes up to `cap` bytes to `buf` and its full length to `*len`".
                let told = Told::by(|error| unsafe {
                    stats(link.raw.get(), buffer.as_mut_ptr(), buffer.len() as u64, &mut len, error)
                });
                if told.status == abi::OK && len > buffer.len() as u64 && len <= LEN_MAX {
                    buffer.resize(len as usize, 0);
                    continue;
                }
                buffer.truncate(len as usize);
                return (told, buffer);
            }
        })?;
        told.into_result(&link.core, "stats")?;
        match serde_json::from_slice(&text) {
            Ok(Value::Object(stats)) => Ok(stats),
            _ if text.is_empty() => Ok(Map::new()),
            _ => Err(CoreFailure::breach(&link.core, "stats", "it gave no JSON object")),
        }
    }

    fn open(links: &Arc<Links>, load_start_ns: u64) -> Result<Session, CoreFailure> {
        let mut borders: Vec<*mut Border> = Vec::with_capacity(links.links.len());
        for (depth, link) in links.links.iter().enumerate() {
            let below = borders.last().copied().unwrap_or(ptr::null_mut());
            match links.open_one(link, below, load_start_ns) {
                Ok(session) => {
                    let border = Border {
                        session: session.0,
                        calls: link.calls.session,
                        core: link.core.clone(),
                        depth,
                        below,
                        virtual_clock: links.clock == ClockKind::Virtual,
                        agents: links.agents,
                        watch: links.services.watch.clone(),
                        failure: None,
                    };
                    borders.push(Box::into_raw(Box::new(border)));
                }
                Err(failure) => {
                    links.close_borders(&borders);
                    return Err(failure);
                }
            }
        }
        links.session_open.store(true, Ordering::Release);
        borders.reverse();
        Ok(Session::new(borders, links.clone(), links.receives))
    }

    fn open_one(
        &self,
        link: &Arc<Link>,
        below: *mut Border,
        load_start_ns: u64,
    ) -> Result<Handle<RawSession>, CoreFailure> {
        let below = Handle(below.cast::<c_void>());
        let (told, session) = self.control(link, "open", move |link| {
            let inner = abi::Inner {
                struct_size: size_of::<abi::Inner>() as u32,
                reserved: 0,
                handle: below.get(),
                publish: Some(border::publish_below),
                poll: Some(border::poll_below),
                acknowledge: Some(border::acknowledge_below),
            };
            let open = abi::Open {
                struct_size: size_of::<abi::Open>() as u32,
                reserved: 0,
                waker: WAKER,
                load_start_ns,
                inner: if below.get().is_null() { ptr::null() } else { &inner },
            };
            let mut session = ptr::null_mut();
            // SAFETY: "[control]"; `open` is borrowed for the call, the border below lives "until the layer's
            // `close` returns".
            let told =
                Told::by(|error| unsafe { (link.calls.open)(link.raw.get(), &open, &mut session, error) });
            (told, Handle(session))
        })?;
        told.into_result(&link.core, "open")?;
        if session.0.is_null() {
            return Err(CoreFailure::breach(&link.core, "open", "it returned OK, but no session"));
        }
        Ok(session)
    }

    /// Closes sessions whose chain could not be opened whole, and frees their borders.
    fn close_borders(&self, borders: &[*mut Border]) {
        for border in borders.iter().rev() {
            // SAFETY: made by `Box::into_raw` in `open`, and not yet given to a session.
            let (depth, session) = unsafe { ((**border).depth, (**border).session) };
            if self.close_sessions(&[(depth, session)]).is_ok() {
                // SAFETY: the layer that knew the pointer, if any, is closed.
                drop(unsafe { Box::from_raw(*border) });
            }
        }
    }

    /// Closes sessions, in the order given: (position in the chain, session).
    pub(super) fn close_sessions(&self, sessions: &[(usize, *mut RawSession)]) -> Result<(), CoreFailure> {
        self.services.wake.close();
        for (depth, session) in sessions {
            let session = Handle(*session);
            self.control(&self.links[*depth], "close", move |link| {
                // SAFETY: "[control] Closes the session. Also called after a failure": once, and last.
                unsafe { (link.calls.close)(session.get()) };
            })?;
        }
        self.session_open.store(false, Ordering::Release);
        Ok(())
    }

    fn destroy(&self) -> Result<(), CoreFailure> {
        if self.session_open.load(Ordering::Acquire) {
            let text = "its session is still open";
            let failure = CoreFailure::from_status(self.outermost(), "destroy", abi::INVALID, text);
            return Err(failure);
        }
        for link in self.links.iter().rev() {
            self.control(link, "destroy", |link| {
                // SAFETY: "[control] Frees the core": its session is closed, and nobody calls it afterwards.
                unsafe { (link.calls.destroy)(link.raw.get()) };
            })?;
        }
        Ok(())
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        if self.session_open.load(Ordering::Acquire) || self.hung.load(Ordering::Acquire) {
            // Cores that were never destroyed may still look at what they were given.
            for link in self.links.drain(..) {
                std::mem::forget(link);
            }
        }
    }
}
