//! The notices and outages of a run.

use crate::report::document::{Element, Labelled};
use crate::report::number::{count, span};
use crate::results::{Outage, Run};

/// The most kinds of notices that are shown; more are only counted.
const NOTICES_MAX: usize = 8;
/// The most outages that are shown; more are only counted.
const OUTAGES_MAX: usize = 5;

/// One line for each kind of notice.
pub(super) fn notices(run: &Run) -> Vec<Element> {
    let mut lines = Vec::new();
    for (kind, notice) in run.notices.iter().take(NOTICES_MAX) {
        let when = if notice.count > 1 {
            format!("from {} to {}", span(notice.first_ns), span(notice.last_ns))
        } else {
            format!("at {}", span(notice.first_ns))
        };
        let text = format!("{} × {kind}, {when}", count(notice.count));
        let excerpt = notice.sample.first().map(|sample| sample.text.clone()).unwrap_or_default();
        lines.push(Element::Labelled(Labelled { excerpt, ..Labelled::new("noticed", text) }));
    }
    let rest = run.notices.len().saturating_sub(NOTICES_MAX);
    if rest > 0 {
        lines.push(Element::Labelled(Labelled::new("", format!("… and {rest} more kinds"))));
    }
    lines
}

/// One line for each outage: when it was, and how the messages recovered.
pub(super) fn outages(run: &Run, full: bool) -> Vec<Element> {
    let rows = if full { usize::MAX } else { OUTAGES_MAX };
    let labels = std::iter::once("outages").chain(std::iter::repeat(""));
    let told = |(outage, label): (&Outage, &str)| Labelled::new(label, outage_in_words(outage));
    let mut lines: Vec<Labelled> = run.outages.iter().take(rows).zip(labels).map(told).collect();
    // Only the first thousand outages have a row.
    let all = run.notices.get("outage").map_or(0, |notice| notice.count).max(run.outages.len() as u64);
    let rest = all.saturating_sub(lines.len() as u64);
    if rest > 0 {
        lines.push(Labelled::new("", format!("… and {} more", count(rest))));
    }
    lines.into_iter().map(Element::Labelled).collect()
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
