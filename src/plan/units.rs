//! Quantities as the SDK reads them. What is none says what was meant with all that was written, or says nothing: a part
//! of a text is never taken for the whole.

use mqscript_plugin::units as sdk;
pub use mqscript_plugin::units::*;

const TOO_LONG: &str = "the longest duration is 366 days (366d)";
const TOO_HIGH: &str = "the highest rate is 1000000000/s";
/// Numbers that are written out in a proposal.
const WRITTEN_OUT: std::ops::Range<f64> = 1e-6..1e15;
/// From here on a share above 1 is taken for percent: "95" is 95 %, whereas "2" may be meant to be above all.
const PERCENT_FROM: f64 = 10.0;

/// As the SDK's, with help for the whole of the text.
///
/// # Errors
/// As the SDK's.
pub fn parse_duration(text: &str) -> Result<u64, UnitError> {
    sdk::parse_duration(text).map_err(|error| helped(error, duration_help(text.trim())))
}

/// As the SDK's, with help for the whole of the text.
///
/// # Errors
/// As the SDK's.
pub fn parse_rate(text: &str) -> Result<Rate, UnitError> {
    sdk::parse_rate(text).map_err(|error| helped(error, rate_help(text.trim())))
}

/// As the SDK's, with help that does not make a small share of one that is too large.
///
/// # Errors
/// As the SDK's.
pub fn parse_share(text: &str) -> Result<f64, UnitError> {
    sdk::parse_share(text).map_err(|error| helped(error, share_help(text.trim())))
}

/// As [`parse_share`], of a bare number.
///
/// # Errors
/// Outside 0 … 1, or NaN.
pub fn share_from_number(number: f64) -> Result<f64, UnitError> {
    sdk::share_from_number(number).map_err(|error| helped(error, share_help(&number.to_string())))
}

/// Help of ours goes before the SDK's.
fn helped(error: UnitError, help: Option<String>) -> UnitError {
    UnitError { help: help.or(error.help), ..error }
}

/// A number in a text, with what follows it up to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part<'t> {
    number: f64,
    exponent: bool,
    unit: &'t str,
    /// What stands between the unit and the next number.
    behind: &'t str,
}

/// The numbers of a text that begins with one.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((number, exponent, after)) = number(rest) {
        let next = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (tail, following) = after.split_at(next);
        let named = tail.trim_start();
        let end = named.find(|c: char| !(c.is_alphabetic() || c == '/' || c == '%')).unwrap_or(named.len());
        let (unit, behind) = named.split_at(end);
        parts.push(Part { number, exponent, unit, behind: behind.trim() });
        rest = following;
    }
    parts
}

/// The number at the beginning of a text, whether it has an exponent, and what follows.
fn number(text: &str) -> Option<(f64, bool, &str)> {
    let digits = |text: &str| text.find(|c: char| !(c.is_ascii_digit() || c == '_')).unwrap_or(text.len());
    let mut end = digits(text);
    if text[end..].starts_with('.') && text[end + 1..].starts_with(|c: char| c.is_ascii_digit()) {
        end += 1 + digits(&text[end + 1..]);
    }
    let power =
        text[end..].strip_prefix(['e', 'E']).map(|power| power.strip_prefix(['+', '-']).unwrap_or(power));
    let power = power.filter(|power| power.starts_with(|c: char| c.is_ascii_digit()));
    let whole = power.map_or(end, |power| text.len() - power.len() + digits(power));
    let value = text[..whole].replace('_', "").parse().ok()?;
    Some((value, power.is_some(), &text[whole..]))
}

/// Whether a text is a number below zero, with or without a unit.
fn negative(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| number(rest).is_some_and(|(number, ..)| number > 0.0))
}

