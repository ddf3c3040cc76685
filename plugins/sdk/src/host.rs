//! The host's services, for one core of one run.

use crate::abi::{self, Str};
use crate::panic::guard;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};

/// How urgently the user should read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum LogLevel {
    /// Something is wrong and needs attention.
    Error = abi::LOG_ERROR,
    /// Something may be wrong.
    Warn = abi::LOG_WARN,
    /// Something that is good to know.
    Info = abi::LOG_INFO,
    /// For whoever debugs the core.
    Debug = abi::LOG_DEBUG,
}

/// What a core may ask of the host. Clones share; every function may be called from any thread, and has no
/// effect once the core is destroyed.
#[derive(Debug, Clone)]
pub struct Host(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    raw: RwLock<Option<RawHost>>,
    waker: AtomicU64,
    panicked: AtomicBool,
    panic_text: Mutex<Option<String>>,
}

#[derive(Debug, Clone, Copy)]
struct RawHost(*const abi::Host);

// SAFETY: all functions of the host's struct are "[any thread]".
unsafe impl Send for RawHost {}
// SAFETY: as above.
unsafe impl Sync for RawHost {}

/// Before `open` has told one.
const NO_WAKER: u64 = u64::MAX;

impl Host {
    /// Wraps the host that a core was given.
    ///
    /// # Safety
    /// `raw` stays valid until [`retire`](Host::retire) has returned.
    pub(crate) unsafe fn from_raw(raw: *const abi::Host) -> Host {
        let known = (!raw.is_null()).then_some(RawHost(raw));
        Host(Arc::new(Shared {
            raw: RwLock::new(known),
            waker: AtomicU64::new(NO_WAKER),
            panicked: AtomicBool::new(false),
            panic_text: Mutex::new(None),
        }))
    }

    /// The host goes away: waits for calls under way, then nothing reaches it any more.
    pub(crate) fn retire(&self) {
        *self.0.raw.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn set_waker(&self, waker: u64) {
        self.0.waker.store(waker, Ordering::Release);
    }

    fn call<T>(&self, otherwise: T, call: impl FnOnce(&abi::Host) -> Option<T>) -> T {
        let raw = self.0.raw.read().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: "valid until `destroy` returns": `destroy` takes the write lock first (`retire`).
        match raw.and_then(|raw| call(unsafe { &*raw.0 })) {
            Some(value) => value,
            None => otherwise,
        }
    }

    /// Says something to the user.
    pub fn log(&self, level: LogLevel, text: &str) {
        self.call((), |host| {
            // SAFETY: the host's own function with the host's own struct; the text is copied.
            unsafe { host.log?(host, level as u32, Str::new(text)) };
            Some(())
        });
    }

    /// The minor part of the contract that the host speaks: a core stays within it.
    pub fn minor(&self) -> u32 {
        self.call(0, |host| Some(host.abi & 0xffff))
    }

    /// The present on the run's clock, in nanoseconds since the origin: what a live core stamps with.
    pub fn now_ns(&self) -> u64 {
        // SAFETY: as in `log`.
        self.call(0, |host| Some(unsafe { host.now_ns?(host) }))
    }

    /// Asks for a poll. Sticky and coalescing; without effect before `open` and after `close`.
    pub fn wake(&self) {
        let waker = self.0.waker.load(Ordering::Acquire);
        if waker == NO_WAKER {
            // A thread that is ahead of `open`: nobody could poll yet.
            return;
        }
        self.call((), |host| {
            // SAFETY: as in `log`.
            unsafe { host.wake?(host, waker) };
            Some(())
        });
    }

    /// Notes that something happened at `at_ns`; `kind` comes from [`intern`](Host::intern).
    pub fn event(&self, kind: u32, at_ns: u64, text: &str) {
        self.call((), |host| {
            // SAFETY: as in `log`.
            unsafe { host.event?(host, kind, at_ns, Str::new(text)) };
            Some(())
        });
    }

    /// The id of a text that names a reason or a kind of event; do this once, at create.
    pub fn intern(&self, text: &str) -> u32 {
        // SAFETY: as in `log`.
        self.call(0, |host| Some(unsafe { host.intern?(host, Str::new(text)) }))
    }

    /// Starts a thread of the core. A panic on it becomes the failure of the session's next call, and the host
    /// is woken for that. Join it when the core is dropped.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn spawn(&self, name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
        let host = self.clone();
        Builder::new().name(name.to_owned()).spawn(move || {
            if let Err(text) = guard(body) {
                let mut kept = host.0.panic_text.lock().unwrap_or_else(PoisonError::into_inner);
                kept.get_or_insert(text);
                host.0.panicked.store(true, Ordering::Release);
                drop(kept);
                host.wake();
            }
        })
    }

    /// The text of a panic on one of the core's threads.
    #[inline]
    pub(crate) fn thread_panic(&self) -> Option<String> {
        if !self.0.panicked.load(Ordering::Relaxed) {
            return None;
        }
        self.0.panic_text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
