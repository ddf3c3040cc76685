//! The nats core: delivers through a NATS server, with JetStream or without.
//!
//! `publish` copies messages into a bounded window. The client, on a thread of its own, sends them; with JetStream they
//! are answered when the server has acknowledged them, without it when they are written to the socket. With receiving,
//! every agent has a subscription of its own; agents of groups pull what they have room for.

#![forbid(unsafe_code)]

mod advisories;
mod arrivals;
mod confirmed;
mod credentials;
mod emptiness;
mod exchange;
mod failure;
mod holdings;
mod inlets;
mod link;
mod members;
mod names;
mod options;
mod outgoing;
mod parcel;
mod reactor;
mod reasons;
mod settlement;
mod stream;
mod subscribers;
mod terms;
mod written;

use advisories::Advisories;
use async_nats::Client;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, Context};
use confirmed::Confirmed;
use exchange::Wire;
use holdings::Holdings;
use inlets::{Inlet, inlets};
use link::Losses;
use members::Member;
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
use stream::StreamKind;
use subscribers::Subscribers;
use terms::{RunTerms, needs_jetstream};
use written::Written;

/// How long the server may take to answer for the report.
const COUNT_LIMIT: Duration = Duration::from_secs(2);
/// How long a session that is closed waits for its last acknowledgements to be sent.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// What the core does for agents that take their time.
const FOR_CONSUMERS: Capabilities = Capabilities::SHARES
    .and(Capabilities::LEASES)
    .and(Capabilities::LIMITS)
    .and(Capabilities::SETTLES)
    .and(Capabilities::EXTENDS)
    .and(Capabilities::DEAD_LETTERS);

/// The state of the core.
struct Nats {
    settings: Settings,
    exchange: Arc<Exchange<Wire>>,
    client: Client,
    context: Context,
    losses: Losses,
    consumers: Option<Vec<(Inlet, PullConsumer)>>,
    /// What the groups of the run ask for.
    terms: Option<Arc<RunTerms>>,
    kind: StreamKind,
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
        .and(Capabilities::ORDER_BY_ADDRESS)
        .and(FOR_CONSUMERS);
    // Each agent has two consumers; the server needs about a millisecond to make them.
    const RECEIVERS_MAX: u32 = 1_000;
    type Session = LiveSession<Wire>;

    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let settings = Settings::read(&options)?;
        let terms = terms_of(&run, &settings)?;
        let names = Arc::new(Names::of(run, &settings));
        let exchange = Exchange::new(Wire::new(settings.window, &host));
        let reactor = Reactor::start(&host)?;
        let name = format!("mqscript run {:08x}", names.run().number());
        let (client, losses) = reactor.wait_for(link::connect(&settings, name, &host, &exchange))?;
        // It starts a task, so it must run on the reactor's thread.
        let mut context = reactor.wait_for(async { jetstream::new(client.clone()) });
        context.set_timeout(settings.connect_timeout);
        let kind = match settings.mode {
            Mode::JetStream => reactor
                .wait_for(stream::check(&context, &names, &settings))
                .map_err(|error| failure::with_complaints(error, &exchange))?,
            Mode::Core => StreamKind { is_durable: false, is_work_queue: false },
        };
        {
            let wire = &mut exchange.lock().medium;
            wire.holdings = terms.clone().map(Holdings::new);
            let lacks = kind.is_work_queue && names.run().receive();
            wire.rejects_broadcasts = lacks.then(|| host.intern("a work queue has no messages to all"));
        }
        Ok(Nats {
            settings,
            exchange,
            client,
            context,
            losses,
            consumers: None,
            terms,
            kind,
            host,
            reactor,
            names,
        })
    }

    fn capabilities(&self) -> Capabilities {
        let lacking = match (self.settings.mode, self.kind.is_durable) {
            (Mode::Core, _) => {
                Capabilities::CONFIRMS.and(Capabilities::DURABLE).and(Capabilities::STORES).and(FOR_CONSUMERS)
            }
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
            let (inlets, terms) = (self.inlets(), self.terms.as_deref());
            let made = stream::make_consumers(context, names, settings, inlets, terms, self.kind);
            let made = self.reactor.wait_for(made);
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
        if let Some(holdings) = &self.exchange.lock().medium.holdings {
            let tally = holdings.tally;
            stats["given_back"] = json!(tally.given_back);
            stats["rejected"] = json!(tally.rejected);
            stats["extended"] = json!(tally.extended);
            stats["lease_expired"] = json!(tally.lease_expired);
            stats["late_settlements"] = json!(tally.late_settlements);
            stats["dead_letters"] = json!(tally.dead_letters);
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
        self.reactor.wait_for(stream::remove(&self.context, &self.names, &self.settings, &self.inlets()))
    }
}

impl Nats {
    /// The consumers that the run has.
    fn inlets(&self) -> Vec<Inlet> {
        inlets(&self.names, self.terms.as_deref(), !self.kind.is_work_queue)
    }

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
            if self.terms.is_some() {
                return self.pull(&subscribers, consumers);
            }
            for (inlet, consumer) in consumers {
                self.reactor.start_job(subscribers.clone().read(inlet.agents.start, consumer));
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

    /// Lets the agents of groups pull from their consumers, from now on.
    fn pull(&self, subscribers: &Subscribers, consumers: Vec<(Inlet, PullConsumer)>) -> Result<(), Error> {
        let (client, names, exchange) = (&self.client, &self.names, &self.exchange);
        let advisories = self.reactor.wait_for(async {
            let inlets = consumers.iter().map(|(inlet, _)| inlet);
            let host = self.host.clone();
            let made = Advisories::subscribe(client, names, inlets, Arc::clone(exchange), host).await?;
            let subjects = advisories::subjects(names).join(" and ");
            subscribers::wait_until_in_force(client, &subjects, &self.settings, exchange).await?;
            Ok(made)
        })?;
        self.reactor.start_job(advisories.listen());
        self.reactor.start_job(members::end_leases(Arc::clone(exchange), self.host.clone()));
        for ((inlet, consumer), number) in consumers.into_iter().zip(0..) {
            for agent in inlet.agents {
                let member = Member {
                    subscribers: subscribers.clone(),
                    client: client.clone(),
                    losses: self.losses.clone(),
                    agent,
                    inlet: number,
                    consumer: consumer.clone(),
                    is_broadcast: inlet.is_broadcast,
                };
                self.reactor.start_job(member.pull());
            }
        }
        Ok(())
    }
}

/// What the groups of the run ask for. An error if they ask for what the mode cannot do.
fn terms_of(run: &Run, settings: &Settings) -> Result<Option<Arc<RunTerms>>, Error> {
    if settings.mode == Mode::JetStream {
        return Ok(RunTerms::of(run, settings)?.map(Arc::new));
    }
    let wish = run.groups().iter().find_map(|group| Some((&group.name, needs_jetstream(group)?)));
    match wish {
        Some((group, wish)) => Err(Error::config(format!(
            "`mode`: \"core\" neither stores messages nor hands them over again, and the group `{group}` asks for \
             {wish}; use `mode: \"jetstream\"`, or leave {wish} out"
        ))),
        None => Ok(None),
    }
}

mqscript_plugin::export_core!(Nats);
