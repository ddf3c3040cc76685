//! Receives copies for the agents, by consumers of the stream or by plain subscriptions.

use crate::arrivals::{push_copy, stamp_of};
use crate::exchange::{Bells, Wire, wait_for_room};
use crate::failure;
use crate::link::is_about_permission;
use crate::names::Names;
use crate::options::Settings;
use crate::settlement::Word;
use async_nats::jetstream::Message as Stored;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::{MessagesError, MessagesErrorKind};
use async_nats::{Client, Message as Received, Subscriber};
use futures_util::StreamExt;
use mqscript_plugin::LogLevel;
use mqscript_plugin::live::{Exchange, Medium, News};
use mqscript_plugin::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// The most copies that are taken from the client at once.
pub const CHUNK: usize = 256;
/// The most copies that a consumer asks the server for at once.
const PULL: usize = 500;
/// The time for which the server keeps a request for copies.
pub const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// The pause before a consumer that failed is read again.
pub const PAUSE: Duration = Duration::from_millis(200);

/// The time within which the client passes on what the server has said.
const COMPLAINT_DELAY: Duration = Duration::from_millis(10);

/// What all subscriptions need.
#[derive(Debug, Clone)]
pub struct Subscribers {
    /// The state that is shared with the session.
    pub exchange: Arc<Exchange<Wire>>,
    /// Wakes the subscriptions that wait.
    pub bells: Arc<Bells>,
    /// The way to the host.
    pub host: Host,
    /// Whether agents read the texts of copies.
    pub wants_text: bool,
}

/// One copy, as the client gives it.
trait Copy {
    fn message(self) -> Received;
}

impl Copy for Received {
    fn message(self) -> Received {
        self
    }
}

impl Copy for Stored {
    fn message(self) -> Received {
        self.message
    }
}

impl Subscribers {
    /// Passes on copies for an agent. An agent's own broadcast is not a copy for it; it is acknowledged here.
    fn pass_on(&self, agent: u32, messages: impl Iterator<Item = Received>) {
        let at_ns = self.host.now_ns();
        let mut state = self.exchange.lock();
        let mut own = false;
        for message in messages {
            let stamp = stamp_of(&message);
            if message.subject.ends_with(".all") && stamp != Stamp::NONE && stamp.sender == agent {
                own |= message.reply.is_some();
                state.medium.settlements.extend(message.reply.map(|reply| (reply, Word::Ack)));
                continue;
            }
            push_copy(&mut state, message, agent, self.wants_text, at_ns);
        }
        if own {
            state.medium.wake(News::Acknowledged);
        }
        drop(state);
        self.host.wake();
    }

    /// Reads a consumer for ever. After an error it pauses and tries again.
    pub async fn read(self, agent: u32, consumer: PullConsumer) {
        let mut told = false;
        loop {
            let messages =
                consumer.stream().max_messages_per_batch(PULL).expires(PULL_EXPIRES).messages().await;
            match messages {
                Ok(messages) => self.read_on(agent, messages, &mut told).await,
                Err(error) => self.warn(agent, &error.to_string(), &mut told),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads copies until the client ends the stream of messages.
    async fn read_on(
        &self,
        agent: u32,
        messages: async_nats::jetstream::consumer::pull::Stream,
        told: &mut bool,
    ) {
        let mut chunks = messages.ready_chunks(CHUNK);
        loop {
            wait_for_room(&self.exchange, &self.bells).await;
            let Some(chunk) = chunks.next().await else { return };
            let mut failure = None;
            let good = chunk.into_iter().filter_map(|message| match message {
                Ok(message) => Some(message.message()),
                Err(error) => {
                    failure = Some(error);
                    None
                }
            });
            self.pass_on(agent, good.collect::<Vec<_>>().into_iter());
            if let Some(error) = failure.filter(|error| !is_passing(error)) {
                self.warn(agent, &error.to_string(), told);
                return;
            }
        }
    }

    /// Reports once what is wrong with a consumer.
    pub fn warn(&self, agent: u32, error: &str, told: &mut bool) {
        if !std::mem::replace(told, true) && self.exchange.lock().medium.connected {
            let name = agent + 1;
            let text = format!("a consumer of agent {name} cannot be read: {error}; it is tried again");
            self.host.log(LogLevel::Warn, &text);
        }
    }

    /// Passes on the copies of a subscription until it ends.
    pub async fn listen(self, agent: u32, subscriber: Subscriber) {
        let mut chunks = subscriber.ready_chunks(CHUNK);
        loop {
            wait_for_room(&self.exchange, &self.bells).await;
            let Some(chunk) = chunks.next().await else { return };
            self.pass_on(agent, chunk.into_iter().map(Copy::message));
        }
    }
}

/// Whether the stream of messages goes on after this error.
fn is_passing(error: &MessagesError) -> bool {
    matches!(error.kind(), MessagesErrorKind::MissingHeartbeat)
}

/// Subscribes every agent to its subjects. When this returns, all subscriptions are in force.
pub async fn subscribe(
    client: &Client,
    names: &Names,
    settings: &Settings,
    exchange: &Exchange<Wire>,
) -> Result<Vec<(u32, Subscriber)>, Error> {
    let failed = |error: &dyn std::error::Error| Error::new(Status::CONNECT, format!("subscribing: {error}"));
    let mut all = Vec::new();
    for agent in 0..names.run().agents() {
        for subject in names.subjects_of(agent) {
            all.push((agent, client.subscribe(subject).await.map_err(|error| failed(&error))?));
        }
    }
    wait_until_in_force(client, &names.subjects(), settings, exchange).await?;
    Ok(all)
}

/// Returns when the server has made all subscriptions so far. `subjects` are those of the latest ones, as told if the user
/// may not subscribe to them.
pub async fn wait_until_in_force(
    client: &Client,
    subjects: &str,
    settings: &Settings,
    exchange: &Exchange<Wire>,
) -> Result<(), Error> {
    let failed = |error: &dyn std::error::Error| Error::new(Status::CONNECT, format!("subscribing: {error}"));
    // The server handles the requests of a client in order: when this message comes back, all subscriptions are made.
    let inbox = client.new_inbox();
    let mut echo = client.subscribe(inbox.clone()).await.map_err(|error| failed(&error))?;
    client.publish(inbox, bytes::Bytes::new()).await.map_err(|error| failed(&error))?;
    let limit = settings.connect_timeout;
    let answered = tokio::time::timeout(limit, async {
        tokio::select! {
            copy = echo.next() => copy.is_some(),
            () = refused_to_publish(exchange) => true,
        }
    });
    let answered = answered.await.unwrap_or(false);
    // Refusals arrived before this message, but the client passes them on by another way.
    tokio::time::sleep(COMPLAINT_DELAY).await;
    let complaints = exchange.lock().medium.complaints.clone();
    let refused: Vec<&String> = complaints.iter().filter(|text| is_about_permission(text)).collect();
    if let Some(first) = refused.iter().find(|text| text.contains("Subscription")) {
        return Err(failure::may_not_subscribe(first, subjects, settings));
    }
    match answered {
        true => Ok(()),
        false => Err(Error::new(Status::CONNECT, "the server does not answer to subscriptions")),
    }
}

/// Returns when the server has refused the published message. By then it has also done all earlier requests.
async fn refused_to_publish(exchange: &Exchange<Wire>) {
    let is_refused = |text: &String| is_about_permission(text) && text.contains("Publish");
    while !exchange.lock().medium.complaints.iter().any(is_refused) {
        tokio::time::sleep(COMPLAINT_DELAY).await;
    }
}
