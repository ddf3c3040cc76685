//! What the session leaves for the workers, and what is known of them: a desk for each.

use crate::calls_read::CallTally;
use crate::contents::Contents;
use crate::lines::Lines;
use crate::request::Requests;
use crate::work::Work;
use mqscript_plugin::live::{Medium, News, Sending, Window};
use mqscript_plugin::prelude::*;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Instant;

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
#[derive(Debug)]
pub struct Lane {
    /// Accepted, to be written.
    pub waiting: Requests,
    /// Accepted, without an answer yet.
    pub window: Window,
}

impl Lane {
    fn new(window: usize) -> Lane {
        Lane { waiting: Requests::default(), window: Window::new(window, WAITING_BYTES_MAX) }
    }

    fn has_room(&self) -> bool {
        self.window.has_room(self.waiting.bytes().len())
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
    fn unanswered(&self) -> usize {
        self.lanes.iter().map(|lane| lane.window.unanswered()).sum()
    }

    fn has_waiting(&self) -> bool {
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

/// What is left for the workers, and what is known of them.
#[derive(Debug)]
pub struct Workers {
    pub desks: Vec<Desk>,
    /// Messages without an answer, at each feeder of each process.
    window: usize,
    /// What was done.
    pub tally: Tally,
    /// What a processor has to do.
    pub work: Work,
    /// How calls failed before the first contact; none once all workers have it.
    pub failed_calls: Option<Vec<String>>,
    /// What messages contain, in mode `processor`: a copy may come back without its stamp.
    pub contents: Option<Contents>,
    /// The next message's counter, in mode `processor`.
    pub next_slot: Option<u32>,
    /// Wakes the reader of calls.
    pub hub: Option<UnixStream>,
    /// When the load began.
    pub load_began: Option<Instant>,
    pub load_is_over: bool,
    pub calls_end: bool,
}

impl Workers {
    /// No workers yet; each will take at most so many messages without an answer, at each of its feeders.
    pub fn new(window: usize, notes_contents: bool) -> Workers {
        Workers {
            desks: Vec::new(),
            window,
            tally: Tally::default(),
            work: Work::default(),
            failed_calls: None,
            contents: notes_contents.then(Contents::default),
            next_slot: None,
            hub: None,
            load_began: None,
            load_is_over: false,
            calls_end: false,
        }
    }

    /// Makes a desk for one more worker, which this bell wakes.
    pub fn add_desk(&mut self, bell: UnixStream) {
        self.desks.push(Desk {
            phase: Phase::Starting,
            lanes: vec![Lane::new(self.window)],
            joined: Vec::new(),
            contacted: false,
            sleeping: false,
            bell,
        });
    }

    /// The worker has so many feeders from now on.
    pub fn set_lanes(&mut self, worker: usize, feeders: usize) {
        let window = self.window;
        self.desks[worker].lanes.resize_with(feeders, || Lane::new(window));
    }

    /// Takes away all that waits at a desk, which has one lane again; the tokens.
    pub fn clear_lanes(&mut self, worker: usize) -> Vec<u64> {
        let empty = vec![Lane::new(self.window)];
        let lanes = std::mem::replace(&mut self.desks[worker].lanes, empty);
        lanes.iter().flat_map(|lane| lane.waiting.tokens()).collect()
    }

    /// Of the workers that have room, the one with the least to answer.
    fn least_busy(&self) -> Option<usize> {
        let open = self.desks.iter().enumerate().filter(|(_, desk)| {
            desk.phase == Phase::Ready && desk.lanes.first().is_some_and(|lane| lane.has_room())
        });
        open.min_by_key(|(_, desk)| desk.unanswered()).map(|(index, _)| index)
    }

    /// The worker and the feeder of a sender: always the same, so that the order of its messages holds. None while it has no
    /// room.
    fn of_sender(&self, sender: u32) -> Option<(usize, usize)> {
        let alive = || self.desks.iter().enumerate().filter(|(_, desk)| desk.phase != Phase::GivenUp);
        let (sender, count) = (sender as usize, alive().count());
        let (index, desk) = alive().nth(sender.checked_rem(count)?)?;
        let lane = (sender / count).checked_rem(desk.lanes.len())?;
        (desk.phase == Phase::Ready && desk.lanes[lane].has_room()).then_some((index, lane))
    }

    pub fn ring_hub(&self) {
        if let Some(mut bell) = self.hub.as_ref() {
            let _ = bell.write(&[1]);
        }
    }
}

impl Medium for Workers {
    /// Takes a message for one of the workers, if one has room.
    fn send(&mut self, message: &Message<'_>) -> Sending {
        let slot = self.next_slot;
        let found = match slot {
            Some(_) => self.of_sender(message.stamp().sender),
            None => self.least_busy().map(|index| (index, 0)),
        };
        let Some((index, lane)) = found else { return Sending::Full };
        let lane = &mut self.desks[index].lanes[lane];
        if !lane.window.admit(lane.waiting.bytes().len()) {
            return Sending::Full;
        }
        lane.waiting.push(message, slot);
        if let Some(slot) = &mut self.next_slot {
            *slot = (*slot + 1) % crate::counters::SLOTS;
        }
        if let Some(contents) = &mut self.contents {
            contents.note(message.content());
        }
        Sending::Accepted
    }

    fn wake(&mut self, news: News) {
        match news {
            News::Accepted => {
                self.desks.iter_mut().filter(|desk| desk.sleeping && desk.has_waiting()).for_each(Desk::ring);
            }
            News::Room => {
                self.desks.iter_mut().for_each(Desk::ring);
                self.ring_hub();
            }
            // Faults on purpose end with the load.
            News::Flushed => self.load_is_over = true,
            News::Closed => self.desks.iter_mut().for_each(Desk::ring),
            // No copy bears a tag.
            News::Acknowledged => {}
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
