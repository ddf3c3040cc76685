//! The common part of both publishers: takes accepted messages, hands them to the client, and reports to the host.

use crate::exchange::{Bells, Wire};
use crate::names::Names;
use crate::parcel::Parcel;
use crate::settlement::Word;
use async_nats::{Client, Subject};
use mqscript_plugin::abi;
use mqscript_plugin::live::{Answer, Answers, Exchange, Waiting};
use mqscript_plugin::prelude::*;
use std::sync::Arc;

/// Sends accepted messages and settlements of copies to the server.
#[derive(Debug)]
pub struct Outgoing {
    /// The connection to the server.
    pub client: Client,
    /// The state that is shared with the session.
    pub exchange: Arc<Exchange<Wire>>,
    /// Wakes the publisher when there is something to do.
    pub bells: Arc<Bells>,
    /// Outcomes of messages that are not yet told.
    pub answers: Answers,
    /// The way to the host.
    pub host: Host,
    names: Arc<Names>,
    /// The subjects used so far, by party.
    subjects: Vec<Option<Subject>>,
    to_all: Subject,
}

impl Outgoing {
    /// Makes the sending side on a connection.
    pub fn new(client: Client, names: Arc<Names>, exchange: Arc<Exchange<Wire>>, host: Host) -> Outgoing {
        let (to_all, bells) = (names.subject(abi::ALL), Arc::clone(&exchange.lock().medium.bells));
        let (answers, subjects) = (Answers::default(), Vec::new());
        Outgoing { client, exchange, bells, answers, host, names, subjects, to_all }
    }

    /// Takes the messages that wait, and sends settlements of copies. Without a connection, the messages are refused with
    /// the reason `disconnected`, and the settlements wait.
    pub async fn take(&mut self, disconnected: u32) -> Option<Waiting> {
        let (waiting, settlements) = self.take_over();
        let Some(settlements) = settlements else {
            self.answer(waiting.tokens().flatten(), OutcomeResult::Refused, disconnected);
            return None;
        };
        for (reply, word) in settlements {
            // This fails only if the client has ended; then the session has ended, too.
            let _ = self.client.publish(reply, word.body()).await;
        }
        (!waiting.is_empty()).then_some(waiting)
    }

    /// Takes the messages that wait; and the settlements, if there is a connection.
    fn take_over(&self) -> (Waiting, Option<Vec<(Subject, Word)>>) {
        let wire = &mut self.exchange.lock().medium;
        let waiting = std::mem::take(&mut wire.waiting);
        if !wire.connected {
            return (waiting, None);
        }
        let settlements = std::mem::take(&mut wire.settlements);
        wire.tally.published += waiting.len() as u64;
        let acknowledged = settlements.iter().filter(|(_, word)| *word == Word::Ack);
        wire.tally.acknowledged += acknowledged.count() as u64;
        (waiting, Some(settlements))
    }

    /// Hands a message to the client. Returns `false` if the server takes no message of this size.
    pub async fn send(&mut self, parcel: Parcel, reply: Option<String>) -> bool {
        let subject = self.subject(parcel.recipient);
        let Parcel { headers, content, .. } = parcel;
        let sent = match reply {
            Some(reply) => self.client.publish_with_reply_and_headers(subject, reply, headers, content).await,
            None => self.client.publish_with_headers(subject, headers, content).await,
        };
        sent.is_ok()
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.exchange.lock().medium.connected
    }

    fn subject(&mut self, recipient: u32) -> Subject {
        if recipient == abi::ALL {
            return self.to_all.clone();
        }
        let place = recipient as usize;
        if self.subjects.len() <= place {
            self.subjects.resize(place + 1, None);
        }
        self.subjects[place].get_or_insert_with(|| self.names.subject(recipient)).clone()
    }

    /// Notes the outcome of these messages, at the present time.
    pub fn answer(&mut self, tokens: impl IntoIterator<Item = u64>, result: OutcomeResult, reason: u32) {
        let at_ns = self.host.now_ns();
        self.answers.extend(tokens.into_iter().map(|token| Answer::one(token, result, reason, at_ns)));
    }

    /// Passes the noted outcomes to the session, and wakes the host.
    pub fn tell(&mut self) {
        if !self.answers.is_empty() {
            let mut state = self.exchange.lock();
            state.medium.window.answered(self.answers.messages());
            state.answer_all(&mut self.answers);
            drop(state);
            self.host.wake();
        }
    }

    /// Whether the session is closed and nothing is left to be sent.
    pub fn is_finished(&self) -> bool {
        let state = self.exchange.lock();
        let wire = &state.medium;
        let is_idle = wire.waiting.is_empty() && (wire.settlements.is_empty() || !wire.connected);
        state.is_closing() && is_idle
    }
}
