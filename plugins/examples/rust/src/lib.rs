//! steady: a complete core in Rust. Delivers after a time drawn from a distribution and refuses a share of the
//! attempts. No clock, no files, no threads: it runs on the virtual clock.
#![forbid(unsafe_code)]

use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::prelude::*;
use mqscript_plugin::written::{Dimension, read_distribution};

#[derive(Clone)]
struct Settings {
    latency: Distribution,
    refuse_share: f64,
    luck: Purpose,
    refused_by_luck: u32,
}

struct ThisCore(Settings);
struct ThisSession(Settings);

impl Core for ThisCore {
    const ID: &'static str = "steady";
    const SUMMARY: &'static str = "Delivers after a time drawn from a distribution";
    const OPTIONS_SCHEMA: &'static str = include_str!("options.json");
    const CAPABILITIES: Capabilities = Capabilities::SIMULATED;
    type Session = ThisSession;

    // The host has checked the options against the schema and filled in the defaults: every key is there.
    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let latency = read_distribution(&options["latency"], Dimension::Duration);
        Ok(ThisCore(Settings {
            latency: latency.map_err(|wrong| Error::config(format!("latency: {wrong}")))?,
            refuse_share: options["refuse_share"].as_f64().unwrap_or(0.0),
            luck: run.purpose("luck"),
            refused_by_luck: host.intern("refused_by_luck"),
        }))
    }

    fn open(&mut self, _open: Open) -> Result<ThisSession, Error> {
        Ok(ThisSession(self.0.clone()))
    }
}

impl Session for ThisSession {
    // Every message gets its outcome at once, with a time that lies ahead. The draws are the message's own:
    // one seed gives it one fate, however many workers there are and however the batches fall.
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        let settings = &self.0;
        for message in messages {
            let mut draws = message.random(&settings.luck);
            let at_ns = now_ns + settings.latency.sample(draws.next_u64());
            let (result, reason) = if draws.unit() < settings.refuse_share {
                (OutcomeResult::Refused, settings.refused_by_luck)
            } else {
                (OutcomeResult::Delivered, 0)
            };
            out.outcome(message.token(), result, reason, at_ns);
        }
        Ok(messages.len() as u32)
    }
}

mqscript_plugin::export_core!(ThisCore);
