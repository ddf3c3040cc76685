//! What a process shows of its runs while it works: which call is under way, and how many messages have which name.
//!
//! All of it is plain atomics in one block of memory ([`Shared`]). A supervised process puts that block where its
//! supervisor can read it, so that it tells the truth even when the process is dead.

use super::shown_text::Text;
use std::cell::Cell;
use std::ops::Deref;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Engine loops that can be seen at once; more work unseen.
pub const SLOTS: usize = 64;
/// The names under which a message leaves a run.
pub const NAMES: usize = 7;
/// Libraries whose place in memory is known.
const LIBRARIES_MAX: usize = 64;
/// The number of cores in the longest chain.
const CORES_MAX: usize = super::limits::CHAIN_MAX;

/// The functions of the contract, as they are named in failures.
pub(super) const FUNCTIONS: [&str; 11] = [
    "publish",
    "poll",
    "acknowledge",
    "flush",
    "create",
    "prepare",
    "open",
    "close",
    "stats",
    "clean",
    "destroy",
];

/// The stages of the death of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Liveness {
    /// The process works as it should.
    Alive,
    /// A fatal signal has come; what was measured is being written down.
    Dying,
    /// Everything has been written down.
    Told,
}

/// The fatal signal, as far as the process could note it.
#[repr(C)]
pub struct Fatal {
    stage: AtomicU32,
    /// The signal's number; 0 if the process was ended by a call of `exit`.
    pub signal: AtomicI32,
    /// The thread that it came to, as the kernel numbers it.
    pub thread: AtomicU32,
    /// The number of the loop's slot from 1; 0 if the thread belongs to none.
    pub slot: AtomicU32,
    /// The address at which the thread was.
    pub instruction: AtomicU64,
    /// Whether the thread was the host's own, outside of any call: then no library was at work on it.
    pub in_host: AtomicU32,
    /// The bytes that the system did not give to the host itself; 0 if it always did.
    pub bytes_refused: AtomicU64,
}

/// The signal's number of a call that was left by an exception, or by the end of its thread.
pub const LEFT: i32 = -1;

impl Fatal {
    /// The stage that the process has reached.
    pub fn stage(&self) -> Liveness {
        match self.stage.load(Ordering::Acquire) {
            1 => Liveness::Dying,
            2 => Liveness::Told,
            // What else may stand there is not ours.
            _ => Liveness::Alive,
        }
    }

    /// Goes on to the next stage. Returns false if that was reached before.
    pub fn advance(&self, to: Liveness) -> bool {
        self.stage.fetch_max(to as u32, Ordering::AcqRel) < to as u32
    }
}

/// The place of a library in memory.
#[repr(C)]
struct Library {
    start: AtomicU64,
    end: AtomicU64,
    path: Text<512>,
}

/// Where results so far stand that were written down: an offset, a length, and a sum over the bytes.
#[repr(C)]
#[derive(Debug, Default)]
pub struct SnapshotPlace {
    /// The offset in bytes.
    pub at: AtomicU64,
    /// The length in bytes.
    pub len: AtomicU64,
    /// What [`crate::supervise`] makes of the bytes.
    pub sum: AtomicU64,
}

/// The state of one engine loop, as the supervisor sees it.
#[repr(C)]
pub struct Slot {
    /// What the supervisor wrote here before the process began.
    mark: AtomicU64,
    busy: AtomicU32,
    /// The loop's thread, as the kernel numbers it.
    pub thread: AtomicU32,
    call: AtomicU64,
    /// The time of the run, in nanoseconds.
    now_ns: AtomicU64,
    generated: AtomicU64,
    in_flight: AtomicU64,
    ended: [AtomicU64; NAMES],
    /// Whether a core of the loop was caught at something that nobody has answered for.
    caught: AtomicU32,
    cores: [Text<64>; CORES_MAX],
    /// How often results of the run that goes on here were written down: the newest stand at this number's last bit.
    pub snapshots: AtomicU64,
    /// The two places for them, written in turns.
    pub places: [SnapshotPlace; 2],
}

