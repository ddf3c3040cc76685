//! The reasons why messages were not delivered, in the words by which the results are grouped.

use mqscript_plugin::prelude::*;
use serde::Deserialize;
use std::collections::HashMap;

/// The server could not store a message for want of room: "insufficient resources", "memory resources exceeded",
/// "storage resources exceeded", "stream store failed", which tells of a limit.
const FULL: [u64; 4] = [10_023, 10_028, 10_047, 10_077];
/// The server's error code for a message that is larger than the stream takes.
const TOO_LARGE: u64 = 10_054;
/// The most different texts of the server that are told apart.
const TEXTS_MAX: usize = 256;

/// An acknowledgement of the server.
#[derive(Debug, Deserialize)]
struct Acknowledgement {
    error: Option<Refusal>,
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
}

/// The server's reason for not storing a message.
#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

/// The meaning of an acknowledgement for its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The server has stored the message.
    Stored {
        /// Whether it had stored the message before.
        again: bool,
    },
    /// The server has not stored the message: the outcome, and the interned reason.
    Not(OutcomeResult, u32),
}

/// The reasons, interned at the host.
#[derive(Debug)]
pub struct Reasons {
    host: Host,
    /// There was no connection on which to send the message.
    pub disconnected: u32,
    /// The connection was lost while the message was on its way.
    pub connection_lost: u32,
    /// The message was not acknowledged in time.
    pub no_acknowledgement: u32,
    /// The message is larger than the server takes.
    pub too_large: u32,
    no_stream: u32,
    unreadable: u32,
    other: u32,
    told: HashMap<String, u32>,
}

impl Reasons {
    /// Interns all reasons at the host.
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

    /// Reads the server's answer. `no_responders`: no server was there to answer.
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
