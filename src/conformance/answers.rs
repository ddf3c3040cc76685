//! Holding what a session says against what it was given.

use super::play::TestPlay;
use super::rules::Rule;
use super::story::{Answer, Arrived, History, SentMessage};
use super::workload::{Batch, TestMessage};
use crate::cores::RunClockKind;
use crate::cores::abi::{self, OutcomeResult};
use crate::cores::raw::{Appended, CallFault, Copied, RawHost};
use mqscript_plugin::crc32c;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write;

/// The flags of a delivery that the contract knows.
const DELIVERY_FLAGS: u32 = abi::DELIVERY_REDELIVERED
    | abi::DELIVERY_ALTERED
    | abi::DELIVERY_UNSTAMPED
    | abi::DELIVERY_NO_COPY
    | abi::DELIVERY_HANDOVERS;
use std::sync::Arc;

/// A copy in a line, its content by its length and checksum.
fn in_words(copy: &Copied) -> String {
    let Copied { stamp, content, at_ns, ack_tag, recipient_id, flags, .. } = copy;
    let (len, checksum) = (content.len(), crc32c(content));
    format!(
        "copy at {recipient_id}, {at_ns} ns, tag {ack_tag}, flags {flags}: {stamp:?}, {len} bytes {checksum:08x}"
    )
}

/// The accounts of one session.
pub struct TokenLedger {
    /// What the core was seen to do.
    pub story: History,
    stage: Arc<RawHost>,
    agents: u32,
    receive: bool,
    contents: bool,
    virtual_clock: bool,
    next_token: u64,
    by_token: HashMap<u64, usize>,
    by_identity: HashMap<(u32, u64), usize>,
    unanswered: usize,
    /// Copies that are owed: (message, agent).
    owed: HashSet<(usize, u32)>,
    seen: HashSet<(usize, u32)>,
    told_times: BTreeSet<u64>,
    /// It said that its medium is empty, and has accepted nothing since.
    is_empty: bool,
    batches: Vec<Batch>,
    blind: u32,
}

impl TokenLedger {
    /// Makes a ledger of a play in which nothing is accepted yet.
    pub fn new(story: History, play: &TestPlay, stage: Arc<RawHost>) -> TokenLedger {
        let effective = story.effective;
        TokenLedger {
            story,
            agents: play.agents,
            receive: play.receive && effective & abi::RECEIVES != 0,
            contents: play.contents && effective & abi::READS_CONTENT != 0,
            virtual_clock: stage.services().clock.kind() == RunClockKind::Virtual,
            stage,
            next_token: 1,
            by_token: HashMap::new(),
            by_identity: HashMap::new(),
            unanswered: 0,
            owed: HashSet::new(),
            seen: HashSet::new(),
            told_times: BTreeSet::new(),
            is_empty: false,
            batches: Vec::new(),
            blind: 0,
        }
    }

    /// The token that comes next: there are gaps, as where a host offers again.
    pub fn next_token(&self) -> u64 {
        self.next_token
    }

    /// These messages were accepted.
    pub fn accept(&mut self, parcels: &[TestMessage], now_ns: u64) {
        for (i, parcel) in parcels.iter().enumerate() {
            let (token, place) = (self.next_token + i as u64, self.story.sent.len());
            self.by_token.insert(token, place);
            self.by_identity.insert((parcel.stamp.sender, parcel.stamp.sequence), place);
            self.story.sent.push(SentMessage {
                parcel: parcel.clone(),
                token,
                accepted_ns: now_ns,
                answers: Vec::new(),
            });
        }
        self.unanswered += parcels.len();
        self.is_empty &= parcels.is_empty();
        self.next_token += parcels.len() as u64 + 3;
        self.blind = 0;
    }

    /// Keeps the memory of a batch.
    pub fn keep(&mut self, batch: Batch) {
        self.batches.push(batch);
    }

    /// Messages without an answer.
    pub fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Copies of delivered messages that have not come, where the core promises them.
    pub fn owed(&self) -> usize {
        self.owed.len()
    }

    /// Whether all that is owed has come.
    pub fn is_settled(&self) -> bool {
        self.unanswered == 0 && self.owed.is_empty()
    }

    /// The next time at which something that was told falls due.
    pub fn next_outcome(&mut self, now_ns: u64) -> Option<u64> {
        self.told_times = self.told_times.split_off(&(now_ns + 1));
        self.told_times.first().copied()
    }

    /// Whether it is worth while to ask once more without a reason.
    pub fn try_blindly(&mut self) -> bool {
        self.blind += 1;
        self.blind < 500
    }

