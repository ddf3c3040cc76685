//! What the engine's thread and the client's thread hand each other, under one lock that nobody holds for long.

use crate::arrivals::Arrival;
use async_nats::Subject;
use mqscript_plugin::live::Waiting;
use mqscript_plugin::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// So many bytes may wait for their way to the server; a message that begins below is still taken.
const WAITING_BYTES_MAX: usize = 64 << 20;
/// So many copies may wait for the host before no more are taken from the client.
const ARRIVED_MAX: usize = 16_384;
/// So many bytes of content may wait for the host before no more are taken from the client.
const ARRIVED_BYTES_MAX: usize = 64 << 20;

/// What became of some messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Consecutive tokens.
    pub tokens: Range<u64>,
    /// What.
    pub result: OutcomeResult,
    /// Why, interned.
    pub reason: u32,
    /// When it was known.
    pub at_ns: u64,
}

/// What the core did, for the report.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Messages handed to the client.
    pub published: u64,
    /// Messages that the server confirmed.
    pub confirmed: u64,
    /// Of these, messages that it had already.
    pub duplicates: u64,
    /// Copies handed to the host.
    pub copies: u64,
    /// Of these, copies that were handed out before.
    pub redelivered: u64,
    /// Copies acknowledged.
    pub acknowledged: u64,
    /// How often the connection was made again.
    pub reconnects: u64,
    /// Times that the client dropped a copy because it was taken too slowly.
    pub dropped: u64,
}

/// More complaints of the server are only counted, as notices.
const COMPLAINTS_MAX: usize = 16;

/// All that is shared.
#[derive(Debug, Default)]
pub struct State {
    /// Accepted, for the publisher.
    pub waiting: Waiting,
    /// Accepted, without an answer yet.
    pub unanswered: usize,
    /// Answers, for the host.
    pub answers: VecDeque<Answer>,
    /// Copies, for the host.
    pub arrived: Vec<Arrival>,
    /// How many bytes of content are in these.
    pub arrived_bytes: usize,
    /// Where to acknowledge what the host has acknowledged.
    pub acknowledged: Vec<Subject>,
    /// There is a connection.
    pub connected: bool,
    /// Messages accepted so far.
    pub accepted: u64,
    /// The server has nothing more for the agents, and nothing was accepted since it said so.
    pub is_empty: bool,
    /// The session is closed.
    pub closing: bool,
    /// What was done.
    pub tally: Tally,
    /// What the server complained of, each once.
    pub complaints: Vec<String>,
}

impl State {
    /// Whether one more message may be accepted.
    pub fn has_room(&self, window: usize) -> bool {
        self.unanswered < window && self.waiting.bytes() < WAITING_BYTES_MAX
    }

    /// Whether nothing is on its way here, in either direction.
    pub fn is_at_rest(&self) -> bool {
        let nothing_sent = self.waiting.is_empty() && self.unanswered == 0 && self.acknowledged.is_empty();
        self.connected && nothing_sent && self.arrived.is_empty()
    }

    /// Whether more copies may be taken from the client.
    pub fn has_room_for_copies(&self) -> bool {
        self.arrived.len() < ARRIVED_MAX && self.arrived_bytes < ARRIVED_BYTES_MAX
    }

    /// Notes what the server complained of.
    pub fn complain(&mut self, text: String) {
        if self.complaints.len() < COMPLAINTS_MAX && !self.complaints.contains(&text) {
            self.complaints.push(text);
        }
    }

    /// Notes answers for the host.
    pub fn answer(&mut self, answers: &mut Vec<Answer>) {
        let count: u64 = answers.iter().map(|answer| answer.tokens.end - answer.tokens.start).sum();
        self.unanswered = self.unanswered.saturating_sub(count as usize);
        self.answers.extend(answers.drain(..));
    }
}

/// The state, and the tasks that wait for it to change.
#[derive(Debug, Default)]
pub struct Exchange {
    state: Mutex<State>,
    /// There is something to publish or to acknowledge, or the session is closed.
    pub to_publisher: Notify,
    /// There is room for copies again.
    pub room: Notify,
    /// No more will be generated.
    pub load_ended: Notify,
}

impl Exchange {
    /// The state. A panic elsewhere leaves it whole: nothing that holds it can fail half-way.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when there is room for more copies.
    pub async fn wait_for_room(&self) {
        loop {
            let mut told = std::pin::pin!(self.room.notified());
            told.as_mut().enable();
            if self.lock().has_room_for_copies() {
                return;
            }
            told.await;
        }
    }
}

/// Adds an answer to one message; neighbours that were answered alike at one time become one.
pub fn push_answer(answers: &mut Vec<Answer>, token: u64, result: OutcomeResult, reason: u32, at_ns: u64) {
    if let Some(last) = answers.last_mut()
        && last.tokens.end == token
        && (last.result, last.reason, last.at_ns) == (result, reason, at_ns)
    {
        last.tokens.end += 1;
        return;
    }
    answers.push(Answer { tokens: token..token + 1, result, reason, at_ns });
}
