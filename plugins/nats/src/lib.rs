//! The nats core: delivers through a NATS server, with JetStream or without.
//!
//! `publish` copies messages into a bounded window. The client, on a thread of its own, sends them; with JetStream they
//! are answered when the server has acknowledged them, without it when they are written to the socket. With receiving,
//! every agent has a subscription of its own.

#![forbid(unsafe_code)]

mod arrivals;
mod confirmed;
mod credentials;
mod emptiness;
mod exchange;
mod failure;
mod link;
mod names;
mod options;
mod outgoing;
mod parcel;
mod reactor;
mod reasons;
mod stream;
mod subscribers;
mod written;

use async_nats::Client;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, Context};
use confirmed::Confirmed;
use exchange::Wire;
use link::Losses;
use mqscript_plugin::LogLevel;
use mqscript_plugin::live::{Exchange, LiveSession};
use mqscript_plugin::prelude::*;
use names::Names;
use options::{Mode, Settings, StreamChoice};
use reactor::Reactor;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use subscribers::Subscribers;
use written::Written;

/// How long the server may take to answer for the report.
const COUNT_LIMIT: Duration = Duration::from_secs(2);
/// How long a session that is closed waits for its last acknowledgements to be sent.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// The state of the core.
struct Nats {
    settings: Settings,
    exchange: Arc<Exchange<Wire>>,
    client: Client,
    context: Context,
    losses: Losses,
    consumers: Option<Vec<(u32, PullConsumer)>>,
    /// Whether stored messages survive a restart of the server.
    is_durable: bool,
    host: Host,
    // This field is dropped before `names`: its jobs share the names and may use them until they end.
    reactor: Reactor,
    names: Arc<Names>,
}