    /// Takes in what a call left.
    pub fn take(&mut self, function: &str, now_ns: u64, told: &Appended) {
        for slip in &told.slips {
            match slip {
                CallFault::Length(seen) | CallFault::Changed(seen) | CallFault::Beyond(seen) => {
                    self.story.breach(Rule::Appends, || format!("in `{function}` {seen}"));
                }
                CallFault::Content(seen) => self.story.breach(Rule::Valid, || seen.clone()),
                CallFault::Rounding => self.story.breach(Rule::Rounding, || {
                    format!("after `{function}` floating-point numbers are rounded in another way")
                }),
                CallFault::Touched(field) => self.story.breach(Rule::OnlyRead, || {
                    format!("`{function}` changed `{field}`, which is the host's")
                }),
            }
        }
        if told.unknown_flags != 0 {
            let flags = told.unknown_flags;
            self.story
                .breach(Rule::Reserved, || format!("`{function}` set unknown flags in `out`: {flags:#x}"));
        }
        if !told.outcomes.is_empty() || !told.deliveries.is_empty() {
            self.blind = 0;
        }
        for outcome in &told.outcomes {
            let _ = writeln!(self.story.transcript, "{now_ns} {function} {outcome:?}");
            self.outcome(now_ns, outcome);
        }
        for copy in &told.deliveries {
            let _ = writeln!(self.story.transcript, "{now_ns} {function} {}", in_words(copy));
            self.delivery(now_ns, copy);
        }
        self.is_empty |= told.empty;
        if told.next_due_ns != abi::NEVER {
            let _ = writeln!(self.story.transcript, "{now_ns} {function} due {}", told.next_due_ns);
        }
    }

    fn outcome(&mut self, now_ns: u64, outcome: &abi::Outcome) {
        const RANGE_MAX: u32 = 1 << 20;
        let first = outcome.first;
        if OutcomeResult::from_raw(outcome.result).is_none() || outcome.count == 0 {
            let (result, count) = (outcome.result, outcome.count);
            self.story.breach(Rule::Result, || {
                format!("the outcome of token {first} has result {result} and counts {count}")
            });
            // The token is answered all the same: what else is wrong is another matter.
        }
        if outcome.reserved != 0 || outcome.reserved_tail != 0 {
            self.story.breach(Rule::Reserved, || {
                format!("the outcome of token {first} has reserved fields that are not zero")
            });
        }
        if !self.stage.knows(outcome.reason) {
            let reason = outcome.reason;
            self.story.breach(Rule::Reason, || {
                format!("the outcome of token {first} has the reason {reason}, which was never interned")
            });
        }
        self.time("the outcome", now_ns, outcome.at_ns);
        for token in (first..).take(outcome.count.clamp(1, RANGE_MAX) as usize) {
            let Some(sent) = self.by_token.get(&token).map(|place| (*place, &mut self.story.sent[*place]))
            else {
                let count = outcome.count;
                self.story.breach(Rule::Own, || {
                    format!("the outcome of {count} tokens from {first} on covers {token}, which this session never accepted")
                });
                break;
            };
            let (place, sent) = sent;
            sent.answers.push(Answer {
                result: outcome.result,
                reason: outcome.reason,
                at_ns: outcome.at_ns,
            });
            let (answers, accepted_ns) = (sent.answers.len(), sent.accepted_ns);
            if answers == 1 {
                self.unanswered -= 1;
                self.owe(place, outcome.result);
            } else {
                self.story.breach(Rule::Once, || format!("token {token} got its outcome number {answers}"));
            }
            if outcome.at_ns < accepted_ns {
                let at_ns = outcome.at_ns;
                self.story.breach(Rule::NotPast, || {
                    format!(
                        "token {token} was accepted at {accepted_ns} ns, and its outcome is of {at_ns} ns"
                    )
                });
            }
        }
    }

    fn owe(&mut self, place: usize, result: u32) {
        let delivered = result == OutcomeResult::Delivered as u32;
        if delivered && self.receive && self.story.effective & abi::CONFIRMS != 0 {
            for agent in History::audience(&self.story.sent[place].parcel, self.agents) {
                if !self.seen.contains(&(place, agent)) {
                    self.owed.insert((place, agent));
                }
            }
        }
    }

    fn time(&mut self, what: &str, now_ns: u64, at_ns: u64) {
        if self.virtual_clock && at_ns < now_ns {
            self.story
                .breach(Rule::NotPast, || format!("{what} lies in the past: at_ns {at_ns}, now {now_ns}"));
        }
        if at_ns > now_ns.saturating_add(abi::AHEAD_MAX_NS) {
            self.story.breach(Rule::NotFar, || {
                format!("{what} lies more than 366 days ahead: at_ns {at_ns}, now {now_ns}")
            });
        } else {
            self.told_times.insert(at_ns);
        }
    }

