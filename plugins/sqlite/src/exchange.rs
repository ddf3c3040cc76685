//! What the session leaves for the writer's thread, and how that thread waits for it.

use mqscript_plugin::live::{Arrival, Exchange, Medium, News, Sending, State, Waiting, Window};
use mqscript_plugin::prelude::*;
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::Duration;

/// The most bytes that may wait to be committed. A message that begins below the limit is still taken.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// The copies with tags from `first` to `last` were handed to the host.
#[derive(Debug, Clone, Copy)]
pub struct HandedOut {
    /// The first tag of the range.
    pub first: u64,
    /// The last tag of the range.
    pub last: u64,
    /// When the host got them, in nanoseconds since the origin.
    pub at_ns: u64,
}

/// What the core did, for the report.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The number of transactions that stored at least one message.
    pub commits: u64,
    /// The number of messages that were stored.
    pub stored: u64,
    /// The most messages in one transaction.
    pub largest_commit: u64,
    /// The number of copies that were read for the host.
    pub copies: u64,
    /// Copies that had been handed out before.
    pub redelivered: u64,
    /// The number of copies that were acknowledged.
    pub acknowledged: u64,
    /// Leases that ended before the copy was settled.
    pub lease_expired: u64,
    /// Copies given up: rejected, or handed over too often.
    pub dead_letters: u64,
    /// Settlements that came after the lease, or when the copy was settled already.
    pub late_settlements: u64,
    /// The number of messages in the file at the end; `None` if the core failed.
    pub left: Option<u64>,
}

/// What the session leaves for the writer.
#[derive(Debug)]
pub struct Desk {
    /// Accepted messages that are still to be stored.
    waiting: Waiting,
    /// Counts accepted messages without an answer.
    pub window: Window,
    /// The ranges of copies that the host got.
    handed_out: Vec<HandedOut>,
    /// What the host settled, by tag, in this order.
    settled: Vec<(Settlement, u64)>,
    /// Counts of what was done; complete when the writer has ended.
    pub tally: Tally,
    /// Whether the writer has nothing to do, and every copy is settled.
    is_at_rest: bool,
    is_sleeping: bool,
    changed: Arc<Condvar>,
    host: Host,
}

impl Desk {
    /// Makes the shared state for at most `ring` messages that are not stored yet.
    pub fn new(ring: usize, host: &Host) -> Desk {
        Desk {
            waiting: Waiting::default(),
            window: Window::new(ring, WAITING_BYTES_MAX),
            handed_out: Vec::new(),
            settled: Vec::new(),
            tally: Tally::default(),
            is_at_rest: false,
            is_sleeping: false,
            changed: Arc::default(),
            host: host.clone(),
        }
    }

    fn has_work(&self) -> bool {
        !self.waiting.is_empty() || !self.settled.is_empty()
    }
}

impl Medium for Desk {
    fn send(&mut self, message: &Message<'_>) -> Sending {
        if !self.window.admit(self.waiting.bytes()) {
            return Sending::Full;
        }
        self.waiting.push(message);
        Sending::Accepted
    }

    fn handed_out(&mut self, copies: &[Arrival], now_ns: u64) {
        // A report has no tag.
        let mut tagged = copies.iter().filter(|copy| copy.tag != 0);
        if let Some(first) = tagged.next() {
            let last = tagged.next_back().unwrap_or(first);
            self.handed_out.push(HandedOut { first: first.tag, last: last.tag, at_ns: now_ns });
        }
    }

    fn settle(&mut self, how: Settlement, tags: &[u64], _now_ns: u64) {
        self.settled.extend(tags.iter().map(|tag| (how, *tag)));
    }

    fn wake(&mut self, _news: News) {
        if std::mem::take(&mut self.is_sleeping) {
            self.changed.notify_one();
        }
    }

    fn is_empty(&self) -> bool {
        self.is_at_rest && !self.has_work()
    }
}

/// What the writer has to do next.
#[derive(Debug, Default)]
pub struct Job {
    /// Messages that are to be stored.
    pub waiting: Waiting,
    /// What the host settled, by tag, in this order.
    pub settled: Vec<(Settlement, u64)>,
    /// The ranges of copies that the host got.
    pub handed_out: Vec<HandedOut>,
    /// Whether copies may be read.
    pub may_read: bool,
    /// Whether the session is closed; then nothing more comes.
    pub closing: bool,
}

impl Job {
    /// Waits at most `limit` until there is something to do, and takes it over. `wants_to_read`: there are messages to
    /// read, which counts if there is room for copies. `nothing_out`: every copy is settled.
    pub fn take_from(
        &mut self,
        exchange: &Exchange<Desk>,
        wants_to_read: bool,
        nothing_out: bool,
        limit: Option<Duration>,
    ) {
        let mut state = exchange.lock();
        let may_read = wants_to_read && state.has_room_for_copies();
        if !state.medium.has_work() && !state.is_closing() && !may_read {
            state.medium.is_at_rest = nothing_out && !wants_to_read;
            state.medium.is_sleeping = true;
            if state.medium.is_at_rest {
                // The host is woken, so that its next poll learns that no more copies come.
                state.medium.host.wake();
            }
            state = sleep(state, limit);
            state.medium.is_at_rest = false;
            state.medium.is_sleeping = false;
        }
        std::mem::swap(&mut state.medium.waiting, &mut self.waiting);
        std::mem::swap(&mut state.medium.settled, &mut self.settled);
        self.handed_out.append(&mut state.medium.handed_out);
        self.may_read = state.has_room_for_copies();
        self.closing = state.is_closing();
    }
}

/// Sleeps until the writer is woken or the limit has passed. It may also wake for no reason, which does no harm.
fn sleep(state: MutexGuard<'_, State<Desk>>, limit: Option<Duration>) -> MutexGuard<'_, State<Desk>> {
    let changed = Arc::clone(&state.medium.changed);
    match limit {
        None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        Some(limit) => changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0,
    }
}