/// All that a process shows. Memory of zeros is a valid value.
///
/// *Rationale.* A core can write to it like to any memory of its process. So the supervisor puts a number that it has
/// drawn at the start, at the end and into each slot, and believes nothing once one of them is gone
/// ([`Shared::is_marked`]).
#[repr(C)]
pub struct Shared {
    /// What the supervisor wrote here before the process began.
    mark: AtomicU64,
    /// How the process died, if it has.
    pub fatal: Fatal,
    /// The library that is being loaded.
    pub loading: Text<512>,
    /// The violation that a core was caught at.
    pub(super) violation: Text<512>,
    /// Whether nobody has answered for it yet.
    pub(super) unanswered: AtomicU32,
    libraries_len: AtomicU32,
    /// The exit code plus one, mixed with the mark, once all is done.
    pub done: AtomicU64,
    /// The system's number of the error that kept results from being written down; 0 if none did.
    pub unwritten: AtomicU32,
    libraries: [Library; LIBRARIES_MAX],
    slots: [Slot; SLOTS],
    /// The same mark as at the start: together they show whether anything was written over.
    end_mark: AtomicU64,
}

static SHARED: OnceLock<&'static Shared> = OnceLock::new();
/// Slots of a process that shows nothing, to be used again.
static UNSEEN: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());

thread_local! {
    /// The slot whose loop, or whose control call, this thread is at work for.
    static CURRENT: Cell<Option<&'static Slot>> = const { Cell::new(None) };
}

/// From now on this process shows what it does in `shared`. The first call counts.
pub fn show_in(shared: &'static Shared) {
    let _ = SHARED.set(shared);
}

/// What this process shows, if it shows anything.
pub fn shown() -> Option<&'static Shared> {
    SHARED.get().copied()
}

/// The slot that the calling thread is at work for. Safe in a signal handler.
pub fn current_slot() -> Option<&'static Slot> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// The calling thread is at work for `slot`.
pub(super) fn work_for(slot: Option<&'static Slot>) {
    CURRENT.set(slot);
}

impl Shared {
    /// All zero again but for the marks. To be called in the supervisor, while nobody else uses it.
    pub fn begin(&self, mark: u64) {
        let words = size_of::<Shared>() / size_of::<AtomicU64>();
        // SAFETY: `Shared` begins at a multiple of eight bytes and is made of atomics alone, which may be written to
        // through atomics of another size while nobody else uses them; its size is a multiple of eight.
        let words =
            unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast::<AtomicU64>(), words) };
        words.iter().for_each(|word| word.store(0, Ordering::Relaxed));
        let marks = self.slots.iter().map(|slot| &slot.mark).chain([&self.mark, &self.end_mark]);
        marks.for_each(|place| place.store(mark, Ordering::Release));
    }

    /// Whether nobody has written over the marks, nor anything that no process of ours would write.
    pub fn is_marked(&self, mark: u64) -> bool {
        let sane = |slot: &Slot| {
            let (busy, call) = (slot.busy.load(Ordering::Acquire), slot.call.load(Ordering::Relaxed));
            slot.mark.load(Ordering::Relaxed) == mark
                && busy <= 2
                && (call & 0xff) as usize <= FUNCTIONS.len()
                && ((call >> 8 & 0xff) as usize) < CORES_MAX
        };
        self.mark.load(Ordering::Relaxed) == mark
            && self.end_mark.load(Ordering::Relaxed) == mark
            && self.fatal.stage.load(Ordering::Relaxed) <= Liveness::Told as u32
            && self.libraries_len.load(Ordering::Relaxed) as usize <= LIBRARIES_MAX
            && self.slots.iter().all(sane)
    }

    /// Whether a library is being loaded. Safe in a signal handler.
    pub fn is_loading(&self) -> bool {
        self.loading.length() != 0
    }

    /// All slots of the block, in order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The slots of loops that work now.
    pub fn busy(&self) -> impl Iterator<Item = (usize, &Slot)> {
        self.slots.iter().enumerate().filter(|(_, slot)| slot.busy.load(Ordering::Acquire) == 1)
    }

    /// The number of one of its slots.
    pub fn number_of(&self, slot: &Slot) -> Option<usize> {
        self.slots.iter().position(|one| std::ptr::eq(one, slot))
    }

    /// Notes where a library lies.
    pub fn add_library(&self, start: u64, end: u64, path: &str) {
        let index = self.libraries_len.load(Ordering::Relaxed) as usize;
        if let Some(library) = self.libraries.get(index) {
            library.start.store(start, Ordering::Relaxed);
            library.end.store(end, Ordering::Relaxed);
            library.path.set(path.as_bytes());
            self.libraries_len.store(index as u32 + 1, Ordering::Release);
        }
    }

    fn known_libraries(&self) -> &[Library] {
        &self.libraries[..(self.libraries_len.load(Ordering::Acquire) as usize).min(LIBRARIES_MAX)]
    }

    /// The paths of all libraries whose place is known.
    pub fn libraries(&self) -> Vec<String> {
        self.known_libraries().iter().map(|library| library.path.get()).collect()
    }

    /// The path of the library that lies at `address`.
    pub fn library_at(&self, address: u64) -> Option<String> {
        let inside = |library: &&Library| {
            let (start, end) = (library.start.load(Ordering::Relaxed), library.end.load(Ordering::Relaxed));
            (start..end).contains(&address)
        };
        self.known_libraries().iter().find(inside).map(|library| library.path.get())
    }
}

