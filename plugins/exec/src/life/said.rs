//! Reads what a process says, line by line, and acts on it.

use super::living::{Contact, Life};
use crate::answer::{self, LINE_BYTES_MAX, Line, Ready};
use crate::broken::Breakage;
use crate::channel::Channel;
use crate::lines::Lines;
use crate::options::{FEEDERS_MAX, Mode};
use mqscript_plugin::live::Answer;
use mqscript_plugin::prelude::*;
use std::io::Write;

impl Life<'_> {
    /// Takes in all complete lines from the standard output, or from the connection of a feeder.
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
        let mut repaired = Vec::new();
        let said = answer::read_or_repair(line, &mut repaired).map_err(rubbish)?;
        if !self.ready && self.contact.is_none() && !matches!(said, Line::Ready(_)) {
            return Err(rubbish(format!("came before it said that it is ready: {}", answer::shown(line))));
        }
        match said {
            Line::Outcome { token, result, reason } => self.outcome(feeder, token, result, reason, at_ns),
            Line::Ready(ready) => self.says_ready(ready),
            Line::Where(places) => {
                self.tell_where(&places);
                Ok(())
            }
            Line::Call(_) | Line::GivenUp(_) | Line::Working if self.crew.settings.mode == Mode::Send => {
                let shown = answer::shown(line);
                Err(rubbish(format!("is a delivery, and `mode` is \"send\": {shown}")))
            }
            _ => self.crew.calls.take(&said, line, at_ns, &mut self.read).map(drop).map_err(rubbish),
        }
    }

    fn says_ready(&mut self, Ready { mode, feeders, tells_where }: Ready<'_>) -> Result<(), Breakage> {
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
        self.tells_where = tells_where && feeders > 0;
        self.welcome();
        Ok(())
    }

    /// Takes in feeders that have connected; the process is ready once all have.
    pub(super) fn welcome(&mut self) {
        for feeder in self.crew.exchange.joined(self.worker) {
            // A feeder of an earlier process is of no use.
            if feeder.life == self.number && feeder.stream.set_nonblocking(true).is_ok() {
                self.joined.entry(feeder.number).or_insert_with(|| Channel::of(feeder.stream, feeder.lines));
            }
        }
        let Some(feeders) = self.said_ready.filter(|_| !self.ready) else { return };
        if self.contact.is_none() && self.joined.keys().copied().eq(0..feeders) {
            if feeders > 0 {
                self.channels = std::mem::take(&mut self.joined).into_values().collect();
            }
            self.make_contact();
        } else if self.contact.is_some() && self.crew.exchange.has_contact(self.worker) {
            self.becomes_ready();
        }
    }

    /// Sends the first message, if the options ask for one.
    fn make_contact(&mut self) {
        if !self.crew.settings.probe || self.crew.exchange.has_contact(self.worker) {
            return self.becomes_ready();
        }
        self.contact = Some(Contact::Sent);
        let line = self.crew.calls.probes().line(self.worker);
        match self.channels[0].feeder.as_mut() {
            // This is the first data on the socket, so its buffer has room.
            Some(feeder) => drop(feeder.write_all(&line)),
            None => self.hello.extend(line),
        }
    }

    /// Takes the processor's answer to the first message.
    fn contact_is_answered(&mut self, result: OutcomeResult, reason: Option<String>) -> Result<(), Breakage> {
        if result == OutcomeResult::Delivered || self.ready {
            self.contact = Some(Contact::Taken);
            return Ok(());
        }
        let reason = self.crew.redactor.clean(reason.unwrap_or_default());
        Err(Breakage::NoContact(format!("did not take the first message: {reason}")))
    }

    /// The breakage for a first message that did not come back.
    pub(super) fn no_contact(&self) -> Breakage {
        let limit = self.crew.settings.start_timeout;
        let taken = match self.contact {
            Some(Contact::Taken) => {
                "took the first message, but made no call of the messaging core that delivered it"
            }
            _ => "was handed the first message, but `enqueue` did not return",
        };
        let failed = self.crew.exchange.failed_calls();
        let failed = match failed.is_empty() {
            true => String::new(),
            false => format!("; calls that failed: {}", self.crew.redactor.clean(failed.join(" | "))),
        };
        Breakage::NoContact(format!("{taken} within {limit:?} (`start_timeout`){failed}"))
    }

    /// Marks the process as ready; from now on it gets messages.
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
        if token == 0 && self.contact == Some(Contact::Sent) {
            return self.contact_is_answered(result, reason);
        }
        let reason = match (result, reason) {
            (OutcomeResult::Delivered, _) => 0,
            (_, Some(reason)) => self.reason(&reason),
            (_, None) => self.crew.names.not_delivered,
        };
        let place = feeder.unwrap_or(0);
        let fits = self.channels[place].feeder.is_some() == feeder.is_some();
        if !fits || !self.channels[place].answer(Answer::one(token, result, reason, at_ns)) {
            let text = format!(
                "answered {token}, which is not waiting for an answer: asked for never, or answered twice"
            );
            return Err(Breakage::Unasked(text));
        }
        self.answers += 1;
        Ok(())
    }

    /// Interns a reason as one line.
    fn reason(&self, reason: &str) -> u32 {
        let line = reason.lines().map(str::trim).find(|line| !line.is_empty());
        match line {
            Some(line) => self.crew.host.intern(&self.crew.redactor.clean(line.to_owned())),
            None => self.crew.names.not_delivered,
        }
    }
}
