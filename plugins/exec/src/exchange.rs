//! What the engine's thread and the workers' threads hand each other, under one lock that nobody holds for long.

use crate::calls_read::CallsRead;
use crate::channel::Channel;
use crate::contents::Contents;
use crate::options::FEEDERS_MAX;
use crate::settled::Settled;
use crate::state::{Desk, Feeder, Lane, Order, Phase, State};
use mqscript_plugin::prelude::*;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So many failed calls are told if there is no contact.
const FAILED_CALLS_MAX: usize = 3;
/// Each is cut at so many characters.
const FAILED_CALL_CHARACTERS: usize = 200;

/// A bell, and the ear of the thread that it wakes; neither waits.
fn bell() -> io::Result<(UnixStream, UnixStream)> {
    let (bell, ear) = UnixStream::pair()?;
    bell.set_nonblocking(true)?;
    ear.set_nonblocking(true)?;
    Ok((bell, ear))
}

/// The state, and the threads of the workers.
#[derive(Debug, Default)]
pub struct Exchange {
    state: Mutex<State>,
    phase_changed: Condvar,
    threads: Mutex<Vec<JoinHandle<()>>>,
    hub: Mutex<Option<JoinHandle<()>>>,
    contents: Mutex<Contents>,
}

impl Exchange {
    /// The state. A panic elsewhere leaves it whole: nothing that holds it can fail half-way.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a desk for one more worker; the worker's end of its bell.
    pub fn add_desk(&self) -> io::Result<UnixStream> {
        let (bell, ear) = bell()?;
        let lanes = vec![Lane::default()];
        let desk = Desk {
            phase: Phase::Starting,
            lanes,
            joined: Vec::new(),
            contacted: false,
            sleeping: false,
            bell,
        };
        self.lock().desks.push(desk);
        Ok(ear)
    }

    /// A worker's thread has started.
    pub fn add_thread(&self, thread: JoinHandle<()>) {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
    }

    /// The thread that reads calls has started.
    pub fn add_hub_thread(&self, thread: JoinHandle<()>) {
        *self.hub.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.lock().desks.len()
    }

    /// Waits until no worker is starting; the failure of one, if there is.
    pub fn until_ready(&self) -> Result<(), Error> {
        let mut state = self.lock();
        while state.failure.is_none() && state.desks.iter().any(|desk| desk.phase == Phase::Starting) {
            state = self.phase_changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.failure.clone().map_or(Ok(()), Err)
    }

    /// A worker looks: takes over what waits for it, where it has written all it had.
    pub fn look(&self, worker: usize, channels: &mut [Channel]) -> Order {
        let mut state = self.lock();
        let held = !state.has_room_for_copies();
        state.reading_held |= held;
        let closing = state.closing;
        let desk = &mut state.desks[worker];
        for (lane, channel) in desk.lanes.iter_mut().zip(&mut *channels) {
            if channel.requests.is_empty() {
                std::mem::swap(&mut lane.waiting, &mut channel.requests);
            }
        }
        // While one feeder takes no more, there may be something for another.
        desk.sleeping = channels.len() > 1 || channels.iter().all(|channel| channel.requests.is_empty());
        Order { closing, held }
    }

    /// A process has opened the connection of a feeder.
    ///
    /// # Errors
    /// Why it is of no use.
    pub fn join(&self, worker: usize, feeder: Feeder) -> Result<(), String> {
        let mut state = self.lock();
        let desk = worker.checked_sub(1).and_then(|place| state.desks.get_mut(place));
        let Some(desk) = desk else { return Err(format!("there is no worker {worker}")) };
        if desk.phase == Phase::Ready || desk.joined.len() >= FEEDERS_MAX {
            return Err(format!("worker {worker} has all its feeders"));
        }
        desk.joined.push(feeder);
        desk.ring();
        Ok(())
    }

    /// The feeders that have joined since the worker last asked.
    pub fn joined(&self, worker: usize) -> Vec<Feeder> {
        std::mem::take(&mut self.lock().desks[worker].joined)
    }

    /// The load begins now.
    pub fn load_begins(&self) {
        self.lock().load_began.get_or_insert_with(Instant::now);
    }

    /// All messages were handed over: faults on purpose end with the load.
    pub fn load_is_over(&self) {
        self.lock().load_is_over = true;
    }

    /// How long the load has lasted; none if it is not on.
    pub fn load_lasts(&self) -> Option<Duration> {
        let state = self.lock();
        state.load_began.filter(|_| !state.load_is_over && !state.closing).map(|began| began.elapsed())
    }

    /// Whether the session is closed.
    pub fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// From now on messages have counters, and somebody reads calls; the reader's end of its bell.
    pub fn add_hub(&self) -> io::Result<UnixStream> {
        let (bell, ear) = bell()?;
        let mut state = self.lock();
        (state.hub, state.next_slot) = (Some(bell), Some(0));
        state.failed_calls = Some(Vec::new());
        Ok(ear)
    }

    /// The reader of calls looks.
    pub fn look_at_calls(&self) -> Order {
        let mut state = self.lock();
        let held = !state.has_room_for_copies();
        state.reading_held |= held;
        Order { closing: state.calls_end, held }
    }

    /// Hands in what was read of calls, which is left empty.
    pub fn post_calls(&self, read: &mut CallsRead) {
        let mut state = self.lock();
        state.take_in(read);
    }

    /// Notes what messages contain, in mode `processor`: a copy may come back without its stamp.
    pub fn note_contents<'a>(&self, contents: impl Iterator<Item = &'a [u8]>) {
        let mut noted = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.for_each(|content| noted.note(content));
    }

