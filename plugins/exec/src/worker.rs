//! One worker: a thread that starts a process, and another in its place when it breaks.

use crate::broken::{Breakage, Told};
use crate::crew::Crew;
use crate::life::{Ended, Life, Plan};
use crate::wait::{drain, wait};
use mqscript_plugin::LogLevel;
use mqscript_plugin::prelude::*;
use rustix::event::{PollFd, PollFlags};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest pause before a process is started again.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// The thread that runs one process after another.
#[derive(Debug)]
pub struct Worker {
    /// What it shares with the other workers.
    pub crew: Arc<Crew>,
    /// Its index among all workers.
    pub index: usize,
    /// The socket that wakes it when there is something to do.
    pub ear: UnixStream,
}

impl Worker {
    /// Starts processes until the session is closed, or until one breaks after the last restart.
    pub fn work(self) {
        let Worker { crew, index, ear } = &self;
        let (mut restarts, mut pause, mut was_ready) = (0, crew.settings.backoff, false);
        let mut faults = Plan::new(crew, *index);
        loop {
            let (breakage, told) = match crew.launch.start() {
                Err(error) => {
                    let (at_ns, last_words) = (crew.host.now_ns(), "there was no process".to_owned());
                    (Breakage::NotStarted(error), Told { at_ns, last_words, ..Told::default() })
                }
                Ok(process) => {
                    let number = {
                        let tally = &mut crew.exchange.lock().medium.tally;
                        tally.started += 1;
                        tally.started
                    };
                    let mut life = Life::new(crew, *index, ear, process, number, &mut faults);
                    match life.live() {
                        Ended::Closed => return,
                        Ended::Broken(breakage) => {
                            let told = life.settle(&breakage);
                            (breakage, told)
                        }
                    }
                }
            };
            was_ready |= told.was_ready;
            if !was_ready {
                crew.exchange.fail(breakage.at_start(crew.settings.program(), &told.ended, &told.last_words));
                return;
            }
            if told.answers > 0 {
                pause = crew.settings.backoff;
            }
            self.tell(&breakage, &told);
            if matches!(breakage, Breakage::TooMany { .. }) {
                let text =
                    format!("`command`: {} {}", crew.settings.program(), breakage.in_words(&told.ended));
                crew.exchange.fail(Error::new(Status::IO, text));
                crew.host.wake();
                return;
            }
            if matches!(breakage, Breakage::Killed(_)) {
                // It was killed on purpose: it is started again at once, and this does not count as a restart.
                continue;
            }
            if restarts == crew.settings.restarts {
                self.give_up(&breakage, &told);
                return;
            }
            if self.closes_within(pause) {
                return;
            }
            (restarts, pause) = (restarts + 1, (pause * 2).min(BACKOFF_MAX));
            crew.exchange.lock().medium.tally.restarts += 1;
            let text =
                format!("worker {}: restart {restarts} of at most {}", index + 1, crew.settings.restarts);
            crew.host.event(crew.names.restarted, crew.host.now_ns(), &text);
        }
    }

    /// Reports to the host that the process broke.
    fn tell(&self, breakage: &Breakage, told: &Told) {
        let what = breakage.in_words(&told.ended);
        let (worker, process) = (self.index + 1, told.process);
        let text = self.crew.redactor.clean(format!(
            "worker {worker} (process {process}) {what}; uncertain: {} that it had; refused: {} that it did not have \
             yet; {}",
            told.uncertain, told.refused, told.last_words
        ));
        let kind = self.crew.names.breakages[breakage.number()].0;
        self.crew.host.event(kind, told.at_ns, &text);
        self.crew.host.wake();
    }

    /// *Rationale.* A session's failure has room for few words: the event before has them all.
    fn give_up(&self, breakage: &Breakage, told: &Told) {
        let restarts = self.crew.settings.restarts;
        let last = self.crew.exchange.give_up(self.index);
        let given_up = format!("worker {} is given up after {restarts} restarts", self.index + 1);
        self.crew.host.event(self.crew.names.given_up, self.crew.host.now_ns(), &given_up);
        if last {
            let (program, what) = (self.crew.settings.program(), breakage.in_words(&told.ended));
            let mut text = format!(
                "`restarts`: {program} broke once more than the {restarts} restarts that each worker has; the last \
                 time it {what}"
            );
            if !told.last_line.is_empty() {
                text += &format!(": `{}`", told.last_line);
            }
            self.crew.exchange.fail(Error::new(Status::IO, self.crew.redactor.clean(text)));
        } else {
            self.crew.host.log(LogLevel::Warn, &given_up);
        }
        self.crew.host.wake();
    }

    /// Waits for `pause`. Returns whether the session was closed meanwhile.
    fn closes_within(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            if self.crew.exchange.is_closing() {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            drain(&self.ear);
            wait(&mut [PollFd::new(&self.ear, PollFlags::IN)], left);
        }
    }
}
