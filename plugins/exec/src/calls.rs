//! Turns calls of the injected core into copies and notes for the host, and counts them.

use crate::agents::{Agents, sender_of};
use crate::answer::{Line, shown};
use crate::call::{Call, GivenUp};
use crate::calls_read::CallsRead;
use crate::exchange::Exchange;
use crate::fingerprint::FIELDS;
use crate::probe::Probes;
use crate::redact::Redactor;
use mqscript_plugin::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most kinds of notices that are told apart; all others count as [`OTHER_NOTICE`].
const NOTICES_MAX: usize = 64;
const OTHER_NOTICE: &str = "exec_notice";
/// The most reasons that are told apart; all others count as [`OTHER_REASON`].
const REASONS_MAX: usize = 512;
const OTHER_REASON: &str = "other reasons";

/// Texts that a program invents, interned up to a limit: the host keeps at most 4,096 texts of all cores.
#[derive(Debug)]
struct Named {
    ids: Mutex<HashMap<Box<str>, u32>>,
    max: usize,
    otherwise: &'static str,
}

impl Named {
    fn new(max: usize, otherwise: &'static str) -> Named {
        Named { ids: Mutex::default(), max, otherwise }
    }

    fn id(&self, host: &Host, redactor: &Redactor, text: &str) -> u32 {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = ids.get(text) {
            return *id;
        }
        if ids.len() >= self.max {
            return host.intern(self.otherwise);
        }
        let id = host.intern(&redactor.clean(text.to_owned()));
        ids.insert(text.into(), id);
        id
    }
}

/// Reads what the adapter reports about calls.
#[derive(Debug)]
pub struct CallReader {
    host: Host,
    exchange: Arc<Exchange>,
    redactor: Redactor,
    /// Finds the recipients of copies; none if nothing is received.
    agents: Option<Agents>,
    /// Whether copies carry their texts.
    wants_content: bool,
    /// Whether the host accepts notes that are no copies.
    tells_all: bool,
    unknown_recipient: u32,
    notices: Named,
    reasons: Named,
    probes: Probes,
}

impl CallReader {
    /// Makes a reader for one run.
    pub fn new(host: &Host, exchange: &Arc<Exchange>, run: &Run, redactor: &Redactor) -> CallReader {
        CallReader {
            host: host.clone(),
            exchange: Arc::clone(exchange),
            redactor: redactor.clone(),
            agents: run.receive().then(|| Agents::of(run)),
            wants_content: run.wants_content(),
            tells_all: host.minor() >= 1,
            unknown_recipient: host.intern("exec_unknown_recipient"),
            notices: Named::new(NOTICES_MAX, OTHER_NOTICE),
            reasons: Named::new(REASONS_MAX, OTHER_REASON),
            probes: Probes::of(run),
        }
    }

    /// Takes in a line about a call. Returns whether the line was about a call.
    ///
    /// # Errors
    /// The line is wrong; the text says how.
    pub fn take(
        &self,
        said: &Line<'_>,
        line: &[u8],
        at_ns: u64,
        into: &mut CallsRead,
    ) -> Result<bool, String> {
        match said {
            Line::Call(call) => {
                self.call(call, at_ns, into).map_err(|why| format!("{why}: {}", shown(line)))?;
            }
            Line::GivenUp(given_up) => self.given_up(given_up, at_ns, into),
            Line::Working => into.working = true,
            Line::Notice(kind, text) => self.notice(kind, text, at_ns),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The first messages, which are not counted.
    pub fn probes(&self) -> &Probes {
        &self.probes
    }

    /// The text with all secrets hidden.
    pub fn clean(&self, text: &str) -> String {
        self.redactor.clean(text.to_owned())
    }

    fn call(&self, call: &Call<'_>, at_ns: u64, into: &mut CallsRead) -> Result<(), &'static str> {
        let identity = call.identity();
        let stamp = identity.stamp;
        let content = call.content().ok_or("has a `content_base64` that is none")?;
        if let Some(worker) = self.probes.worker_of(&stamp, &content) {
            self.exchange.made_contact(worker);
            return Ok(());
        }
        into.working = true;
        if let Some(how) = &call.failed {
            into.tally.failed += 1;
            into.tally.raised += u64::from(call.raised);
            self.exchange.failed_before_contact(how);
            self.note(Report::FailedCall(self.reason(how)), stamp, call.n, at_ns, into);
            return Ok(());
        }
        into.finished.push(identity.sent.map(|(_, slot)| slot));
        into.tally.sent += 1;
        let Some(agents) = &self.agents else { return Ok(()) };
        let Some(recipients) = agents.recipients(&call.recipient, sender_of(&stamp)) else {
            into.tally.sent_to_nobody += 1;
            let text =
                format!("the processor sent to `{}`, and nobody in this run is called so", call.recipient);
            self.host.event(self.unknown_recipient, at_ns, &self.redactor.clean(text));
            return Ok(());
        };
        let altered = identity.sent.map(|(sent, _)| sent.altered_in(call)).unwrap_or_default();
        into.tally.altered.iter_mut().zip(altered).for_each(|(sum, altered)| *sum += u64::from(altered));
        let report = if altered.contains(&true) {
            let fields = FIELDS.iter().zip(altered).filter(|(_, altered)| *altered).map(|(field, _)| *field);
            Report::Altered(self.host.intern(&fields.collect::<Vec<_>>().join(", ")))
        } else if stamp.sequence == 0 && self.exchange.was_sent(&content) {
            into.tally.unstamped += 1;
            Report::Unstamped
        } else {
            Report::Copy
        };
        let report = if self.tells_all { report } else { Report::Copy };
        let text = || ArrivedText::new(&call.sender, &call.recipient, &call.message_type);
        if !recipients.is_empty() {
            into.arrivals.push_message(stamp, &content, self.wants_content.then(text));
        }
        for agent in recipients {
            into.arrivals.push_report(report, call.n, agent, at_ns);
        }
        Ok(())
    }

    fn given_up(&self, given_up: &GivenUp<'_>, at_ns: u64, into: &mut CallsRead) {
        let identity = given_up.identity();
        if let Some(worker) = self.probes.worker_of(&identity.stamp, &[]) {
            self.exchange.made_contact(worker);
            return;
        }
        into.working = true;
        into.finished.push(identity.sent.map(|(_, slot)| slot));
        into.tally.given_up += 1;
        let reason = given_up.reason.as_deref().map_or(0, |reason| self.reason(reason));
        self.note(Report::GivenUp(reason), identity.stamp, 0, at_ns, into);
    }

    /// Reports something about a message of which no copy came.
    fn note(&self, report: Report, stamp: Stamp, attempt: u32, at_ns: u64, into: &mut CallsRead) {
        if self.tells_all && self.agents.is_some() && stamp.sequence != 0 {
            into.arrivals.push_message(stamp, &[], None);
            into.arrivals.push_report(report, attempt, mqscript_plugin::abi::ALL, at_ns);
        }
    }

    /// Interns a reason as one line; 0 for an empty one.
    fn reason(&self, reason: &str) -> u32 {
        let line = reason.lines().map(str::trim).find(|line| !line.is_empty());
        line.map_or(0, |line| self.reasons.id(&self.host, &self.redactor, line))
    }

    fn notice(&self, kind: &str, text: &str, at_ns: u64) {
        let kind = self.notices.id(&self.host, &self.redactor, kind);
        self.host.event(kind, at_ns, &self.redactor.clean(text.to_owned()));
    }
}