    fn delivery(&mut self, now_ns: u64, copy: &Copied) {
        if !self.receive {
            self.story
                .breach(Rule::Uninvited, || "it delivered a copy in a run that does not receive".to_owned());
            return;
        }
        if copy.flags & !DELIVERY_FLAGS != 0 || !copy.reserved_is_zero {
            self.story.breach(Rule::Reserved, || {
                "a delivery has unknown flags, or reserved fields that are not zero".to_owned()
            });
        }
        self.time("a delivery", now_ns, copy.at_ns);
        if copy.flags & abi::DELIVERY_NO_COPY != 0 {
            return;
        }
        let of = self.origin(copy);
        if self.is_empty && of.is_some() {
            self.story.breach(Rule::Empty, || {
                let stamp = copy.stamp;
                format!(
                    "a copy of message {} of agent {} came after it had said EMPTY",
                    stamp.sequence, stamp.sender
                )
            });
        }
        self.story.copies.push(Arrived { copy: copy.clone(), of });
        let simulated = self.story.effective & abi::SIMULATED != 0;
        let to = copy.recipient_id;
        if to >= self.agents && (to != abi::ALL || !simulated) {
            let agents = self.agents;
            self.story
                .breach(Rule::Recipient, || format!("a copy arrived at {to}; there are {agents} agents"));
            return;
        }
        let Some(place) = of else { return };
        let parcel = &self.story.sent[place].parcel;
        let audience = History::audience(parcel, self.agents);
        let (sender, sequence, recipient) = (parcel.sender, parcel.stamp.sequence, parcel.recipient);
        let reached = if to == abi::ALL { audience.clone() } else { vec![to] };
        let fits = if to == abi::ALL { recipient == abi::ALL } else { audience.contains(&to) };
        if !fits {
            self.story.breach(Rule::Addressed, || {
                format!("message {sequence} of agent {sender}, sent to {recipient}, arrived at {to}")
            });
            return;
        }
        if self.contents && copy.content != parcel.content {
            let (len, found) = (parcel.content.len(), copy.content.len());
            self.story.breach(Rule::Content, || {
                format!("message {sequence} of agent {sender} was sent with {len} bytes and came back with {found} bytes that differ")
            });
        }
        for agent in reached {
            self.owed.remove(&(place, agent));
            if !self.seen.insert((place, agent)) && self.story.effective & abi::EXACTLY_ONCE != 0 {
                self.story.breach(Rule::ExactlyOnce, || {
                    format!("message {sequence} of agent {sender} arrived twice at agent {agent}")
                });
            }
        }
    }

    /// Which message a copy is of.
    fn origin(&mut self, copy: &Copied) -> Option<usize> {
        let stamp = copy.stamp;
        if stamp.sequence == 0 {
            if stamp != abi::Stamp::NONE {
                self.story.breach(Rule::Stamp, || {
                    format!("a copy without a sequence has a stamp that is not all zero: {stamp:?}")
                });
            }
            return None;
        }
        let place = self.by_identity.get(&(stamp.sender, stamp.sequence)).copied();
        let sent = place.map(|place| self.story.sent[place].parcel.stamp);
        if sent != Some(stamp) {
            self.story.breach(Rule::Stamp, || match sent {
                Some(sent) => format!("sent {sent:?}, came back {stamp:?}"),
                None => format!("a copy came with a stamp that was never sent: {stamp:?}"),
            });
        }
        place
    }

    /// The end: what is owed is missing.
    pub fn finish(mut self) -> History {
        if !self.story.cut {
            if let Some(sent) = self.story.sent.iter().find(|sent| sent.answers.is_empty()) {
                let (token, n) = (sent.token, self.unanswered);
                self.story.breach(Rule::Every, || {
                    format!("{n} accepted messages never got an outcome, the first with token {token}")
                });
            }
            if let Some((place, agent)) = self.owed.iter().min().copied() {
                let (stamp, n) = (self.story.sent[place].parcel.stamp, self.owed.len());
                self.story.breach(Rule::Confirmed, || {
                    let (sender, sequence) = (stamp.sender, stamp.sequence);
                    format!("{n} copies of DELIVERED messages never came, the first of message {sequence} of agent {sender} at agent {agent}")
                });
            }
        }
        self.order();
        self.story
    }

    /// "Copies of one sender, recipient and priority arrive in order"; those to all apart where the core says so.
    fn order(&mut self) {
        if self.story.effective & abi::ORDERED == 0 {
            return;
        }
        let mut arrived: Vec<(u64, usize, u32)> = Vec::new();
        for one in &self.story.copies {
            let Some(place) = one.of else { continue };
            match one.copy.recipient_id {
                abi::ALL => {
                    let audience = History::audience(&self.story.sent[place].parcel, self.agents);
                    arrived.extend(audience.into_iter().map(|agent| (one.copy.at_ns, place, agent)));
                }
                agent => arrived.push((one.copy.at_ns, place, agent)),
            }
        }
        // Stable: of one instant, the order told.
        arrived.sort_by_key(|(at_ns, ..)| *at_ns);
        let apart = self.story.effective & abi::ORDER_BY_ADDRESS != 0;
        let mut last: HashMap<(u32, u32, u8, bool), usize> = HashMap::new();
        for (_, place, agent) in arrived {
            let parcel = &self.story.sent[place].parcel;
            let to_all = apart && parcel.recipient == abi::ALL;
            let before = last.insert((parcel.sender, agent, parcel.priority, to_all), place);
            if let Some(before) = before.filter(|before| *before > place) {
                let (earlier, later) = (parcel.stamp.sequence, self.story.sent[before].parcel.stamp.sequence);
                let sender = parcel.sender;
                self.story.breach(Rule::Ordered, || {
                    format!("message {earlier} of agent {sender} arrived at agent {agent} after its message {later}")
                });
                return;
            }
        }
    }
}
