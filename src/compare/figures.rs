//! The figures that are compared: which, in what unit, and which way is better.

use crate::plan::{Figure, FigureKind, Literal};
use crate::results::comparisons::Direction;

/// The figures that get a verdict unless others are named.
pub const PRIMARY: [&str; 9] = [
    "throughput",
    "success_rate",
    "total.mean",
    "total.p50",
    "total.p99",
    "total_all.p99",
    "delivery.mean",
    "delivery.p99",
    "queue_wait.mean",
];

/// The same where a core takes part that only takes messages over (STORES).
pub const PRIMARY_OF_COPIES: [&str; 9] = [
    "throughput",
    "success_rate",
    "end_to_end.mean",
    "end_to_end.p50",
    "end_to_end.p99",
    "lost",
    "duplicated",
    "total.mean",
    "total.p99",
];

/// Which way a figure is better; none where it only tells what was asked for.
pub fn direction(figure: &Figure) -> Option<Direction> {
    if figure.statistic.as_deref() == Some("count") {
        return None;
    }
    match figure.name.as_str() {
        "throughput"
        | "delivered_rate"
        | "success_rate"
        | "attempt_success_rate"
        | "delivered"
        | "received"
        | "completed" => Some(Direction::Higher),
        "offered" | "generated" | "addressed" | "answered" | "expected" | "foreign" | "window"
        | "skipped" | "last_activity" | "executions" | "busy" | "service" => None,
        _ => Some(Direction::Lower),
    }
}

/// The unit of a figure's values, as it is saved.
pub fn unit(figure: &Figure) -> &'static str {
    match figure.kind() {
        Some(FigureKind::Times | FigureKind::Duration) => "ns",
        Some(FigureKind::Rate) => "per_s",
        Some(FigureKind::Share) => "share",
        Some(FigureKind::Count) | None => "count",
    }
}

/// A figure's value from its bare number.
pub fn literal(figure: &Figure, number: f64) -> Literal {
    match unit(figure) {
        "ns" => Literal::Duration(number),
        "per_s" => Literal::Rate(number),
        "share" => Literal::Share(number),
        _ => Literal::Count(number),
    }
}

/// The bare number of a value; none if it is no number that can be compared.
pub fn number(value: Literal) -> Option<f64> {
    let (Literal::Duration(number) | Literal::Rate(number) | Literal::Share(number) | Literal::Count(number)) =
        value;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{FIGURES, FigureNames, parse_figure};

    #[test]
    fn less_waiting_and_more_success_are_better() {
        let seen = |text: &str| direction(&parse_figure(text, &FigureNames::default()).unwrap());
        for text in ["total.p99", "queue_wait.mean", "failed", "lost", "out_of_order", "retries", "duration"]
        {
            assert_eq!(seen(text), Some(Direction::Lower), "{text}");
        }
        for text in ["throughput", "success_rate", "delivered"] {
            assert_eq!(seen(text), Some(Direction::Higher), "{text}");
        }
        for text in ["offered", "generated", "total.count"] {
            assert_eq!(seen(text), None, "{text}");
        }
    }

    #[test]
    fn primary_figures_exist() {
        for text in PRIMARY.into_iter().chain(PRIMARY_OF_COPIES) {
            let figure = parse_figure(text, &FigureNames::default()).unwrap();
            assert!(FIGURES.iter().any(|known| known.name == figure.name) && direction(&figure).is_some());
        }
    }
}
