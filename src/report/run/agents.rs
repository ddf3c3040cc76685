//! The agents: how much each sent and how much was addressed to it, one row for each.

use crate::plan::units::human_duration;
use crate::report::document::Element;
use crate::report::number::{NOTHING, count, percent};
use crate::report::table::{Column, Table, rows_max};
use crate::results::{AgentFigures, Consumption, Run};
use std::cmp::Ordering;

/// The recipient's name of a message to every agent.
const ALL: &str = "ALL";

/// The table of agents; a table of groups if there are too many agents.
pub(super) fn section(run: &Run, full: bool) -> Vec<Element> {
    let mut rows: Vec<(&String, &AgentFigures)> = run.by_agent.iter().collect();
    rows.sort_by(|a, b| natural(a.0, b.0));
    let agents: u64 = run.by_agent.values().chain(run.by_group.values()).map(|figures| figures.agents).sum();
    if agents == 0 {
        return Vec::new();
    }
    if let Some(consumers) = &run.consumers {
        return vec![Element::Table(working(&rows, consumers, agents, full))];
    }
    let of_copies = run.is_of_copies();
    let mut table = Table::new(
        1,
        vec![
            Column::texts("agent", 0),
            Column::numbers("sent", 0),
            Column::numbers(if of_copies { "taken over" } else { "delivered" }, 0),
            Column::numbers("addressed", 0),
            Column::numbers(if of_copies { "received" } else { "mean time" }, 1),
            Column::numbers("last active", 2),
        ],
    );
    let shown = rows_max(full).min(rows.len());
    for (name, figures) in &rows[..shown] {
        let received = || run.by_recipient.get(*name).and_then(|figures| figures.received);
        let last = match of_copies {
            true => received().map_or(NOTHING.to_owned(), count),
            false => mean_time(figures),
        };
        table.row(row(name, figures, last));
    }
    let to_all = run.by_recipient.get(ALL).map_or(0, |figures| figures.addressed);
    if to_all > 0 {
        let mut cells = vec![ALL.to_owned(), String::new(), String::new(), count(to_all)];
        cells.resize(6, String::new());
        table.row(cells);
    }
    table.more = agents.saturating_sub(shown as u64);
    vec![Element::Table(table)]
}

/// The table where agents work on what they receive.
fn working(rows: &[(&String, &AgentFigures)], consumers: &Consumption, agents: u64, full: bool) -> Table {
    let mut table = Table::new(
        1,
        vec![
            Column::texts("agent", 0),
            Column::numbers("sent", 0),
            Column::numbers("delivered", 1),
            Column::numbers("executions", 0),
            Column::numbers("busy", 0),
            Column::numbers("held", 2),
        ],
    );
    let shown = rows_max(full).min(rows.len());
    for (name, figures) in &rows[..shown] {
        let work = consumers.by_agent.get(*name);
        let held = work.and_then(|work| work.held_mean_ns);
        table.row(vec![
            (*name).clone(),
            count(figures.counts.generated),
            figures.success_rate.map_or(NOTHING.to_owned(), percent),
            work.map_or(NOTHING.to_owned(), |work| count(work.executions)),
            work.map_or(NOTHING.to_owned(), |work| percent(work.busy)),
            held.map_or(NOTHING.to_owned(), |ns| human_duration(ns.round() as u64)),
        ]);
    }
    table.more = agents.saturating_sub(shown as u64);
    table
}

fn mean_time(figures: &AgentFigures) -> String {
    figures.total.mean_ns.map_or(NOTHING.to_owned(), |ns| human_duration(ns.round() as u64))
}

/// One row; `last` is the text of the last column but one.
fn row(name: &str, figures: &AgentFigures, last: String) -> Vec<String> {
    vec![
        name.to_owned(),
        count(figures.counts.generated),
        figures.success_rate.map_or(NOTHING.to_owned(), percent),
        count(figures.addressed),
        last,
        figures.last_activity_ns.map_or(NOTHING.to_owned(), human_duration),
    ]
}

/// Orders names with numbers by number: Agent-2 before Agent-10.
fn natural(a: &str, b: &str) -> Ordering {
    let split = |name: &str| {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        (name[..stem].to_owned(), name[stem..].parse::<u64>().ok())
    };
    split(a).cmp(&split(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["Agent-10", "Agent-2", "boss", "Agent-1", "Agent-02"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["Agent-1", "Agent-02", "Agent-2", "Agent-10", "boss"]);
    }
}
