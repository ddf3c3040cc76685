//! What a process says, line by line, and what follows from it.

use super::Life;
use crate::answer::{self, LINE_BYTES_MAX, Line};
use crate::broken::Breakage;
use crate::exchange::Settled;
use crate::options::Mode;
use crate::repair::repaired_line;
use mqscript_plugin::prelude::*;
use std::borrow::Cow;

impl Life<'_> {
    /// Takes in all whole lines that have come.
    pub(super) fn take_lines(&mut self, at_ns: u64) -> Result<(), Breakage> {
        let mut lines = std::mem::take(&mut self.lines);
        let mut taken = Ok(());
        while let (Ok(()), Some(line)) = (&taken, lines.next_line()) {
            taken = self.take(line, at_ns);
        }
        if taken.is_ok() && lines.rest().len() > LINE_BYTES_MAX {
            let shown = answer::shown(lines.rest());
            taken = Err(Breakage::Rubbish(format!("does not end: {shown}")));
        }
        self.lines = lines;
        taken
    }

    fn take(&mut self, line: &[u8], at_ns: u64) -> Result<(), Breakage> {
        let rubbish = |why: String| Breakage::Rubbish(why);
        let repaired;
        let said = match answer::read(line) {
            Ok(said) => said,
            Err(why) => {
                repaired = repaired_line(line);
                answer::read(&repaired).map_err(|_| rubbish(why))?
            }
        };
        if !self.ready && !matches!(said, Line::Ready(_)) {
            return Err(rubbish(format!("came before it said that it is ready: {}", answer::shown(line))));
        }
        match said {
            Line::Outcome { token, result, reason } => self.outcome(token, result, reason, at_ns),
            Line::Ready(mode) => self.says_ready(mode),
            Line::Call(_) | Line::GivenUp(_) | Line::Working if self.crew.settings.mode == Mode::Send => {
                let shown = answer::shown(line);
                Err(rubbish(format!("is a delivery, and `mode` is \"send\": {shown}")))
            }
            _ => self.crew.calls.take(&said, line, at_ns, &mut self.read).map(drop).map_err(rubbish),
        }
    }

    fn says_ready(&mut self, mode: Option<Cow<'_, str>>) -> Result<(), Breakage> {
        if self.ready {
            return Err(Breakage::Unasked("said once more that it is ready".to_owned()));
        }
        let expected = self.crew.settings.mode.name();
        let found = mode.as_deref().unwrap_or(Mode::Send.name());
        if found != expected {
            return Err(Breakage::WrongMode { found: found.to_owned(), expected });
        }
        self.becomes_ready();
        Ok(())
    }

    /// From now on it gets messages.
    pub(super) fn becomes_ready(&mut self) {
        self.ready = true;
        self.crew.exchange.is_ready(self.worker);
        self.crew.host.wake();
    }

    fn outcome(
        &mut self,
        token: u64,
        result: OutcomeResult,
        reason: Option<String>,
        at_ns: u64,
    ) -> Result<(), Breakage> {
        let place = match self.asked.front() {
            // Most answers come in order.
            Some((first, _)) if *first == token => Some(0),
            _ => self.asked.binary_search_by_key(&token, |(token, _)| *token).ok(),
        };
        let written = self.requests.first_unwritten(self.written).is_none_or(|first| token < first);
        let Some(place) = place.filter(|place| written && !self.asked[*place].1) else {
            let text = format!(
                "answered {token}, which is not waiting for an answer: asked for never, or answered twice"
            );
            return Err(Breakage::Unasked(text));
        };
        self.asked[place].1 = true;
        while self.asked.front().is_some_and(|(_, answered)| *answered) {
            self.asked.pop_front();
        }
        let reason = match (result, reason) {
            (OutcomeResult::Delivered, _) => 0,
            (_, Some(reason)) => self.reason(&reason),
            (_, None) => self.crew.names.not_delivered,
        };
        self.answered.push(Settled::one(token, result, reason, at_ns));
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
