//! Checks: `FIGURE OP VALUE` or `FIGURE OP FIGURE`.

use crate::plan::figure_path::{FigureFault, FigureKind, FigureNames, parse_figure};
use crate::plan::figure_words::is_error_rate;
use crate::plan::units::{parse_duration, parse_rate, parse_share};
use crate::plan::{Check, Comparator, Literal, Operand};

/// Reads a check and resolves it against a plan's names.
///
/// # Errors
/// No operator, an unknown figure, or a value of another kind than the figure's.
pub fn parse_check(text: &str, names: &FigureNames<'_>) -> Result<Check, FigureFault> {
    let Some((left, comparison, right)) = split(text) else {
        let equal = text.split_once('=').map(|(left, right)| format!("{} == {}", left.trim(), right.trim()));
        return Err(FigureFault {
            title: "a check needs an operator".to_owned(),
            expected: "FIGURE OP VALUE, such as `total.p99 < 100ms`, with one of < <= > >= == !=".to_owned(),
            help: equal.and_then(|equal| proposed(equal, names)),
        });
    };
    missing_side(left, comparison, right)?;
    let turned = [("=", Comparator::Less, "<="), ("=", Comparator::Greater, ">=")];
    if let Some((_, _, sign)) =
        turned.into_iter().find(|(end, turned, _)| left.ends_with(end) && *turned == comparison)
    {
        let left = left.trim_end_matches('=').trim();
        return Err(FigureFault {
            title: "unknown operator".to_owned(),
            expected: "one of < <= > >= == !=".to_owned(),
            help: proposed(format!("{left} {sign} {right}"), names),
        });
    }
    let figure = parse_figure(left, names).map_err(|fault| match opposite(left, comparison, right) {
        Some(meant) => FigureFault { help: proposed(meant, names), ..fault },
        None => fault,
    })?;
    let kind = figure.kind().unwrap_or(FigureKind::Count);
    let is_value = right.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    let operand = if is_value {
        Operand::Literal(parse_literal(right, kind, left)?)
    } else {
        let other = parse_figure(right, names)?;
        let other_kind = other.kind().unwrap_or(FigureKind::Count);
        if other_kind != kind {
            return Err(FigureFault {
                title: format!("`{left}` and `{right}` cannot be compared"),
                expected: format!("a figure of the same kind, or {}", kind.example()),
                help: None,
            });
        }
        Operand::Figure(other)
    };
    Ok(Check { text: text.trim().to_owned(), figure, comparison, operand })
}

/// A check to write instead, if it is one.
fn proposed(check: String, names: &FigureNames<'_>) -> Option<String> {
    parse_check(&check, names).is_ok().then(|| format!("write `{check}`"))
}

/// A check that has nothing on one side of its operator.
fn missing_side(left: &str, comparison: Comparator, right: &str) -> Result<(), FigureFault> {
    let sign =
        Comparator::ALL.into_iter().find(|(_, known)| *known == comparison).map_or("", |(sign, _)| sign);
    let title = match (left.is_empty(), right.is_empty()) {
        (true, _) => format!("a figure is missing before `{sign}`"),
        (_, true) => format!("a value is missing after `{sign}`"),
        _ => return Ok(()),
    };
    let expected = "FIGURE OP VALUE, such as `total.p99 < 100ms`".to_owned();
    Err(FigureFault { title, expected, help: None })
}

/// "success_rate >= 99%" for "error_rate < 1%".
fn opposite(left: &str, comparison: Comparator, right: &str) -> Option<String> {
    if !is_error_rate(left) {
        return None;
    }
    let sign = match comparison {
        Comparator::Less | Comparator::LessOrEqual => ">=",
        Comparator::Greater | Comparator::GreaterOrEqual => "<=",
        Comparator::Equal => "==",
        Comparator::NotEqual => "!=",
    };
    // In hundred-thousandths of a percent, so that 100 % − 0.1 % is 99.9 %.
    let share = parse_share(right).ok()?;
    let percent = ((1.0 - share) * 1e7).round() / 1e5;
    Some(format!("success_rate {sign} {percent}%"))
}

/// Splits at the first operator outside double quotes.
fn split(text: &str) -> Option<(&str, Comparator, &str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        }
        if quoted {
            continue;
        }
        for (sign, comparison) in Comparator::ALL {
            if let Some(right) = text[at..].strip_prefix(sign) {
                return Some((text[..at].trim(), comparison, right.trim()));
            }
        }
    }
    None
}

