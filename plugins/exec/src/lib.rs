//! The exec core: delivers through the user's own program, as JSON Lines over its standard streams.
//!
//! `publish` writes messages down as lines of JSON for the process that has the least to answer. A thread for each
//! process writes them, reads the answers, notes when it saw them, and wakes the host; when the process breaks, it
//! answers for it and starts another. The program may also be a *processor* under test: then what it sends comes back
//! as deliveries.

#![forbid(unsafe_code)]

mod adapter;
mod agents;
mod answer;
mod broken;
mod call;
mod calls;
mod calls_read;
mod channel;
mod contents;
mod counters;
mod crew;
mod exchange;
mod faults;
mod fingerprint;
mod hub;
mod last_words;
mod launch;
mod life;
mod lines;
mod mock;
mod options;
mod probe;
mod process;
mod redact;
mod repair;
mod request;
mod state;
mod wait;
mod work;
mod worker;

use adapter::Adapter;
use calls::CallReader;
use crew::{Crew, Names};
use exchange::Exchange;
use fingerprint::FIELDS;
use hub::Hub;
use launch::Launch;
use mqscript_plugin::live::LiveSession;
use mqscript_plugin::prelude::*;
use options::{Mode, Settings};
use redact::Redactor;
use serde_json::{Map, Value, json};
use state::Workers;
use std::sync::Arc;
use worker::Worker;

/// The state of the core.
struct Exec {
    crew: Arc<Crew>,
    adapter: Option<Adapter>,
}

impl Exec {
    /// Capabilities that only a processor under test may have.
    const ONLY_PROCESSORS: Capabilities =
        Capabilities::RECEIVES.and(Capabilities::STORES).and(Capabilities::PROCESSES);

    /// The error for a thread, socket or file that the system refused.
    fn no_resources(error: &std::io::Error) -> Error {
        Error::new(Status::INTERNAL, format!("the system gives nothing to run a worker with: {error}"))
    }

    /// Starts the reader of calls, before any process exists that could make a call.
    fn read_calls(&self) -> Result<(), Error> {
        let (crew, Some(adapter)) = (&self.crew, &self.adapter) else { return Ok(()) };
        if crew.settings.mode == Mode::Send || crew.exchange.workers() > 0 {
            return Ok(());
        }
        let mut run = json!({
            "run": crew.run,
            "seed": crew.seed.to_string(),
            "mock": crew.settings.mock.for_the_adapter(),
        });
        crew.calls.probes().tell(crew.settings.workers, &mut run);
        let listener = adapter.listen(&run)?;
        let ear = crew.exchange.add_hub().map_err(|error| Self::no_resources(&error))?;
        let hub = Hub::new(listener, ear, &crew.exchange, &crew.calls, &crew.host, crew.run);
        let thread = crew.host.spawn("exec calls", move || hub.work());
        crew.exchange.add_hub_thread(thread.map_err(|error| Self::no_resources(&error))?);
        Ok(())
    }
}

impl Core for Exec {
    const ID: &'static str = "exec";
    const SUMMARY: &'static str = "Delivers through your own program, or puts your own processor under test";
    const OPTIONS_SCHEMA: &'static str = include_str!("schema.json");
    const CAPABILITIES: Capabilities = Capabilities::RECEIVES
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::ORDERED)
        .and(Capabilities::EXACTLY_ONCE)
        .and(Capabilities::UNALTERED)
        .and(Capabilities::STORES)
        .and(Capabilities::PROCESSES)
        .and(Capabilities::READS_CONTENT)
        .and(Capabilities::TOUCHES_FILES)
        .and(Capabilities::STARTS_PROCESSES);
    type Session = LiveSession<Workers>;

    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let settings = Settings::read(&options, run.agents())?;
        let adapter = Adapter::write()?;
        let exchange = Arc::new(Exchange::new(settings.window, settings.mode == Mode::Processor));
        let redactor = Redactor::new(&settings.env);
        let crew = Crew {
            launch: Launch::new(&settings, &adapter, run.number()),
            calls: Arc::new(CallReader::new(&host, &exchange, &run, &redactor)),
            exchange,
            redactor,
            names: Names::new(&host),
            run: run.number(),
            seed: run.seed(),
            settings,
            host,
        };
        Ok(Exec { crew: Arc::new(crew), adapter: Some(adapter) })
    }

    fn capabilities(&self) -> Capabilities {
        let settings = &self.crew.settings;
        let lacks = |lacks: bool, which| if lacks { which } else { Capabilities::NONE };
        Self::CAPABILITIES
            .without(lacks(settings.mode == Mode::Send, Self::ONLY_PROCESSORS))
            .without(lacks(!settings.unaltered, Capabilities::UNALTERED))
            .without(lacks(!settings.ordered, Capabilities::ORDERED))
            .without(lacks(!settings.exactly_once, Capabilities::EXACTLY_ONCE))
    }

    // *Rationale.* The processes are started here and not by `open`: the load's start is set before `open`, and a
    // Python program may take a second to be ready.
    fn prepare(&mut self) -> Result<(), Error> {
        self.read_calls()?;
        let crew = &self.crew;
        let failed = |error: std::io::Error| Self::no_resources(&error);
        for index in crew.exchange.workers()..crew.settings.workers {
            let ear = crew.exchange.add_desk().map_err(failed)?;
            let worker = Worker { crew: Arc::clone(crew), index, ear };
            let thread = crew.host.spawn(&format!("exec worker {}", index + 1), move || worker.work());
            crew.exchange.add_thread(thread.map_err(failed)?);
        }
        crew.exchange.until_ready()
    }

    fn open(&mut self, _open: Open) -> Result<LiveSession<Workers>, Error> {
        self.prepare()?;
        self.crew.exchange.load_begins();
        Ok(self.crew.exchange.session())
    }

    fn stats(&mut self) -> Result<Map<String, Value>, Error> {
        let tally = self.crew.exchange.lock().medium.tally.clone();
        let mut stats = json!({
            "program": self.crew.settings.program(),
            "mode": self.crew.settings.mode.name(),
            "workers": self.crew.settings.workers,
            "started": tally.started,
            "restarts": tally.restarts,
            "answers": tally.answers,
            "killed_at_close": tally.killed_at_close,
        });
        if self.crew.settings.mode == Mode::Processor {
            let calls = &tally.calls;
            let altered =
                FIELDS.iter().zip(calls.altered).map(|(field, count)| ((*field).to_owned(), count.into()));
            let figures = json!({
                "calls": calls.sent + calls.failed,
                "failed_calls": calls.failed,
                "raised": calls.raised,
                "sent": calls.sent,
                "sent_to_nobody": calls.sent_to_nobody,
                "fault_kills": tally.fault_kills,
                "fault_stops": tally.fault_stops,
                "given_up": calls.given_up,
                "unstamped": calls.unstamped,
                "altered": altered.collect::<Map<String, Value>>(),
                "connections": tally.connections,
                "refused_connections": tally.refused_connections,
                "bad_lines": tally.bad_lines,
            });
            let (Some(all), Value::Object(figures)) = (stats.as_object_mut(), figures) else {
                unreachable!()
            };
            all.extend(figures);
        }
        Ok(stats.as_object().cloned().unwrap_or_default())
    }

    fn clean(&mut self) -> Result<(), Error> {
        self.crew.exchange.close();
        self.adapter.take().map_or(Ok(()), Adapter::remove)
    }
}

impl Drop for Exec {
    fn drop(&mut self) {
        // A run that was never opened, or whose session panicked, has no `close`; its processes end here.
        self.crew.exchange.close();
    }
}

mqscript_plugin::export_core!(Exec);
