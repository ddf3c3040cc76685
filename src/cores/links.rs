//! The control calls of a chain's cores, each checked and within its time, and what keeps their memory.

use super::below;
use super::border::Border;
use super::capabilities::{BY_AND, BY_OR, capability_names};
use super::control::{Reply, within};
use super::error::{CoreFailure, FailureKind};
use super::host::{HostFor, RunFor, WAKER};
use super::lent::not_its_own;
use super::run_config::RunClockKind;
use super::secrets::value_without_secrets;
use super::services::HostServices;
use super::session::Session;
use super::vet::{Calls, Vetted};
use mqscript_plugin::abi::{self, RawCore, RawSession};
use serde_json::{Map, Value};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A core to be made, with its options as JSON.
pub(super) struct Recipe<'a> {
    pub vetted: &'a Vetted,
    pub options: &'a str,
}

/// What a chain and its session share. Cores innermost first.
pub(super) struct Links {
    pub links: Vec<Arc<Link>>,
    services: HostServices,
    clock: RunClockKind,
    agents: u32,
    receives: bool,
    session_open: AtomicBool,
    /// A control call did not return: no other may be made ("never overlap"), and nothing can be freed.
    hung: AtomicBool,
    destroyed: AtomicBool,
}

/// A core that exists, with its functions.
pub(super) struct Link {
    pub core: Arc<str>,
    /// Position in the chain: 0 is innermost.
    pub depth: usize,
    pub calls: Calls,
    raw: Handle<RawCore>,
    /// Kept where it is, and as long as the core: it has pointers to both.
    host: Arc<HostFor>,
    run: Arc<RunFor>,
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

impl Link {
    /// What of the structs that it was given it has changed, if anything; puts it back.
    fn changed(&self) -> Option<String> {
        self.host.changed().or_else(|| self.run.changed()).map(not_its_own)
    }

