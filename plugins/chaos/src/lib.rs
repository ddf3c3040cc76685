//! The chaos layer: lies over any core, simulated or live, and does to its messages what brokers and networks do on
//! bad days. Layers of it can be stacked.
//!
//! | option | strikes | what the sender learns | what the receiver gets |
//! |---|---|---|---|
//! | `crash` | attempts | refused, `chaos_crash` | nothing |
//! | `refuse` | attempts | refused, `chaos_refuse` | nothing |
//! | `uncertain` | attempts | uncertain, `chaos_uncertain` | what the core below delivers |
//! | `burst` | attempts | refused, `chaos_burst` | nothing |
//! | `outage`, mode `refuse` | attempts within it | refused, `chaos_outage` | nothing |
//! | `outage`, mode `hold` | outcomes and copies due within it | its outcome when it ends | its copy when it ends |
//! | `throttle`, mode `hold` | attempts too fast | later: they wait in the queue | later |
//! | `throttle`, mode `refuse` | attempts too fast | refused, `chaos_throttle` | nothing |
//! | `spike`, `delay` | attempts | its outcome later | its copies as much later |
//! | `drop` | copies | delivered | nothing: the copy is acknowledged here |
//! | `duplicate` | copies | delivered | the copy twice, the second without a tag |
//! | `corrupt` | copies | delivered | one bit changed (an empty content gets a byte) |
//! | `reorder` | copies of first attempts | delivered | the copy after a later one of its pair |
//!
//! An attempt meets, in this order: outages, the throttle, the burst, then at most one of `crash`, `refuse` and
//! `uncertain`. What goes on may be late by `spike` and `delay` together, then by an outage that holds. A copy is
//! late as its attempt is, then meets at most one of `drop`, `duplicate`, `corrupt` and `reorder`; copies of
//! attempts drawn `uncertain` are spared, so that no two faults hide one another in the ledger.
//!
//! All luck is keyed: an attempt's by (seed, sender, sequence, attempt), a copy's by its recipient too. So each
//! message meets the same fate whatever the batches, the workers and the other faults. Spans of outages and bursts
//! are drawn from streams of their own. Every injection is an event named as its option (`outage` has `outage_end`
//! beside it), and a figure in the layer's stats.
//!
//! A scope (`types`, `recipients`, `from`, `to`) restricts each fault. What befalls an attempt is judged when it is
//! made and by its recipient (`ALL` for a broadcast); what befalls a copy, when it arrives and by the agent it
//! arrives at.

#![forbid(unsafe_code)]

mod answers;
mod chance;
mod luck;
mod notices;
mod options;
mod outage;
mod read;
mod receiver;
mod scope;
mod session;
mod throttle;
mod windows;

use luck::Lucks;
use mqscript_plugin::prelude::*;
use notices::Notices;
use options::Settings;
use session::{ChaosSession, Reasons};
use std::sync::Arc;

/// The chaos layer with its options.
struct Chaos {
    settings: Settings,
    lucks: Lucks,
    notices: Notices,
    reasons: Reasons,
    run: Arc<Run>,
}

impl Core for Chaos {
    const ID: &'static str = "chaos";
    const SUMMARY: &'static str =
        "A layer that injects faults: crashes, latency, outages, losses, duplicates and more";
    const OPTIONS_SCHEMA: &'static str = include_str!("schema.json");
    const CAPABILITIES: Capabilities = Capabilities::LAYER
        .and(Capabilities::SIMULATED)
        .and(Capabilities::RECEIVES)
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::ORDERED)
        .and(Capabilities::EXACTLY_ONCE)
        .and(Capabilities::DURABLE)
        .and(Capabilities::READS_CONTENT);
    type Session = ChaosSession;

    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        let settings = Settings::read(&options, &run)?;
        if !run.receive()
            && let Some(fault) = settings.receiving_faults().next()
        {
            return Err(Error::config(format!(
                "`{fault}` befalls copies that arrive, but nothing is received in this run: let it receive (the \
                 scenario's `receive`), over a core that can"
            )));
        }
        let run = Arc::new(run);
        Ok(Chaos {
            settings,
            lucks: Lucks::new(&run),
            reasons: Reasons::new(&host),
            notices: Notices::new(host, Arc::clone(&run)),
            run,
        })
    }

    /// CONFIRMS stays whatever is dropped: the core below did take responsibility, and so the ledger calls the copy
    /// *lost*.
    fn capabilities(&self) -> Capabilities {
        let faults = &self.settings;
        let has = |name: &str| faults.receiving_faults().any(|fault| fault == name);
        let mut all = Self::CAPABILITIES;
        if !has("corrupt") {
            all = all.without(Capabilities::READS_CONTENT);
        }
        if has("reorder") || faults.shifts() {
            all = all.without(Capabilities::ORDERED);
        }
        if has("duplicate") || faults.hides_outcomes() {
            // An attempt that was hidden is made again though its copy arrives.
            all = all.without(Capabilities::EXACTLY_ONCE);
        }
        if has("drop") {
            all = all.without(Capabilities::DURABLE);
        }
        all
    }

    fn open(&mut self, open: Open) -> Result<ChaosSession, Error> {
        let inner = open.inner.ok_or_else(|| Error::config("a layer stands over another core"))?;
        let settings = self.settings.clone().starting_at(open.load_start_ns);
        let (lucks, notices) = (self.lucks.clone(), self.notices.clone());
        Ok(ChaosSession::new(inner, settings, lucks, notices, self.reasons, &self.run))
    }

    fn stats(&mut self) -> Result<Options, Error> {
        Ok(self.notices.counts().stats())
    }
}

mqscript_plugin::export_core!(Chaos);
