//! What cores may ask of the host while a run is on, in safe terms: clock, wake, reasons, events, log.

use super::run_config::RunClockKind;
use super::violations::Misuse;
use super::vitals::Vitals;
use mqscript_plugin::abi::{INTERNED_BYTES_MAX, INTERNED_MAX};
use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// The run's clock: nanoseconds since its origin, which is when this value was made.
#[derive(Debug)]
pub enum RunClock {
    /// The time that the engine last set, in nanoseconds.
    Virtual(AtomicU64),
    /// CLOCK_MONOTONIC minus the origin.
    Wall(Instant),
}

impl RunClock {
    /// A clock whose origin is now.
    pub fn new(kind: RunClockKind) -> RunClock {
        match kind {
            RunClockKind::Virtual => RunClock::Virtual(AtomicU64::new(0)),
            RunClockKind::Wall => RunClock::Wall(Instant::now()),
        }
    }

    /// Which kind it is.
    pub fn kind(&self) -> RunClockKind {
        match self {
            RunClock::Virtual(_) => RunClockKind::Virtual,
            RunClock::Wall(_) => RunClockKind::Wall,
        }
    }

    /// The present. Any thread.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        match self {
            RunClock::Virtual(now) => now.load(Ordering::Relaxed),
            RunClock::Wall(origin) => origin.elapsed().as_nanos() as u64,
        }
    }

    /// Sets the virtual clock; without effect on the wall clock.
    #[inline]
    pub fn set_ns(&self, now_ns: u64) {
        if let RunClock::Virtual(now) = self {
            now.store(now_ns, Ordering::Relaxed);
        }
    }
}

/// A sticky, coalescing wish of a core to be polled.
#[derive(Debug, Default)]
pub struct WakeFlag {
    set: AtomicBool,
    closed: AtomicBool,
    thread: OnceLock<Thread>,
}

impl WakeFlag {
    /// Makes the calling thread the one that [`set`](WakeFlag::set) unparks. The first call counts.
    pub fn register_current_thread(&self) {
        let _ = self.thread.set(std::thread::current());
    }

    /// Asks for a poll, and unparks the loop's thread. Any thread; without effect after `close`.
    pub fn set(&self) {
        if !self.closed.load(Ordering::Acquire)
            && !self.set.swap(true, Ordering::AcqRel)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Whether a poll was asked for since this was last called. Call it *before* the poll begins.
    #[inline]
    pub fn take(&self) -> bool {
        self.set.load(Ordering::Relaxed) && self.set.swap(false, Ordering::AcqRel)
    }

    /// Whether a poll is asked for, without taking the wish.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// The texts that name reasons and kinds of events: one space per run, ids from 1, 0 = none.
#[derive(Debug, Default)]
pub struct Interner {
    interned: Mutex<Interned>,
    /// How many ids were given out: beside the texts, so that whoever checks an id takes no lock.
    len: AtomicU32,
}

#[derive(Debug, Default)]
struct Interned {
    ids: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

const OTHER: &str = "other";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds these locks can panic half-way; a poisoned lock still guards whole values.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// `text` cut at 200 bytes, at a character's border.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(INTERNED_BYTES_MAX as usize);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl Interner {
    /// The id of `text`, the same for the same text; all texts beyond the 4,096th are "other". Any thread.
    pub fn intern(&self, text: &str) -> u32 {
        let text = cut(text);
        let mut interned = lock(&self.interned);
        if let Some(id) = interned.ids.get(text) {
            return *id;
        }
        // The last id is kept for "other", so that it exists when it is needed.
        let text = if interned.texts.len() as u32 >= INTERNED_MAX - 1 { OTHER } else { text };
        if let Some(id) = interned.ids.get(text) {
            return *id;
        }
        let id = interned.texts.len() as u32 + 1;
        interned.ids.insert(text.into(), id);
        interned.texts.push(text.into());
        self.len.store(id, Ordering::Release);
        id
    }

    /// How many ids were given out: those from 1 to this.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    /// Whether none was given out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this id was given out. Any thread.
    pub fn knows(&self, id: u32) -> bool {
        (1..=self.len()).contains(&id)
    }

    /// The text of `id`: empty for 0, `#7` for an id that was never given out.
    pub fn text(&self, id: u32) -> String {
        match id.checked_sub(1) {
            None => String::new(),
            Some(index) => match lock(&self.interned).texts.get(index as usize) {
                Some(text) => text.to_string(),
                None => format!("#{id}"),
            },
        }
    }
}

/// Something that a core says happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreEvent {
    /// The core or layer.
    pub core: Arc<str>,
    /// Interned name of the kind.
    pub kind: u32,
    /// When, in nanoseconds since the origin.
    pub at_ns: u64,
    /// More about it; may be empty.
    pub text: String,
}

/// Something that a core wants the user to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The core or layer.
    pub core: Arc<str>,
    /// One of the contract's log levels: 1 error … 4 debug.
    pub level: u32,
    /// The text of the log line.
    pub text: String,
}