/// A call that has not returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedCall {
    /// The core or layer.
    pub core: String,
    /// The function of the contract.
    pub function: &'static str,
    /// The call's number: unchanged between two looks = still the same call.
    pub number: u64,
}

/// The counts of a run's messages, as the supervisor sees them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// The time of the run, in nanoseconds.
    pub now_ns: u64,
    /// The number of messages generated so far.
    pub generated: u64,
    /// The number of messages in flight.
    pub in_flight: u64,
    /// How many have ended, by final outcome, in the order of the ledger.
    pub ended: [u64; NAMES],
}

impl Slot {
    /// Notes a call of function `function` of core `depth`; returns what to give back to `leave`.
    #[inline]
    pub(super) fn enter(&self, depth: usize, function: usize) -> u64 {
        let before = self.call.load(Ordering::Relaxed);
        let number = (before >> 16) + 1;
        self.call.store(number << 16 | (depth as u64) << 8 | (function as u64 + 1), Ordering::Relaxed);
        before
    }

    /// The call returned: the one around it goes on, if any. The number never goes back.
    #[inline]
    pub(super) fn leave(&self, before: u64) {
        let number = self.call.load(Ordering::Relaxed) >> 16;
        self.call.store(number << 16 | (before & 0xffff), Ordering::Relaxed);
    }

    /// Names the core at `depth`.
    pub(super) fn name_core(&self, depth: usize, core: &str) {
        if let Some(name) = self.cores.get(depth) {
            name.set(core.as_bytes());
        }
    }

    /// The names of the chain's cores, innermost first.
    pub fn cores(&self) -> Vec<String> {
        self.cores.iter().map(Text::get).filter(|name| !name.is_empty()).collect()
    }

    /// Whether a call is under way. Safe in a signal handler.
    pub fn is_in_a_call(&self) -> bool {
        self.call.load(Ordering::Relaxed) & 0xff != 0
    }

    /// The call under way, if any. Any thread, any process.
    pub fn current(&self) -> Option<WatchedCall> {
        let word = self.call.load(Ordering::Relaxed);
        let index = (word & 0xff).checked_sub(1)? as usize;
        let function = FUNCTIONS.get(index)?;
        let core = self.cores.get((word >> 8 & 0xff) as usize)?.get();
        Some(WatchedCall { core, function, number: word >> 16 })
    }

    /// Whether a core of the loop was caught at something that nobody has answered for: one load on the hot path.
    #[inline]
    pub(super) fn is_caught(&self) -> bool {
        self.caught.load(Ordering::Acquire) != 0
    }

    /// A core of the loop was caught.
    pub(super) fn catch(&self) {
        self.caught.store(1, Ordering::Release);
    }

    /// Somebody answers for it. Returns 0 if there was nothing, 1 if a core was caught; anything else was written by none
    /// of us.
    pub(super) fn let_go(&self) -> u32 {
        self.caught.swap(0, Ordering::AcqRel)
    }

    /// Whether the loop is at work on a thread, as the kernel numbers it.
    pub(super) fn works_on(&self, thread: u32) -> bool {
        self.thread.load(Ordering::Acquire) == thread
    }

    /// Shows how the run stands.
    #[inline]
    pub fn show(&self, signs: &Signs) {
        self.show_course(signs.now_ns, signs.generated, signs.in_flight);
        self.show_ended(&signs.ended);
    }

    /// Shows the time, how many messages were generated, and how many are in flight.
    #[inline(always)]
    pub fn show_course(&self, now_ns: u64, generated: u64, in_flight: u64) {
        self.now_ns.store(now_ns, Ordering::Relaxed);
        self.generated.store(generated, Ordering::Relaxed);
        self.in_flight.store(in_flight, Ordering::Relaxed);
    }

    /// Shows how many messages have ended with one final outcome.
    #[inline(always)]
    pub fn show_ended_with(&self, outcome: usize, messages: u64) {
        self.ended[outcome].store(messages, Ordering::Relaxed);
    }

