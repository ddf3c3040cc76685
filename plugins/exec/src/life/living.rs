//! The life of one process: writes to it, reads from it, and decides when it is over.

use super::plan::Plan;
use crate::broken::{Breakage, Told};
use crate::calls_read::CallsRead;
use crate::channel::Channel;
use crate::crew::Crew;
use crate::last_words::LastWords;
use crate::lines::Lines;
use crate::options::Mode;
use crate::process::{Process, in_words, tasks_of_the_system};
use crate::state::Order;
use mqscript_plugin::LogLevel;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A program without a handshake counts as ready after this time.
pub(super) const SETTLES: Duration = Duration::from_millis(100);
/// The time that a process has to end after it closed a stream.
const GOES: Duration = Duration::from_millis(500);
/// The longest time between two checks whether the process still lives: its streams may be held open by a child of it.
pub(super) const LOOKS_EVERY: Duration = Duration::from_millis(250);
/// The time between two such checks while the process is expected to end.
pub(super) const LOOKS_OFTEN: Duration = Duration::from_millis(5);
/// The time between two counts of the processes that it has started.
const COUNTS_EVERY: Duration = Duration::from_millis(500);
/// The most processes in its group.
const GROUP_MAX: usize = 512;
/// The size of one read, in bytes.
const READ_BYTES: usize = 64 << 10;
/// The most reads before the next write.
pub(super) const READS_MAX: usize = 16;

/// The ways in which a life ends.
#[derive(Debug)]
pub enum Ended {
    /// The session was closed, and the process ended.
    Closed,
    /// The process broke; the value says how.
    Broken(Breakage),
}

/// The state of the first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contact {
    /// The message was handed over.
    Sent,
    /// The processor has accepted the message.
    Taken,
}

/// The question to the process for its position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) at: Instant,
    pub(super) answered: bool,
}

/// A process that lives.
#[derive(Debug)]
pub struct Life<'a> {
    pub(super) crew: &'a Crew,
    pub(super) worker: usize,
    pub(super) ear: &'a UnixStream,
    pub(super) process: Process,
    pub(super) started: Instant,
    pub(super) ready: bool,
    /// The start count of the worker's processes; tells this one's connections from those of earlier ones.
    pub(super) number: u64,
    /// The greeting that is written before any message.
    pub(super) hello: Vec<u8>,
    /// The connections on which it gets messages.
    pub(super) channels: Vec<Channel>,
    /// The feeders that have connected, by place, until all have.
    pub(super) joined: BTreeMap<usize, Channel>,
    /// The number of feeders that it reported with its readiness; none before.
    pub(super) said_ready: Option<usize>,
    /// The faults that are still to come.
    pub(super) faults: &'a mut Plan,
    /// The state of the first message; none if none is under way.
    pub(super) contact: Option<Contact>,
    /// Whether it can report its position.
    pub(super) tells_where: bool,
    /// Set when it was asked for its position and has given no sign of work since.
    pub(super) asked_where: Option<Asked>,
    /// When it last answered, or last got something to answer.
    pub(super) progress: Instant,
    pub(super) lines: Lines,
    pub(super) last_words: LastWords,
    pub(super) answers: u64,
    pub(super) read: CallsRead,
    pub(super) output_open: bool,
    pub(super) errors_open: bool,
    /// Since when it is expected to end; none if it is not.
    pub(super) going: Option<Instant>,
    /// Since when its input is closed; none if it is open.
    pub(super) closing: Option<Instant>,
    pub(super) looked: Instant,
    /// When its group was last counted, and how many tasks the system had at its start.
    pub(super) counted: (Instant, usize),
    pub(super) buffer: Vec<u8>,
}