    /// Whether this is the content of a message.
    pub fn was_sent(&self, content: &[u8]) -> bool {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner).has(content)
    }

    /// A worker hands in what its process has said, which is left empty.
    pub fn post(&self, worker: usize, channels: &mut [Channel], read: &mut CallsRead) {
        let mut state = self.lock();
        for (place, channel) in channels.iter_mut().enumerate() {
            state.desks[worker].lanes[place].unanswered -= channel.answered.len();
            state.tally.answers += channel.answered.len() as u64;
            let is_taken = |answer: &&Settled| answer.result == OutcomeResult::Delivered;
            let taken = channel.answered.iter().filter(is_taken).count();
            state.work.take(taken as u64);
            channel.answered.drain(..).for_each(|answer| state.settle(answer));
        }
        state.take_in(read);
    }

    /// The message of the first contact has come back from this worker.
    pub fn made_contact(&self, worker: usize) {
        let mut state = self.lock();
        let Some(desk) = state.desks.get_mut(worker) else { return };
        if !std::mem::replace(&mut desk.contacted, true) {
            desk.ring();
        }
        if state.desks.iter().all(|desk| desk.contacted) {
            state.failed_calls = None;
        }
    }

    /// Whether it has.
    pub fn has_contact(&self, worker: usize) -> bool {
        self.lock().desks[worker].contacted
    }

    /// A call failed; of interest until there was contact.
    pub fn failed_before_contact(&self, how: &str) {
        let mut state = self.lock();
        if let Some(failed) = state.failed_calls.as_mut().filter(|failed| failed.len() < FAILED_CALLS_MAX) {
            failed.push(how.chars().take(FAILED_CALL_CHARACTERS).collect());
        }
    }

    /// How calls failed so far.
    pub fn failed_calls(&self) -> Vec<String> {
        self.lock().failed_calls.clone().unwrap_or_default()
    }

    /// The worker's process is ready, and has so many feeders.
    pub fn is_ready(&self, worker: usize, feeders: usize) {
        let mut state = self.lock();
        let desk = &mut state.desks[worker];
        desk.lanes.resize_with(feeders, Lane::default);
        desk.phase = Phase::Ready;
        self.phase_changed.notify_all();
    }

    /// The worker's process broke: what was in flight, with all that waited there and is refused, is settled.
    /// How many were refused because they waited.
    pub fn broke(
        &self,
        worker: usize,
        phase: Phase,
        in_flight: Vec<Settled>,
        reason: u32,
        at_ns: u64,
    ) -> usize {
        let mut state = self.lock();
        in_flight.into_iter().for_each(|settled| state.settle(settled));
        let desk = &mut state.desks[worker];
        desk.phase = phase;
        let lanes = std::mem::take(&mut desk.lanes);
        let mut refused = 0;
        for token in lanes.iter().flat_map(|lane| lane.waiting.tokens()) {
            state.settle(Settled::one(token, OutcomeResult::Refused, reason, at_ns));
            refused += 1;
        }
        state.desks[worker].lanes.push(Lane::default());
        self.phase_changed.notify_all();
        refused
    }

    /// The worker is given up for good; whether it was the last.
    pub fn give_up(&self, worker: usize) -> bool {
        let mut state = self.lock();
        state.desks[worker].phase = Phase::GivenUp;
        state.desks.iter().all(|desk| desk.phase == Phase::GivenUp)
    }

    /// The core cannot go on. The first reason is kept.
    pub fn fail(&self, error: Error) {
        self.lock().failure.get_or_insert(error);
        self.phase_changed.notify_all();
    }

    /// The session is closed: waits until every process has ended.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.desks.iter_mut().for_each(Desk::ring);
        drop(state);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A panic there has been told by the session's next call.
            let _ = thread.join();
        }
        let mut state = self.lock();
        state.calls_end = true;
        state.ring_hub();
        drop(state);
        let hub = self.hub.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = hub {
            let _ = thread.join();
        }
    }
}