/// A bounded queue from cores, on any thread, to the engine's loop.
#[derive(Debug)]
pub struct EventQueue<T = CoreEvent> {
    waiting: AtomicBool,
    lost: AtomicU64,
    queue: Mutex<NewsQueue<T>>,
}

#[derive(Debug)]
struct NewsQueue<T> {
    items: VecDeque<T>,
    bytes: usize,
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        EventQueue {
            waiting: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            queue: Mutex::new(NewsQueue { items: VecDeque::new(), bytes: 0 }),
        }
    }
}

impl<T> EventQueue<T> {
    /// How many wait at most; what comes on top is counted as lost.
    pub const CAPACITY: usize = 65_536;
    /// The most bytes of text that wait.
    pub const CAPACITY_BYTES: usize = 64 << 20;

    /// Adds one with so many bytes of text. Any thread.
    pub fn push(&self, item: T, bytes: usize) {
        let mut queue = lock(&self.queue);
        if queue.items.len() >= Self::CAPACITY || queue.bytes + bytes > Self::CAPACITY_BYTES {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.bytes += bytes;
        queue.items.push_back(item);
        self.waiting.store(true, Ordering::Release);
    }

    /// Moves all that wait to the end of `into`; costs one load when there are none.
    #[inline]
    pub fn drain(&self, into: &mut Vec<T>) {
        if self.is_waiting() {
            let mut queue = lock(&self.queue);
            self.waiting.store(false, Ordering::Release);
            queue.bytes = 0;
            into.extend(queue.items.drain(..));
        }
    }

    /// Whether any items wait to be taken.
    #[inline]
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// The number of items that found no room.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// All that the host offers to the cores of one run; clones share everything.
#[derive(Debug, Clone)]
pub struct HostServices {
    /// The clock of the run.
    pub clock: Arc<RunClock>,
    /// Reasons and kinds of events.
    pub interner: Arc<Interner>,
    /// Log lines and events, for the engine to take.
    pub events: Arc<EventQueue<CoreEvent>>,
    /// What the user should read: drained by the engine.
    pub log: Arc<EventQueue<LogLine>>,
    /// The wish to be polled.
    pub wake: Arc<WakeFlag>,
    /// What cores have asked of all this that cannot be.
    pub misuse: Arc<Misuse>,
    /// What the run shows of itself: the call under way, how many messages have which name.
    pub vitals: Arc<Vitals>,
    /// The longest time that a control call may take.
    pub control_limit: Duration,
}

impl HostServices {
    /// How long a control call may take unless something else is said.
    pub const CONTROL_LIMIT: Duration = Duration::from_secs(60);

    /// Services of a run whose origin is now, and whose loop is the calling thread's.
    pub fn new(clock: RunClockKind) -> HostServices {
        HostServices {
            clock: Arc::new(RunClock::new(clock)),
            interner: Arc::default(),
            events: Arc::default(),
            log: Arc::default(),
            wake: Arc::default(),
            misuse: Arc::default(),
            vitals: Arc::new(Vitals::claim()),
            control_limit: HostServices::CONTROL_LIMIT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interning_is_stable_cut_and_bounded() {
        let interner = Interner::default();
        assert_eq!((interner.intern("full"), interner.intern("busy"), interner.intern("full")), (1, 2, 1));
        assert_eq!(interner.text(interner.intern(&"é".repeat(150))).len(), 200);
        for i in 0..5000 {
            interner.intern(&format!("reason {i}"));
        }
        let other = interner.intern("one more");
        assert_eq!((other, interner.text(other).as_str()), (INTERNED_MAX, "other"));
        assert_eq!((interner.text(0), interner.text(9999)), (String::new(), "#9999".to_owned()));
    }

    #[test]
    fn a_wake_is_sticky_and_is_lost_after_close() {
        let flag = WakeFlag::default();
        flag.set();
        flag.set();
        assert_eq!((flag.take(), flag.take()), (true, false));
        flag.close();
        flag.set();
        assert!(!flag.take());
    }

    #[test]
    fn the_queue_keeps_order_and_counts_what_it_loses() {
        let queue = EventQueue::default();
        for i in 0..EventQueue::<usize>::CAPACITY + 3 {
            queue.push(i, 0);
        }
        let mut taken = Vec::new();
        queue.drain(&mut taken);
        assert!(taken.iter().copied().eq(0..EventQueue::<usize>::CAPACITY));
        assert_eq!(queue.lost(), 3);
        let long = EventQueue::<u8>::CAPACITY_BYTES / 2;
        (0..3).for_each(|i| queue.push(i, long));
        assert_eq!(queue.lost(), 4);
        queue.drain(&mut taken);
        queue.push(9, long);
        assert_eq!(queue.lost(), 4);
    }
}
