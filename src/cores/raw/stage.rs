//! A run and a host that takes notes of what a core asks of it.

use super::super::appended::wrong_text;
use super::super::entry_host::no_extension;
use super::super::host::{LentForReading, RunFor};
use super::super::lent::not_its_own;
use super::super::run_config::RunConfig;
use super::super::services::HostServices;
use super::super::surroundings::float;
use super::super::texts::beginning;
use mqscript_plugin::abi;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The calls of the host's functions, from any thread.
#[derive(Debug, Default)]
pub struct Notes {
    wakes: AtomicU64,
    foreign_wakers: AtomicU64,
    garbled: AtomicU64,
    unknown_kinds: AtomicU64,
    late: AtomicU64,
    touched: Mutex<Option<String>>,
    rounds: Mutex<Option<String>>,
    over: AtomicBool,
}

impl Notes {
    /// The number of calls of `wake` so far.
    pub fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Acquire)
    }

    /// Calls of `wake` with a waker that nobody was given.
    pub fn foreign_wakers(&self) -> u64 {
        self.foreign_wakers.load(Ordering::Acquire)
    }

    /// Texts that were not UTF-8.
    pub fn garbled(&self) -> u64 {
        self.garbled.load(Ordering::Acquire)
    }

    /// Events whose kind was never interned.
    pub fn unknown_kinds(&self) -> u64 {
        self.unknown_kinds.load(Ordering::Acquire)
    }

    /// Calls after the core was destroyed.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Acquire)
    }

    /// The first thing that is only lent for reading and was written to, and in which call.
    pub fn touched(&self) -> Option<String> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first control call after which numbers were rounded in another way.
    pub fn rounds(&self) -> Option<String> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something of the host's own was written to.
    pub(super) fn touch(&self, text: String) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
    }

    /// From here on every call is a late one.
    pub(super) fn close(&self) {
        self.over.store(true, Ordering::Release);
    }
}

/// What `wake` is to be called with: nothing that a core would guess.
pub(super) const WAKER: u64 = 0x5ca1_ab1e_0001;

/// A run and a host. Keep it for as long as a thread of the core may call.
pub struct RawHost {
    pub(super) host: LentForReading<abi::Host>,
    pub(super) run: RunFor,
    shared: Arc<Shared>,
}

struct Shared {
    services: HostServices,
    notes: Notes,
}

// SAFETY: constant but for what `shared` guards itself; "all `[any thread]`".
unsafe impl Send for RawHost {}
// SAFETY: as above.
unsafe impl Sync for RawHost {}

impl RawHost {
    /// A run as `config` says, whose origin is now.
    pub fn new(config: RunConfig) -> Arc<RawHost> {
        let shared = Arc::new(Shared { services: HostServices::new(config.clock), notes: Notes::default() });
        let host = abi::Host {
            struct_size: size_of::<abi::Host>() as u32,
            abi: abi::ABI,
            data: Arc::as_ptr(&shared).cast(),
            log: Some(log),
            now_ns: Some(now_ns),
            wake: Some(wake),
            event: Some(event),
            intern: Some(intern),
            get_extension: Some(no_extension),
        };
        Arc::new(RawHost { host: LentForReading::new(host), run: RunFor::new(config), shared })
    }

    /// The host's services: the clock, the interned reasons, the wakes.
    pub fn services(&self) -> &HostServices {
        &self.shared.services
    }

    /// The calls of the host's functions that the core made.
    pub fn notes(&self) -> &Notes {
        &self.shared.notes
    }

    /// Whether a reason was interned in this run; 0 is none.
    pub fn knows(&self, id: u32) -> bool {
        id == 0 || self.shared.services.interner.knows(id)
    }

    /// Looks whether a call of `function` has written to what it was lent for reading, or rounds numbers its own way.
    pub(super) fn look_over(&self, function: &str) {
        if !float::is_as_before() {
            float::put_back();
            let text = format!("after `{function}` floating-point numbers are rounded in another way");
            self.notes().rounds.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
        }
        let host = self.host.was_changed().then_some("*host");
        if let Some(what) = host.or_else(|| self.run.changed()) {
            self.notes().touch(format!("in `{function}` {}", not_its_own(what)));
        }
    }
}

impl Shared {
    fn called(&self) {
        if self.notes.over.load(Ordering::Acquire) {
            self.notes.late.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// # Safety
    /// "Borrowed for the call": a text that is there can be read.
    unsafe fn text(&self, text: abi::Str) -> String {
        // SAFETY: the caller's promise.
        let bytes = if wrong_text(text).is_some() { None } else { Some(unsafe { beginning(text) }) };
        // A text that was cut may end inside a character.
        let is_text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none() && (bytes.len() as u64) < text.len,
        };
        if !bytes.is_some_and(is_text) {
            self.notes.garbled.fetch_add(1, Ordering::AcqRel);
        }
        String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
    }
}

/// # Safety
/// `host` is a stage's, and the stage is kept.
unsafe fn shared<'a>(host: *const abi::Host) -> &'a Shared {
    // SAFETY: `data` is this module's own, and outlives the core ("keep it for as long as a thread may call").
    let shared = unsafe { &*(*host).data.cast::<Shared>() };
    shared.called();
    shared
}

unsafe extern "C" fn log(host: *const abi::Host, _level: u32, text: abi::Str) {
    // SAFETY: "[any thread]"; the text is borrowed for the call. So below.
    unsafe { shared(host).text(text) };
}

unsafe extern "C" fn now_ns(host: *const abi::Host) -> u64 {
    // SAFETY: as in `log`.
    unsafe { shared(host) }.services.clock.now_ns()
}

unsafe extern "C" fn wake(host: *const abi::Host, waker: u64) {
    // SAFETY: as in `log`.
    let shared = unsafe { shared(host) };
    shared.notes.wakes.fetch_add(1, Ordering::AcqRel);
    if waker != WAKER {
        shared.notes.foreign_wakers.fetch_add(1, Ordering::AcqRel);
    }
    shared.services.wake.set();
}

unsafe extern "C" fn event(host: *const abi::Host, kind: u32, _at_ns: u64, text: abi::Str) {
    // SAFETY: as in `log`.
    let shared = unsafe { shared(host) };
    // SAFETY: as in `log`.
    unsafe { shared.text(text) };
    if !shared.services.interner.knows(kind) {
        shared.notes.unknown_kinds.fetch_add(1, Ordering::AcqRel);
    }
}

unsafe extern "C" fn intern(host: *const abi::Host, text: abi::Str) -> u32 {
    // SAFETY: as in `log`.
    let shared = unsafe { shared(host) };
    // SAFETY: as in `log`.
    let text = unsafe { shared.text(text) };
    shared.services.interner.intern(&text)
}
