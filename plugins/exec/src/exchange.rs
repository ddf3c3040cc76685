//! What the workers and the reader of calls do with the state that they share with the session.

use crate::calls_read::CallsRead;
use crate::channel::Channel;
use crate::options::FEEDERS_MAX;
use crate::state::{Feeder, Order, Phase, Workers};
use mqscript_plugin::live::{self, Answer, LiveSession, State};
use mqscript_plugin::prelude::*;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The most failed calls that are shown if the first message does not come back.
const FAILED_CALLS_MAX: usize = 3;
/// The most characters shown of each.
const FAILED_CALL_CHARACTERS: usize = 200;

/// Makes a pair of sockets with which one thread wakes another; neither end blocks.
fn bell() -> io::Result<(UnixStream, UnixStream)> {
    let (bell, ear) = UnixStream::pair()?;
    bell.set_nonblocking(true)?;
    ear.set_nonblocking(true)?;
    Ok((bell, ear))
}

/// The state that is shared with the session, and the threads to wait for at the end.
#[derive(Debug)]
pub struct Exchange {
    shared: Arc<live::Exchange<Workers>>,
    phase_changed: Condvar,
}

impl Exchange {
    /// Makes an exchange without workers; the arguments are those of [`Workers::new`].
    pub fn new(window: usize, notes_contents: bool) -> Exchange {
        let shared = live::Exchange::new(Workers::new(window, notes_contents));
        Exchange { shared, phase_changed: Condvar::new() }
    }

    /// The session on the workers.
    pub fn session(&self) -> LiveSession<Workers> {
        LiveSession::on(&self.shared)
    }

