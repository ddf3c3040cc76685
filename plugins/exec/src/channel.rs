//! One connection on which a process gets messages and answers them: its standard streams, or a feeder's socket.

use crate::lines::Lines;
use crate::request::Requests;
use mqscript_plugin::live::{Answer, InFlight};
use mqscript_plugin::prelude::*;
use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;

/// The messages and answers of one connection.
#[derive(Debug, Default)]
pub struct Channel {
    /// The feeder's socket; none for the standard streams.
    pub feeder: Option<UnixStream>,
    /// The bytes that came on the socket and are not read as lines yet.
    pub lines: Lines,
    /// The messages that are being written.
    pub requests: Requests,
    /// How many bytes of `requests` are written.
    pub written: usize,
    /// Messages that were taken over and are not answered.
    pub asked: InFlight<()>,
    /// Answers that were read and not yet passed to the session.
    pub answered: Vec<Answer>,
}

impl Channel {
    /// Makes a channel on a feeder's socket; `lines` holds what came on it already.
    pub fn of(feeder: UnixStream, lines: Lines) -> Channel {
        Channel { feeder: Some(feeder), lines, ..Channel::default() }
    }

    /// Whether something is to be written.
    pub fn has_to_write(&self) -> bool {
        self.written < self.requests.bytes().len()
    }

    /// Forgets the requests once all of them are written.
    pub fn clear_written(&mut self) {
        if !self.has_to_write() {
            self.requests.clear();
            self.written = 0;
        }
    }

    /// Writes as much as the stream takes. Returns whether the stream is still open.
    pub fn write(&mut self, stream: &mut dyn Write) -> bool {
        while self.has_to_write() {
            match stream.write(&self.requests.bytes()[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// Notes the messages of `requests` as unanswered.
    pub fn ask(&mut self) {
        self.requests.tokens().for_each(|token| self.asked.push(token, ()));
    }

    /// Takes an answer to one message. Returns `false` if the message is not waiting for one.
    pub fn answer(&mut self, answer: Answer) -> bool {
        let token = answer.tokens.start;
        let is_written = self.requests.first_unwritten(self.written).is_none_or(|first| token < first);
        let is_due = is_written && self.asked.answer(token);
        if is_due {
            self.answered.push(answer);
        }
        is_due
    }

    /// Settles all messages of a process that broke: uncertain if it may have read them, else refused. Returns both
    /// counts.
    pub fn settle(&mut self, reason: u32, at_ns: u64, into: &mut Vec<Answer>) -> (usize, usize) {
        let first_unwritten = self.requests.first_unwritten(self.written).unwrap_or(u64::MAX);
        let (mut uncertain, mut refused) = (0, 0);
        for token in self.asked.take_all() {
            let may_have_read = token < first_unwritten;
            let result = if may_have_read { OutcomeResult::Uncertain } else { OutcomeResult::Refused };
            *(if may_have_read { &mut uncertain } else { &mut refused }) += 1;
            into.push(Answer::one(token, result, reason, at_ns));
        }
        (uncertain, refused)
    }
}