fn parse_literal(text: &str, kind: FigureKind, figure: &str) -> Result<Literal, FigureFault> {
    let (literal, help) = match kind {
        FigureKind::Times | FigureKind::Duration => match parse_duration(text) {
            Ok(ns) => (Some(Literal::Duration(ns as f64)), None),
            Err(error) => (None, error.help),
        },
        FigureKind::Share => match parse_share(text) {
            Ok(share) => (Some(Literal::Share(share)), None),
            Err(error) => (None, error.help),
        },
        FigureKind::Rate => match parse_rate(text) {
            Ok(rate) => (Some(Literal::Rate(rate.per_s)), None),
            Err(error) => (None, error.help),
        },
        FigureKind::Count => {
            let count = text.replace('_', "").parse::<f64>().ok();
            (count.filter(|count| count.is_finite()).map(Literal::Count), None)
        }
    };
    literal.ok_or_else(|| FigureFault {
        title: format!("`{figure}` cannot be compared with `{text}`"),
        expected: kind.example().to_owned(),
        help,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AgentNames, Figure, Scope};

    fn names() -> FigureNames<'static> {
        let mut agents = AgentNames::default();
        agents.add("Agent", 9, true);
        FigureNames { types: vec!["direct", "hard_onboard"], agents, phases: vec!["calm", "peak"] }
    }

    #[test]
    fn checks_are_read() {
        let check = parse_check("by_agent[\"Agent-1\"].total.p99 < 100ms", &names()).unwrap();
        assert_eq!(check.figure.scope, Scope::Agent("Agent-1".to_owned()));
        assert_eq!(check.operand, Operand::Literal(Literal::Duration(1e8)));
        let check = parse_check("success_rate>=99.9%", &names()).unwrap();
        assert_eq!(check.operand, Operand::Literal(Literal::Share(0.999)));
        let check = parse_check("phases.calm.total.p50 <= phases.peak.total.p50", &names()).unwrap();
        let figure = Figure {
            scope: Scope::Phase("peak".to_owned()),
            name: "total".to_owned(),
            statistic: Some("p50".to_owned()),
        };
        assert_eq!(check.operand, Operand::Figure(figure));
        for right in
            ["throughput > 20/s", "generated == 900", "duration == 9.8s", "by_recipient.ALL.delivered > 1"]
        {
            parse_check(right, &names()).unwrap();
        }
    }

    #[test]
    fn a_check_in_the_words_of_another_tool_says_how_it_is_written() {
        for (text, meant) in [
            ("p99 < 100ms", "total.p99"),
            ("latency.p99 < 100ms", "total.p99"),
            ("error_rate < 1%", "success_rate >= 99%"),
            ("error_rate <= 0.001", "success_rate >= 99.9%"),
            ("failure_rate == 0", "success_rate == 100%"),
            ("total.p99.9 < 1s", "total.p999"),
            ("total.median < 1s", "total.p50"),
            ("by_type.direct.total.median < 1s", "by_type.direct.total.p50"),
            ("by_type.direct.total.p99.9 < 1s", "by_type.direct.total.p999"),
            ("success_rate = 100%", "success_rate == 100%"),
            ("total.p99 =< 100ms", "total.p99 <= 100ms"),
            ("success_rate => 99%", "success_rate >= 99%"),
        ] {
            let fault = parse_check(text, &names()).unwrap_err();
            assert_eq!(fault.help.as_deref(), Some(format!("write `{meant}`").as_str()), "{text}: {fault:?}");
            // What is proposed is right itself.
            let whole = if meant.contains(' ') { meant.to_owned() } else { format!("{meant} < 100ms") };
            assert!(parse_check(&whole, &names()).is_ok(), "{whole}");
        }
    }

    #[test]
    fn what_is_no_check_is_not_proposed() {
        for text in ["colour = red", "success_rate = ", "total.p99 =< much", "20/s"] {
            assert_eq!(parse_check(text, &names()).unwrap_err().help, None, "{text}");
        }
    }

    #[test]
    fn what_is_no_check_says_why() {
        for (text, word) in [
            ("total.p99", "operator"),
            ("totl.p99 < 1s", "unknown figure `totl`"),
            ("total.p98 < 1s", "unknown statistic `p98`"),
            ("total < 1s", "lacks a statistic"),
            ("total.p99 < 5", "cannot be compared"),
            ("success_rate > 99", "cannot be compared"),
            ("generated < 5ms", "cannot be compared"),
            ("total.p99 < success_rate", "cannot be compared"),
            ("by_type.direkt.generated > 1", "unknown message type"),
            ("by_agent[\"Agent-10\"].generated > 1", "unknown agent"),
            ("phases.clam.generated > 1", "unknown phase"),
            ("by_agent[\"Agent-1\"].queue_wait.p99 < 1s", "unknown figure"),
            ("generated.p99 > 1", "no statistics"),
            ("< 5", "a figure is missing before `<`"),
            ("total.p99 <", "a value is missing after `<`"),
            ("success_rate >= ", "a value is missing after `>=`"),
        ] {
            let fault = parse_check(text, &names()).unwrap_err();
            assert!(fault.title.contains(word), "{text}: {fault:?}");
        }
    }
}
