//! The first contact: one message goes round through a processor before the load, and nobody counts it.

use mqscript_plugin::prelude::*;
use serde_json::{Value, json};

/// What contents of such messages begin with; the worker's number follows.
const CONTENT: &str = "mqscript's first message, which is not counted: worker ";
/// Workers, at most.
const WORKERS_MAX: u64 = 256;

/// The messages of the first contact, of all workers of a run.
#[derive(Debug)]
pub struct Probes {
    run: u32,
    /// Sender, recipient, type and tags: as in the load.
    sender: String,
    recipient: String,
    message_type: String,
    tags: Vec<String>,
}

impl Probes {
    /// Of a run.
    pub fn of(run: &Run) -> Probes {
        let message_type = run.types().first();
        Probes {
            run: run.number(),
            sender: run.party_name(0),
            recipient: run.party_name(u32::from(run.agents() > 1)),
            message_type: message_type.map_or_else(|| "TEXT".to_owned(), |known| known.wire_type.clone()),
            tags: message_type.map(|known| known.tags.clone()).unwrap_or_default(),
        }
    }

    fn stamp(&self, worker: usize) -> String {
        let sequence = u64::MAX - worker as u64;
        let stamp = Stamp { run: self.run, sequence, attempt: 1, ..Stamp::NONE };
        String::from_utf8_lossy(&stamp.encode()).into_owned()
    }

    fn content(worker: usize) -> String {
        format!("{CONTENT}{}", worker + 1)
    }

    /// The message for a worker's process, as a line.
    pub fn line(&self, worker: usize) -> Vec<u8> {
        let message = json!({
            "id": "0", "attempt": 1, "stamp": self.stamp(worker), "priority": "regular", "sender": self.sender,
            "recipient": self.recipient, "message_type": self.message_type, "tags": self.tags, "metadata": {},
            "content": Probes::content(worker),
        });
        let mut line = message.to_string().into_bytes();
        line.push(b'\n');
        line
    }

    /// By what the adapter knows them.
    pub fn tell(&self, workers: usize, run: &mut Value) {
        run["probes"] = (0..workers).map(|worker| self.stamp(worker)).collect();
        run["probe_contents"] = (0..workers).map(Probes::content).collect();
    }

    /// The worker whose first contact this is, by its stamp, or by its content where that is lost.
    pub fn worker_of(&self, stamp: &Stamp, content: &[u8]) -> Option<usize> {
        let worker = if stamp.sequence == 0 {
            let number = std::str::from_utf8(content).ok()?.strip_prefix(CONTENT)?;
            number.parse::<u64>().ok()?.checked_sub(1)?
        } else {
            u64::MAX - stamp.sequence
        };
        (worker < WORKERS_MAX && (stamp.sequence == 0 || stamp.run == self.run)).then_some(worker as usize)
    }
}