impl Core for Nats {
    const ID: &'static str = "nats";
    const SUMMARY: &'static str = "Delivers through a NATS server, with JetStream or without";
    const OPTIONS_SCHEMA: &'static str = include_str!("schema.json");
    // A copy that is handed out again is out of order: neither ORDERED nor EXACTLY_ONCE.
    const CAPABILITIES: Capabilities = Capabilities::RECEIVES
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::DURABLE)
        .and(Capabilities::STORES)
        .and(Capabilities::READS_CONTENT)
        .and(Capabilities::TOUCHES_NETWORK)
        // Each agent has two subscriptions or consumers, and the server does not order one against the other.
        .and(Capabilities::ORDER_BY_ADDRESS);
    // Each agent has two consumers; the server needs about a millisecond to make them.
    const RECEIVERS_MAX: u32 = 1_000;
    type Session = LiveSession<Wire>;

    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let settings = Settings::read(&options)?;
        let names = Arc::new(Names::of(run, &settings));
        let exchange = Exchange::new(Wire::new(settings.window, &host));
        let reactor = Reactor::start(&host)?;
        let name = format!("mqscript run {:08x}", names.run().number());
        let (client, losses) = reactor.wait_for(link::connect(&settings, name, &host, &exchange))?;
        // It starts a task, so it must run on the reactor's thread.
        let mut context = reactor.wait_for(async { jetstream::new(client.clone()) });
        context.set_timeout(settings.connect_timeout);
        let is_durable = match settings.mode {
            Mode::JetStream => reactor
                .wait_for(stream::check(&context, &names, &settings))
                .map_err(|error| failure::with_complaints(error, &exchange))?,
            Mode::Core => false,
        };
        Ok(Nats {
            settings,
            exchange,
            client,
            context,
            losses,
            consumers: None,
            is_durable,
            host,
            reactor,
            names,
        })
    }

    fn capabilities(&self) -> Capabilities {
        let lacking = match (self.settings.mode, self.is_durable) {
            (Mode::Core, _) => Capabilities::CONFIRMS.and(Capabilities::DURABLE).and(Capabilities::STORES),
            (Mode::JetStream, false) => Capabilities::DURABLE,
            (Mode::JetStream, true) => Capabilities::NONE,
        };
        Self::CAPABILITIES.without(lacking)
    }

    fn prepare(&mut self) -> Result<(), Error> {
        if self.settings.mode == Mode::Core {
            return Ok(());
        }
        let (context, names, settings) = (&self.context, &self.names, &self.settings);
        let told = |error| failure::with_complaints(error, &self.exchange);
        self.reactor.wait_for(stream::make(context, names, settings)).map_err(told)?;
        if names.run().receive() {
            let made = self.reactor.wait_for(stream::make_consumers(context, names, settings));
            let consumers = made.map_err(told)?;
            self.consumers = Some(consumers);
        }
        Ok(())
    }

    fn open(&mut self, _open: Open) -> Result<LiveSession<Wire>, Error> {
        if self.settings.mode == Mode::JetStream && self.consumers.is_none() {
            self.prepare()?;
        }
        self.subscribe()?;
        let (told, ended) = sync_channel(1);
        let (client, names, exchange) =
            (self.client.clone(), Arc::clone(&self.names), Arc::clone(&self.exchange));
        let (host, losses) = (self.host.clone(), self.losses.clone());
        match self.settings.mode {
            Mode::JetStream => {
                let patience = self.settings.ack_timeout;
                let publisher = Confirmed::new(client.clone(), names, exchange, host, losses, patience);
                let publisher = self.reactor.wait_for(publisher)?;
                self.reactor.start_job(async move {
                    publisher.work().await;
                    let _ = client.flush().await;
                    let _ = told.send(());
                });
            }
            Mode::Core => {
                let publisher = Written::new(client, names, exchange, host, losses, self.settings.window);
                self.reactor.start_job(async move {
                    publisher.work().await;
                    let _ = told.send(());
                });
            }
        }
        self.exchange.at_close(move || {
            // If it takes longer, it cannot be reported any more: copies that were not acknowledged come again.
            let _ = ended.recv_timeout(LAST_WAIT);
        });
        Ok(LiveSession::on(&self.exchange))
    }

    fn stats(&mut self) -> Result<Map<String, Value>, Error> {
        let tally = self.exchange.lock().medium.tally.clone();
        let server = self.client.server_info();
        let mut stats = json!({
            "url": self.settings.url,
            "server_version": server.version,
            "mode": match self.settings.mode {
                Mode::JetStream => "jetstream",
                Mode::Core => "core",
            },
            "subjects": self.names.subjects(),
            "published": tally.published,
            "copies": tally.copies,
            "reconnects": tally.reconnects,
            "dropped": tally.dropped,
        });
        if self.settings.mode == Mode::JetStream {
            let count = stream::count(&self.context, &self.names);
            let in_stream = self.reactor.wait_for(async { tokio::time::timeout(COUNT_LIMIT, count).await });
            stats["stream"] = json!(self.names.stream());
            stats["confirmed"] = json!(tally.confirmed);
            stats["duplicates"] = json!(tally.duplicates);
            stats["redelivered"] = json!(tally.redelivered);
            stats["acknowledged"] = json!(tally.acknowledged);
            stats["in_stream"] = json!(in_stream.ok().flatten());
        }
        Ok(stats.as_object().cloned().unwrap_or_default())
    }

    fn clean(&mut self) -> Result<(), Error> {
        if self.settings.mode == Mode::Core {
            return Ok(());
        }
        if let StreamChoice::Own(own) = &self.settings.stream
            && own.keep
        {
            let (stream, url) = (self.names.stream(), &self.settings.url);
            self.host.log(LogLevel::Info, &format!("the stream {stream} stays on the server at {url}"));
        }
        let receive = self.names.run().receive();
        self.reactor.wait_for(stream::remove(&self.context, &self.names, &self.settings, receive))
    }
}

impl Nats {
    /// Subscribes every agent to the messages for it, from now on.
    fn subscribe(&mut self) -> Result<(), Error> {
        if !self.names.run().receive() {
            return Ok(());
        }
        let subscribers = Subscribers {
            exchange: Arc::clone(&self.exchange),
            bells: Arc::clone(&self.exchange.lock().medium.bells),
            host: self.host.clone(),
            wants_text: self.names.run().wants_content(),
        };
        if self.settings.mode == Mode::JetStream {
            let consumers = self.consumers.take().unwrap_or_default();
            let watched = consumers.iter().map(|(_, consumer)| consumer.clone()).collect();
            let (exchange, host) = (Arc::clone(&self.exchange), self.host.clone());
            self.reactor.start_job(emptiness::watch(exchange, host, watched));
            for (agent, consumer) in consumers {
                self.reactor.start_job(subscribers.clone().read(agent, consumer));
            }
            return Ok(());
        }
        for (agent, subscriber) in self.reactor.wait_for(subscribers::subscribe(
            &self.client,
            &self.names,
            &self.settings,
            &self.exchange,
        ))? {
            self.reactor.start_job(subscribers.clone().listen(agent, subscriber));
        }
        Ok(())
    }
}

mqscript_plugin::export_core!(Nats);
