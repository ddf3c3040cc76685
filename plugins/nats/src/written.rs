//! The publisher without JetStream: sends accepted messages, and reports when they are written to the socket.

use crate::exchange::Wire;
use crate::link::Losses;
use crate::names::Names;
use crate::outgoing::Outgoing;
use crate::parcel::{Parcel, parcels};
use crate::reasons::Reasons;
use async_nats::Client;
use mqscript_plugin::live::Exchange;
use mqscript_plugin::prelude::*;
use std::sync::Arc;

/// The fewest messages that are written together, if so many wait.
const PART_MIN: usize = 64;

/// Sends messages and reports them as delivered when they are written.
#[derive(Debug)]
pub struct Written {
    outgoing: Outgoing,
    losses: Losses,
    reasons: Reasons,
    /// The number of messages that are written together.
    part: usize,
}

impl Written {
    /// Makes the publisher on a connection.
    pub fn new(
        client: Client,
        names: Arc<Names>,
        exchange: Arc<Exchange<Wire>>,
        host: Host,
        losses: Losses,
        window: usize,
    ) -> Written {
        let reasons = Reasons::new(&host);
        let outgoing = Outgoing::new(client, names, exchange, host);
        Written { outgoing, losses, reasons, part: PART_MIN.max(window / 4) }
    }

    /// Sends messages until the session is closed.
    pub async fn work(mut self) {
        loop {
            self.outgoing.bells.to_publisher.notified().await;
            self.send().await;
            self.outgoing.tell();
            if self.outgoing.is_finished() {
                return;
            }
        }
    }

    /// Sends the messages that wait, a part at a time, so that the host can hand over more while the next part is
    /// written.
    async fn send(&mut self) {
        let Some(waiting) = self.outgoing.take(self.reasons.disconnected).await else {
            return;
        };
        let mut parcels = parcels(waiting).peekable();
        while parcels.peek().is_some() {
            self.losses.mark_unchanged();
            let part = parcels.by_ref().take(self.part);
            match self.outgoing.is_connected() {
                true => self.write(part).await,
                false => {
                    let tokens = part.map(|parcel| parcel.token);
                    self.outgoing.answer(tokens, OutcomeResult::Refused, self.reasons.disconnected);
                }
            }
            self.outgoing.tell();
        }
    }

    /// Sends these messages and waits until they are written. *Rationale.* The client forgets what was not written when
    /// the connection is lost, and reports it as written once there is another: so a loss decides, not the report.
    async fn write(&mut self, parcels: impl Iterator<Item = Parcel>) {
        let mut sent = Vec::with_capacity(self.part);
        for parcel in parcels {
            let token = parcel.token;
            match self.outgoing.send(parcel, None).await {
                true => sent.push(token),
                false => self.outgoing.answer([token], OutcomeResult::Rejected, self.reasons.too_large),
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
        self.outgoing.answer(sent, result, reason);
    }
}
