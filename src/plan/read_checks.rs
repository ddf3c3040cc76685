//! Checks: `FIGURE OP VALUE` or `FIGURE OP FIGURE`.

use super::figure_path::{FigureFault, FigureKind, FigureNames, parse_figure};
use super::units::{parse_duration, parse_rate, parse_share};
use super::{Check, Comparison, Literal, Operand};

/// Reads a check and resolves it against a plan's names.
///
/// # Errors
/// No operator, an unknown figure, or a value of another kind than the figure's.
pub fn parse_check(text: &str, names: &FigureNames<'_>) -> Result<Check, FigureFault> {
    let Some((left, comparison, right)) = split(text) else {
        return Err(FigureFault {
            title: "a check needs an operator".to_owned(),
            expected: "FIGURE OP VALUE, such as `total.p99 < 100ms`, with one of < <= > >= == !=".to_owned(),
            help: None,
        });
    };
    let figure = parse_figure(left, names)?;
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

/// Splits at the first operator outside double quotes.
fn split(text: &str) -> Option<(&str, Comparison, &str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        }
        if quoted {
            continue;
        }
        for (sign, comparison) in Comparison::ALL {
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
    use super::super::{Figure, Names, Scope};
    use super::*;

    fn names() -> FigureNames<'static> {
        let mut agents = Names::default();
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
            ("< 5", "names no figure"),
        ] {
            let fault = parse_check(text, &names()).unwrap_err();
            assert!(fault.title.contains(word), "{text}: {fault:?}");
        }
    }
}
