//! From `create` to `destroy`.

use crate::session::Session;
use crate::{capabilities, is, is_live};
use mqscript_plugin::abi::{self, ErrorBuffer, RawCore, RawSession, Str};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The core.
pub struct Core {
    /// The host.
    pub host: *const abi::Host,
    /// The seed.
    pub seed: u64,
    /// Agents in the run.
    pub agents: u32,
    /// Copies are wanted.
    pub receive: bool,
    /// The run.
    pub run: *const abi::Run,
    /// The id of "refused".
    pub reason: u32,
    /// When it was made.
    pub made: Instant,
    options: Str,
    prepared: u32,
    /// Sessions so far.
    pub opened: u32,
    file: Option<std::fs::File>,
}

impl Core {
    /// The services of the host.
    pub fn host(&self) -> &abi::Host {
        // SAFETY: "valid until `destroy` returns".
        unsafe { &*self.host }
    }
}

unsafe extern "C" {
    fn umask(mask: u32) -> u32;
    fn setsid() -> i32;
    fn fcntl(number: i32, command: i32, ...) -> i32;
    fn setrlimit(resource: i32, limits: *const [u64; 2]) -> i32;
    #[link_name = "close"]
    fn close_descriptor(number: i32) -> i32;
    fn signal(number: i32, handler: usize) -> usize;
    fn atexit(function: extern "C" fn()) -> i32;
}

/// Threads that outlive their core: some are enough, a thousand would be a leak of memory.
static LATE: AtomicU32 = AtomicU32::new(0);

static MADE: AtomicU32 = AtomicU32::new(0);

extern "C" fn handler() {}

extern "C" fn abort_at_exit() {
    std::process::abort();
}

pub unsafe extern "C" fn create(
    host: *const abi::Host,
    options: Str,
    run: *const abi::Run,
    seed: u64,
    core: *mut *mut RawCore,
    effective: *mut u64,
    _error: *mut ErrorBuffer,
) -> i32 {
    if is("create") {
        return abi::IO;
    }
    if is("null_core") {
        return abi::OK;
    }
    if is("leaks_memory") {
        std::hint::black_box(Box::leak(Box::new([7u8; 100])));
    }
    // SAFETY: functions of the C library; everything passed in is as the contract says.
    unsafe {
        if is("signals") {
            signal(10, handler as *const () as usize);
        }
        if is("ends_well") && MADE.fetch_add(1, Ordering::Relaxed) == 0 {
            atexit(abort_at_exit);
        }
        if is("file_mode") {
            umask(0);
        }
        if is("resource_limits") {
            // RLIMIT_CPU: an hour is more than any test takes.
            setrlimit(0, &[3600, 3600]);
        }
        if is("foreign_descriptors") {
            for number in 3..64 {
                close_descriptor(number);
            }
        }
        if is("descriptor_flags") {
            // F_SETFL, O_NONBLOCK.
            fcntl(1, 4, 0o4000);
        }
        if is("process_group") {
            setsid();
        }
        if is("surroundings") {
            std::env::set_var("MQSCRIPT_BAD_WAS_HERE", "1");
        }
        let services = &*host;
        let reason = services.intern.map_or(0, |intern| intern(host, Str::new("refused")));
        let made = Core {
            host,
            seed,
            agents: (*run).agents,
            receive: (*run).receive != 0,
            run,
            reason,
            made: Instant::now(),
            options,
            prepared: 0,
            opened: 0,
            file: is("simulated_alone").then(|| std::fs::File::open("/dev/null").ok()).flatten(),
        };
        *core = Box::into_raw(Box::new(made)).cast();
        *effective = capabilities() | if is("capabilities_effective") { abi::DURABLE } else { 0 };
    }
    abi::OK
}

pub unsafe extern "C" fn destroy(core: *mut RawCore) {
    // SAFETY: made by `create`; "frees the core".
    let core = unsafe { Box::from_raw(core.cast::<Core>()) };
    drop(core.file);
    if is("leaks_descriptors") {
        std::mem::forget(std::fs::File::open("/dev/null"));
    }
    if is("leaks_threads") {
        std::thread::spawn(|| std::thread::sleep(Duration::from_secs(600)));
    }
    if is("quiet_after_destroy") && LATE.fetch_add(1, Ordering::Relaxed) < 20 {
        let host = core.host as usize;
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let host = host as *const abi::Host;
            // SAFETY: none: that is the fault. The kit keeps the host for it.
            unsafe { (*host).now_ns.map(|now_ns| now_ns(host)) };
        });
    }
}

/// The core behind a pointer.
///
/// # Safety
/// It was made by `create`, and nobody else looks at it.
unsafe fn core_of<'a>(core: *mut RawCore) -> &'a mut Core {
    // SAFETY: the caller's promise.
    unsafe { &mut *core.cast::<Core>() }
}

pub unsafe extern "C" fn prepare(core: *mut RawCore, _error: *mut ErrorBuffer) -> i32 {
    // SAFETY: "[control]". So below.
    let core = unsafe { core_of(core) };
    core.prepared += 1;
    if is("prepare_twice") && core.prepared > 1 { abi::IO } else { abi::OK }
}

pub unsafe extern "C" fn open(
    core: *mut RawCore,
    open: *const abi::Open,
    session: *mut *mut RawSession,
    _error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: as in `prepare`.
    let (core, open) = unsafe { (core_of(core), &*open) };
    core.opened += 1;
    if is("open") || is("one_after_the_other") && core.opened > 1 {
        return abi::IO;
    }
    // SAFETY: none: options are borrowed for `create` alone, and that is the fault.
    if is("borrowed_options") && unsafe { *core.options.ptr } != b'{' {
        return abi::CONFIG;
    }
    let waker = if is("waker") { open.waker + 1 } else { open.waker };
    // SAFETY: `session` is the caller's.
    unsafe { *session = Box::into_raw(Box::new(Session::new(core, waker))).cast() };
    abi::OK
}

pub unsafe extern "C" fn close(session: *mut RawSession) {
    // SAFETY: made by `open`; closed once.
    let session = unsafe { Box::from_raw(session.cast::<Session>()) };
    session.closed();
}

pub unsafe extern "C" fn clean(core: *mut RawCore, _error: *mut ErrorBuffer) -> i32 {
    // SAFETY: as in `prepare`.
    let opened = unsafe { core_of(core) }.opened > 0;
    if is("cut_short") && !opened || is("clean") && opened { abi::IO } else { abi::OK }
}

pub unsafe extern "C" fn stats(
    _core: *mut RawCore,
    buf: *mut u8,
    cap: u64,
    len: *mut u64,
    _error: *mut ErrorBuffer,
) -> i32 {
    let text: &[u8] = if is("stats") { b"[1, 2]" } else { br#"{"figures": 1}"# };
    let written = if is("stats_room") { text.len() } else { text.len().min(cap as usize) };
    // SAFETY: "writes up to `cap` bytes to `buf`", unless it is told not to care.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), buf, written);
        *len = text.len() as u64;
    }
    let _ = is_live();
    abi::OK
}
