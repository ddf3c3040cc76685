//! The engine's handle: copies in what is handed over, hands out what is known, and never waits.

use crate::exchange::{Exchange, HandedOut, State};
use mqscript_plugin::live::Arrivals;
use mqscript_plugin::prelude::*;
use std::sync::Arc;

/// The session.
#[derive(Debug)]
pub struct QueueSession {
    exchange: Arc<Exchange>,
    /// The most messages accepted and not answered.
    ring: usize,
    /// Copies that the host is getting; it looks into this until its next call.
    holding: Arrivals,
    /// So many of them it has got.
    given: usize,
}

impl QueueSession {
    /// A session on what the writer at the other end of `exchange` stores and reads.
    pub fn new(exchange: Arc<Exchange>, ring: usize) -> QueueSession {
        QueueSession { exchange, ring, holding: Arrivals::default(), given: 0 }
    }

    /// Takes over the next copies if the last are all given; the range that `room` allows.
    fn next_copies(&mut self, state: &mut State, room: u32, now_ns: u64) -> std::ops::Range<usize> {
        if self.given == self.holding.len() && !state.arrived.is_empty() {
            self.holding.clear();
            self.given = 0;
            std::mem::swap(&mut self.holding, &mut state.arrived);
        }
        let first = self.given;
        self.given = self.holding.len().min(first + room as usize);
        let given = &self.holding.copies()[first..self.given];
        if let (Some(from), Some(to)) = (given.first(), given.last()) {
            state.handed_out.push(HandedOut { first: from.tag, last: to.tag, at_ns: now_ns });
        }
        first..self.given
    }
}

/// Tells what was stored, as far as there is room.
fn answer(state: &mut State, out: &mut Out<'_>) {
    while let Some(stored) = state.stored.front() {
        let count = (stored.tokens.end - stored.tokens.start) as u32;
        if !out.outcomes(stored.tokens.start, count, OutcomeResult::Delivered, 0, stored.at_ns) {
            out.more();
            return;
        }
        state.stored.pop_front();
    }
}

/// The writer has failed: what it stored before is told, then why it failed.
fn last_answers(state: &mut State, out: &mut Out<'_>) -> Result<(), Error> {
    answer(state, out);
    match &state.failure {
        Some(failure) if state.stored.is_empty() => Err(failure.clone()),
        _ => Ok(()),
    }
}

impl Session for QueueSession {
    fn publish<'s>(
        &'s mut self,
        _now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        let mut state = self.exchange.lock();
        if state.failure.is_some() {
            return last_answers(&mut state, out).map(|()| 0);
        }
        let mut accepted = 0;
        for message in messages {
            if !state.has_room(self.ring) {
                break;
            }
            state.waiting.push(message);
            state.unanswered += 1;
            accepted += 1;
        }
        // Where it did not accept all, an answer is due, and with it a wake.
        self.exchange.tell_writer(state);
        Ok(accepted)
    }

    fn poll<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        let exchange = Arc::clone(&self.exchange);
        let mut state = exchange.lock();
        answer(&mut state, out);
        let copies = self.next_copies(&mut state, out.delivery_room(), now_ns);
        if !state.arrived.is_empty() || self.given < self.holding.len() {
            out.more();
        }
        if self.given == self.holding.len() && state.is_empty() {
            out.empty();
        }
        let failure = state.failure.clone().filter(|_| state.stored.is_empty());
        match state.reading_held && state.has_room_for_copies() {
            true => exchange.tell_writer(state),
            false => drop(state),
        }
        let holding = &self.holding;
        for copy in &holding.copies()[copies] {
            out.deliver(holding.arrived(copy));
        }
        failure.map_or(Ok(()), Err)
    }

    fn acknowledge<'s>(&'s mut self, _now_ns: u64, tags: &[u64], out: &mut Out<'s>) -> Result<(), Error> {
        let mut state = self.exchange.lock();
        if state.failure.is_some() {
            return last_answers(&mut state, out);
        }
        state.acknowledged.extend_from_slice(tags);
        self.exchange.tell_writer(state);
        Ok(())
    }
}

impl Drop for QueueSession {
    fn drop(&mut self) {
        self.exchange.close();
    }
}
