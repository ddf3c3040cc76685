//! What the session leaves for the writer's thread, and how that thread waits for it.

use mqscript_plugin::live::{Arrival, Exchange, Medium, News, Sending, State, Waiting, Window};
use mqscript_plugin::prelude::*;
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::Duration;

/// So many bytes may wait for their commit; a message that begins below is still taken.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// The copies with tags from `first` to `last` were handed to the host.
#[derive(Debug, Clone, Copy)]
pub struct HandedOut {
    /// First tag.
    pub first: u64,
    /// Last tag.
    pub last: u64,
    /// When.
    pub at_ns: u64,
}

/// What the core did, for the report.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Transactions that stored at least one message.
    pub commits: u64,
    /// Messages stored.
    pub stored: u64,
    /// The most messages of one transaction.
    pub largest_commit: u64,
    /// Copies read for the host.
    pub copies: u64,
    /// Of these, copies that were handed out before.
    pub redelivered: u64,
    /// Copies acknowledged.
    pub acknowledged: u64,
    /// Messages in the file at the end; unknown if the core failed.
    pub left: Option<u64>,
}

/// What is left for the writer.
#[derive(Debug)]
pub struct Desk {
    /// Accepted, to be stored.
    waiting: Waiting,
    /// Accepted, without an answer yet.
    pub window: Window,
    /// What the host got.
    handed_out: Vec<HandedOut>,
    /// What the host acknowledged.
    acknowledged: Vec<u64>,
    /// What was done; complete when the writer has ended.
    pub tally: Tally,
    /// The writer has nothing to do, and no copy is out.
    is_at_rest: bool,
    is_sleeping: bool,
    changed: Arc<Condvar>,
    host: Host,
}

impl Desk {
    /// A desk for at most so many messages that are not stored yet.
    pub fn new(ring: usize, host: &Host) -> Desk {
        Desk {
            waiting: Waiting::default(),
            window: Window::new(ring, WAITING_BYTES_MAX),
            handed_out: Vec::new(),
            acknowledged: Vec::new(),
            tally: Tally::default(),
            is_at_rest: false,
            is_sleeping: false,
            changed: Arc::default(),
            host: host.clone(),
        }
    }

    fn has_work(&self) -> bool {
        !self.waiting.is_empty() || !self.acknowledged.is_empty()
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
        if let (Some(first), Some(last)) = (copies.first(), copies.last()) {
            self.handed_out.push(HandedOut { first: first.tag, last: last.tag, at_ns: now_ns });
        }
    }

    fn acknowledge(&mut self, tags: &[u64]) {
        self.acknowledged.extend_from_slice(tags);
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

/// What the writer has to do.
#[derive(Debug, Default)]
pub struct Job {
    /// To be stored.
    pub waiting: Waiting,
    /// Tags that the host acknowledged.
    pub acknowledged: Vec<u64>,
    /// What the host got.
    pub handed_out: Vec<HandedOut>,
    /// Copies may be read.
    pub may_read: bool,
    /// The session is closed: what is here is the last.
    pub closing: bool,
}

impl Job {
    /// Waits until there is something to do, at most for `limit`, and takes it over. `wants_to_read`: something to read
    /// is something to do, where there is room for it. `nothing_out`: no copy is out.
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
                // The next poll says that nothing more is to come.
                state.medium.host.wake();
            }
            state = sleep(state, limit);
            state.medium.is_at_rest = false;
            state.medium.is_sleeping = false;
        }
        std::mem::swap(&mut state.medium.waiting, &mut self.waiting);
        std::mem::swap(&mut state.medium.acknowledged, &mut self.acknowledged);
        self.handed_out.append(&mut state.medium.handed_out);
        self.may_read = state.has_room_for_copies();
        self.closing = state.is_closing();
    }
}

/// Sleeps until the desk is told to wake its writer, or the limit has passed. To wake for nothing does no harm.
fn sleep(state: MutexGuard<'_, State<Desk>>, limit: Option<Duration>) -> MutexGuard<'_, State<Desk>> {
    let changed = Arc::clone(&state.medium.changed);
    match limit {
        None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        Some(limit) => changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0,
    }
}
