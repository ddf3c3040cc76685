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
mod exchange;
mod last_words;
mod launch;
mod life;
mod lines;
mod mock;
mod options;
mod process;
mod redact;
mod repair;
mod request;
mod session;
mod worker;

use adapter::Adapter;
use agents::Agents;
use launch::Launch;
use mqscript_plugin::prelude::*;
use options::{Mode, Settings};
use redact::Redactor;
use serde_json::{Map, Value, json};
use session::ProgramSession;
use std::sync::Arc;
use worker::{Crew, Names, Worker};

/// The core.
struct Exec {
    crew: Arc<Crew>,
    adapter: Option<Adapter>,
}

impl Core for Exec {
    const ID: &'static str = "exec";
    const SUMMARY: &'static str = "Delivers through your own program, or puts your own processor under test";
    const OPTIONS_SCHEMA: &'static str = include_str!("schema.json");
    const CAPABILITIES: Capabilities = Capabilities::RECEIVES
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::ORDERED)
        .and(Capabilities::EXACTLY_ONCE)
        .and(Capabilities::READS_CONTENT)
        .and(Capabilities::TOUCHES_FILES)
        .and(Capabilities::STARTS_PROCESSES);
    type Session = ProgramSession;

    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let settings = Settings::read(&options)?;
        let adapter = Adapter::write()?;
        let crew = Crew {
            launch: Launch::new(&settings, &adapter),
            exchange: Arc::default(),
            agents: (settings.mode == Mode::Processor && run.receive()).then(|| Agents::of(&run)),
            wants_content: run.wants_content(),
            redactor: Redactor::new(&settings.env),
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
            .without(lacks(settings.mode == Mode::Send, Capabilities::RECEIVES))
            .without(lacks(!settings.ordered, Capabilities::ORDERED))
            .without(lacks(!settings.exactly_once, Capabilities::EXACTLY_ONCE))
    }

    // *Rationale.* The processes are started here and not by `open`: the load's start is set before `open`, and a
    // Python program may take a second to be ready.
    fn prepare(&mut self) -> Result<(), Error> {
        let crew = &self.crew;
        let failed = |error: std::io::Error| {
            Error::new(Status::INTERNAL, format!("the system gives nothing to run a worker with: {error}"))
        };
        for index in crew.exchange.workers()..crew.settings.workers {
            let ear = crew.exchange.add_desk().map_err(failed)?;
            let worker = Worker { crew: Arc::clone(crew), index, ear };
            let thread = crew.host.spawn(&format!("exec worker {}", index + 1), move || worker.work());
            crew.exchange.add_thread(thread.map_err(failed)?);
        }
        crew.exchange.until_ready()
    }

    fn open(&mut self, _open: Open) -> Result<ProgramSession, Error> {
        self.prepare()?;
        Ok(ProgramSession::new(Arc::clone(&self.crew.exchange), self.crew.settings.window))
    }

    fn stats(&mut self) -> Result<Map<String, Value>, Error> {
        let tally = self.crew.exchange.lock().tally.clone();
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
            stats["sent"] = tally.sent.into();
            stats["sent_to_nobody"] = tally.sent_to_nobody.into();
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
