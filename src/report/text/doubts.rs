//! What was noticed, what makes the numbers doubtful, and what to try next.

use super::super::look::Look;
use super::lines::{labelled, wrapped};
use crate::report::number::{count, printable, span};
use crate::report::table::shortened;
use crate::results::{Outage, Run, Warning};

/// Kinds of notices shown before the rest is only counted.
const NOTICES_MAX: usize = 8;
/// Outages shown before the rest is only counted.
const OUTAGES_MAX: usize = 5;

/// One line for each kind of notice.
pub fn notices(run: &Run, look: &Look) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, notice) in run.notices.iter().take(NOTICES_MAX) {
        let when = if notice.count > 1 {
            format!("from {} to {}", span(notice.first_ns), span(notice.last_ns))
        } else {
            format!("at {}", span(notice.first_ns))
        };
        let mut text = format!("{} × {}, {when}", count(notice.count), printable(kind));
        if let Some(sample) = notice.sample.first().filter(|sample| !sample.text.is_empty()) {
            text.push_str(&format!(": {}", shortened(&printable(&sample.text), look.width)));
        }
        lines.extend(labelled("noticed", &text, look));
    }
    let rest = run.notices.len().saturating_sub(NOTICES_MAX);
    if rest > 0 {
        lines.extend(labelled("", &format!("… and {rest} more kinds"), look));
    }
    lines
}

/// One line for each outage: when, and how the messages got over it.
pub fn outages(run: &Run, look: &Look) -> Vec<String> {
    let rows = if look.full { usize::MAX } else { OUTAGES_MAX };
    let mut lines = Vec::new();
    for (place, outage) in run.outages.iter().take(rows).enumerate() {
        let heading = if place == 0 { "outages" } else { "" };
        lines.extend(labelled(heading, &outage_in_words(outage), look));
    }
    // Only the first thousand have a row.
    let all = run.notices.get("outage").map_or(0, |notice| notice.count).max(run.outages.len() as u64);
    let rest = all.saturating_sub(run.outages.len().min(rows) as u64);
    if rest > 0 {
        lines.extend(labelled("", &format!("… and {} more", count(rest)), look));
    }
    lines
}

fn outage_in_words(outage: &Outage) -> String {
    let when = match outage.end_ns {
        Some(end_ns) => format!("for {}", span(end_ns - outage.start_ns.min(end_ns))),
        None => "until the end".to_owned(),
    };
    let failure = match outage.first_failure_after_ns {
        Some(0) => "failures at once".to_owned(),
        Some(after_ns) => format!("first failure after {}", span(after_ns)),
        None => "no failure".to_owned(),
    };
    let backlog = format!("backlog up to {}", count(outage.backlog_max));
    let mut parts = vec![failure, backlog];
    if outage.end_ns.is_some() {
        parts.push(match outage.recovered_after_ns {
            Some(0) => "recovered at once".to_owned(),
            Some(after_ns) => format!("recovered after {}", span(after_ns)),
            None => "never recovered".to_owned(),
        });
        parts.push(match outage.drained_after_ns {
            Some(0) => "drained at once".to_owned(),
            Some(after_ns) => format!("drained after {}", span(after_ns)),
            None => "never drained".to_owned(),
        });
    }
    format!("at {} {when}: {}", span(outage.start_ns), parts.join(", "))
}

/// Each warning: what was seen, why it matters, what to do.
pub fn warnings(warnings: &[Warning], look: &Look) -> Vec<String> {
    let mut lines = Vec::new();
    for warning in warnings {
        let mut seen = wrapped(&printable(&warning.seen), 2, look.width);
        if let Some(first) = seen.first_mut() {
            *first = format!("! {}", first.trim_start());
        }
        lines.extend(seen.iter().map(|line| look.palette.doubt(line)));
        if !warning.why.is_empty() {
            lines.extend(wrapped(&printable(&warning.why), 4, look.width));
        }
        if !warning.help.is_empty() {
            lines.extend(wrapped(&format!("help: {}", printable(&warning.help)), 4, look.width));
        }
    }
    lines
}

/// A flag worth trying, with its reason.
#[derive(Debug, PartialEq, Eq)]
pub struct NextStep {
    /// The flag with its value.
    pub flag: String,
    /// What it would show.
    pub why: String,
}

fn step(flag: impl Into<String>, why: &str) -> NextStep {
    NextStep { flag: flag.into(), why: why.to_owned() }
}

/// What the user has asked for already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// The results are saved.
    pub saved: bool,
    /// The seed was drawn, or there are several: how much is luck can be seen.
    pub luck: bool,
}

/// At most two flags to try next that the user has not typed.
pub fn next_steps(asked: Asked) -> Vec<NextStep> {
    let luck = (!asked.luck).then(|| step("--seed random", "see how much of it is luck"));
    let keep = (!asked.saved).then(|| step("--output results.json", "keep every figure"));
    luck.into_iter().chain(keep).collect()
}
