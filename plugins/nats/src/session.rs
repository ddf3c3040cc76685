//! The engine's handle: copies in what is handed over, hands out what is known, and never waits.

use crate::arrivals::Arrival;
use crate::exchange::{Exchange, State};
use async_nats::Subject;
use mqscript_plugin::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How long a session that is closed waits for its last acknowledgements to be sent.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// The session.
#[derive(Debug)]
pub struct NatsSession {
    exchange: Arc<Exchange>,
    /// The most messages accepted and not answered.
    window: usize,
    /// Copies that the host is getting; it looks into this until its next call.
    holding: Vec<Arrival>,
    /// So many of them it has got.
    given: usize,
    /// Where copies that the host has got are acknowledged, by tag.
    replies: HashMap<u64, Subject>,
    last_tag: u64,
    /// Interned: there was no connection.
    disconnected: u32,
    /// Gets a word when the publisher has ended.
    ended: Receiver<()>,
}

impl NatsSession {
    /// A session on what the publisher and the subscribers at the other end of `exchange` do.
    pub fn new(
        exchange: Arc<Exchange>,
        window: usize,
        disconnected: u32,
        ended: Receiver<()>,
    ) -> NatsSession {
        NatsSession {
            exchange,
            window,
            holding: Vec::new(),
            given: 0,
            replies: HashMap::new(),
            last_tag: 0,
            disconnected,
            ended,
        }
    }

    /// Takes over the next copies if the last are all given.
    fn take_over(&mut self, state: &mut State) {
        if self.given == self.holding.len() && !state.arrived.is_empty() {
            self.holding.clear();
            self.given = 0;
            std::mem::swap(&mut self.holding, &mut state.arrived);
            state.arrived_bytes = 0;
            state.tally.copies += self.holding.len() as u64;
            state.tally.redelivered += self.holding.iter().filter(|copy| copy.redelivered).count() as u64;
        }
    }

    /// Gives each of the next `room` copies its tag; the range of these copies.
    fn tag(&mut self, room: u32) -> (std::ops::Range<usize>, u64) {
        let (first, first_tag) = (self.given, self.last_tag + 1);
        self.given = self.holding.len().min(first + room as usize);
        for copy in &self.holding[first..self.given] {
            self.last_tag += 1;
            if let Some(reply) = &copy.reply {
                self.replies.insert(self.last_tag, reply.clone());
            }
        }
        (first..self.given, first_tag)
    }
}

/// Tells what became of messages, as far as there is room.
fn answer(state: &mut State, out: &mut Out<'_>) {
    while let Some(answer) = state.answers.front() {
        let count = (answer.tokens.end - answer.tokens.start) as u32;
        if !out.outcomes(answer.tokens.start, count, answer.result, answer.reason, answer.at_ns) {
            out.more();
            return;
        }
        state.answers.pop_front();
    }
}

impl Session for NatsSession {
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        let mut state = self.exchange.lock();
        if !state.connected {
            for message in messages {
                out.outcome(message.token(), OutcomeResult::Refused, self.disconnected, now_ns);
            }
            return Ok(messages.len() as u32);
        }
        let was_empty = state.waiting.is_empty();
        let mut accepted = 0;
        for message in messages {
            if !state.has_room(self.window) {
                break;
            }
            state.waiting.push(message);
            state.unanswered += 1;
            accepted += 1;
        }
        state.accepted += u64::from(accepted);
        state.is_empty &= accepted == 0;
        drop(state);
        // Where it did not accept all, an answer is due, and with it a wake.
        if was_empty && accepted > 0 {
            self.exchange.to_publisher.notify_one();
        }
        Ok(accepted)
    }

    fn poll<'s>(&'s mut self, _now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        let exchange = Arc::clone(&self.exchange);
        let mut state = exchange.lock();
        answer(&mut state, out);
        let was_full = !state.has_room_for_copies();
        self.take_over(&mut state);
        let (range, first_tag) = self.tag(out.delivery_room());
        if !state.arrived.is_empty() || self.given < self.holding.len() {
            out.more();
        }
        if state.is_empty && state.answers.is_empty() && self.given == self.holding.len() {
            out.empty();
        }
        let has_room = state.has_room_for_copies();
        drop(state);
        if was_full && has_room {
            exchange.room.notify_waiters();
        }
        for (copy, tag) in self.holding[range].iter().zip(first_tag..) {
            out.deliver(copy.arrived(if copy.reply.is_some() { tag } else { 0 }));
        }
        Ok(())
    }

    fn acknowledge<'s>(&'s mut self, _now_ns: u64, tags: &[u64], _out: &mut Out<'s>) -> Result<(), Error> {
        let mut state = self.exchange.lock();
        let replies = &mut self.replies;
        state.acknowledged.extend(tags.iter().filter_map(|tag| replies.remove(tag)));
        drop(state);
        self.exchange.to_publisher.notify_one();
        Ok(())
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), Error> {
        // Nothing is held back here; from now on the server is asked whether it has anything left.
        self.exchange.load_ended.notify_one();
        Ok(())
    }
}

impl Drop for NatsSession {
    fn drop(&mut self) {
        self.exchange.lock().closing = true;
        self.exchange.to_publisher.notify_one();
        // Nobody is left to tell if it takes longer: what was not acknowledged comes again.
        let _ = self.ended.recv_timeout(LAST_WAIT);
    }
}
