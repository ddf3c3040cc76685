//! Why messages were not delivered, in words that the results group by.

use mqscript_plugin::prelude::*;
use serde::Deserialize;
use std::collections::HashMap;

/// The server could not store a message for want of room: "insufficient resources", "memory resources exceeded",
/// "storage resources exceeded", "stream store failed", which tells of a limit.
const FULL: [u64; 4] = [10_023, 10_028, 10_047, 10_077];
/// The message is larger than the stream takes.
const TOO_LARGE: u64 = 10_054;
/// So many texts of the server are told apart.
const TEXTS_MAX: usize = 256;

/// What the server acknowledged.
#[derive(Debug, Deserialize)]
struct Acknowledgement {
    error: Option<Refusal>,
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
}

/// Why the server did not store a message.
#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

/// What an acknowledgement means for its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored.
    Stored {
        /// It was stored before.
        again: bool,
    },
    /// It is not, for this interned reason.
    Not(OutcomeResult, u32),
}

/// The interned reasons.
#[derive(Debug)]
pub struct Reasons {
    host: Host,
    /// There was no connection to send it on.
    pub disconnected: u32,
    /// The connection was lost while it was on its way.
    pub connection_lost: u32,
    /// It was not acknowledged in time.
    pub no_acknowledgement: u32,
    /// The server takes no message of this size.
    pub too_large: u32,
    no_stream: u32,
    unreadable: u32,
    other: u32,
    told: HashMap<String, u32>,
}

impl Reasons {
    /// Interns them.
    pub fn new(host: &Host) -> Reasons {
        Reasons {
            host: host.clone(),
            disconnected: host.intern("disconnected"),
            connection_lost: host.intern("connection_lost"),
            no_acknowledgement: host.intern("no_acknowledgement"),
            too_large: host.intern("message_too_large"),
            no_stream: host.intern("no_stream"),
            unreadable: host.intern("unreadable_acknowledgement"),
            other: host.intern("refused"),
            told: HashMap::new(),
        }
    }

    /// Reads the server's answer; `no_responders`: nobody was there to answer.
    pub fn read(&mut self, answer: &[u8], no_responders: bool) -> Verdict {
        if no_responders {
            return Verdict::Not(OutcomeResult::Refused, self.no_stream);
        }
        match serde_json::from_slice::<Acknowledgement>(answer) {
            Ok(Acknowledgement { error: Some(refusal), .. }) => self.refusal(&refusal),
            Ok(Acknowledgement { error: None, seq: Some(_), duplicate }) => {
                Verdict::Stored { again: duplicate }
            }
            _ => Verdict::Not(OutcomeResult::Uncertain, self.unreadable),
        }
    }

    fn refusal(&mut self, refusal: &Refusal) -> Verdict {
        if refusal.err_code == TOO_LARGE {
            return Verdict::Not(OutcomeResult::Rejected, self.too_large);
        }
        let class = if FULL.contains(&refusal.err_code) { "stream_full" } else { "refused" };
        let text = format!("{class}: {}", refusal.description);
        let known = self.told.len() < TEXTS_MAX || self.told.contains_key(&text);
        let reason = match known {
            true => *self.told.entry(text).or_insert_with_key(|text| self.host.intern(text)),
            false => self.other,
        };
        Verdict::Not(OutcomeResult::Refused, reason)
    }
}
