//! What the engine's thread and the workers' threads share: a desk for each worker, and what waits for the host.

use crate::calls_read::{CallTally, CallsRead};
use crate::lines::Lines;
use crate::request::Requests;
use crate::settled::Settled;
use crate::work::Work;
use mqscript_plugin::live::Arrivals;
use mqscript_plugin::prelude::*;
use std::collections::VecDeque;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Instant;

/// So many copies may wait for the host before no more are read.
const ARRIVED_MAX: usize = 8192;
/// So many bytes of content may wait for the host before no more is read.
const ARRIVED_BYTES_MAX: usize = 64 << 20;
/// So many bytes may wait to be written to one process; a message that begins below is still taken.
const WAITING_BYTES_MAX: usize = 16 << 20;

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
pub struct Lane {
    /// Accepted, to be written.
    pub waiting: Requests,
    /// Accepted, without an answer yet.
    pub unanswered: usize,
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
    pub phase: Phase,
    pub lanes: Vec<Lane>,
    /// Feeders that the worker has not seen yet.
    pub joined: Vec<Feeder>,
    /// The message of the first contact came back.
    pub contacted: bool,
    /// The worker waits for its bell.
    pub sleeping: bool,
    pub bell: UnixStream,
}

impl Desk {
    pub fn unanswered(&self) -> usize {
        self.lanes.iter().map(|lane| lane.unanswered).sum()
    }

    pub fn has_waiting(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.waiting.is_empty())
    }

    pub fn ring(&mut self) {
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
    pub desks: Vec<Desk>,
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
    pub failed_calls: Option<Vec<String>>,
    /// The next message's counter, in mode `processor`.
    pub next_slot: Option<u32>,
    /// Wakes the reader of calls.
    pub hub: Option<UnixStream>,
    /// When the load began.
    pub load_began: Option<Instant>,
    pub load_is_over: bool,
    pub reading_held: bool,
    pub closing: bool,
    pub calls_end: bool,
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

    pub fn ring_hub(&self) {
        if let Some(mut bell) = self.hub.as_ref() {
            let _ = bell.write(&[1]);
        }
    }

    pub fn has_room_for_copies(&self) -> bool {
        self.arrived.len() < ARRIVED_MAX && self.arrived.bytes() < ARRIVED_BYTES_MAX
    }

    pub fn take_in(&mut self, read: &mut CallsRead) {
        self.tally.calls.add(&std::mem::take(&mut read.tally));
        if std::mem::take(&mut read.working) {
            self.working = true;
            self.work.sign();
        }
        read.finished.drain(..).for_each(|slot| self.work.finish(slot));
        self.arrived.append(&mut read.arrivals);
    }

    pub fn settle(&mut self, settled: Settled) {
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
