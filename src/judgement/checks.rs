//! Checks, evaluated on results.

use super::bands::{band, is_turned_by_lag};
use crate::plan::{Check, Figure, Literal, Operand};
use crate::results::figures::{human, lookup, number, quantity};
use crate::results::{CheckResult, Run};

/// Evaluates a check. A figure that the run does not have, as for want of samples, does not hold.
pub fn evaluate(run: &Run, check: &Check) -> CheckResult {
    let left = lookup(run, &check.figure);
    let (right, other) = match &check.operand {
        Operand::Literal(literal) => (Some(*literal), None),
        Operand::Figure(figure) => (lookup(run, figure), Some(figure)),
    };
    let holds =
        left.zip(right).is_some_and(|(left, right)| check.comparison.holds(number(left), number(right)));
    let seen = |value: Option<Literal>| value.map_or_else(|| "no samples".to_owned(), human);
    let seen = match (left.zip(right), other) {
        (Some((left, right)), None) => quantity(left).shown_beside(quantity(right)),
        (Some((left, right)), Some(_)) => {
            let (left, right) = quantity(left).both_shown(quantity(right));
            format!("{left} against {right}")
        }
        (None, None) => seen(left),
        (None, Some(_)) => format!("{} against {}", seen(left), seen(right)),
    };
    let turned = is_turned_by_lag(run, check);
    let without = |figure: &Figure| band(run, figure).and_then(|band| band.without_lag).map(human);
    let seen = match (turned, without(&check.figure), other.and_then(without)) {
        (false, ..) | (true, None, None) => seen,
        (true, Some(left), None) => format!("{seen}, or {left} without the lag"),
        (true, None, Some(right)) => format!("{seen}, or {right} on the right without the lag"),
        (true, Some(left), Some(right)) => format!("{seen}, or {left} against {right} without the lag"),
    };
    let lag_ns = run.schedule_lag.max_ns.unwrap_or(0);
    let undecided =
        turned.then(|| format!("messages were sent up to {} late", human(Literal::Duration(lag_ns as f64))));
    CheckResult { expression: check.text.clone(), holds, seen, undecided, note: note(run, check) }
}

/// Figures that end where a core takes a message over.
const ENDS_AT_THE_HAND_OVER: [&str; 7] =
    ["total", "total_all", "delivery", "success_rate", "attempt_success_rate", "delivered_rate", "delivered"];

/// What a figure covers that ends where a core only takes messages over, and what goes on beyond it.
fn note(run: &Run, check: &Check) -> Option<String> {
    let other = match &check.operand {
        Operand::Figure(figure) => Some(figure),
        Operand::Literal(_) => None,
    };
    let ends_early = |figure: &&Figure| ENDS_AT_THE_HAND_OVER.contains(&figure.name.as_str());
    let figure = std::iter::once(&check.figure).chain(other).find(ends_early)?;
    if !run.is_of_copies() || !run.can("STORES") {
        return None;
    }
    let covered = "it covers messages until the core took them over";
    let Some(statistic) = figure.statistic.as_deref().filter(|statistic| *statistic != "count") else {
        let copies = run.ledger.copies.as_ref()?;
        let shown = |number: u64| human(Literal::Count(number as f64));
        let (received, expected) = (shown(copies.received), shown(copies.expected));
        return Some(format!("{covered}; received: {received} of {expected} copies"));
    };
    let received = Figure { name: "end_to_end".to_owned(), ..figure.clone() };
    let seen = lookup(run, &received).map_or_else(|| "no samples".to_owned(), human);
    Some(format!("{covered}; until received: end_to_end.{statistic} is {seen}"))
}
