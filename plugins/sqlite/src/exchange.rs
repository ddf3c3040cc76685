//! What the engine's thread and the writer's thread hand each other, under one lock that nobody holds for long.

use mqscript_plugin::live::{Arrivals, Waiting};
use mqscript_plugin::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// So many bytes may wait for their commit; a message that begins below is still taken.
const WAITING_BYTES_MAX: usize = 64 << 20;
/// So many copies may wait for the host before no more are read.
const ARRIVED_MAX: usize = 8192;
/// So many bytes of content may wait for the host before no more is read.
const ARRIVED_BYTES_MAX: usize = 64 << 20;

/// The messages of these tokens are in the file since `at_ns`.
#[derive(Debug)]
pub struct Stored {
    /// Consecutive tokens.
    pub tokens: Range<u64>,
    /// When the commit had returned.
    pub at_ns: u64,
}

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

/// All that is shared.
#[derive(Debug, Default)]
pub struct State {
    /// Accepted, for the writer.
    pub waiting: Waiting,
    /// Accepted, without an answer yet.
    pub unanswered: usize,
    /// Answers, for the host.
    pub stored: VecDeque<Stored>,
    /// Copies, for the host.
    pub arrived: Arrivals,
    /// What the host got, for the writer.
    pub handed_out: Vec<HandedOut>,
    /// What the host acknowledged, for the writer.
    pub acknowledged: Vec<u64>,
    /// Why the writer ended before its time.
    pub failure: Option<Error>,
    /// What was done; complete when the writer has ended.
    pub tally: Tally,
    /// The writer would read more if there were room.
    pub reading_held: bool,
    /// The writer has nothing to do, and no copy is out.
    pub is_at_rest: bool,
    sleeping: bool,
    closing: bool,
}

impl State {
    /// Whether one more message may be accepted.
    pub fn has_room(&self, ring: usize) -> bool {
        self.unanswered < ring && self.waiting.bytes() < WAITING_BYTES_MAX
    }

    /// Whether nothing of what the file holds for the agents is still to come.
    pub fn is_empty(&self) -> bool {
        let nothing_given = self.waiting.is_empty() && self.acknowledged.is_empty();
        self.is_at_rest && nothing_given && self.stored.is_empty() && self.arrived.is_empty()
    }

    /// Whether more copies may be read.
    pub fn has_room_for_copies(&self) -> bool {
        self.arrived.len() < ARRIVED_MAX && self.arrived.bytes() < ARRIVED_BYTES_MAX
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

/// The state, and the writer that waits for it to change.
#[derive(Debug, Default)]
pub struct Exchange {
    state: Mutex<State>,
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Exchange {
    /// The state. A panic elsewhere leaves it whole: nothing that holds it can fail half-way.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the writer, if it sleeps. For whoever has changed the state.
    pub fn tell_writer(&self, mut state: MutexGuard<'_, State>) {
        if std::mem::take(&mut state.sleeping) {
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Waits until there is something to do, at most for `limit`, and takes it over. `wants_to_read`: something to
    /// read is something to do, where there is room for it. `nothing_out`: no copy is out.
    pub fn take(&self, job: &mut Job, wants_to_read: bool, nothing_out: bool, limit: Option<Duration>) {
        let mut state = self.lock();
        let idle = |state: &State| {
            let may_read = wants_to_read && state.has_room_for_copies();
            state.waiting.is_empty() && state.acknowledged.is_empty() && !state.closing && !may_read
        };
        if idle(&state) {
            state.sleeping = true;
            state.reading_held = wants_to_read;
            state.is_at_rest = nothing_out && !wants_to_read;
            state = self.sleep(state, limit);
            state.is_at_rest = false;
            state.sleeping = false;
            state.reading_held = false;
        }
        std::mem::swap(&mut state.waiting, &mut job.waiting);
        std::mem::swap(&mut state.acknowledged, &mut job.acknowledged);
        job.handed_out.append(&mut state.handed_out);
        job.may_read = state.has_room_for_copies();
        job.closing = state.closing;
    }

    /// Until someone calls `tell_writer`, or the limit has passed. To wake for nothing does no harm.
    fn sleep<'a>(&self, state: MutexGuard<'a, State>, limit: Option<Duration>) -> MutexGuard<'a, State> {
        match limit {
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let woken = self.changed.wait_timeout(state, limit);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// Whether the session is closed.
    pub fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// The writer works on this thread from now on.
    pub fn started(&self, thread: JoinHandle<()>) {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    /// No more comes: waits until the writer has stored what it has, and has let go of the file.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        self.tell_writer(state);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the writer has been told by the session's next call.
            let _ = thread.join();
        }
    }
}
