//! The counts of the receiver's ledger, the causes of lost copies, and the first lost copies by name.

use crate::plan::units::human_duration;
use crate::report::document::{Element, Labelled, TIGHT};
use crate::report::number::{count, counted, rate, span};
use crate::results::{Copies, LostBy, NamedCopy, Run};

/// The most copies of a class that are named.
const NAMED: usize = 5;

/// The lines about copies.
pub(super) fn section(run: &Run, copies: &Copies) -> Vec<Element> {
    let mut lines = vec![Labelled::new("received", received(run, copies))];
    let mut add = |text: String| lines.push(Labelled::new("", text));
    if !copies.altered.is_empty() {
        let fields = copies.altered.iter().map(|(fields, number)| format!("{} ({fields})", count(*number)));
        add(format!("altered: {}", fields.collect::<Vec<_>>().join("; ")));
    }
    // Duplicates and a wrong order are named only if the core promises to avoid them, or is a processor under test.
    let asked = |capability: &str| run.can(capability) || run.can("PROCESSES");
    for (class, is_told, all, names) in [
        ("lost", true, copies.lost + copies.missing, &copies.named.lost),
        ("duplicated", asked("EXACTLY_ONCE"), copies.duplicated, &copies.named.duplicated),
        ("out of order", asked("ORDERED"), copies.out_of_order.unwrap_or(0), &copies.named.out_of_order),
        ("given up", true, copies.given_up, &copies.named.given_up),
    ] {
        if !is_told {
            continue;
        }
        let by = copies.lost_by.iter().filter(|_| class == "lost").map(lost_by);
        let parts: Vec<String> = by.chain((!names.is_empty()).then(|| first_of(names, all))).collect();
        if !parts.is_empty() {
            add(format!("{class}: {}", parts.join(": ")));
        }
    }
    lines.into_iter().map(Element::Labelled).collect()
}

/// The counts, such as "1,204 of 1,210 copies: 6 lost, 2 duplicated; end to end p50 5.5 ms, max 12 ms".
fn received(run: &Run, copies: &Copies) -> String {
    let mut text = format!("{} of {} copies", count(copies.received), count(copies.expected));
    if let Some(per_s) = run.figures.throughput_per_s.filter(|_| run.is_of_copies()) {
        text.push_str(&format!(", {} in the measured time", rate(per_s)));
    }
    let classes = [
        ("lost", copies.lost),
        ("missing", copies.missing),
        ("given up", copies.given_up),
        ("duplicated", copies.duplicated),
        ("recovered", copies.recovered),
        ("unexpected", copies.unexpected),
        ("without a stamp", copies.unstamped),
        ("corrupted", copies.corrupted),
        ("altered", copies.altered.values().sum()),
        ("out of order", copies.out_of_order.unwrap_or(0)),
        ("too late to tell", copies.late),
        ("of another run", copies.foreign),
    ];
    let seen: Vec<String> = classes
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(name, number)| format!("{}{TIGHT}{}", count(*number), name.replace(' ', &TIGHT.to_string())))
        .collect();
    if !seen.is_empty() {
        text.push_str(&format!(": {}", seen.join(", ")));
    }
    if copies.out_of_order.is_none() {
        text.push_str("; too many pairs to tell their order");
    }
    if copies.failed_calls > 0 {
        text.push_str(&format!("; {} of the injected core failed", counted(copies.failed_calls, "call")));
    }
    let times = &run.figures.end_to_end;
    if let (Some(p50), Some(max)) = (times.p50_ns, times.max_ns) {
        text.push_str(&format!("; end to end p50 {}, max {}", human_duration(p50), human_duration(max)));
    }
    text
}

/// The causes of lost copies, such as "3 never tried, 2 tried and given up".
fn lost_by(by: &LostBy) -> String {
    let parts = [
        ("never tried", by.never_tried),
        ("tried and given up", by.tried_and_given_up),
        ("sent, but not to whom they were for", by.sent_but_not_received),
    ];
    let told = parts.iter().filter(|(_, number)| *number > 0);
    told.map(|(name, number)| format!("{} {name}", count(*number))).collect::<Vec<_>>().join(", ")
}

/// The first copies by name, such as "Agent-1 to Agent-2 no. 14 (direct, due 1.2 s); …; and 95 more".
fn first_of(names: &[NamedCopy], all: u64) -> String {
    let mut parts: Vec<String> = names.iter().take(NAMED).map(in_words).collect();
    let more = all.saturating_sub(parts.len() as u64);
    if more > 0 {
        parts.push(format!("and {} more", count(more)));
    }
    parts.join("; ")
}

fn in_words(name: &NamedCopy) -> String {
    let mut about: Vec<String> = name.r#type.iter().cloned().collect();
    about.extend(name.intended_ns.map(|at_ns| format!("due {}", span(at_ns))));
    if name.failed_calls > 0 {
        about.push(counted(u64::from(name.failed_calls), "failed call"));
    }
    about.extend(name.reason.iter().cloned());
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    format!("{} to {} no. {}{about}", name.sender, name.recipient, name.sequence)
}
