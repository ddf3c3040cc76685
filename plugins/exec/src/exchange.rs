//! What the engine's thread and the workers' threads hand each other, under one lock that nobody holds for long.

use crate::calls::{CallTally, CallsRead};
use crate::contents::Contents;
use crate::life::Channel;
use crate::lines::Lines;
use crate::options::FEEDERS_MAX;
use crate::request::Requests;
use crate::work::Work;
use mqscript_plugin::live::Arrivals;
use mqscript_plugin::prelude::*;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So many copies may wait for the host before no more are read.
const ARRIVED_MAX: usize = 8192;
/// So many bytes of content may wait for the host before no more is read.
const ARRIVED_BYTES_MAX: usize = 64 << 20;
/// So many bytes may wait to be written to one process; a message that begins below is still taken.
const WAITING_BYTES_MAX: usize = 16 << 20;

/// So many failed calls are told if there is no contact.
const FAILED_CALLS_MAX: usize = 3;
/// Each is cut at so many characters.
const FAILED_CALL_CHARACTERS: usize = 200;

/// What became of messages with consecutive tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The first token.
    pub first: u64,
    /// How many.
    pub count: u32,
    /// In the contract's terms.
    pub result: OutcomeResult,
    /// Interned.
    pub reason: u32,
    /// When that was known.
    pub at_ns: u64,
}

impl Settled {
    /// One message.
    pub fn one(token: u64, result: OutcomeResult, reason: u32, at_ns: u64) -> Settled {
        Settled { first: token, count: 1, result, reason, at_ns }
    }

    /// Whether `next` continues this; then it does so from now on.
    fn continues_with(&mut self, next: &Settled) -> bool {
        let alike = (self.result, self.reason, self.at_ns) == (next.result, next.reason, next.at_ns);
        let continues = alike && self.first + u64::from(self.count) == next.first;
        if continues {
            self.count += next.count;
        }
        continues
    }
}

/// How far a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its first process is not ready yet.
    Starting,
    /// It takes messages.
    Ready,
    /// Its process broke, and will be started again.
    Away,
    /// Its process broke once too often.
    GivenUp,
}

/// Messages on their way to one feeder of a worker; a program without feeders has one lane.
#[derive(Debug, Default)]
struct Lane {
    /// Accepted, to be written.
    waiting: Requests,
    /// Accepted, without an answer yet.
    unanswered: usize,
}

impl Lane {
    fn has_room(&self, window: usize) -> bool {
        self.unanswered < window && self.waiting.bytes().len() < WAITING_BYTES_MAX
    }
}

/// A connection of a feeder, on its way to the worker whose process it feeds.
#[derive(Debug)]
pub struct Feeder {
    /// Which of the worker's processes opened it.
    pub life: u64,
    /// Its place among the feeders.
    pub number: usize,
    /// The connection.
    pub stream: UnixStream,
    /// What came on it already.
    pub lines: Lines,
}

/// One worker, as the engine's thread sees it.
#[derive(Debug)]
pub struct Desk {
    phase: Phase,
    lanes: Vec<Lane>,
    /// Feeders that the worker has not seen yet.
    joined: Vec<Feeder>,
    /// The message of the first contact came back.
    contacted: bool,
    /// The worker waits for its bell.
    sleeping: bool,
    bell: UnixStream,
}

impl Desk {
    fn unanswered(&self) -> usize {
        self.lanes.iter().map(|lane| lane.unanswered).sum()
    }

    fn has_waiting(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.waiting.is_empty())
    }

    fn ring(&mut self) {
        self.sleeping = false;
        // A bell that cannot take another byte has rung.
        let _ = (&self.bell).write(&[1]);
    }
}

/// What the core did, for the report.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Processes started.
    pub started: u64,
    /// Of these, in the place of one that broke.
    pub restarts: u64,
    /// Answers.
    pub answers: u64,
    /// Calls of the injected core, and what came of them.
    pub calls: CallTally,
    /// Connections of processes that call it.
    pub connections: u64,
    /// Of these, refused.
    pub refused_connections: u64,
    /// Lines on them that made no sense.
    pub bad_lines: u64,
    /// Processes killed on purpose.
    pub fault_kills: u64,
    /// Processes stopped on purpose.
    pub fault_stops: u64,
    /// Processes that ignored the end of their input.
    pub killed_at_close: u64,
}

