//! What was seen of a session: answers, copies, and every rule that was broken.

use super::bench::{Judged, TestStop};
use super::play::TestPlay;
use super::rules::Rule;
use super::workload::TestMessage;
use crate::cores::abi;
use crate::cores::raw::Copied;
use std::collections::HashMap;

/// An answer to a message that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The result of the message: DELIVERED, REFUSED or another of the contract.
    pub result: u32,
    /// The number of the interned reason.
    pub reason: u32,
    /// When it ended, in nanoseconds of the run's clock.
    pub at_ns: u64,
}

/// A message, with what became of it.
#[derive(Debug, Clone)]
pub struct SentMessage {
    /// The message that was sent.
    pub parcel: TestMessage,
    /// The token under which it was accepted.
    pub token: u64,
    /// The `now` of the accepting publish.
    pub accepted_ns: u64,
    /// The outcomes of the message, in order.
    pub answers: Vec<Answer>,
}

/// A copy that arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The copy, as it was delivered.
    pub copy: Copied,
    /// Which message it is a copy of: its place in `History::sent`.
    pub of: Option<usize>,
}

/// Everything that a session did with the messages.
#[derive(Debug, Default)]
pub struct History {
    /// In order of acceptance.
    pub sent: Vec<SentMessage>,
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

impl History {
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
            return Err(TestStop::Broken(*rule, seen.clone()));
        }
        match self.breaches.first() {
            Some((rule, seen)) if self.cut => Err(TestStop::Blocked(format!("{rule} is broken: {seen}"))),
            _ => Ok(()),
        }
    }

    /// Whether all that was to be offered was taken and nothing was broken.
    pub fn is_flawless(&self, play: &TestPlay) -> bool {
        !self.cut && self.breaches.is_empty() && self.sent.len() == play.parcels.len()
    }

    /// What became of each message, in order of acceptance: result, reason, and how long after its acceptance.
    pub fn fates(&self) -> Vec<(u32, u32, u64)> {
        let fate = |sent: &SentMessage| {
            let answer = sent.answers.first()?;
            Some((answer.result, answer.reason, answer.at_ns.wrapping_sub(sent.accepted_ns)))
        };
        self.sent.iter().map(|sent| fate(sent).unwrap_or_default()).collect()
    }

    /// The agents that a message is for.
    pub fn audience(parcel: &TestMessage, agents: u32) -> Vec<u32> {
        match parcel.recipient {
            abi::ALL => (0..agents).filter(|agent| *agent != parcel.sender).collect(),
            one => vec![one],
        }
    }
}