/// The whole text with its number written out, and what reads it says to that: "1e3s" is "1000s".
fn written_out<T>(
    text: &str,
    parts: &[Part<'_>],
    too_much: &str,
    read: impl FnOnce(&str) -> Result<T, UnitError>,
) -> Option<String> {
    let [part] = parts else { return None };
    if !part.exponent {
        return None;
    }
    if !WRITTEN_OUT.contains(&part.number) {
        return (part.number > 1.0).then(|| too_much.to_owned());
    }
    let (.., tail) = number(text)?;
    let plain = format!("{}{tail}", part.number);
    read(&plain).map_or_else(|error| error.help, |_| Some(format!("write \"{plain}\"")))
}

/// A quantity with its unit as it is written, where the unit is known at least by a name that people give it.
fn named<T>(number: f64, unit: &str, read: fn(&str) -> Result<T, UnitError>) -> Option<String> {
    let text = format!("{number}{unit}");
    match read(&text) {
        Ok(_) => Some(text),
        Err(error) => {
            let help = error.help?;
            help.strip_prefix("write \"")?.strip_suffix('"').map(str::to_owned)
        }
    }
}

/// Each of several quantities by itself; those without a unit have the next one's.
fn each<T>(parts: &[Part<'_>], read: fn(&str) -> Result<T, UnitError>) -> Option<Vec<String>> {
    let last = parts.last()?.unit;
    let quantity = |part: &Part<'_>| {
        let unit = if part.unit.is_empty() { last } else { part.unit };
        named(part.number, unit, read)
    };
    parts.iter().map(quantity).collect()
}

fn or(quantities: &[String]) -> String {
    let quoted: Vec<String> = quantities.iter().map(|quantity| format!("\"{quantity}\"")).collect();
    quoted.join(" or ")
}

fn duration_help(text: &str) -> Option<String> {
    if negative(text) {
        return Some("a duration is not negative".to_owned());
    }
    let parts = parts(text);
    if parts.len() < 2 {
        return written_out(text, &parts, TOO_LONG, parse_duration);
    }
    if let Some(sum) = without_last_unit(&parts) {
        return Some(format!("write \"{sum}\""));
    }
    // "1,5 s" is one time, and so is "1m30s".
    let comma = matches!(parts.as_slice(), [whole, _] if whole.unit.is_empty() && whole.behind == ",");
    let sizes: Option<Vec<u64>> = parts.iter().map(|part| size_of(part.unit)).collect();
    let falling = sizes.is_some_and(|sizes| sizes.is_sorted_by(|one, next| one > next));
    if comma || falling && parts.iter().all(|part| part.behind.is_empty()) {
        return None;
    }
    let one = "a duration is one time";
    Some(
        each(&parts, sdk::parse_duration)
            .map_or_else(|| one.to_owned(), |times| format!("{one}: write {}", or(&times))),
    )
}

/// The nanoseconds of a unit, by any name that people give it.
fn size_of(unit: &str) -> Option<u64> {
    named(1.0, unit, sdk::parse_duration).and_then(|one| sdk::parse_duration(&one).ok())
}

/// "1h30" is an hour and 30 of what comes below hours: "90m".
fn without_last_unit(parts: &[Part<'_>]) -> Option<String> {
    const MINUTE_NS: u64 = 60 * SECOND_NS;
    let [Part { number: large, unit, behind: "", .. }, Part { number: small, unit: "", behind: "", .. }] =
        parts
    else {
        return None;
    };
    let (below, times) = match size_of(unit)? {
        size if size == 1_440 * MINUTE_NS => ("h", 24.0),
        size if size == 60 * MINUTE_NS => ("m", 60.0),
        MINUTE_NS => ("s", 60.0),
        _ => return None,
    };
    named(large * times + small, below, sdk::parse_duration)
}

fn rate_help(text: &str) -> Option<String> {
    if negative(text) {
        return Some("a rate is not negative".to_owned());
    }
    let parts = parts(text);
    if let [part, span] = parts.as_slice()
        && part.unit == "/"
        && span.number > 0.0
    {
        return named(part.number / span.number, &format!("/{}", span.unit), sdk::parse_rate)
            .map(|rate| format!("write \"{rate}\""));
    }
    if parts.len() < 2 {
        return written_out(text, &parts, TOO_HIGH, parse_rate);
    }
    let one = "a rate is one number";
    Some(each(&parts, sdk::parse_rate).map_or_else(
        || one.to_owned(),
        |rates| format!("{one}: write {}; between two it goes with `ramp`", or(&rates)),
    ))
}

fn share_help(text: &str) -> Option<String> {
    if negative(text) {
        return Some("a share is not negative".to_owned());
    }
    let parts = parts(text);
    let [Part { number, unit, behind: "", .. }] = parts.as_slice() else { return None };
    match *unit {
        "%" | "percent" | "pct" if *number > 100.0 => Some("a share is at most 100%".to_owned()),
        "" if *number > 1.0 && !(PERCENT_FROM..=100.0).contains(number) => {
            Some("a share is at most 1, which is 100%".to_owned())
        }
        "%" => written_out(text, &parts, "a share is at most 100%", parse_share),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration(text: &str) -> String {
        parse_duration(text).unwrap_err().help.unwrap_or_default()
    }

    fn rate(text: &str) -> String {
        parse_rate(text).unwrap_err().help.unwrap_or_default()
    }

    #[test]
    fn a_part_of_a_duration_is_not_proposed_for_the_whole() {
        let one_time = "a duration is one time: write \"1ms\" or \"5ms\"";
        for text in
            ["1ms..5ms", "1ms...5ms", "1..5ms", "1-5ms", "1ms-5ms", "1ms, 5ms", "1ms 5ms", "1 ms to 5 msec"]
        {
            assert_eq!(duration(text), one_time, "{text}");
        }
        for (text, help) in [
            ("1h30", "write \"90m\""),
            ("1m30", "write \"90s\""),
            ("1d12", "write \"36h\""),
            ("1m30s", "write \"90s\""),
            ("1,5 s", "write \"1.5s\""),
            ("60 sec", "write \"60s\""),
            ("1e3s", "write \"1000s\""),
            ("1e-3 s", "write \"0.001 s\""),
            ("1e12s", TOO_LONG),
            ("1e300s", TOO_LONG),
            ("-1", "a duration is not negative"),
            ("-1s", "a duration is not negative"),
            ("5 parsecs", "there is no unit `parsecs`"),
            ("5", "5 what? write \"5ms\" or \"5s\""),
        ] {
            assert_eq!(duration(text), help, "{text}");
        }
    }

    #[test]
    fn a_part_of_a_rate_is_not_proposed_for_the_whole() {
        for (text, help) in [
            ("1e12/s", TOO_HIGH),
            ("1e300/s", TOO_HIGH),
            ("1e3/s", "write \"1000/s\""),
            ("1e9s", "write \"1000000000/s\""),
            ("20/2s", "write \"10/s\""),
            (
                "10/s..20/s",
                "a rate is one number: write \"10/s\" or \"20/s\"; between two it goes with `ramp`",
            ),
            ("10..20/s", "a rate is one number: write \"10/s\" or \"20/s\"; between two it goes with `ramp`"),
            ("20 per second", "write \"20/s\""),
            ("-1", "a rate is not negative"),
            ("-1/s", "a rate is not negative"),
            ("20", "20 per what? write \"20/s\""),
        ] {
            assert_eq!(rate(text), help, "{text}");
        }
    }

    #[test]
    fn a_share_that_is_too_large_is_not_made_small() {
        for (text, help) in [
            ("101%", "a share is at most 100%"),
            ("120 %", "a share is at most 100%"),
            ("2", "a share is at most 1, which is 100%"),
            ("150", "a share is at most 1, which is 100%"),
            ("95", "write \"95%\""),
            ("-5%", "a share is not negative"),
        ] {
            assert_eq!(parse_share(text).unwrap_err().help.unwrap(), help, "{text}");
        }
        assert_eq!(share_from_number(2.0).unwrap_err().help.unwrap(), "a share is at most 1, which is 100%");
    }

    #[test]
    fn what_is_proposed_is_accepted() {
        let quoted =
            |help: &str| -> Vec<String> { help.split('"').skip(1).step_by(2).map(str::to_owned).collect() };
        for text in ["1ms..5ms", "1h30", "1e3s", "1,5 s", "7", "2 days", "1e-3 s"] {
            for proposed in quoted(&duration(text)) {
                assert!(parse_duration(&proposed).is_ok(), "{text}: {proposed}");
            }
        }
        for text in ["1e9s", "20/2s", "1/s-2/s", "5", "20 rps total"] {
            for proposed in quoted(&rate(text)) {
                assert!(parse_rate(&proposed).is_ok(), "{text}: {proposed}");
            }
        }
    }
}