/// All that is shared.
#[derive(Debug, Default)]
pub struct State {
    desks: Vec<Desk>,
    /// Answers, for the host.
    pub settled: VecDeque<Settled>,
    /// Copies, for the host.
    pub arrived: Arrivals,
    /// There was a sign of work that the host was not told of.
    pub working: bool,
    /// Why the core cannot go on.
    pub failure: Option<Error>,
    /// What was done.
    pub tally: Tally,
    /// What a processor has to do.
    pub work: Work,
    /// How calls failed before the first contact; none once all workers have it.
    failed_calls: Option<Vec<String>>,
    /// The next message's counter, in mode `processor`.
    next_slot: Option<u32>,
    /// Wakes the reader of calls.
    hub: Option<UnixStream>,
    /// When the load began.
    load_began: Option<Instant>,
    load_is_over: bool,
    reading_held: bool,
    closing: bool,
    calls_end: bool,
}

impl State {
    /// Of the workers that have room, the one with the least to answer.
    fn least_busy(&self, window: usize) -> Option<usize> {
        let open = self.desks.iter().enumerate().filter(|(_, desk)| {
            desk.phase == Phase::Ready && desk.lanes.first().is_some_and(|lane| lane.has_room(window))
        });
        open.min_by_key(|(_, desk)| desk.unanswered()).map(|(index, _)| index)
    }

    /// The worker and the feeder of a sender: always the same, so that the order of its messages holds. None while it has no
    /// room.
    fn of_sender(&self, sender: u32, window: usize) -> Option<(usize, usize)> {
        let alive = || self.desks.iter().enumerate().filter(|(_, desk)| desk.phase != Phase::GivenUp);
        let (sender, count) = (sender as usize, alive().count());
        let (index, desk) = alive().nth(sender.checked_rem(count)?)?;
        let lane = (sender / count).checked_rem(desk.lanes.len())?;
        (desk.phase == Phase::Ready && desk.lanes[lane].has_room(window)).then_some((index, lane))
    }

    /// Takes a message for one of the workers, if one has room.
    pub fn accept(&mut self, message: &Message<'_>, window: usize) -> bool {
        let slot = self.next_slot;
        let found = match slot {
            Some(_) => self.of_sender(message.stamp().sender, window),
            None => self.least_busy(window).map(|index| (index, 0)),
        };
        let Some((index, lane)) = found else { return false };
        if let Some(slot) = &mut self.next_slot {
            *slot = (*slot + 1) % crate::counters::SLOTS;
        }
        let lane = &mut self.desks[index].lanes[lane];
        lane.waiting.push(message, slot);
        lane.unanswered += 1;
        true
    }

    /// Wakes the workers that have something to write.
    pub fn ring_where_needed(&mut self) {
        for desk in self.desks.iter_mut().filter(|desk| desk.sleeping && desk.has_waiting()) {
            desk.ring();
        }
    }

    /// Lets the workers read again, if they were held and there is room.
    pub fn release_reading(&mut self) {
        if self.reading_held && self.has_room_for_copies() {
            self.reading_held = false;
            self.desks.iter_mut().for_each(Desk::ring);
            self.ring_hub();
        }
    }

    fn ring_hub(&self) {
        if let Some(mut bell) = self.hub.as_ref() {
            let _ = bell.write(&[1]);
        }
    }

    fn has_room_for_copies(&self) -> bool {
        self.arrived.len() < ARRIVED_MAX && self.arrived.bytes() < ARRIVED_BYTES_MAX
    }

    fn take_in(&mut self, read: &mut CallsRead) {
        self.tally.calls.add(&std::mem::take(&mut read.tally));
        if std::mem::take(&mut read.working) {
            self.working = true;
            self.work.sign();
        }
        read.finished.drain(..).for_each(|slot| self.work.finish(slot));
        self.arrived.append(&mut read.arrivals);
    }

    fn settle(&mut self, settled: Settled) {
        if !self.settled.back_mut().is_some_and(|last| last.continues_with(&settled)) {
            self.settled.push_back(settled);
        }
    }
}

/// What a worker is told when it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The session is closed.
    pub closing: bool,
    /// No more copies may be read for now.
    pub held: bool,
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_answers_become_one() {
        let mut state = State::default();
        let (delivered, refused) = (OutcomeResult::Delivered, OutcomeResult::Refused);
        let one = |token, result, at_ns| Settled::one(token, result, 0, at_ns);
        for settled in [
            one(1, delivered, 5),
            one(2, delivered, 5),
            one(4, delivered, 5),
            one(5, refused, 5),
            one(6, refused, 6),
        ] {
            state.settle(settled);
        }
        let counts: Vec<(u64, u32)> = state.settled.iter().map(|s| (s.first, s.count)).collect();
        assert_eq!(counts, [(1, 2), (4, 1), (5, 1), (6, 1)]);
    }
}
