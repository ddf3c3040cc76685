//! Outcomes from below, changed on their way up.

use crate::options::Settings;
use mqscript_plugin::abi::{self, Outcome};
use mqscript_plugin::{Mark, Out, OutcomeResult};
use std::collections::{HashMap, VecDeque};

/// What the layer does to the outcome of an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// The outcome comes this much later, in nanoseconds.
    pub later_ns: u64,
    /// The sender is not told what became of it.
    pub uncertain: bool,
    /// For the scopes of outages that hold back.
    pub type_id: u16,
    /// The id of the recipient that they concern.
    pub recipient: u32,
}

/// Changes to come, and outcomes that found no room.
#[derive(Debug, Default)]
pub struct Answers {
    /// Attempts of the call under way, in order of their tokens; taken where the outcome came at once.
    fresh: Vec<(u64, Option<Change>)>,
    /// Attempts without an outcome yet.
    waiting: HashMap<u64, Change>,
    backlog: VecDeque<Outcome>,
    /// The reason of outcomes that are hidden.
    uncertain: u32,
}

/// `at_ns`, or the latest time that the contract allows.
pub fn within_bounds(at_ns: u64, now_ns: u64) -> u64 {
    at_ns.min(now_ns.saturating_add(abi::AHEAD_MAX_NS))
}

impl Answers {
    /// Without any yet; `uncertain` is the reason of outcomes that are hidden.
    pub fn new(uncertain: u32) -> Answers {
        Answers { uncertain, ..Answers::default() }
    }

    /// The outcome of this attempt, just accepted, is to be changed. Tokens come in rising order.
    pub fn change(&mut self, token: u64, change: Change) {
        self.fresh.push((token, Some(change)));
    }

    fn take(&mut self, token: u64) -> Option<Change> {
        match self.fresh.binary_search_by_key(&token, |entry| entry.0) {
            Ok(found) => self.fresh[found].1.take(),
            Err(_) => self.waiting.remove(&token),
        }
    }

    /// Changes what the core below has said since `mark`.
    pub fn amend(&mut self, now_ns: u64, mark: Mark, settings: &mut Settings, out: &mut Out<'_>) {
        if self.fresh.is_empty() && self.waiting.is_empty() {
            return;
        }
        let mut more = Vec::new();
        for outcome in out.outcomes_since(mark) {
            if outcome.count == 1 {
                if let Some(change) = self.take(outcome.first) {
                    self.apply(outcome, change, now_ns, settings);
                }
            } else {
                self.split(outcome, now_ns, settings, &mut more);
            }
        }
        for (token, change) in self.fresh.drain(..) {
            if let Some(change) = change {
                self.waiting.insert(token, change);
            }
        }
        more.into_iter().for_each(|outcome| self.say(outcome, out));
    }

    /// A range of which some may change: it keeps its first part, the others go to `more`.
    fn split(&mut self, range: &mut Outcome, now_ns: u64, settings: &mut Settings, more: &mut Vec<Outcome>) {
        let whole = *range;
        let mut parts: Vec<(Outcome, bool)> = Vec::new();
        for token in whole.first..whole.first.saturating_add(u64::from(whole.count)) {
            let mut one = Outcome { first: token, count: 1, ..whole };
            let change = self.take(token);
            if let Some(change) = change {
                self.apply(&mut one, change, now_ns, settings);
            }
            match parts.last_mut() {
                Some((last, false)) if change.is_none() => last.count += 1,
                _ => parts.push((one, change.is_some())),
            }
        }
        let mut parts = parts.into_iter().map(|part| part.0);
        if let Some(first) = parts.next() {
            *range = first;
        }
        more.extend(parts);
    }

    fn apply(&self, outcome: &mut Outcome, change: Change, now_ns: u64, settings: &mut Settings) {
        let Change { later_ns, uncertain, type_id, recipient } = change;
        let mut at_ns = outcome.at_ns.saturating_add(later_ns);
        for outage in &mut settings.outages {
            at_ns = outage.held_until(type_id, recipient, at_ns);
        }
        outcome.at_ns = within_bounds(at_ns, now_ns);
        if uncertain {
            (outcome.result, outcome.reason) = (abi::UNCERTAIN, self.uncertain);
        }
    }

    /// Refuses an attempt for the given reason.
    pub fn refuse(&mut self, token: u64, reason: u32, now_ns: u64, out: &mut Out<'_>) {
        self.say(Outcome { count: 1, ..Outcome::one(token, abi::REFUSED, reason, now_ns) }, out);
    }

    fn say(&mut self, outcome: Outcome, out: &mut Out<'_>) {
        if !self.backlog.is_empty() || !tell(&outcome, out) {
            self.backlog.push_back(outcome);
            out.more();
        }
    }

    /// Says what found no room earlier. Whether all of it is said.
    pub fn catch_up(&mut self, out: &mut Out<'_>) -> bool {
        while let Some(outcome) = self.backlog.front() {
            if !tell(outcome, out) {
                out.more();
                return false;
            }
            self.backlog.pop_front();
        }
        true
    }
}

/// Passes an outcome on; `false` if there is no room.
fn tell(outcome: &Outcome, out: &mut Out<'_>) -> bool {
    let Outcome { first, count, result, reason, at_ns, .. } = *outcome;
    // What came from below was checked on its way here.
    let result = OutcomeResult::from_raw(result).unwrap_or(OutcomeResult::Uncertain);
    out.outcomes(first, count, result, reason, at_ns)
}