impl<'a> Life<'a> {
    /// Begins the life of a process that was just started.
    pub fn new(
        crew: &'a Crew,
        worker: usize,
        ear: &'a UnixStream,
        process: Process,
        number: u64,
        faults: &'a mut Plan,
    ) -> Life<'a> {
        let now = Instant::now();
        let mut life = Life {
            crew,
            worker,
            ear,
            process,
            started: now,
            ready: false,
            number,
            hello: Vec::new(),
            channels: vec![Channel::default()],
            joined: BTreeMap::new(),
            said_ready: None,
            faults,
            contact: None,
            tells_where: false,
            asked_where: None,
            progress: now,
            lines: Lines::default(),
            last_words: LastWords::default(),
            answers: 0,
            read: CallsRead::default(),
            output_open: true,
            errors_open: true,
            going: None,
            closing: None,
            looked: now,
            counted: (now, tasks_of_the_system()),
            buffer: vec![0; READ_BYTES],
        };
        if crew.settings.handshake {
            life.hello = life.greeting();
        }
        life
    }

    /// The greeting with the facts of the run, as a line.
    fn greeting(&self) -> Vec<u8> {
        let settings = &self.crew.settings;
        let mut init = json!({
            "protocol": 1,
            "mode": settings.mode.name(),
            "worker": self.worker + 1,
            "workers": settings.workers,
            "run": self.crew.run,
            "seed": self.crew.seed.to_string(),
        });
        if settings.mode == Mode::Processor {
            init["arguments"] = settings.arguments.clone().into();
            init["mock"] = settings.mock.for_the_adapter();
            init["feeders"] = settings.feeders.into();
            init["life"] = self.number.into();
        }
        let mut line = json!({ "init": init }).to_string().into_bytes();
        line.push(b'\n');
        line
    }

    /// Serves the process until its end. Returns how it ended.
    pub fn live(&mut self) -> Ended {
        loop {
            let order = self.look();
            if order.closing {
                self.close_input();
            }
            self.write();
            self.wait(order.held);
            self.overhear();
            if let Err(breakage) = self.listen(order.held)
                && self.closing.is_none()
            {
                return Ended::Broken(breakage);
            }
            if let Some(ended) = self.judge() {
                return ended;
            }
        }
    }

    fn look(&mut self) -> Order {
        if !self.ready {
            self.welcome();
        }
        if !self.ready {
            let closing = self.crew.exchange.is_closing();
            return Order { closing, held: false };
        }
        self.channels.iter_mut().for_each(Channel::clear_written);
        let none_asked = !self.has_asked();
        let had_none: Vec<bool> = self.channels.iter().map(|channel| channel.requests.is_empty()).collect();
        let order = self.crew.exchange.look(self.worker, &mut self.channels);
        for (channel, _) in self.channels.iter_mut().zip(had_none).filter(|(_, had_none)| *had_none) {
            channel.ask();
        }
        if none_asked {
            self.progress = Instant::now();
        }
        order
    }

    /// Whether the process has messages to answer.
    pub(super) fn has_asked(&self) -> bool {
        self.channels.iter().any(|channel| !channel.asked.is_empty())
    }

    fn close_input(&mut self) {
        if self.closing.is_none() {
            self.go_on();
            self.closing = Some(Instant::now());
            self.process.input = None;
            for feeder in self.channels.iter().filter_map(|channel| channel.feeder.as_ref()) {
                let _ = feeder.shutdown(Shutdown::Write);
            }
        }
    }

    /// Decides whether the life is over. Returns how it ended; none if it goes on.
    fn judge(&mut self) -> Option<Ended> {
        let settings = &self.crew.settings;
        let over =
            |since: Option<Instant>, limit: Duration| since.is_some_and(|since| since.elapsed() >= limit);
        let expected = self.going.is_some() || self.closing.is_some();
        let mut died = false;
        if expected || self.looked.elapsed() >= LOOKS_EVERY {
            self.looked = Instant::now();
            died = self.process.has_ended();
        }
        if self.closing.is_some() {
            if !died && !over(self.closing, settings.grace) {
                return None;
            }
            if !died {
                self.killed_at_close();
            }
            let _ = self.last_answers();
            self.nothing_came_back();
            return Some(Ended::Closed);
        }
        if died {
            return Some(Ended::Broken(self.last_answers().err().unwrap_or(Breakage::Died)));
        }
        if let Some(too_many) = self.multiplies() {
            return Some(Ended::Broken(too_many));
        }
        if let Some(killed) = self.suffer() {
            return Some(Ended::Broken(killed));
        }
        if self.is_stopped() {
            return None;
        }
        if over(self.going, GOES) {
            return Some(Ended::Broken(Breakage::Deaf));
        }
        if !self.ready {
            if !settings.handshake && over(Some(self.started), SETTLES) {
                self.becomes_ready();
            } else if over(Some(self.started), settings.start_timeout) {
                let breakage = match self.contact {
                    Some(_) => self.no_contact(),
                    None => Breakage::NotReady(settings.start_timeout),
                };
                return Some(Ended::Broken(breakage));
            }
            return None;
        }
        self.hangs().map(Ended::Broken)
    }

    /// Whether the process starts others without end. Its group is counted only if the whole system has many more tasks
    /// than at its start.
    fn multiplies(&mut self) -> Option<Breakage> {
        let (counted, before) = self.counted;
        if counted.elapsed() < COUNTS_EVERY {
            return None;
        }
        self.counted.0 = Instant::now();
        if tasks_of_the_system() < before + GROUP_MAX / 2 {
            return None;
        }
        let count = self.process.group_size();
        (count > GROUP_MAX).then_some(Breakage::TooMany { count, limit: GROUP_MAX })
    }

    /// Reads what the process wrote before it ended.
    fn last_answers(&mut self) -> Result<(), Breakage> {
        self.overhear();
        self.listen(false)
    }

    fn killed_at_close(&mut self) {
        self.crew.exchange.lock().medium.tally.killed_at_close += 1;
        let text = format!(
            "worker {} (process {}) did not end within {:?} of the end of its input (`grace`), and was killed",
            self.worker + 1,
            self.process.id(),
            self.crew.settings.grace
        );
        self.crew.host.log(LogLevel::Warn, &text);
    }

    /// Ends a process that broke, and answers for it: messages that it may have read are uncertain, all others are
    /// refused.
    pub fn settle(&mut self, breakage: &Breakage) -> Told {
        let ended = in_words(self.process.end());
        self.overhear();
        let at_ns = self.crew.host.now_ns();
        let reason = self.crew.reason_of(breakage);
        let (mut uncertain, mut refused, mut left) = (0, 0, Vec::new());
        for channel in &mut self.channels {
            let (may_have_read, waited) = channel.settle(reason, at_ns, &mut left);
            (uncertain, refused) = (uncertain + may_have_read, refused + waited);
        }
        let phase = self.crew.phase_after(self.ready);
        refused += self.crew.exchange.broke(self.worker, phase, left, reason, at_ns);
        Told {
            process: self.process.id(),
            was_ready: self.ready,
            answers: self.answers,
            uncertain,
            refused,
            ended,
            last_words: self.crew.redactor.clean(self.last_words.in_words()),
            last_line: self.crew.redactor.clean(self.last_words.last_line().to_owned()),
            at_ns,
        }
    }
}
