//! What was seen of a session: answers, copies, and every rule that was broken.

use super::bench::{Judged, Stop};
use super::play::Play;
use super::rules::Rule;
use super::workload::Parcel;
use crate::cores::abi;
use crate::cores::raw::Copied;
use std::collections::HashMap;

/// One answer to an accepted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// DELIVERED, REFUSED, …
    pub result: u32,
    /// Interned.
    pub reason: u32,
    /// When.
    pub at_ns: u64,
}

/// One message on its way.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The message.
    pub parcel: Parcel,
    /// The token under which it was accepted.
    pub token: u64,
    /// The `now` of the accepting publish.
    pub accepted_ns: u64,
    /// What became of it, first told first.
    pub answers: Vec<Answer>,
}

/// A copy that arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// As delivered.
    pub copy: Copied,
    /// Which message it is a copy of: its place in `Story::sent`.
    pub of: Option<usize>,
}

/// All that was seen.
#[derive(Debug, Default)]
pub struct Story {
    /// In order of acceptance.
    pub sent: Vec<Sent>,
    /// In the order told.
    pub copies: Vec<Arrived>,
    /// Rules that were broken, in order; the first of each.
    pub breaches: Vec<(Rule, String)>,
    /// The session could not be played to its end.
    pub cut: bool,
    /// Effective capabilities, of the whole chain.
    pub effective: u64,
    /// Everything that came back, in words: equal stories have equal transcripts.
    pub transcript: String,
    /// How often the calling thread had to wait inside session calls, by function.
    pub waits: HashMap<&'static str, u64>,
    /// Times of session calls by function, in nanoseconds.
    pub call_times_ns: HashMap<&'static str, Vec<u64>>,
    /// The most threads and descriptors more than before `create`.
    pub extra: (usize, usize),
}

impl Story {
    /// Notes a breach, unless that rule is broken already.
    pub fn breach(&mut self, rule: Rule, seen: impl FnOnce() -> String) {
        if !self.breaches.iter().any(|(known, _)| *known == rule) {
            self.breaches.push((rule, seen()));
        }
    }

    /// Whether none of these rules was broken. A story that was cut short for another reason says nothing.
    ///
    /// # Errors
    /// One was broken; or the session could not be played to its end.
    pub fn keeps(&self, rules: &[Rule]) -> Judged {
        if let Some((rule, seen)) = self.breaches.iter().find(|(rule, _)| rules.contains(rule)) {
            return Err(Stop::Broken(*rule, seen.clone()));
        }
        match self.breaches.first() {
            Some((rule, seen)) if self.cut => Err(Stop::Blocked(format!("{rule} is broken: {seen}"))),
            _ => Ok(()),
        }
    }

    /// Whether all that was to be offered was taken and nothing was broken.
    pub fn is_flawless(&self, play: &Play) -> bool {
        !self.cut && self.breaches.is_empty() && self.sent.len() == play.parcels.len()
    }

    /// What became of each message, in order of acceptance: result, reason, and how long after its acceptance.
    pub fn fates(&self) -> Vec<(u32, u32, u64)> {
        let fate = |sent: &Sent| {
            let answer = sent.answers.first()?;
            Some((answer.result, answer.reason, answer.at_ns.wrapping_sub(sent.accepted_ns)))
        };
        self.sent.iter().map(|sent| fate(sent).unwrap_or_default()).collect()
    }

    /// The agents that a message is for.
    pub fn audience(parcel: &Parcel, agents: u32) -> Vec<u32> {
        match parcel.recipient {
            abi::ALL => (0..agents).filter(|agent| *agent != parcel.sender).collect(),
            one => vec![one],
        }
    }
}
