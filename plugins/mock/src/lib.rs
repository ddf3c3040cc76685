//! The mock core: delivers after a drawn time, fails at a given rate, touches nothing real.
//!
//! It keeps no state between calls: `publish` itself says what becomes of each message, and when. All luck is
//! keyed by the message, so that a message meets the same fate whatever the workers, batches or other agents.

#![forbid(unsafe_code)]

mod fate;
mod options;
mod stall;

use fate::Fates;
use mqscript_plugin::abi;
use mqscript_plugin::prelude::*;
use options::Settings;
use stall::Stalls;

/// The mock core with its options.
struct Mock {
    settings: Settings,
    purpose: Purpose,
    agents: u32,
    receive: bool,
    returns_content: bool,
}

/// A session of the mock core.
struct MockSession {
    fates: Fates,
    stalls: Stalls,
    purpose: Purpose,
    agents: u32,
    receive: bool,
}

impl Core for Mock {
    const ID: &'static str = "mock";
    const SUMMARY: &'static str = "Simulates delivery with random times and failures; touches nothing real";
    const OPTIONS_SCHEMA: &'static str = include_str!("schema.json");
    const CAPABILITIES: Capabilities = Capabilities::SIMULATED
        .and(Capabilities::RECEIVES)
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::READS_CONTENT);
    type Session = MockSession;

    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error> {
        Ok(Mock {
            settings: Settings::read(&options, &run, &host)?,
            purpose: run.purpose("fate"),
            agents: run.agents(),
            receive: run.receive(),
            returns_content: run.receive() && run.wants_content(),
        })
    }

    fn capabilities(&self) -> Capabilities {
        match self.returns_content {
            true => Self::CAPABILITIES,
            false => Self::CAPABILITIES.without(Capabilities::READS_CONTENT),
        }
    }

    fn open(&mut self, open: Open) -> Result<MockSession, Error> {
        Ok(MockSession {
            fates: self.settings.fates.clone(),
            stalls: self.settings.stalls.starting_at(open.load_start_ns),
            purpose: self.purpose.clone(),
            agents: self.agents,
            receive: self.receive,
        })
    }
}

impl Session for MockSession {
    #[inline]
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        // Where a layer above has used up the host's room, the rest is offered again later.
        let room = out.outcome_room().min(if self.receive { out.delivery_room() } else { u32::MAX });
        let taken = messages.len().min(room as usize);
        for message in &messages[..taken] {
            let mut luck = message.random(&self.purpose);
            let fate = self.fates.of(message);
            let served_ns = fate.latency.sample(luck.next_u64());
            let at_ns = self.stalls.end_of_service(now_ns, served_ns);
            // No outcome may lie farther ahead: a rare draw of a wide law, or a stall of a year.
            let at_ns = at_ns.min(now_ns.saturating_add(abi::AHEAD_MAX_NS));
            if fate.succeeds(luck.next_u64()) {
                out.outcome(message.token(), OutcomeResult::Delivered, 0, at_ns);
                if self.receive && self.reaches_an_agent(message) {
                    out.deliver_message(message, at_ns);
                }
            } else {
                let reason = self.fates.reason(luck.next_u64());
                out.outcome(message.token(), OutcomeResult::Refused, reason, at_ns);
            }
        }
        Ok(taken as u32)
    }
}

impl MockSession {
    /// Senders and recipients that are no agents have no inbox.
    fn reaches_an_agent(&self, message: &Message<'_>) -> bool {
        message.recipient_id() < self.agents || message.recipient_id() == abi::ALL
    }
}

mqscript_plugin::export_core!(Mock);
