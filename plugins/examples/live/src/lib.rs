//! steady: a complete live core in Rust. A thread of its own takes what was accepted, confirms it, and hands out a copy
//! for each recipient. It keeps all in memory; `Broker::send` is where the client of a real queue goes.
#![forbid(unsafe_code)]

use mqscript_plugin::abi::ALL;
use mqscript_plugin::live::{Accepted, Answer, Arrival, Exchange, LiveSession, Medium, News, Sending};
use mqscript_plugin::live::{Waiting, Window};
use mqscript_plugin::prelude::*;
use std::sync::{Arc, Condvar, PoisonError};

/// So many bytes may wait to be sent.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// What the session leaves for the thread. The SDK calls it with the exchange locked, so nothing here may block.
struct Outbox {
    waiting: Waiting,
    window: Window,
    /// Copies that the host has got and not acknowledged.
    unacknowledged: usize,
    changed: Arc<Condvar>,
    host: Host,
}

impl Medium for Outbox {
    fn send(&mut self, message: &Message<'_>) -> Sending {
        if !self.window.admit(self.waiting.bytes()) {
            return Sending::Full;
        }
        self.waiting.push(message);
        Sending::Accepted
    }

    fn handed_out(&mut self, copies: &[Arrival], _now_ns: u64) {
        self.unacknowledged += copies.len();
    }

    // A real queue would be told by their tags which copies it may forget.
    fn acknowledge(&mut self, tags: &[u64]) {
        self.unacknowledged = self.unacknowledged.saturating_sub(tags.len());
        if self.is_empty() {
            self.host.wake();
        }
    }

    fn wake(&mut self, _news: News) {
        self.changed.notify_one();
    }

    fn is_empty(&self) -> bool {
        self.window.unanswered() == 0 && self.unacknowledged == 0
    }
}

/// The thread's side: an async core would have a task here, and a `Notify` in the place of the `Condvar`.
struct Broker {
    exchange: Arc<Exchange<Outbox>>,
    changed: Arc<Condvar>,
    host: Host,
    /// Who gets copies: nobody, if nothing is received.
    receivers: u32,
    with_texts: bool,
    last_tag: u64,
}

impl Broker {
    fn work(mut self) {
        let mut batch = Waiting::default();
        while self.take_over(&mut batch) {
            self.send(&batch);
            batch.clear();
        }
    }

    /// Waits until there is something to send and room for its copies; `false` if no more comes.
    fn take_over(&self, batch: &mut Waiting) -> bool {
        let mut state = self.exchange.lock();
        loop {
            let may_send = state.is_closing() || state.has_room_for_copies();
            if may_send && !state.medium.waiting.is_empty() {
                std::mem::swap(batch, &mut state.medium.waiting);
                return true;
            }
            if state.is_closing() {
                return false;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn send(&mut self, batch: &Waiting) {
        // Here, without the lock, a real queue's client would send the batch and wait until it is confirmed. What the
        // queue refuses is answered by `Refused` and an interned reason.
        let at_ns = self.host.now_ns();
        let exchange = Arc::clone(&self.exchange);
        let mut state = exchange.lock();
        for tokens in batch.tokens() {
            state.answer(Answer { tokens, result: OutcomeResult::Delivered, reason: 0, at_ns });
        }
        state.medium.window.answered(batch.len());
        for message in batch.messages() {
            let recipients = recipients(message, self.receivers);
            if !recipients.is_empty() {
                let text = self.with_texts.then(|| text(batch, message));
                state.arrived.push_message(message.stamp, batch.part(message.content()), text);
            }
            for agent in recipients {
                self.last_tag += 1;
                state.arrived.push_copy(self.last_tag, agent, false, at_ns);
            }
        }
        drop(state);
        self.host.wake();
    }
}

/// Whom a message is for: one agent, or all but its sender.
fn recipients(message: &Accepted, receivers: u32) -> Vec<u32> {
    let is_for = |agent: &u32| match message.recipient_id {
        ALL => *agent != message.stamp.sender,
        one => *agent == one,
    };
    (0..receivers).filter(is_for).collect()
}

fn text(batch: &Waiting, message: &Accepted) -> ArrivedText {
    let part = |range| String::from_utf8_lossy(batch.part(range));
    ArrivedText::new(&part(message.sender()), &part(message.recipient()), &part(message.message_type()))
}

struct ThisCore {
    exchange: Arc<Exchange<Outbox>>,
    run: Run,
    host: Host,
}

impl Core for ThisCore {
    const ID: &'static str = "steady";
    const SUMMARY: &'static str = "Delivers through a queue in memory, on a thread of its own";
    const OPTIONS_SCHEMA: &'static str = include_str!("options.json");
    const CAPABILITIES: Capabilities = Capabilities::RECEIVES
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::ORDERED)
        .and(Capabilities::EXACTLY_ONCE)
        .and(Capabilities::STORES)
        .and(Capabilities::READS_CONTENT);
    type Session = LiveSession<Outbox>;

    // The host has checked the options against the schema and filled in the defaults: every key is there.
    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let window = options["window"].as_u64().unwrap_or(1);
        let outbox = Outbox {
            waiting: Waiting::default(),
            window: Window::new(window as usize, WAITING_BYTES_MAX),
            unacknowledged: 0,
            changed: Arc::default(),
            host: host.clone(),
        };
        Ok(ThisCore { exchange: Exchange::new(outbox), run, host })
    }

    fn open(&mut self, _open: Open) -> Result<LiveSession<Outbox>, Error> {
        let broker = Broker {
            exchange: Arc::clone(&self.exchange),
            changed: Arc::clone(&self.exchange.lock().medium.changed),
            host: self.host.clone(),
            receivers: if self.run.receive() { self.run.agents() } else { 0 },
            with_texts: self.run.wants_content(),
            last_tag: 0,
        };
        // A panic on this thread becomes the failure of the session's next call.
        let thread = self.host.spawn("steady", move || broker.work());
        let thread = thread.map_err(|error| Error::new(Status::INTERNAL, format!("no thread: {error}")))?;
        self.exchange.at_close(move || drop(thread.join()));
        Ok(LiveSession::on(&self.exchange))
    }
}

impl Drop for ThisCore {
    fn drop(&mut self) {
        // A session that panicked is never closed; the thread ends here.
        self.exchange.close();
    }
}

mqscript_plugin::export_core!(ThisCore);
