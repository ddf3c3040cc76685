//! The publisher with JetStream: sends accepted messages, and reports what the server acknowledges.
//!
//! *Rationale.* Acknowledgements come to one subscription, whose subjects hold the tokens: a batch of them is taken at
//! once, and nothing is kept for a message but its place in the window.

use crate::exchange::Wire;
use crate::link::Losses;
use crate::names::Names;
use crate::outgoing::Outgoing;
use crate::parcel::parcels;
use crate::reasons::{Reasons, Verdict};
use async_nats::{Client, Message as Received, StatusCode, Subscriber};
use futures_util::{FutureExt, StreamExt};
use mqscript_plugin::live::{Answer, Exchange, InFlight};
use mqscript_plugin::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Sends messages to JetStream, and takes the server's acknowledgements.
#[derive(Debug)]
pub struct Confirmed {
    outgoing: Outgoing,
    acks: Subscriber,
    /// The beginning of the subjects of acknowledgements.
    inbox: String,
    /// The messages that were sent, each with the time at which it is given up.
    in_flight: InFlight<Instant>,
    /// The time after which a message without an acknowledgement is given up.
    patience: Duration,
    losses: Losses,
    reasons: Reasons,
}

impl Confirmed {
    /// Subscribes to the acknowledgements of its messages.
    pub async fn new(
        client: Client,
        names: Arc<Names>,
        exchange: Arc<Exchange<Wire>>,
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
            in_flight: InFlight::default(),
            patience,
            losses,
            reasons,
        })
    }

    /// Sends and takes acknowledgements until the session is closed.
    pub async fn work(mut self) {
        loop {
            let bells = Arc::clone(&self.outgoing.bells);
            let due = self.in_flight.oldest().copied();
            tokio::select! {
                biased;
                Ok(()) = self.losses.changed() => self.lost(),
                Some(first) = self.acks.next() => self.take(first),
                () = bells.to_publisher.notified() => {}
                () = until(due) => self.expire(),
            }
            self.send().await;
            self.outgoing.tell();
            if self.outgoing.is_finished() {
                return;
            }
        }
    }

    /// Settles the messages in flight after the connection was lost: they may have arrived or not.
    fn lost(&mut self) {
        let reason = self.reasons.connection_lost;
        self.outgoing.answer(self.in_flight.take_all(), OutcomeResult::Uncertain, reason);
    }

    fn expire(&mut self) {
        let (now, reason) = (Instant::now(), self.reasons.no_acknowledgement);
        let expired = self.in_flight.take_while(|due| *due <= now);
        self.outgoing.answer(expired, OutcomeResult::Uncertain, reason);
    }

    /// Takes this acknowledgement, and all others that are already there.
    fn take(&mut self, first: Received) {
        let at_ns = self.outgoing.host.now_ns();
        let mut next = Some(first);
        let (mut confirmed, mut duplicates) = (0, 0);
        while let Some(ack) = next {
            let token = ack.subject.strip_prefix(self.inbox.as_str());
            let token = token.and_then(|token| u64::from_str_radix(token, 16).ok());
            if let Some(token) = token.filter(|token| self.in_flight.answer(*token)) {
                let nobody = ack.status == Some(StatusCode::NO_RESPONDERS);
                let (result, reason) = match self.reasons.read(&ack.payload, nobody) {
                    Verdict::Stored { again } => {
                        confirmed += 1;
                        duplicates += u64::from(again);
                        (OutcomeResult::Delivered, 0)
                    }
                    Verdict::Not(result, reason) => (result, reason),
                };
                self.outgoing.answers.push(Answer::one(token, result, reason, at_ns));
            }
            next = self.acks.next().now_or_never().flatten();
        }
        let tally = &mut self.outgoing.exchange.lock().medium.tally;
        tally.confirmed += confirmed;
        tally.duplicates += duplicates;
    }

    /// Sends the messages that wait, while there is a connection.
    async fn send(&mut self) {
        let Some(waiting) = self.outgoing.take(self.reasons.disconnected).await else {
            return;
        };
        let due = Instant::now() + self.patience;
        for parcel in parcels(waiting) {
            let token = parcel.token;
            let reply = format!("{}{token:x}", self.inbox);
            match self.outgoing.send(parcel, Some(reply)).await {
                true => self.in_flight.push(token, due),
                false => self.outgoing.answer([token], OutcomeResult::Rejected, self.reasons.too_large),
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
