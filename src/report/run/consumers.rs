//! What consumers did: executions, which messages they completed, and how busy they were.

use crate::plan::units::{human_duration, parse_duration};
use crate::report::document::{Element, Labelled};
use crate::report::number::{count, counted, percent, span};
use crate::results::{ConsumerFigures, Consumption, Run, Times};
use serde_json::Value;

/// The lines about consumers; none without them.
pub(super) fn section(run: &Run) -> Vec<Element> {
    let Some(consumers) = &run.consumers else { return Vec::new() };
    let all = &consumers.all;
    let mut lines = vec![
        Labelled::new("completed", completed(all)),
        Labelled::new("executions", executions(all)),
        Labelled::new("work", work(consumers)),
    ];
    if all.lease_expired.is_some_and(|expired| expired > 0) {
        lines.push(Labelled::new("leases", leases(run, all)));
    }
    lines.into_iter().map(Element::Labelled).collect()
}

/// Such as "5,500 messages: 7 of them more than once, 2 unfinished; p50 3.4 s, p99 19.3 s, max 40.7 s".
fn completed(all: &ConsumerFigures) -> String {
    let classes = [
        ("of them more than once", all.repeated),
        ("given up by the medium", all.dead_letters),
        ("unfinished", all.unfinished),
    ];
    let seen: Vec<String> = classes
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(name, number)| format!("{} {name}", count(*number)))
        .collect();
    let mut text = counted(all.completed, "message");
    if !seen.is_empty() {
        text.push_str(&format!(": {}", seen.join(", ")));
    }
    text.push_str(&times(&all.completion));
    text
}

/// Such as "6,136 = 5,507 succeeded + 629 failed; 636 copies were handed over again".
fn executions(all: &ConsumerFigures) -> String {
    let classes = [
        ("succeeded", all.succeeded),
        ("failed", all.failed),
        ("crashed", all.crashed),
        ("cut off", all.cut_off),
    ];
    let balanced = all.succeeded + all.failed + all.crashed + all.cut_off == all.executions;
    let parts: Vec<String> = classes
        .iter()
        .filter(|(name, number)| *number > 0 || *name == "succeeded")
        .map(|(name, number)| format!("{} {name}", count(*number)))
        .collect();
    let sign = if balanced { "=" } else { "≠" };
    let mut text = format!("{} {sign} {}", count(all.executions), parts.join(" + "));
    if all.redelivered > 0 {
        let again = if all.redelivered == 1 { "was" } else { "were" };
        let copies = if all.redelivered == 1 { "copy" } else { "copies" };
        text.push_str(&format!("; {} {copies} {again} handed over again", count(all.redelivered)));
    }
    text
}

/// Such as "87.3 % of the workers' time; service p50 2.7 s, p99 18.7 s, max 38.1 s".
fn work(consumers: &Consumption) -> String {
    let mut text = format!("{} of the workers' time", percent(consumers.all.busy));
    if consumers.by_group.len() > 1 {
        let each = consumers.by_group.iter().map(|(name, its)| format!("{name} {}", percent(its.busy)));
        text.push_str(&format!(" ({})", each.collect::<Vec<_>>().join(", ")));
    }
    text.push_str(&times(&consumers.all.service));
    text
}

/// Such as "30 s against work of p99 74 s: 2,147 of 7,647 executions outlived it, 52 % of the work was wasted".
fn leases(run: &Run, all: &ConsumerFigures) -> String {
    let said = leases_said(&run.plan);
    let against =
        all.service.p99_ns.map(|p99| format!(" against work of p99 {}", span(p99))).unwrap_or_default();
    let lease = if said.is_empty() { "the medium's own".to_owned() } else { said.join(", ") };
    let wasted = all.wasted_service.map(|share| format!(", {} of the work was wasted", percent(share)));
    let (outlived, executions) =
        (count(all.lease_expired.unwrap_or(0)), counted(all.executions, "execution"));
    format!("{lease}{against}: {outlived} of {executions} outlived it{}", wasted.unwrap_or_default())
}

/// The leases that the scenario names, each once.
fn leases_said(plan: &Value) -> Vec<String> {
    let groups = plan.get("agents").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut said: Vec<String> = Vec::new();
    for lease in groups.iter().filter_map(|group| group.get("consumer")?.get("lease")?.as_str()) {
        let text = parse_duration(lease).map_or_else(|_| lease.to_owned(), human_duration);
        if !said.contains(&text) {
            said.push(text);
        }
    }
    said
}

/// Such as "; p50 2.7 s, p99 18.7 s, max 38.1 s".
fn times(times: &Times) -> String {
    let parts = [("p50", times.p50_ns), ("p99", times.p99_ns), ("max", times.max_ns)];
    let shown: Vec<String> =
        parts.iter().filter_map(|(name, ns)| Some(format!("{name} {}", span((*ns)?)))).collect();
    if shown.is_empty() { String::new() } else { format!("; {}", shown.join(", ")) }
}