    /// Locks the shared state.
    pub fn lock(&self) -> MutexGuard<'_, State<Workers>> {
        self.shared.lock()
    }

    /// Adds a worker. Returns the socket that wakes it.
    pub fn add_desk(&self) -> io::Result<UnixStream> {
        let (bell, ear) = bell()?;
        self.lock().medium.add_desk(bell);
        Ok(ear)
    }

    /// Notes the thread of a worker, to wait for its end.
    pub fn add_thread(&self, thread: JoinHandle<()>) {
        self.shared.at_close(move || {
            // The session's next call has already reported a panic of the thread.
            let _ = thread.join();
        });
    }

    /// Notes the thread that reads calls, before any worker starts: it ends after all of them.
    pub fn add_hub_thread(&self, thread: JoinHandle<()>) {
        let shared = Arc::clone(&self.shared);
        self.shared.at_close(move || {
            let mut state = shared.lock();
            state.medium.calls_end = true;
            state.medium.ring_hub();
            drop(state);
            let _ = thread.join();
        });
    }

    /// The number of workers.
    pub fn workers(&self) -> usize {
        self.lock().medium.desks.len()
    }

    /// Waits until no worker is starting. Fails if a worker could not start.
    pub fn until_ready(&self) -> Result<(), Error> {
        let mut state = self.lock();
        let is_starting =
            |state: &State<Workers>| state.medium.desks.iter().any(|desk| desk.phase == Phase::Starting);
        while state.failure().is_none() && is_starting(&state) {
            state = self.phase_changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.failure().cloned().map_or(Ok(()), Err)
    }

    /// Moves what waits for a worker into its channels, where all before is written. Returns what the worker must know.
    pub fn look(&self, worker: usize, channels: &mut [Channel]) -> Order {
        let mut state = self.lock();
        let held = !state.has_room_for_copies();
        let closing = state.is_closing();
        let desk = &mut state.medium.desks[worker];
        for (lane, channel) in desk.lanes.iter_mut().zip(&mut *channels) {
            if channel.requests.is_empty() {
                std::mem::swap(&mut lane.waiting, &mut channel.requests);
            }
        }
        // If one feeder takes no more, another may, so the worker must be woken.
        desk.sleeping = channels.len() > 1 || channels.iter().all(|channel| channel.requests.is_empty());
        Order { closing, held }
    }

    /// Notes the connection that a process has opened for a feeder.
    ///
    /// # Errors
    /// The connection is of no use; the text says why.
    pub fn join(&self, worker: usize, feeder: Feeder) -> Result<(), String> {
        let mut state = self.lock();
        let desk = worker.checked_sub(1).and_then(|place| state.medium.desks.get_mut(place));
        let Some(desk) = desk else { return Err(format!("there is no worker {worker}")) };
        if desk.phase == Phase::Ready || desk.joined.len() >= FEEDERS_MAX {
            return Err(format!("worker {worker} has all its feeders"));
        }
        desk.joined.push(feeder);
        desk.ring();
        Ok(())
    }

    /// The feeders that have connected since the worker last asked.
    pub fn joined(&self, worker: usize) -> Vec<Feeder> {
        std::mem::take(&mut self.lock().medium.desks[worker].joined)
    }

    /// Notes that the load begins now.
    pub fn load_begins(&self) {
        self.lock().medium.load_began.get_or_insert_with(Instant::now);
    }

    /// How long the load has lasted; none if it has not begun or is over.
    pub fn load_lasts(&self) -> Option<Duration> {
        let state = self.lock();
        let is_on = !state.medium.load_is_over && !state.is_closing();
        state.medium.load_began.filter(|_| is_on).map(|began| began.elapsed())
    }

    /// Whether the session is closed.
    pub fn is_closing(&self) -> bool {
        self.lock().is_closing()
    }

    /// Adds the reader of calls: from now on messages have counters. Returns the socket that wakes the reader.
    pub fn add_hub(&self) -> io::Result<UnixStream> {
        let (bell, ear) = bell()?;
        let workers = &mut self.lock().medium;
        (workers.hub, workers.next_slot) = (Some(bell), Some(0));
        workers.failed_calls = Some(Vec::new());
        Ok(ear)
    }

    /// What the reader of calls must know now.
    pub fn look_at_calls(&self) -> Order {
        let mut state = self.lock();
        let held = !state.has_room_for_copies();
        Order { closing: state.medium.calls_end, held }
    }

    /// Passes on what was read about calls, and empties `read`.
    pub fn post_calls(&self, read: &mut CallsRead) {
        take_in(&mut self.lock(), read);
    }

    /// Whether a message with this content was sent.
    pub fn was_sent(&self, content: &[u8]) -> bool {
        self.lock().medium.contents.as_ref().is_some_and(|contents| contents.has(content))
    }

    /// Passes on what a worker's process has said, and empties the buffers.
    pub fn post(&self, worker: usize, channels: &mut [Channel], read: &mut CallsRead) {
        let mut state = self.lock();
        for (place, channel) in channels.iter_mut().enumerate() {
            let (workers, answered) = (&mut state.medium, channel.answered.len());
            workers.desks[worker].lanes[place].window.answered(answered);
            workers.tally.answers += answered as u64;
            let is_taken = |answer: &&Answer| answer.result == OutcomeResult::Delivered;
            workers.work.take(channel.answered.iter().filter(is_taken).count() as u64);
            channel.answered.drain(..).for_each(|answer| state.answer(answer));
        }
        take_in(&mut state, read);
    }

    /// Notes that the first message has come back from this worker's process.
    pub fn made_contact(&self, worker: usize) {
        let workers = &mut self.lock().medium;
        let Some(desk) = workers.desks.get_mut(worker) else { return };
        if !std::mem::replace(&mut desk.contacted, true) {
            desk.ring();
        }
        if workers.desks.iter().all(|desk| desk.contacted) {
            workers.failed_calls = None;
        }
    }

    /// Whether the first message has come back from this worker's process.
    pub fn has_contact(&self, worker: usize) -> bool {
        self.lock().medium.desks[worker].contacted
    }

    /// Keeps the text of a failed call, until the first messages have come back.
    pub fn failed_before_contact(&self, how: &str) {
        let mut state = self.lock();
        let failed_calls = state.medium.failed_calls.as_mut();
        if let Some(failed) = failed_calls.filter(|failed| failed.len() < FAILED_CALLS_MAX) {
            failed.push(how.chars().take(FAILED_CALL_CHARACTERS).collect());
        }
    }

    /// The texts of the failed calls so far.
    pub fn failed_calls(&self) -> Vec<String> {
        self.lock().medium.failed_calls.clone().unwrap_or_default()
    }

    /// Notes that the worker's process is ready and has `feeders` feeders.
    pub fn is_ready(&self, worker: usize, feeders: usize) {
        let workers = &mut self.lock().medium;
        workers.set_lanes(worker, feeders);
        workers.desks[worker].phase = Phase::Ready;
        self.phase_changed.notify_all();
    }

    /// Settles all messages of a worker whose process broke: those in flight, and those that wait, which are refused.
    /// Returns how many were refused because they waited.
    pub fn broke(
        &self,
        worker: usize,
        phase: Phase,
        in_flight: Vec<Answer>,
        reason: u32,
        at_ns: u64,
    ) -> usize {
        let mut state = self.lock();
        in_flight.into_iter().for_each(|answer| state.answer(answer));
        state.medium.desks[worker].phase = phase;
        let waited = state.medium.clear_lanes(worker);
        for token in &waited {
            state.answer(Answer::one(*token, OutcomeResult::Refused, reason, at_ns));
        }
        self.phase_changed.notify_all();
        waited.len()
    }

    /// Gives the worker up for good. Returns whether it was the last.
    pub fn give_up(&self, worker: usize) -> bool {
        let desks = &mut self.lock().medium.desks;
        desks[worker].phase = Phase::GivenUp;
        desks.iter().all(|desk| desk.phase == Phase::GivenUp)
    }

    /// Reports that the core cannot go on. Only the first error is kept.
    pub fn fail(&self, error: Error) {
        self.lock().fail(error);
        self.phase_changed.notify_all();
    }

    /// Closes the session and waits until every process has ended.
    pub fn close(&self) {
        self.shared.close();
    }
}

/// Takes in what was read about calls, and empties `read`.
fn take_in(state: &mut State<Workers>, read: &mut CallsRead) {
    let workers = &mut state.medium;
    workers.tally.calls.add(&std::mem::take(&mut read.tally));
    read.finished.drain(..).for_each(|slot| workers.work.finish(slot));
    if std::mem::take(&mut read.working) {
        workers.work.sign();
        state.show_work();
    }
    state.arrived.append(&mut read.arrivals);
}
