//! Writes to a process and reads from it, without blocking on any one of its streams.

use super::living::{LOOKS_EVERY, LOOKS_OFTEN, Life, READS_MAX, SETTLES};
use crate::broken::Breakage;
use crate::process::{Heard, hear};
use crate::wait::{drain, for_reading, wait};
use mqscript_plugin::LogLevel;
use rustix::event::{PollFd, PollFlags};
use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

impl Life<'_> {
    /// Writes as much as the process takes.
    pub(super) fn write(&mut self) {
        if let Some(input) = &mut self.process.input
            && !self.hello.is_empty()
        {
            match input.write(&self.hello) {
                Ok(count) => drop(self.hello.drain(..count)),
                Err(error) if [ErrorKind::Interrupted, ErrorKind::WouldBlock].contains(&error.kind()) => {}
                Err(_) => {
                    self.process.input = None;
                    self.going.get_or_insert_with(Instant::now);
                }
            }
            if !self.hello.is_empty() {
                return;
            }
        }
        let mut goes_on = true;
        for channel in &mut self.channels {
            let mut feeder = channel.feeder.take();
            goes_on &= match (&mut feeder, &mut self.process.input) {
                (Some(feeder), _) => channel.write(feeder),
                (None, Some(input)) => channel.write(input),
                (None, None) => true,
            };
            channel.feeder = feeder;
        }
        if !goes_on && self.closing.is_none() {
            self.process.input = None;
            self.going.get_or_insert_with(Instant::now);
        }
    }

    /// Waits until there is something to do.
    pub(super) fn wait(&mut self, held: bool) {
        let mut streams = Vec::with_capacity(4 + self.channels.len());
        streams.push(for_reading(self.ear.as_fd()));
        if self.output_open && !held {
            streams.push(for_reading(self.process.output.as_fd()));
        }
        if self.errors_open {
            streams.push(for_reading(self.process.errors.as_fd()));
        }
        let mut to_write = !self.hello.is_empty();
        for channel in &self.channels {
            match &channel.feeder {
                Some(feeder) if channel.has_to_write() => {
                    streams.push(PollFd::from_borrowed_fd(feeder.as_fd(), PollFlags::IN | PollFlags::OUT));
                }
                Some(feeder) => streams.push(for_reading(feeder.as_fd())),
                None => to_write |= channel.has_to_write(),
            }
        }
        if let Some(input) = self.process.input.as_ref().filter(|_| to_write) {
            streams.push(PollFd::from_borrowed_fd(input.as_fd(), PollFlags::OUT));
        }
        let limit = self.time_left();
        if !wait(&mut streams, limit) {
            // Nothing came: check at once whether the process lives.
            self.looked -= LOOKS_EVERY;
        }
        drain(self.ear);
    }

    /// The time until the next decision is due.
    fn time_left(&self) -> Duration {
        let settings = &self.crew.settings;
        let left = |since: Instant, limit: Duration| limit.saturating_sub(since.elapsed());
        let mut limit = LOOKS_EVERY;
        if self.going.is_some() || self.closing.is_some() {
            limit = LOOKS_OFTEN;
        } else if !self.ready {
            let ready = if settings.handshake { settings.start_timeout } else { SETTLES };
            limit = limit.min(left(self.started, ready));
        } else if self.has_asked() {
            // After the time-out, only the other limits count.
            let left = left(self.progress, settings.timeout);
            limit = if left.is_zero() { limit } else { limit.min(left) };
        }
        self.until_fault().map_or(limit, |fault| limit.min(fault))
    }

    /// Reads and keeps what the process writes to standard error.
    pub(super) fn overhear(&mut self) {
        let Life { crew, worker, process, last_words, buffer, .. } = self;
        let (show, host, number) = (crew.settings.show_output, &crew.host, *worker + 1);
        for _ in 0..READS_MAX {
            match hear(&mut process.errors, buffer) {
                Heard::Bytes(count) => last_words.take_in(&buffer[..count], |line| {
                    if show {
                        let line = crew.redactor.clean(format!("worker {number}: {line}"));
                        host.log(LogLevel::Info, &line);
                    }
                }),
                Heard::Nothing => return,
                Heard::End => {
                    self.errors_open = false;
                    return;
                }
            }
        }
    }

    /// Reads what the process says on its standard output.
    pub(super) fn listen(&mut self, held: bool) -> Result<(), Breakage> {
        for _ in 0..if held { 0 } else { READS_MAX } {
            match hear(&mut self.process.output, &mut self.buffer) {
                Heard::Bytes(count) => {
                    let at_ns = self.crew.host.now_ns();
                    self.lines.push(&self.buffer[..count]);
                    let mut lines = std::mem::take(&mut self.lines);
                    let taken = self.take_lines(&mut lines, None, at_ns);
                    self.lines = lines;
                    self.post();
                    taken?;
                }
                Heard::Nothing => break,
                Heard::End => {
                    self.output_open = false;
                    self.going.get_or_insert_with(Instant::now);
                    break;
                }
            }
        }
        (0..self.channels.len()).try_for_each(|place| self.listen_to(place))
    }

    /// Reads what the process says on the connection of a feeder.
    fn listen_to(&mut self, place: usize) -> Result<(), Breakage> {
        for _ in 0..READS_MAX {
            let channel = &mut self.channels[place];
            let Some(feeder) = &mut channel.feeder else { return Ok(()) };
            match hear(feeder, &mut self.buffer) {
                Heard::Bytes(count) => {
                    let at_ns = self.crew.host.now_ns();
                    channel.lines.push(&self.buffer[..count]);
                    let mut lines = std::mem::take(&mut channel.lines);
                    let taken = self.take_lines(&mut lines, Some(place), at_ns);
                    self.channels[place].lines = lines;
                    self.post();
                    taken?;
                }
                Heard::Nothing => return Ok(()),
                Heard::End => {
                    channel.feeder = None;
                    self.process.input = None;
                    self.going.get_or_insert_with(Instant::now);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Passes what the process said to the session.
    fn post(&mut self) {
        let answered = self.channels.iter().any(|channel| !channel.answered.is_empty());
        if !answered && self.read.is_empty() {
            return;
        }
        if answered {
            self.progress = Instant::now();
        }
        self.crew.exchange.post(self.worker, &mut self.channels, &mut self.read);
        self.crew.host.wake();
    }
}
