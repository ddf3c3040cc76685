//! The publisher without JetStream: sends what was accepted, and tells when it was written to the socket.

use crate::exchange::{Answer, Exchange, push_answer};
use crate::link::Losses;
use crate::names::Names;
use crate::outgoing::Outgoing;
use crate::reasons::Reasons;
use async_nats::Client;
use mqscript_plugin::prelude::*;
use std::sync::Arc;

/// The publisher.
#[derive(Debug)]
pub struct Written {
    outgoing: Outgoing,
    losses: Losses,
    reasons: Reasons,
    answers: Vec<Answer>,
}

impl Written {
    /// On this connection.
    pub fn new(
        client: Client,
        names: Arc<Names>,
        exchange: Arc<Exchange>,
        host: Host,
        losses: Losses,
    ) -> Written {
        let reasons = Reasons::new(&host);
        let outgoing = Outgoing::new(client, names, exchange, host);
        Written { outgoing, losses, reasons, answers: Vec::new() }
    }

    /// Works until the session is closed.
    pub async fn work(mut self) {
        loop {
            self.outgoing.exchange.to_publisher.notified().await;
            self.send().await;
            self.outgoing.tell(&mut self.answers);
            if self.outgoing.is_finished() {
                return;
            }
        }
    }

    /// Sends what waits as one batch, and waits until it is written. *Rationale.* The client forgets what was not written
    /// when the connection is lost, and reports it as written once there is another: so a loss decides, not the report.
    async fn send(&mut self) {
        self.losses.mark_unchanged();
        let Some(waiting) = self.outgoing.take(self.reasons.disconnected, &mut self.answers).await else {
            return;
        };
        let mut sent = Vec::with_capacity(waiting.len());
        for parcel in waiting.into_parcels() {
            let token = parcel.token;
            match self.outgoing.send(parcel, None).await {
                true => sent.push(token),
                false => {
                    let at_ns = self.outgoing.host.now_ns();
                    let reason = self.reasons.too_large;
                    push_answer(&mut self.answers, token, OutcomeResult::Rejected, reason, at_ns);
                }
            }
        }
        let (result, reason) = tokio::select! {
            biased;
            _ = self.losses.changed() => (OutcomeResult::Uncertain, self.reasons.connection_lost),
            written = self.outgoing.client.flush() => match written {
                Ok(()) => (OutcomeResult::Delivered, 0),
                Err(_) => (OutcomeResult::Uncertain, self.reasons.connection_lost),
            },
        };
        let at_ns = self.outgoing.host.now_ns();
        for token in sent {
            push_answer(&mut self.answers, token, result, reason, at_ns);
        }
    }
}