    pub fn create(
        recipe: &Recipe<'_>,
        depth: usize,
        run: &Arc<RunFor>,
        services: &HostServices,
        seed: u64,
    ) -> Result<(Link, u64), CoreFailure> {
        let info = &recipe.vetted.info;
        let core: Arc<str> = info.id.as_str().into();
        let (calls, options) = (recipe.vetted.calls, recipe.options.to_owned());
        let (host, run) = (Arc::new(HostFor::new(services.clone(), core.clone())), run.clone());
        let (host, run, told, raw, effective) = within(&core, (depth, "create"), services, move || {
            let (mut raw, mut effective) = (ptr::null_mut(), 0u64);
            let told = Reply::by(|error| {
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
        let link = Link { core: core.clone(), depth, calls, raw, host, run };
        if let Some(text) = link.changed() {
            let _ = destroy(&Arc::new(link), services);
            return Err(CoreFailure::breach(&core, "create", text));
        }
        let known = effective & (BY_AND | BY_OR | abi::LAYER);
        let undeclared = known & !info.capabilities;
        if undeclared != 0 {
            let names = capability_names(undeclared).join(", ");
            let text = format!("it claims {names}, which its descriptor does not declare");
            let _ = destroy(&Arc::new(link), services);
            return Err(CoreFailure::breach(&core, "create", text));
        }
        Ok((link, known))
    }
}

fn destroy(link: &Arc<Link>, services: &HostServices) -> Result<(), CoreFailure> {
    let moved = link.clone();
    within(&link.core, (link.depth, "destroy"), services, move || {
        // SAFETY: "[control] Frees the core": its session is closed, and nobody calls it afterwards.
        unsafe { (moved.calls.destroy)(moved.raw.get()) };
    })
}

impl Links {
    pub fn new(
        links: Vec<Arc<Link>>,
        services: HostServices,
        clock: RunClockKind,
        agents: u32,
        receives: bool,
    ) -> Links {
        let [session_open, hung, destroyed] = [(); 3].map(|()| AtomicBool::new(false));
        Links { links, services, clock, agents, receives, session_open, hung, destroyed }
    }

    pub fn outermost(&self) -> &str {
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
        let result = within(&link.core, (link.depth, function), &self.services, move || call(&moved));
        let result = match link.changed() {
            Some(text) if result.is_ok() => Err(CoreFailure::breach(&link.core, function, text)),
            _ => result,
        };
        if result.as_ref().is_err_and(|failure| !has_returned(failure)) {
            self.hung.store(true, Ordering::Release);
        }
        result
    }

    pub fn on_core(
        &self,
        link: &Arc<Link>,
        function: &'static str,
        call: super::vet::OnCore,
    ) -> Result<(), CoreFailure> {
        // SAFETY: "[control]"; the core is not destroyed while its link lives.
        let told = self
            .control(link, function, move |link| Reply::by(|error| unsafe { call(link.raw.get(), error) }))?;
        told.into_result(&link.core, function)
    }

    pub fn stats(&self, link: &Arc<Link>) -> Result<Map<String, Value>, CoreFailure> {
        const LEN_MAX: u64 = 16 << 20;
        let Some(stats) = link.calls.stats else { return Ok(Map::new()) };
        let (told, text) = self.control(link, "stats", move |link| {
            let mut buffer = vec![0u8; 4096];
            loop {
                let mut len = 0u64;
                // SAFETY: "[control] writes up to `cap` bytes to `buf` and its full length to `*len`".
                let told = Reply::by(|error| unsafe {
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
            Ok(stats @ Value::Object(_)) => match value_without_secrets(stats) {
                Value::Object(stats) => Ok(stats),
                _ => Ok(Map::new()),
            },
            _ if text.is_empty() => Ok(Map::new()),
            _ => Err(CoreFailure::breach(&link.core, "stats", "it gave no JSON object")),
        }
    }

    pub fn open(links: &Arc<Links>, load_start_ns: u64) -> Result<Session, CoreFailure> {
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
                        virtual_clock: links.clock == RunClockKind::Virtual,
                        agents: links.agents,
                        slot: links.services.vitals.slot(),
                        misuse: links.services.misuse.clone(),
                        reasons: links.services.interner.clone(),
                        log: links.services.log.clone(),
                        rounds: false,
                        above: None,
                        layer: None,
                        failure: None,
                    };
                    // SAFETY: NULL, or made just so for the core below, which nobody calls yet.
                    if let Some(below) = unsafe { below.as_mut() } {
                        below.layer = Some(link.core.clone());
                    }
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
        // SAFETY: all were made by `Box::into_raw` above, there is one for each link, and layers were given the borders below
        // them only.
        Ok(unsafe { Session::new(borders, links.clone(), links.receives) })
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
                publish: Some(below::publish_below),
                poll: Some(below::poll_below),
                acknowledge: Some(below::acknowledge_below),
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
                Reply::by(|error| unsafe { (link.calls.open)(link.raw.get(), &open, &mut session, error) });
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
        let mut outcome = Ok(());
        for (depth, session) in sessions {
            let session = Handle(*session);
            let closed = self.control(&self.links[*depth], "close", move |link| {
                // SAFETY: "[control] Closes the session. Also called after a failure": once, and last.
                unsafe { (link.calls.close)(session.get()) };
            });
            outcome = outcome.and(done(closed)?);
        }
        self.session_open.store(false, Ordering::Release);
        outcome
    }

    pub fn destroy(&self) -> Result<(), CoreFailure> {
        if self.session_open.load(Ordering::Acquire) {
            let text = "its session is still open";
            let failure = CoreFailure::from_status(self.outermost(), "destroy", abi::INVALID, text);
            return Err(failure);
        }
        let mut outcome = Ok(());
        for link in self.links.iter().rev() {
            let destroyed = self.control(link, "destroy", |link| {
                // SAFETY: "[control] Frees the core": its session is closed, and nobody calls it afterwards.
                unsafe { (link.calls.destroy)(link.raw.get()) };
            });
            outcome = outcome.and(done(destroyed)?);
        }
        self.destroyed.store(true, Ordering::Release);
        outcome
    }
}

/// Whether a control call that failed has returned all the same: the core was only caught at something in it.
fn has_returned(failure: &CoreFailure) -> bool {
    matches!(failure.kind, FailureKind::Forbidden | FailureKind::Breach)
}

/// A call that can be made only once was made, even if the core was caught at something in it: that is told when all
/// is done. Other failures mean that it has not returned.
fn done(called: Result<(), CoreFailure>) -> Result<Result<(), CoreFailure>, CoreFailure> {
    match called {
        Err(failure) if !has_returned(&failure) => Err(failure),
        made => Ok(made),
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        // A session that was closed after its chain was dropped leaves it to this.
        if !self.destroyed.load(Ordering::Acquire) && self.destroy().is_err() {
            // Cores that were never destroyed may still look at what they were given.
            for link in self.links.drain(..) {
                std::mem::forget(link);
            }
        }
    }
}
