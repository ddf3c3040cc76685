//! `mqs_host` and `mqs_run`: what a core is given, and the functions behind it.

use super::appended::wrong_text;
use super::entry_host::{dead_host, no_extension};
use super::run_config::{GroupRow, PartyNames, RunClockKind, RunConfig, TypeRow};
use super::secrets::without_secrets;
use super::services::{CoreEvent, HostServices, LogLine};
use super::texts::text_of;
use mqscript_plugin::abi;
use std::borrow::Cow;
use std::cell::{RefCell, UnsafeCell};
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The only waker of a run: there is one session.
pub(super) const WAKER: u64 = 1;

/// So much of what a core says is told, in bytes; then that there is more.
const SAID_MAX: u64 = 1 << 20;

struct Context {
    services: HostServices,
    core: Arc<str>,
    /// Bytes of what the core has said so far.
    said: AtomicU64,
}

impl Context {
    /// The text that the core gives to the service `function`; empty where there can be none, which is a breach.
    ///
    /// # Safety
    /// "Borrowed for the call": a text that is there can be read.
    unsafe fn text(&self, function: &str, text: abi::Str) -> String {
        if let Some(wrong) = wrong_text(text) {
            self.misused(function, &wrong);
            return String::new();
        }
        // SAFETY: the caller's promise.
        let text = unsafe { text_of(text) };
        match without_secrets(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(hidden) => hidden,
        }
    }

    /// The core asked this service for what cannot be: its run ends with the next call.
    #[cold]
    fn misused(&self, function: &str, wrong: &str) {
        self.services.misuse.note(&self.core, format!("it called `host->{function}` with {wrong}"));
        self.services.vitals.catch();
        self.services.wake.set();
    }
}

/// A struct that is lent to a core for reading, and what it held then.
pub(super) struct LentForReading<T> {
    there: UnsafeCell<T>,
    was: T,
}

impl<T: Copy> LentForReading<T> {
    pub(super) fn new(value: T) -> LentForReading<T> {
        LentForReading { there: UnsafeCell::new(value), was: value }
    }

    pub(super) fn pointer(&self) -> *const T {
        self.there.get()
    }

    /// Whether something else stands there; if so, puts back what was lent.
    pub(super) fn was_changed(&self) -> bool {
        let bytes = |place: *const T| {
            // SAFETY: both are whole values of a type without padding; nobody writes while no call is under way.
            unsafe { std::slice::from_raw_parts(place.cast::<u8>(), size_of::<T>()) }
        };
        let changed = bytes(self.there.get()) != bytes(&self.was);
        if changed {
            // SAFETY: as above.
            unsafe { *self.there.get() = self.was };
        }
        changed
    }
}

/// The host services of one core of one run. Lives until its core is destroyed.
pub(super) struct HostFor {
    /// Stays where it is for ever: a thread that a core has left behind may call the host when all else is gone. Then
    /// nothing happens.
    raw: ManuallyDrop<Box<LentForReading<abi::Host>>>,
    _context: Arc<Context>,
}

impl Drop for HostFor {
    fn drop(&mut self) {
        // SAFETY: the core is destroyed; whoever still looks at the struct breaks the contract, and finds whole functions.
        unsafe { *self.raw.there.get() = dead_host() };
    }
}

// SAFETY: constant but for what `services` guards itself; "all `[any thread]`".
unsafe impl Send for HostFor {}
// SAFETY: as above.
unsafe impl Sync for HostFor {}

impl HostFor {
    pub(super) fn new(services: HostServices, core: Arc<str>) -> HostFor {
        let context = Arc::new(Context { services, core, said: AtomicU64::new(0) });
        let raw = abi::Host {
            struct_size: size_of::<abi::Host>() as u32,
            abi: abi::ABI,
            data: Arc::as_ptr(&context).cast(),
            log: Some(log),
            now_ns: Some(now_ns),
            wake: Some(wake),
            event: Some(event),
            intern: Some(intern),
            get_extension: Some(no_extension),
        };
        HostFor { raw: ManuallyDrop::new(Box::new(LentForReading::new(raw))), _context: context }
    }

    pub(super) fn raw(&self) -> *const abi::Host {
        self.raw.pointer()
    }

    /// Names the struct if the core has written to it; puts it back.
    pub(super) fn changed(&self) -> Option<&'static str> {
        self.raw.was_changed().then_some("*host")
    }
}

/// # Safety
/// `host` is the struct given to `create`, and `destroy` has not returned.
unsafe fn context<'a>(host: *const abi::Host) -> &'a Context {
    // SAFETY: "valid until `destroy` returns"; `data` is this module's own.
    unsafe { &*(*host).data.cast::<Context>() }
}

unsafe extern "C" fn log(host: *const abi::Host, level: u32, text: abi::Str) {
    // SAFETY: "[any thread]", within the core's life; the text is borrowed for the call. So below.
    let context = unsafe { context(host) };
    // SAFETY: as above.
    let text = unsafe { context.text("log", text) };
    let before = context.said.fetch_add(text.len() as u64 + 1, Ordering::Relaxed);
    if before > SAID_MAX {
        return;
    }
    let (level, text) = match before + text.len() as u64 + 1 > SAID_MAX {
        true => (abi::LOG_WARN, "it says more than 1 MiB: the rest is not shown".to_owned()),
        false => (level, text),
    };
    let bytes = text.len();
    context.services.log.push(LogLine { core: context.core.clone(), level, text }, bytes);
}

unsafe extern "C" fn now_ns(host: *const abi::Host) -> u64 {
    // SAFETY: as in `log`.
    unsafe { context(host) }.services.clock.now_ns()
}

