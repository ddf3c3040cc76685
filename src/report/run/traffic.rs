//! The messages that were asked for, and their outcomes: ledger, offered load, deliveries.

use super::copies;
use crate::plan::units::{RateScope, parse_duration, parse_rate};
use crate::report::document::{Element, Labelled, TIGHT};
use crate::report::number::{NOTHING, count, counted, percent, rate, span};
use crate::results::{Counts, Run};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most reasons that are named for one outcome.
const REASONS_MAX: usize = 4;
/// The most groups that are named with their own arrivals.
const GROUPS_MAX: usize = 4;

/// The lines for ledger, offered load, deliveries and attempts.
pub(super) fn section(run: &Run) -> Vec<Element> {
    let done = if run.is_of_copies() { "taken over" } else { "delivered" };
    let told = [("ledger", ledger(run)), ("offered", offered(run)), (done, delivered(run))];
    let told = told.into_iter().chain(attempts(run).map(|text| ("attempts", text)));
    let copies = run.ledger.copies.iter().flat_map(|copies| copies::section(run, copies));
    told.map(|(label, text)| Element::Labelled(Labelled::new(label, text))).chain(copies).collect()
}

/// The ledger, such as "17,562 generated = 17,560 delivered + 2 failed (refused 2)".
fn ledger(run: &Run) -> String {
    let counts = &run.ledger.counts;
    let sign = if counts.is_balanced() { "=" } else { "≠" };
    let mut text =
        format!("{} generated {sign} {} delivered", count(counts.generated), count(counts.delivered));
    for (class, name, number) in other_classes(counts) {
        if number > 0 {
            text.push_str(&format!(" + {} {name}", count(number)));
            let reasons = run.ledger.by_reason.get(class).map(reasons).unwrap_or_default();
            if !reasons.is_empty() {
                text.push_str(&format!(" ({reasons})"));
            }
        }
    }
    let warm_up = written_duration(&run.plan, "warm_up").filter(|&ns| ns > 0);
    if warm_up.is_some() {
        text.push_str(", warm-up included");
    }
    text
}

fn other_classes(counts: &Counts) -> [(&'static str, &'static str, u64); 6] {
    [
        ("failed", "failed", counts.failed),
        ("dead_lettered", "dead-lettered", counts.dead_lettered),
        ("rejected", "rejected", counts.rejected),
        ("expired", "expired", counts.expired),
        ("uncertain", "uncertain", counts.uncertain),
        ("unanswered", "unanswered", counts.unanswered),
    ]
}

/// The reasons with their counts, most frequent first.
fn reasons(counts: &BTreeMap<String, u64>) -> String {
    let mut sorted: Vec<(&String, u64)> =
        counts.iter().filter(|(_, number)| **number > 0).map(|(reason, number)| (reason, *number)).collect();
    sorted.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let mut named: Vec<String> = sorted
        .iter()
        .take(REASONS_MAX)
        .map(|(reason, number)| format!("{reason}{TIGHT}{}", count(*number)))
        .collect();
    if sorted.len() > REASONS_MAX {
        named.push(format!("{} more", sorted.len() - REASONS_MAX));
    }
    named.join(", ")
}

/// The offered load, such as "180/s (9 agents × 20/s) over 60 s".
fn offered(run: &Run) -> String {
    let agents: u64 = run.by_agent.values().chain(run.by_group.values()).map(|figures| figures.agents).sum();
    let source = match own_arrivals(&run.plan) {
        Some(groups) => groups,
        None => source(&counted(agents, "agent"), run.plan.get("arrival")),
    };
    let window = match written_duration(&run.plan, "warm_up").filter(|&ns| ns > 0) {
        Some(warm_up) => {
            format!("over {}, measured after {} of warm-up", span(run.window_ns), span(warm_up))
        }
        None => format!("over {}", span(run.window_ns)),
    };
    format!("{} ({source}) {window}", run.figures.offered_per_s.map_or(NOTHING.to_owned(), rate))
}

/// The source of the load, such as "9 agents × 20/s", "9 agents sharing 180/s", "9 agents, closed".
fn source(agents: &str, arrival: Option<&Value>) -> String {
    let asked = ["poisson", "constant"].iter().find_map(|law| arrival?.get(law)?.get("rate")?.as_str());
    match asked.and_then(|text| parse_rate(text).ok()) {
        Some(asked) if asked.scope == RateScope::Each => format!("{agents} × {}", rate(asked.per_s)),
        Some(asked) => format!("{agents} sharing {}", rate(asked.per_s)),
        None => match arrival.and_then(Value::as_object).and_then(|law| law.keys().next()) {
            Some(law) => format!("{agents}, {}", law.replace('_', " ")),
            None => agents.to_owned(),
        },
    }
}

/// The groups with their own arrivals, such as "1 lead × 20/s; 8 worker, on demand"; none if no group has its own.
fn own_arrivals(plan: &Value) -> Option<String> {
    let groups = plan.get("agents")?.as_array()?;
    groups.iter().find(|group| group.get("arrival").is_some())?;
    let of_group = |group: &Value| {
        let name = group.get("name").and_then(Value::as_str).unwrap_or_default();
        let number = group.get("count").and_then(Value::as_u64).unwrap_or(1);
        let agents = format!("{} {name}", count(number));
        source(&agents, group.get("arrival").or_else(|| plan.get("arrival")))
    };
    let mut parts: Vec<String> = groups.iter().take(GROUPS_MAX).map(of_group).collect();
    if groups.len() > GROUPS_MAX {
        parts.push(format!("{} more groups", groups.len() - GROUPS_MAX));
    }
    Some(parts.join("; "))
}

fn written_duration(plan: &Value, key: &str) -> Option<u64> {
    parse_duration(plan.get(key)?.as_str()?).ok()
}

/// The deliveries, such as "99.99 % (95.0 % of attempts), 180/s".
fn delivered(run: &Run) -> String {
    let figures = &run.figures;
    let Some(success_rate) = figures.success_rate else {
        return "nothing was sent in the measured time".to_owned();
    };
    let attempts = match figures.attempt_success_rate {
        Some(rate) => format!(" ({} of attempts)", percent(rate)),
        None => String::new(),
    };
    let per_s = if run.is_of_copies() { figures.delivered_rate_per_s } else { figures.throughput_per_s };
    let in_time = per_s.map(|per_s| format!(", {}", rate(per_s))).unwrap_or_default();
    format!("{}{attempts}{in_time}", percent(success_rate))
}

/// The attempts; none if all succeeded at once.
fn attempts(run: &Run) -> Option<String> {
    let ledger = &run.ledger;
    let without_success: u64 = ledger.attempts_by_reason.values().sum();
    // Without retries, the line about the ledger says everything.
    if ledger.counts.retries == 0 && ledger.late_outcomes == 0 {
        return None;
    }
    let mut text = format!("{} ({} retries)", count(ledger.counts.attempts), count(ledger.counts.retries));
    if without_success > 0 {
        text.push_str(&format!(
            "; {} without success ({})",
            count(without_success),
            reasons(&ledger.attempts_by_reason)
        ));
    }
    if ledger.late_outcomes > 0 {
        text.push_str(&format!("; {} answered too late", count(ledger.late_outcomes)));
    }
    Some(text)
}
