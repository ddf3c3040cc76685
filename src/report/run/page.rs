//! A run as a page: the same sections as its summary, each under a heading, with charts and every row.

use super::{agents, charts, consumers, limits, notices, summary, times, traffic, verdict};
use crate::chart::Chart;
use crate::report::document::{Element, Folded, Heading};
use crate::report::number::count;
use crate::report::table::{Column, Table};
use crate::results::Run;

/// The page of one run, under a heading of this level.
pub(in crate::report) fn of_page(run: &Run, level: usize, id: &str) -> Vec<Element> {
    let Element::Heading(title) = summary::heading(run) else { unreachable!("a heading is a heading") };
    let mut page = vec![Element::Heading(Heading { level, id: id.to_owned(), ..title })];
    page.extend(verdict::section(run));
    page.push(Element::Warnings(run.warnings.clone()));
    let mut add = |title: &str, elements: Vec<Element>| {
        if !elements.is_empty() {
            let heading = Heading { level: level + 1, text: title.to_owned(), ..Heading::default() };
            page.push(Element::Heading(heading));
            page.extend(elements);
        }
    };
    let drawn = |chart: Option<Chart>| chart.map(|chart| Element::Chart(Box::new(chart)));

    let mut messages: Vec<Element> = drawn(charts::ledger(run)).into_iter().collect();
    messages.extend(drawn(charts::copies(run)));
    messages.extend(traffic::section(run));
    messages.extend(reasons(run));
    add("What became of the messages", messages);

    let mut timed = times::tables(run, true);
    timed.extend(drawn(charts::percentiles(run)));
    timed.extend(drawn(charts::percentiles_by_type(run)));
    add("Times", timed);

    add("The course of the run", drawn(charts::course(run)).into_iter().collect());

    let mut work: Vec<Element> = drawn(charts::executions(run)).into_iter().collect();
    work.extend(consumers::section(run));
    add("The work of consumers", work);

    add("What limits the run", limits::section(run));
    add("Agents", agents::section(run, true));

    let mut noticed = notices::notices(run);
    noticed.extend(notices::outages(run, true));
    add("Notices", noticed);

    let mut origin = vec![summary::speed(run)];
    origin.extend(summary::origin(run));
    let plan = serde_json::to_string_pretty(&run.plan).expect("a plan is plain data");
    origin.push(folded("The scenario as it was played", plan));
    if run.core.stats.as_object().is_some_and(|stats| !stats.is_empty()) {
        let stats = serde_json::to_string_pretty(&run.core.stats).expect("figures are plain data");
        origin.push(folded("What the core tells of itself", stats));
    }
    add("Where it comes from", origin);
    page
}

/// A text of many lines that is shown to who asks for it.
pub(in crate::report) fn folded(title: &str, text: String) -> Element {
    Element::Folded(Folded { title: title.to_owned(), elements: vec![Element::Verbatim(text)] })
}

/// Why messages and attempts ended without success, most frequent first; none if there is only what a line has said.
fn reasons(run: &Run) -> Option<Element> {
    let ledger = &run.ledger;
    let of_messages = ledger.by_reason.iter().flat_map(|(class, reasons)| {
        reasons.iter().map(move |(reason, number)| (class.replace('_', "-"), reason, *number))
    });
    let of_attempts =
        ledger.attempts_by_reason.iter().map(|(reason, number)| ("attempt".to_owned(), reason, *number));
    let mut rows: Vec<(String, &String, u64)> =
        of_messages.chain(of_attempts).filter(|row| row.2 > 0).collect();
    if rows.is_empty() {
        return None;
    }
    rows.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (&a.0, a.1).cmp(&(&b.0, b.1))));
    let columns =
        vec![Column::texts("ended as", 0), Column::texts("reason", 0), Column::numbers("number", 0)];
    let mut table = Table::new(1, columns);
    rows.into_iter().for_each(|(class, reason, number)| table.row([class, reason.clone(), count(number)]));
    Some(Element::Table(table))
}