unsafe extern "C" fn wake(host: *const abi::Host, waker: u64) {
    // SAFETY: as in `log`.
    let context = unsafe { context(host) };
    if waker == WAKER {
        context.services.wake.set();
    }
}

unsafe extern "C" fn event(host: *const abi::Host, kind: u32, at_ns: u64, text: abi::Str) {
    // SAFETY: as in `log`.
    let context = unsafe { context(host) };
    // SAFETY: as above.
    let text = unsafe { context.text("event", text) };
    if !context.services.interner.knows(kind) {
        context.misused("event", &format!("the kind {kind}, which was never interned"));
        return;
    }
    let bytes = text.len();
    context.services.events.push(CoreEvent { core: context.core.clone(), kind, at_ns, text }, bytes);
}

unsafe extern "C" fn intern(host: *const abi::Host, text: abi::Str) -> u32 {
    // SAFETY: as in `log`.
    let context = unsafe { context(host) };
    // SAFETY: as above.
    let text = unsafe { context.text("intern", text) };
    context.services.interner.intern(&text)
}

/// `mqs_run` and all it points to. Lives until the last core of the run is destroyed.
pub(super) struct RunFor {
    raw: LentForReading<abi::Run>,
    _names: Arc<Arc<dyn PartyNames>>,
    _rows: Vec<abi::TypeRow>,
    _tags: Vec<Vec<abi::Str>>,
    _types: Vec<TypeRow>,
    _group_rows: Vec<abi::GroupRow>,
    _groups: Vec<GroupRow>,
}

// SAFETY: constant; `party_name` is "[any thread]", and `PartyNames` is `Send + Sync`.
unsafe impl Send for RunFor {}
// SAFETY: as above.
unsafe impl Sync for RunFor {}

impl RunFor {
    pub(super) fn new(config: RunConfig) -> RunFor {
        let names = Arc::new(config.party_names);
        let types = config.types;
        let tags: Vec<Vec<abi::Str>> =
            types.iter().map(|row| row.tags.iter().map(|tag| abi::Str::new(tag)).collect()).collect();
        let row = |row: &TypeRow, tags: &[abi::Str]| abi::TypeRow {
            name: abi::Str::new(&row.name),
            wire_type: abi::Str::new(&row.wire_type),
            tags: tags.as_ptr(),
            tags_len: tags.len() as u32,
            priority: u32::from(row.priority),
            reserved: [0; 2],
        };
        let rows: Vec<abi::TypeRow> = types.iter().zip(&tags).map(|(name, tags)| row(name, tags)).collect();
        let group_rows: Vec<abi::GroupRow> = config.groups.iter().map(group_row).collect();
        let raw = abi::Run {
            struct_size: size_of::<abi::Run>() as u32,
            run: config.run,
            clock_kind: match config.clock {
                RunClockKind::Virtual => abi::CLOCK_VIRTUAL,
                RunClockKind::Wall => abi::CLOCK_WALL,
            },
            agents: config.agents,
            parties: names.count(),
            types_len: rows.len() as u32,
            types: rows.as_ptr(),
            party_name: Some(party_name),
            host_data: Arc::as_ptr(&names).cast::<c_void>(),
            receive: u32::from(config.receive),
            wants_content: u32::from(config.wants_content),
            max_in_flight: config.max_in_flight,
            reserved: 0,
            groups: if group_rows.is_empty() { std::ptr::null() } else { group_rows.as_ptr() },
            groups_len: group_rows.len() as u32,
            reserved_tail: 0,
        };
        let raw = LentForReading::new(raw);
        RunFor {
            raw,
            _names: names,
            _rows: rows,
            _tags: tags,
            _types: types,
            _group_rows: group_rows,
            _groups: config.groups,
        }
    }

    pub(super) fn raw(&self) -> *const abi::Run {
        self.raw.pointer()
    }

    pub(super) fn agents(&self) -> u32 {
        self.raw.was.agents
    }

    /// Names the struct if a core has written to it; puts it back.
    pub(super) fn changed(&self) -> Option<&'static str> {
        self.raw.was_changed().then_some("*run")
    }
}

/// A group in the form of the contract, which points into `row`.
fn group_row(row: &GroupRow) -> abi::GroupRow {
    abi::GroupRow {
        name: abi::Str::new(&row.name),
        first_agent: row.first_agent,
        agents: row.agents,
        queue: row.queue.unwrap_or(abi::NO_QUEUE),
        prefetch: row.prefetch.unwrap_or(0),
        lease_ns: row.lease_ns.unwrap_or(0),
        max_deliveries: row.max_deliveries.unwrap_or(0),
        redelivery_len: row.redelivery_ns.len() as u32,
        redelivery_ns: match row.redelivery_ns.is_empty() {
            true => std::ptr::null(),
            false => row.redelivery_ns.as_ptr(),
        },
        reserved: [0; 2],
    }
}

thread_local! {
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

unsafe extern "C" fn party_name(run: *const abi::Run, id: u32, buf: *mut u8, cap: u32) -> u32 {
    // SAFETY: "`run` is this struct", valid until `destroy` returns; `host_data` is this module's own.
    let names = unsafe { &*(*run).host_data.cast::<Arc<dyn PartyNames>>() };
    if id >= names.count() {
        return 0;
    }
    NAME.with(|name| {
        let mut name = name.borrow_mut();
        name.clear();
        names.write_name(id, &mut name);
        if !buf.is_null() {
            // SAFETY: "Writes up to `cap` bytes to `buf`".
            unsafe { std::ptr::copy_nonoverlapping(name.as_ptr(), buf, name.len().min(cap as usize)) };
        }
        name.len() as u32
    })
}
