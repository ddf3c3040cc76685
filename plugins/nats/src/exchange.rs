//! What the session and the client's tasks share, and how the tasks are woken.

use crate::holdings::Holdings;
use crate::settlement::Word;
use async_nats::Subject;
use mqscript_plugin::abi;
use mqscript_plugin::live::{Arrival, Exchange, Medium, News, Sending, State, Waiting, Window};
use mqscript_plugin::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Notify;

/// The most bytes that may wait to be sent. A message that begins below the limit is still taken.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// What the core did, for the report.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The number of messages handed to the client.
    pub published: u64,
    /// The number of messages that the server confirmed.
    pub confirmed: u64,
    /// Confirmed messages that the server already had.
    pub duplicates: u64,
    /// The number of copies handed to the host.
    pub copies: u64,
    /// Copies handed to the host that had been handed out before.
    pub redelivered: u64,
    /// The number of copies that were acknowledged.
    pub acknowledged: u64,
    /// The number of times that the connection was made again.
    pub reconnects: u64,
    /// The number of times that the client dropped a copy because it was taken too slowly.
    pub dropped: u64,
}

/// The most complaints of the server that are told; more are only counted, as notices.
const COMPLAINTS_MAX: usize = 16;

/// What the session leaves for the client's tasks, and what they know about the server.
#[derive(Debug)]
pub struct Wire {
    /// Accepted messages that the publisher has still to take.
    pub waiting: Waiting,
    /// Counts accepted messages without an answer.
    pub window: Window,
    /// What the server is to be told of copies, each with the subject for it.
    pub settlements: Vec<(Subject, Word)>,
    /// What the agents hold, if the run has groups.
    pub holdings: Option<Holdings>,
    /// The interned reason for which messages to all are rejected, if the stream cannot have them.
    pub rejects_broadcasts: Option<u32>,
    /// Whether there is a connection.
    pub connected: bool,
    /// The number of messages accepted so far.
    pub accepted: u64,
    /// Whether the server has nothing more for the agents, and no message was accepted since it said so.
    pub is_empty: bool,
    /// Counts of what was done.
    pub tally: Tally,
    /// The different complaints of the server.
    pub complaints: Vec<String>,
    /// Wakes the tasks that wait.
    pub bells: Arc<Bells>,
    /// The subjects at which copies that have arrived are acknowledged, by tag.
    replies: HashMap<u64, Subject>,
    last_tag: u64,
    /// The interned reason: there was no connection.
    disconnected: u32,
}

/// The signals that the client's tasks wait for.
#[derive(Debug, Default)]
pub struct Bells {
    /// There is something to publish or to acknowledge, or the session is closed.
    pub to_publisher: Notify,
    /// There is room for copies again.
    room: Notify,
    /// The load has ended: no more messages are generated.
    pub load_ended: Notify,
}

impl Wire {
    /// Makes the shared state, not connected, for at most `window` messages without an answer.
    pub fn new(window: usize, host: &Host) -> Wire {
        Wire {
            waiting: Waiting::default(),
            window: Window::new(window, WAITING_BYTES_MAX),
            settlements: Vec::new(),
            holdings: None,
            rejects_broadcasts: None,
            connected: false,
            accepted: 0,
            is_empty: false,
            tally: Tally::default(),
            complaints: Vec::new(),
            bells: Arc::default(),
            replies: HashMap::new(),
            last_tag: 0,
            disconnected: host.intern("disconnected"),
        }
    }

    /// Makes a tag for a copy that is acknowledged at this subject; 0 for a copy without a subject.
    pub fn tag(&mut self, reply: Option<Subject>) -> u64 {
        let Some(reply) = reply else { return 0 };
        self.last_tag += 1;
        self.replies.insert(self.last_tag, reply);
        self.last_tag
    }

    /// Notes a complaint of the server.
    pub fn complain(&mut self, text: String) {
        if self.complaints.len() < COMPLAINTS_MAX && !self.complaints.contains(&text) {
            self.complaints.push(text);
        }
    }
}

impl Medium for Wire {
    fn send(&mut self, message: &Message<'_>) -> Sending {
        if !self.connected {
            return Sending::Answered(OutcomeResult::Refused, self.disconnected);
        }
        if let Some(reason) = self.rejects_broadcasts
            && message.recipient_id() == abi::ALL
        {
            return Sending::Answered(OutcomeResult::Rejected, reason);
        }
        if !self.window.admit(self.waiting.bytes()) {
            return Sending::Full;
        }
        self.waiting.push(message);
        self.accepted += 1;
        self.is_empty = false;
        Sending::Accepted
    }

    fn handed_out(&mut self, copies: &[Arrival], _now_ns: u64) {
        self.tally.copies += copies.len() as u64;
        self.tally.redelivered += copies.iter().filter(|copy| copy.redelivered).count() as u64;
    }

    fn settle(&mut self, how: Settlement, tags: &[u64], now_ns: u64) {
        if let Some(holdings) = &mut self.holdings {
            let told = tags.iter().filter_map(|tag| holdings.settle(*tag, how, now_ns));
            self.settlements.extend(told);
            return;
        }
        let (replies, word) = (&mut self.replies, Word::of(how));
        let mut reply_of = |tag: &u64| match how {
            Settlement::Extend => replies.get(tag).cloned(),
            _ => replies.remove(tag),
        };
        self.settlements.extend(tags.iter().filter_map(|tag| reply_of(tag).map(|reply| (reply, word))));
    }

    fn wake(&mut self, news: News) {
        match news {
            News::Accepted | News::Acknowledged | News::Closed => self.bells.to_publisher.notify_one(),
            News::Room => self.bells.room.notify_waiters(),
            News::Flushed => self.bells.load_ended.notify_one(),
        }
    }

    fn is_empty(&self) -> bool {
        self.is_empty
    }
}

/// Whether no message or copy is under way in this process, in either direction.
pub fn is_at_rest(state: &State<Wire>) -> bool {
    let wire = &state.medium;
    let nothing_sent = wire.window.unanswered() == 0 && wire.settlements.is_empty();
    let nothing_held = wire.holdings.as_ref().is_none_or(Holdings::are_empty);
    wire.connected && nothing_sent && nothing_held && state.arrived.is_empty()
}

/// Returns when there is room for more copies.
pub async fn wait_for_room(exchange: &Exchange<Wire>, bells: &Bells) {
    loop {
        let mut told = std::pin::pin!(bells.room.notified());
        told.as_mut().enable();
        if exchange.lock().has_room_for_copies() {
            return;
        }
        told.await;
    }
}
