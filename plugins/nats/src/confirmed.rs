//! The publisher with JetStream: sends what was accepted, and tells what the server acknowledges.
//!
//! *Rationale.* Acknowledgements come to one subscription, whose subjects hold the tokens: a batch of them is taken at
//! once, and nothing is kept for a message but its place in the window.

use crate::exchange::{Answer, Exchange, push_answer};
use crate::link::Losses;
use crate::names::Names;
use crate::outgoing::Outgoing;
use crate::parcel::parcels;
use crate::reasons::{Reasons, Verdict};
use crate::window::Window;
use async_nats::{Client, Message as Received, StatusCode, Subscriber};
use futures_util::{FutureExt, StreamExt};
use mqscript_plugin::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The publisher.
#[derive(Debug)]
pub struct Confirmed {
    outgoing: Outgoing,
    acks: Subscriber,
    /// What the subjects of acknowledgements begin with.
    inbox: String,
    window: Window,
    losses: Losses,
    reasons: Reasons,
    answers: Vec<Answer>,
}

impl Confirmed {
    /// Subscribes to its acknowledgements.
    pub async fn new(
        client: Client,
        names: Arc<Names>,
        exchange: Arc<Exchange>,
        host: Host,
        losses: Losses,
        patience: Duration,
    ) -> Result<Confirmed, Error> {
        let inbox = format!("{}.", client.new_inbox());
        let acks = client.subscribe(format!("{inbox}*")).await;
        let acks = acks.map_err(|error| Error::new(Status::CONNECT, format!("subscribing: {error}")))?;
        let reasons = Reasons::new(&host);
        Ok(Confirmed {
            outgoing: Outgoing::new(client, names, exchange, host),
            acks,
            inbox,
            window: Window::new(patience),
            losses,
            reasons,
            answers: Vec::new(),
        })
    }

    /// Works until the session is closed.
    pub async fn work(mut self) {
        loop {
            let exchange = Arc::clone(&self.outgoing.exchange);
            let due = self.window.due();
            tokio::select! {
                biased;
                Ok(()) = self.losses.changed() => self.lost(),
                Some(first) = self.acks.next() => self.take(first),
                () = exchange.to_publisher.notified() => {}
                () = until(due) => self.expire(),
            }
            self.send().await;
            self.outgoing.tell(&mut self.answers);
            if self.outgoing.is_finished() {
                return;
            }
        }
    }

    /// The connection was lost: what was on its way may have arrived or not.
    fn lost(&mut self) {
        let at_ns = self.outgoing.host.now_ns();
        for token in self.window.lost() {
            let reason = self.reasons.connection_lost;
            push_answer(&mut self.answers, token, OutcomeResult::Uncertain, reason, at_ns);
        }
    }

    fn expire(&mut self) {
        let at_ns = self.outgoing.host.now_ns();
        for token in self.window.expired(Instant::now()) {
            let reason = self.reasons.no_acknowledgement;
            push_answer(&mut self.answers, token, OutcomeResult::Uncertain, reason, at_ns);
        }
    }

    /// Takes this acknowledgement and all that are there with it.
    fn take(&mut self, first: Received) {
        let at_ns = self.outgoing.host.now_ns();
        let mut next = Some(first);
        let (mut confirmed, mut duplicates) = (0, 0);
        while let Some(ack) = next {
            let token = ack.subject.strip_prefix(self.inbox.as_str());
            let token = token.and_then(|token| u64::from_str_radix(token, 16).ok());
            if let Some(token) = token.filter(|token| self.window.close(*token)) {
                let nobody = ack.status == Some(StatusCode::NO_RESPONDERS);
                let (result, reason) = match self.reasons.read(&ack.payload, nobody) {
                    Verdict::Stored { again } => {
                        confirmed += 1;
                        duplicates += u64::from(again);
                        (OutcomeResult::Delivered, 0)
                    }
                    Verdict::Not(result, reason) => (result, reason),
                };
                push_answer(&mut self.answers, token, result, reason, at_ns);
            }
            next = self.acks.next().now_or_never().flatten();
        }
        let mut state = self.outgoing.exchange.lock();
        state.tally.confirmed += confirmed;
        state.tally.duplicates += duplicates;
    }

    /// Sends what waits, while there is a connection.
    async fn send(&mut self) {
        let Some(waiting) = self.outgoing.take(self.reasons.disconnected, &mut self.answers).await else {
            return;
        };
        let now = Instant::now();
        for parcel in parcels(waiting) {
            let token = parcel.token;
            let reply = format!("{}{token:x}", self.inbox);
            match self.outgoing.send(parcel, Some(reply)).await {
                true => self.window.push(token, now),
                false => {
                    let at_ns = self.outgoing.host.now_ns();
                    let reason = self.reasons.too_large;
                    push_answer(&mut self.answers, token, OutcomeResult::Rejected, reason, at_ns);
                }
            }
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
