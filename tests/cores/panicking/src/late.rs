//! A core that answers as live ones do: nothing in `publish`, in `poll` all that was taken since, outcomes in ranges,
//! every copy with a tag, contents in memory that the next call overwrites.

use mqscript_plugin::abi;
use mqscript_plugin::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Late {
    takes: usize,
    acknowledged: Arc<AtomicU64>,
    /// Calls of `acknowledge`.
    calls: Arc<AtomicU64>,
}

pub struct LateSession {
    takes: usize,
    acknowledged: Arc<AtomicU64>,
    calls: Arc<AtomicU64>,
    taken: Vec<(u64, Stamp, u32)>,
    content: [u8; 8],
}

impl Core for Late {
    const ID: &'static str = "late";
    const SUMMARY: &'static str = "Answers when it is polled";
    const OPTIONS_SCHEMA: &'static str = r#"{
        "type": "object",
        "properties": {
            "takes": { "type": "integer", "description": "Messages accepted of each batch", "default": 1000 }
        }
    }"#;
    const CAPABILITIES: Capabilities = Capabilities::SIMULATED
        .and(Capabilities::RECEIVES)
        .and(Capabilities::CONFIRMS)
        .and(Capabilities::ORDERED)
        .and(Capabilities::EXACTLY_ONCE)
        .and(Capabilities::DURABLE);
    type Session = LateSession;

    fn create(options: Options, _run: Run, _host: Host) -> Result<Self, Error> {
        let takes = options["takes"].as_u64().unwrap_or_default() as usize;
        Ok(Late { takes, acknowledged: Arc::default(), calls: Arc::default() })
    }

    fn open(&mut self, _open: Open) -> Result<LateSession, Error> {
        let (acknowledged, calls) = (Arc::clone(&self.acknowledged), Arc::clone(&self.calls));
        Ok(LateSession { takes: self.takes, acknowledged, calls, taken: Vec::new(), content: [0; 8] })
    }

    fn stats(&mut self) -> Result<Options, Error> {
        let mut stats = Options::new();
        stats.insert("acknowledged".to_owned(), self.acknowledged.load(Ordering::Relaxed).into());
        stats.insert("calls".to_owned(), self.calls.load(Ordering::Relaxed).into());
        Ok(stats)
    }
}

impl Session for LateSession {
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        self.content = *b"publish!";
        let taken = messages.len().min(self.takes);
        self.taken.extend(messages[..taken].iter().map(|m| (m.token(), m.stamp(), m.recipient_id())));
        out.poll_by(now_ns);
        Ok(taken as u32)
    }

    fn poll<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        self.content = *b"the poll";
        let room = (out.delivery_room() as usize).min(out.outcome_room() as usize).min(self.taken.len());
        let told: Vec<_> = self.taken.drain(..room).collect();
        if !self.taken.is_empty() {
            out.more();
        }
        for range in told.chunk_by(|before, after| before.0 + 1 == after.0) {
            out.outcomes(range[0].0, range.len() as u32, OutcomeResult::Delivered, 0, now_ns);
        }
        for (token, stamp, recipient_id) in told {
            out.deliver(Arrived {
                stamp,
                content: &self.content,
                at_ns: now_ns,
                recipient_id: if recipient_id == abi::ALL { 0 } else { recipient_id },
                ack_tag: token,
                ..Arrived::default()
            });
        }
        Ok(())
    }

    fn acknowledge<'s>(
        &'s mut self,
        _now_ns: u64,
        _how: Settlement,
        tags: &[u64],
        _out: &mut Out<'s>,
    ) -> Result<(), Error> {
        self.content = *b"tags....";
        self.acknowledged.fetch_add(tags.len() as u64, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
