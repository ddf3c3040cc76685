//! The sqlite core: a durable queue in one SQLite file.
//!
//! `publish` copies messages into a bounded ring. A thread of its own, which owns the file, stores whatever waits there
//! as one transaction, and answers when the commit has returned. With receiving, it reads what is stored, hands it out,
//! and removes it in a later transaction when it was acknowledged. For groups of consumers it keeps shared queues, leases
//! and counts of hand-overs, and records each hand-over in the file before the host knows of it.

#![forbid(unsafe_code)]

mod agents;
mod changes;
mod database;
mod earlier;
mod exchange;
mod failure;
mod held;
mod inbox;
mod lock;
mod options;
mod place;
mod queues;
mod reading;
mod tables;
mod terms;
mod writer;

use agents::Agents;
use changes::Reason;
use exchange::Desk;
use inbox::Inbox;
use mqscript_plugin::LogLevel;
use mqscript_plugin::live::{Exchange, LiveSession};
use mqscript_plugin::prelude::*;
use options::Settings;
use place::Place;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use terms::Terms;
use writer::{Parts, Writer};

/// The state of the core.
struct Sqlite {
    settings: Settings,
    /// The open file, until the writer owns it. This field comes before `place`, so that the file is closed before its
    /// folder is removed.
    connection: Option<Connection>,
    place: Place,
    agents: Arc<Agents>,
    exchange: Arc<Exchange<Desk>>,
    /// What the receiving side is made of; none if copies are not received.
    receiving: Option<inbox::Receiving>,
    host: Host,
}

impl Core for Sqlite {
    const ID: &'static str = "sqlite";
    const SUMMARY: &'static str = "Delivers through a durable queue in one SQLite file; needs no server";
    const OPTIONS_SCHEMA: &'static str = include_str!("schema.json");
    // A copy that is handed out again is out of order: neither ORDERED nor EXACTLY_ONCE.
    const CAPABILITIES: Capabilities = Capabilities::RECEIVES
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::DURABLE)
        .and(Capabilities::STORES)
        .and(Capabilities::READS_CONTENT)
        .and(Capabilities::SHARES)
        .and(Capabilities::LEASES)
        .and(Capabilities::LIMITS)
        .and(Capabilities::SETTLES)
        .and(Capabilities::EXTENDS)
        .and(Capabilities::DEAD_LETTERS)
        .and(Capabilities::TOUCHES_FILES);
    type Session = LiveSession<Desk>;

    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let settings = Settings::read(&options)?;
        queues::check(&run)?;
        let agents = Arc::new(Agents::of(&run));
        let receiving = run.receive().then(|| inbox::Receiving {
            agents: Arc::clone(&agents),
            groups: run.groups().to_vec(),
            terms: Terms::of_core(settings.visibility_ns),
            with_texts: run.wants_content(),
            max_deliveries: host.intern(Reason::MaxDeliveries.name()),
            rejected: host.intern(Reason::Rejected.name()),
        });
        let place = Place::take(&settings)?;
        let connection = database::open(place.file())?;
        Ok(Sqlite {
            exchange: Exchange::new(Desk::new(settings.ring, &host)),
            settings,
            connection: Some(connection),
            place,
            agents,
            receiving,
            host,
        })
    }

    fn prepare(&mut self) -> Result<(), Error> {
        if let Some(connection) = &self.connection {
            database::prepare(connection, self.settings.synchronous, self.place.file())?;
            self.place.has_become_a_queue();
        }
        Ok(())
    }

    fn open(&mut self, _open: Open) -> Result<LiveSession<Desk>, Error> {
        self.prepare()?;
        let connection = self.connection.take().ok_or_else(|| {
            Error::new(Status::INVALID, "its session was opened already, and the file goes with it")
        })?;
        self.tell_of_place();
        let parts = Parts {
            exchange: Arc::clone(&self.exchange),
            host: self.host.clone(),
            agents: Arc::clone(&self.agents),
            connection,
            file: self.place.file().to_owned(),
            locked: self.host.intern("database_locked"),
        };
        let (receiving, now_ns) = (self.receiving.take(), self.host.now_ns());
        let inbox = |connection: &Connection, last_id| {
            receiving.map(|receiving| Inbox::new(receiving, connection, now_ns, last_id)).transpose()
        };
        let writer = Writer::new(parts, inbox)?;
        let thread = self.host.spawn("sqlite writer", move || writer.work()).map_err(|error| {
            Error::new(Status::INTERNAL, format!("the system gives no thread for the writer: {error}"))
        })?;
        self.exchange.at_close(move || {
            // The session's next call has already reported a panic of the writer.
            let _ = thread.join();
        });
        Ok(LiveSession::on(&self.exchange))
    }

    fn stats(&mut self) -> Result<Map<String, Value>, Error> {
        let tally = self.exchange.lock().medium.tally.clone();
        let stats = json!({
            "file": self.place.file().display().to_string(),
            "file_is_in_memory": self.place.is_in_memory(),
            "sqlite_version": rusqlite::version(),
            "synchronous": self.settings.synchronous.name(),
            "commits": tally.commits,
            "stored": tally.stored,
            "largest_commit": tally.largest_commit,
            "copies": tally.copies,
            "redelivered": tally.redelivered,
            "acknowledged": tally.acknowledged,
            "lease_expired": tally.lease_expired,
            "dead_letters": tally.dead_letters,
            "late_settlements": tally.late_settlements,
            "left": tally.left,
        });
        Ok(stats.as_object().cloned().unwrap_or_default())
    }

    fn clean(&mut self) -> Result<(), Error> {
        self.exchange.close();
        self.connection = None;
        self.place.leave()
    }
}

impl Sqlite {
    /// Tells the user what matters about the place of the queue.
    fn tell_of_place(&self) {
        let at = self.place.file().display();
        if self.place.is_in_memory() {
            let text = format!(
                "{at} lies in memory: it goes with the machine's power, and flushing it costs nothing; `path` \
                 names a file on a disk"
            );
            self.host.log(LogLevel::Warn, &text);
        }
        if self.place.is_temporary() && self.place.keeps() {
            self.host.log(LogLevel::Info, &format!("the queue stays in {at}"));
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // A session that panicked is never closed; its writer ends here.
        self.exchange.close();
    }
}

mqscript_plugin::export_core!(Sqlite);
