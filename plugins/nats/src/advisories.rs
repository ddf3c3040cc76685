//! Listens to what the server says of copies that it hands over no more.

use crate::exchange::Wire;
use crate::inlets::Inlet;
use crate::names::Names;
use async_nats::{Client, Message as Received, Subscriber};
use futures_util::{StreamExt, stream};
use mqscript_plugin::live::Exchange;
use mqscript_plugin::prelude::*;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// The subjects of these advisories, before the name of the stream.
const SUBJECTS: [&str; 2] =
    ["$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES", "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED"];

/// The part of an advisory that matters.
#[derive(Debug, Deserialize)]
struct Advisory {
    consumer: String,
    stream_seq: u64,
}

/// Passes advisories on to the host, as copies that are given up.
#[derive(Debug)]
pub struct Advisories {
    exchange: Arc<Exchange<Wire>>,
    host: Host,
    subscribers: Vec<Subscriber>,
    /// The numbers of the consumers, by their names.
    inlets: HashMap<String, u32>,
    /// The interned reasons, in the order of the subjects.
    reasons: [u32; 2],
}

/// The subjects of the advisories for the run's stream.
pub fn subjects(names: &Names) -> [String; 2] {
    SUBJECTS.map(|subject| format!("{subject}.{}.*", names.stream()))
}

impl Advisories {
    /// Subscribes to the advisories for these consumers.
    pub async fn subscribe(
        client: &Client,
        names: &Names,
        inlets: impl Iterator<Item = &Inlet>,
        exchange: Arc<Exchange<Wire>>,
        host: Host,
    ) -> Result<Advisories, Error> {
        let mut subscribers = Vec::new();
        for subject in subjects(names) {
            let subscribed = client.subscribe(subject).await;
            subscribers.push(
                subscribed.map_err(|error| Error::new(Status::CONNECT, format!("subscribing: {error}")))?,
            );
        }
        let inlets = inlets.zip(0..).map(|(inlet, number)| (inlet.name.clone(), number)).collect();
        let reasons = ["max_deliveries", "rejected"].map(|reason| host.intern(reason));
        Ok(Advisories { exchange, host, subscribers, inlets, reasons })
    }

    /// Passes on advisories until the connection is closed.
    pub async fn listen(mut self) {
        let subscribers = std::mem::take(&mut self.subscribers);
        let by_reason = subscribers.into_iter().zip(self.reasons);
        let mut all =
            stream::select_all(by_reason.map(|(all, reason)| all.map(move |one| (one, reason)).boxed()));
        while let Some((advisory, reason)) = all.next().await {
            self.tell(&advisory, reason);
        }
    }

    fn tell(&self, advisory: &Received, reason: u32) {
        let Ok(Advisory { consumer, stream_seq }) = serde_json::from_slice(&advisory.payload) else { return };
        let Some(inlet) = self.inlets.get(&consumer) else { return };
        let at_ns = self.host.now_ns();
        let mut state = self.exchange.lock();
        let Some(holdings) = &mut state.medium.holdings else { return };
        let Some((stamp, agent)) = holdings.is_given_up((*inlet, stream_seq)) else { return };
        state.arrived.push_message(stamp, b"", None);
        state.arrived.push_report(Report::GivenUp(reason), 0, agent, at_ns);
        drop(state);
        self.host.wake();
    }
}
