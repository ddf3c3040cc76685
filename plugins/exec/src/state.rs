//! What the session leaves for the workers, and what it knows of them.

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

/// The most bytes that may wait for one process. A message that begins below the limit is still taken.
const WAITING_BYTES_MAX: usize = 16 << 20;

/// The state of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its first process is not ready yet.
    Starting,
    /// Its process takes messages.
    Ready,
    /// Its process broke and will be started again.
    Away,
    /// Its process broke too often; it is not started again.
    GivenUp,
}

/// The messages for one feeder of a worker. A program without feeders has one lane.
#[derive(Debug)]
pub struct Lane {
    /// Accepted messages that are not yet taken over by the worker.
    pub waiting: Requests,
    /// Counts accepted messages without an answer.
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

/// A feeder's connection, until the worker takes it over.
#[derive(Debug)]
pub struct Feeder {
    /// The start count of the process that opened it.
    pub life: u64,
    /// The place among the feeders of the process.
    pub number: usize,
    /// The socket of the connection.
    pub stream: UnixStream,
    /// The bytes that have already come on it.
    pub lines: Lines,
}

/// One worker, as the engine's thread sees it.
#[derive(Debug)]
pub struct Desk {
    pub phase: Phase,
    pub lanes: Vec<Lane>,
    /// Feeders that the worker has not yet taken over.
    pub joined: Vec<Feeder>,
    /// Whether the first message came back.
    pub contacted: bool,
    /// Whether the worker waits to be woken.
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
        // An error is ignored: a full socket wakes the worker, too.
        let _ = (&self.bell).write(&[1]);
    }
}

/// What the core did, for the report.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The number of processes that were started.
    pub started: u64,
    /// The number of processes that replaced a broken one.
    pub restarts: u64,
    /// The number of answers that were read.
    pub answers: u64,
    /// Calls of the injected core, and their results.
    pub calls: CallTally,
    /// The number of connections for calls.
    pub connections: u64,
    /// The number of connections that were refused.
    pub refused_connections: u64,
    /// The number of lines on these connections that could not be read.
    pub bad_lines: u64,
    /// The number of processes that were killed on purpose.
    pub fault_kills: u64,
    /// The number of times that processes were stopped on purpose.
    pub fault_stops: u64,
    /// The number of processes that did not end after the end of their input.
    pub killed_at_close: u64,
}

/// What the session leaves for the workers, and what it knows of them.
#[derive(Debug)]
pub struct Workers {
    pub desks: Vec<Desk>,
    /// The most messages without an answer, for each feeder of each process.
    window: usize,
    /// Counts of what was done.
    pub tally: Tally,
    /// The messages that a processor has still to send.
    pub work: Work,
    /// The texts of calls that failed before the first messages came back; none once all have.
    pub failed_calls: Option<Vec<String>>,
    /// The contents of messages, in mode `processor`: a copy may come back without its stamp.
    pub contents: Option<Contents>,
    /// The counter of the next message, in mode `processor`.
    pub next_slot: Option<u32>,
    /// The socket that wakes the reader of calls.
    pub hub: Option<UnixStream>,
    /// When the load began; none before.
    pub load_began: Option<Instant>,
    pub load_is_over: bool,
    pub calls_end: bool,
}

impl Workers {
    /// Makes the state without workers. Each feeder will take at most `window` messages without an answer.
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

    /// Adds a worker, which is woken through `bell`.
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

    /// Sets the number of the worker's feeders.
    pub fn set_lanes(&mut self, worker: usize, feeders: usize) {
        let window = self.window;
        self.desks[worker].lanes.resize_with(feeders, || Lane::new(window));
    }

    /// Removes all that waits for a worker, and gives it one lane again. Returns the tokens of the removed messages.
    pub fn clear_lanes(&mut self, worker: usize) -> Vec<u64> {
        let empty = vec![Lane::new(self.window)];
        let lanes = std::mem::replace(&mut self.desks[worker].lanes, empty);
        lanes.iter().flat_map(|lane| lane.waiting.tokens()).collect()
    }

    /// The worker with the fewest unanswered messages, of those that have room.
    fn least_busy(&self) -> Option<usize> {
        let open = self.desks.iter().enumerate().filter(|(_, desk)| {
            desk.phase == Phase::Ready && desk.lanes.first().is_some_and(|lane| lane.has_room())
        });
        open.min_by_key(|(_, desk)| desk.unanswered()).map(|(index, _)| index)
    }

    /// The worker and the feeder for a sender: always the same, so that the order of its messages is kept. None while
    /// it has no room.
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
            // Copies have no tags, so none is acknowledged.
            News::Acknowledged => {}
        }
    }
}

/// What a worker learns when it looks at the shared state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Whether the session is closed.
    pub closing: bool,
    /// Whether no more copies may be read for now.
    pub held: bool,
}