    /// Shows how many messages have ended, by final outcome.
    #[inline]
    pub fn show_ended(&self, ended: &[u64; NAMES]) {
        for (to, from) in self.ended.iter().zip(ended) {
            to.store(*from, Ordering::Relaxed);
        }
    }

    /// The counts of the run, as last shown.
    pub fn signs(&self) -> Signs {
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        Signs {
            now_ns: load(&self.now_ns),
            generated: load(&self.generated),
            in_flight: load(&self.in_flight),
            ended: std::array::from_fn(|i| load(&self.ended[i])),
        }
    }

    fn take(&self) -> bool {
        let free = self.busy.compare_exchange(0, 2, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if free {
            self.call.store(0, Ordering::Relaxed);
            self.snapshots.store(0, Ordering::Relaxed);
            self.caught.store(0, Ordering::Relaxed);
            self.show(&Signs::default());
            self.cores.iter().for_each(|name| name.set(b""));
            self.thread.store(thread_number(), Ordering::Relaxed);
            self.busy.store(1, Ordering::Release);
        }
        free
    }
}

/// The calling thread, as the kernel numbers it; 0 where it does not.
fn thread_number() -> u32 {
    #[cfg(target_os = "linux")]
    return rustix::thread::gettid().as_raw_nonzero().get() as u32;
    #[cfg(not(target_os = "linux"))]
    0
}

/// The slot of one engine loop, for as long as this lives.
pub struct Vitals(&'static Slot);

impl Vitals {
    /// A slot for the loop of the calling thread.
    pub fn claim() -> Vitals {
        let seen = SHARED.get().and_then(|shared| shared.slots.iter().find(|slot| slot.take()));
        let slot = seen.unwrap_or_else(|| {
            let reused = UNSEEN.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let slot = reused.unwrap_or_else(|| Box::leak(Box::new(unseen())));
            slot.take();
            slot
        });
        CURRENT.set(Some(slot));
        Vitals(slot)
    }

    /// The slot that the guard holds.
    pub fn slot(&self) -> &'static Slot {
        self.0
    }
}

/// A slot outside of what is shown.
fn unseen() -> Slot {
    Slot {
        mark: AtomicU64::new(0),
        busy: AtomicU32::new(0),
        thread: AtomicU32::new(0),
        call: AtomicU64::new(0),
        now_ns: AtomicU64::new(0),
        generated: AtomicU64::new(0),
        in_flight: AtomicU64::new(0),
        ended: std::array::from_fn(|_| AtomicU64::new(0)),
        caught: AtomicU32::new(0),
        cores: std::array::from_fn(|_| Text::empty()),
        snapshots: AtomicU64::new(0),
        places: Default::default(),
    }
}

impl Deref for Vitals {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        self.0
    }
}

impl std::fmt::Debug for Vitals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Vitals").field(&self.current()).finish()
    }
}

impl Drop for Vitals {
    fn drop(&mut self) {
        self.0.busy.store(0, Ordering::Release);
        if current_slot().is_some_and(|slot| std::ptr::eq(slot, self.0)) {
            CURRENT.set(None);
        }
        let seen = SHARED.get().is_some_and(|shared| shared.number_of(self.0).is_some());
        if !seen {
            UNSEEN.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_call_is_named() {
        let vitals = Vitals::claim();
        vitals.name_core(0, "mock");
        vitals.name_core(1, "chaos");
        let idle = vitals.enter(1, 0);
        let outer = vitals.enter(0, 0);
        assert_eq!(vitals.current().unwrap().core, "mock");
        vitals.leave(outer);
        assert_eq!(vitals.current().unwrap().core, "chaos");
        vitals.leave(idle);
        assert_eq!((vitals.current(), vitals.is_in_a_call()), (None, false));
        let call = vitals.enter(0, 4);
        assert_eq!(vitals.current().unwrap().function, "create");
        vitals.leave(call);
    }

    #[test]
    fn a_slot_is_used_again_and_starts_afresh() {
        let first = Vitals::claim();
        first.name_core(0, "mock");
        first.show(&Signs { generated: 5, ..Signs::default() });
        assert_eq!(first.signs().generated, 5);
        let slot: *const Slot = first.slot();
        assert!(current_slot().is_some_and(|current| std::ptr::eq(current, slot)));
        drop(first);
        assert!(current_slot().is_none());
        let second = Vitals::claim();
        assert_eq!((second.signs(), second.cores()), (Signs::default(), Vec::new()));
    }
}
