//! What the session leaves for the client's tasks, and what wakes them.

use async_nats::Subject;
use mqscript_plugin::live::{Arrival, Exchange, Medium, News, Sending, State, Waiting, Window};
use mqscript_plugin::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Notify;

/// So many bytes may wait for their way to the server; a message that begins below is still taken.
const WAITING_BYTES_MAX: usize = 64 << 20;

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

/// What is left for the client's tasks, and what they know of the server.
#[derive(Debug)]
pub struct Wire {
    /// Accepted, for the publisher.
    pub waiting: Waiting,
    /// Accepted, without an answer yet.
    pub window: Window,
    /// Where to acknowledge what the host has acknowledged.
    pub acknowledged: Vec<Subject>,
    /// There is a connection.
    pub connected: bool,
    /// Messages accepted so far.
    pub accepted: u64,
    /// The server has nothing more for the agents, and nothing was accepted since it said so.
    pub is_empty: bool,
    /// What was done.
    pub tally: Tally,
    /// What the server complained of, each once.
    pub complaints: Vec<String>,
    /// Wakes those who wait.
    pub bells: Arc<Bells>,
    /// Where copies that have arrived are acknowledged, by tag.
    replies: HashMap<u64, Subject>,
    last_tag: u64,
    /// Interned: there was no connection.
    disconnected: u32,
}

/// What the client's tasks wait for.
#[derive(Debug, Default)]
pub struct Bells {
    /// There is something to publish or to acknowledge, or the session is closed.
    pub to_publisher: Notify,
    /// There is room for copies again.
    room: Notify,
    /// No more will be generated.
    pub load_ended: Notify,
}

impl Wire {
    /// A wire for at most so many messages without an answer; not connected yet.
    pub fn new(window: usize, host: &Host) -> Wire {
        Wire {
            waiting: Waiting::default(),
            window: Window::new(window, WAITING_BYTES_MAX),
            acknowledged: Vec::new(),
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

    /// A tag for a copy that is acknowledged at this subject; 0 for one that need not be.
    pub fn tag(&mut self, reply: Option<Subject>) -> u64 {
        let Some(reply) = reply else { return 0 };
        self.last_tag += 1;
        self.replies.insert(self.last_tag, reply);
        self.last_tag
    }

    /// Notes what the server complained of.
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

    fn acknowledge(&mut self, tags: &[u64]) {
        let replies = &mut self.replies;
        self.acknowledged.extend(tags.iter().filter_map(|tag| replies.remove(tag)));
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

/// Whether nothing is on its way here, in either direction.
pub fn is_at_rest(state: &State<Wire>) -> bool {
    let wire = &state.medium;
    let nothing_sent = wire.window.unanswered() == 0 && wire.acknowledged.is_empty();
    wire.connected && nothing_sent && state.arrived.is_empty()
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
