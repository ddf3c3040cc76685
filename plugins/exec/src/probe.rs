//! The first message: sent through each process of a processor before the load, and not counted.

use mqscript_plugin::prelude::*;
use serde_json::{Value, json};

/// The beginning of the content of such messages; the worker's number follows.
const CONTENT: &str = "mqscript's first message, which is not counted: worker ";
/// The largest number of workers.
const WORKERS_MAX: u64 = 256;

/// The first messages of all workers of a run.
#[derive(Debug)]
pub struct Probes {
    run: u32,
    /// Sender, recipient, type and tags, as messages of the load have them.
    sender: String,
    recipient: String,
    message_type: String,
    tags: Vec<String>,
}

impl Probes {
    /// Prepares the first messages of a run.
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

    /// The message for the process of a worker, as a line.
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

    /// Adds to `run` the values by which the adapter recognizes these messages.
    pub fn tell(&self, workers: usize, run: &mut Value) {
        run["probes"] = (0..workers).map(|worker| self.stamp(worker)).collect();
        run["probe_contents"] = (0..workers).map(Probes::content).collect();
    }

    /// The worker whose first message this is, by its stamp, or by its content if the stamp is lost.
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
