//! The engine's handle: takes what is handed over, hands out what is known, and never waits.

use crate::exchange::Exchange;
use crate::state::State;
use mqscript_plugin::live::Arrivals;
use mqscript_plugin::prelude::*;
use std::sync::Arc;

/// The session.
#[derive(Debug)]
pub struct ProgramSession {
    exchange: Arc<Exchange>,
    /// Messages without an answer, at each process.
    window: usize,
    /// Copies may come back without their stamps.
    notes_contents: bool,
    /// Copies that the host is getting; it looks into this until its next call.
    holding: Arrivals,
    /// So many of them it has got.
    given: usize,
}

impl ProgramSession {
    /// A session on the workers at the other end of `exchange`.
    pub fn new(exchange: Arc<Exchange>, window: usize, notes_contents: bool) -> ProgramSession {
        ProgramSession { exchange, window, notes_contents, holding: Arrivals::default(), given: 0 }
    }
}

/// Tells what was answered, as far as there is room; then why the core cannot go on, if so.
fn answer(state: &mut State, out: &mut Out<'_>) -> Result<(), Error> {
    while let Some(settled) = state.settled.front() {
        let told = out.outcomes(settled.first, settled.count, settled.result, settled.reason, settled.at_ns);
        if !told {
            out.more();
            return Ok(());
        }
        state.settled.pop_front();
    }
    state.failure.clone().map_or(Ok(()), Err)
}

impl Session for ProgramSession {
    fn publish<'s>(
        &'s mut self,
        _now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        let mut state = self.exchange.lock();
        if state.failure.is_some() {
            return answer(&mut state, out).map(|()| 0);
        }
        let window = self.window;
        let accepted = messages.iter().take_while(|message| state.accept(message, window)).count();
        if self.notes_contents {
            self.exchange.note_contents(messages[..accepted].iter().map(Message::content));
        }
        // Where it did not accept all, an answer is due, or a process will be ready, and with it a wake.
        state.ring_where_needed();
        Ok(accepted as u32)
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), Error> {
        self.exchange.load_is_over();
        Ok(())
    }

    fn poll<'s>(&'s mut self, _now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        let mut state = self.exchange.lock();
        if self.given == self.holding.len() && !state.arrived.is_empty() {
            self.holding.clear();
            self.given = 0;
            std::mem::swap(&mut self.holding, &mut state.arrived);
            state.release_reading();
        }
        let first = self.given;
        self.given = self.holding.len().min(first + out.delivery_room() as usize);
        if !state.arrived.is_empty() || self.given < self.holding.len() {
            out.more();
        }
        if std::mem::take(&mut state.working) {
            out.working();
        }
        let answered = answer(&mut state, out);
        drop(state);
        let holding = &self.holding;
        for copy in &holding.copies()[first..self.given] {
            out.deliver(holding.arrived(copy));
        }
        answered
    }
}

impl Drop for ProgramSession {
    fn drop(&mut self) {
        self.exchange.close();
    }
}
