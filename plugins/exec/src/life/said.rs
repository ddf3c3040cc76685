//! What a process says, line by line, and what follows from it.

use super::{Channel, Life};
use crate::answer::{self, LINE_BYTES_MAX, Line};
use crate::broken::Breakage;
use crate::exchange::Settled;
use crate::lines::Lines;
use crate::options::{FEEDERS_MAX, Mode};
use crate::repair::repaired_line;
use mqscript_plugin::prelude::*;
use std::borrow::Cow;

impl Life<'_> {
    /// Takes in all whole lines that have come on the standard output, or on the connection of a feeder.
    pub(super) fn take_lines(
        &mut self,
        lines: &mut Lines,
        feeder: Option<usize>,
        at_ns: u64,
    ) -> Result<(), Breakage> {
        while let Some(line) = lines.next_line() {
            self.take(line, feeder, at_ns)?;
        }
        match lines.rest().len() > LINE_BYTES_MAX {
            true => Err(Breakage::Rubbish(format!("does not end: {}", answer::shown(lines.rest())))),
            false => Ok(()),
        }
    }

    fn take(&mut self, line: &[u8], feeder: Option<usize>, at_ns: u64) -> Result<(), Breakage> {
        let rubbish = |why: String| Breakage::Rubbish(why);
        let repaired;
        let said = match answer::read(line) {
            Ok(said) => said,
            Err(why) => {
                repaired = repaired_line(line);
                answer::read(&repaired).map_err(|_| rubbish(why))?
            }
        };
        if !self.ready && !matches!(said, Line::Ready(..)) {
            return Err(rubbish(format!("came before it said that it is ready: {}", answer::shown(line))));
        }
        match said {
            Line::Outcome { token, result, reason } => self.outcome(feeder, token, result, reason, at_ns),
            Line::Ready(mode, feeders) => self.says_ready(mode, feeders),
            Line::Call(_) | Line::GivenUp(_) | Line::Working if self.crew.settings.mode == Mode::Send => {
                let shown = answer::shown(line);
                Err(rubbish(format!("is a delivery, and `mode` is \"send\": {shown}")))
            }
            _ => self.crew.calls.take(&said, line, at_ns, &mut self.read).map(drop).map_err(rubbish),
        }
    }

    fn says_ready(&mut self, mode: Option<Cow<'_, str>>, feeders: usize) -> Result<(), Breakage> {
        if self.ready || self.said_ready.is_some() {
            return Err(Breakage::Unasked("said once more that it is ready".to_owned()));
        }
        let expected = self.crew.settings.mode.name();
        let found = mode.as_deref().unwrap_or(Mode::Send.name());
        if found != expected {
            return Err(Breakage::WrongMode { found: found.to_owned(), expected });
        }
        if feeders > FEEDERS_MAX || (feeders > 0 && self.crew.settings.mode == Mode::Send) {
            return Err(Breakage::Rubbish(format!("says that it has {feeders} feeders")));
        }
        self.said_ready = Some(feeders);
        if feeders == 0 {
            self.becomes_ready();
        } else {
            self.welcome();
        }
        Ok(())
    }

    /// Takes in feeders that have joined; ready once all have.
    pub(super) fn welcome(&mut self) {
        for feeder in self.crew.exchange.joined(self.worker) {
            // One of a process that has ended since is of no use.
            if feeder.life == self.number && feeder.stream.set_nonblocking(true).is_ok() {
                self.joined.entry(feeder.number).or_insert_with(|| Channel::of(feeder.stream, feeder.lines));
            }
        }
        if self.said_ready.is_some_and(|feeders| feeders > 0 && self.joined.keys().copied().eq(0..feeders)) {
            self.channels = std::mem::take(&mut self.joined).into_values().collect();
            self.becomes_ready();
        }
    }

    /// From now on it gets messages.
    pub(super) fn becomes_ready(&mut self) {
        self.ready = true;
        self.crew.exchange.is_ready(self.worker, self.channels.len());
        self.crew.host.wake();
    }

    fn outcome(
        &mut self,
        feeder: Option<usize>,
        token: u64,
        result: OutcomeResult,
        reason: Option<String>,
        at_ns: u64,
    ) -> Result<(), Breakage> {
        let reason = match (result, reason) {
            (OutcomeResult::Delivered, _) => 0,
            (_, Some(reason)) => self.reason(&reason),
            (_, None) => self.crew.names.not_delivered,
        };
        let place = feeder.unwrap_or(0);
        let fits = self.channels[place].feeder.is_some() == feeder.is_some();
        if !fits || !self.channels[place].answer(Settled::one(token, result, reason, at_ns)) {
            let text = format!(
                "answered {token}, which is not waiting for an answer: asked for never, or answered twice"
            );
            return Err(Breakage::Unasked(text));
        }
        self.answers += 1;
        Ok(())
    }

    /// A reason as people read it: one line.
    fn reason(&self, reason: &str) -> u32 {
        let line = reason.lines().map(str::trim).find(|line| !line.is_empty());
        match line {
            Some(line) => self.crew.host.intern(&self.crew.redactor.clean(line.to_owned())),
            None => self.crew.names.not_delivered,
        }
    }
}
