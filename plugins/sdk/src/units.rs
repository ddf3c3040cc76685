//! Quantities as people write them: durations, rates, shares and sizes, with their units in the text.

use std::fmt;

/// Nanoseconds in a second.
pub const SECOND_NS: u64 = 1_000_000_000;
/// Nanoseconds in a millisecond.
pub const MILLISECOND_NS: u64 = 1_000_000;
/// Nanoseconds in a microsecond.
pub const MICROSECOND_NS: u64 = 1_000;

/// The longest duration that is accepted anywhere: 366 days, in nanoseconds.
pub const DURATION_MAX_NS: u64 = 366 * 24 * 3600 * SECOND_NS;
/// The highest rate that is accepted anywhere, per second.
pub const RATE_MAX_PER_S: f64 = 1e9;
/// The largest message content that is accepted anywhere, in bytes (64 MiB).
pub const SIZE_MAX_BYTES: u64 = 64 << 20;

/// A text that is no quantity of the kind expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError {
    /// The value that was found, as it was written.
    pub found: String,
    /// What was expected, with an example.
    pub expected: &'static str,
    /// What to write instead, where it can be guessed.
    pub help: Option<String>,
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.found, self.expected)
    }
}

impl std::error::Error for UnitError {}

const DURATION_EXPECTED: &str = "a duration such as \"5ms\" (ns, us, ms, s, m, h, d)";
const RATE_EXPECTED: &str = "a rate such as \"20/s\" or \"180/s total\" (/s, /m, /h, /d)";
const SHARE_EXPECTED: &str = "a share such as 0.95 or \"95%\"";
const SIZE_EXPECTED: &str = "a size such as \"1KiB\" (B, KB, KiB, MB, MiB)";

fn fail<T>(found: &str, expected: &'static str, help: Option<String>) -> Result<T, UnitError> {
    Err(UnitError { found: found.to_owned(), expected, help })
}

/// Splits "1.5ms" into its number and its unit; `None` if it does not begin with a plain decimal number.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '_')))
        .unwrap_or(text.len());
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    number.is_finite().then(|| (number, text[end..].trim()))
}

fn duration_unit_ns(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        "d" => 86_400e9,
        _ => return None,
    })
}

/// Reads a duration with its unit; the result is in nanoseconds.
///
/// # Errors
/// No number, a missing or unknown unit, a negative value, or more than [`DURATION_MAX_NS`].
pub fn parse_duration(text: &str) -> Result<u64, UnitError> {
    let Some((number, unit)) = split_number(text.trim()) else {
        return fail(text, DURATION_EXPECTED, None);
    };
    if unit.is_empty() {
        let help = format!("{number} what? write \"{number}ms\" or \"{number}s\"");
        return fail(text, DURATION_EXPECTED, Some(help));
    }
    match duration_unit_ns(unit) {
        Some(unit_ns) => duration_from(text, number * unit_ns),
        None => {
            let help = duration_meant(text.trim()).map(|meant| format!("write \"{meant}\""));
            fail(text, DURATION_EXPECTED, help.or_else(|| Some(format!("there is no unit `{unit}`"))))
        }
    }
}

/// The unit under which a duration's unit is known, by a name that people give it.
fn duration_unit_meant(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().trim_end_matches('.') {
        "ns" | "nsec" | "nanos" | "nanosecond" | "nanoseconds" => "ns",
        "us" | "usec" | "micros" | "microsecond" | "microseconds" => "us",
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        _ => return None,
    })
}

/// What was meant by "60 sec", "1m30s", "1,5 s" or "2 days", as it is written.
fn duration_meant(text: &str) -> Option<String> {
    let text = text.replace(',', ".");
    let mut rest = text.as_str();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let number = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (digits, behind) = rest.split_at(number);
        let behind = behind.trim_start();
        let unit = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (name, behind) = behind.split_at(unit);
        let value: f64 = digits.parse().ok()?;
        parts.push(match name.trim().to_lowercase().as_str() {
            "d" | "day" | "days" => (value * 24.0, "h"),
            name => (value, duration_unit_meant(name)?),
        });
        rest = behind;
    }
    match parts.as_slice() {
        [] => None,
        [(value, unit)] => Some(format!("{value}{unit}")),
        several => {
            let ns: f64 =
                several.iter().map(|(value, unit)| value * duration_unit_ns(unit).unwrap_or(0.0)).sum();
            (ns < DURATION_MAX_NS as f64).then(|| canonical_duration(ns.round() as u64))
        }
    }
}

/// The duration that a bare number of seconds stands for, in nanoseconds.
///
/// # Errors
/// Negative, not finite, or more than [`DURATION_MAX_NS`].
pub fn duration_from_seconds(seconds: f64) -> Result<u64, UnitError> {
    duration_from(&seconds.to_string(), seconds * 1e9)
}

fn duration_from(text: &str, ns: f64) -> Result<u64, UnitError> {
    if ns.is_nan() || ns < 0.0 {
        return fail(text, DURATION_EXPECTED, Some("a duration is not negative".to_owned()));
    }
    if ns > DURATION_MAX_NS as f64 {
        return fail(text, DURATION_EXPECTED, Some("the longest duration is 366 days (366d)".to_owned()));
    }
    Ok(ns.round() as u64)
}

/// Whose rate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateScope {
    /// Each agent has this rate.
    Each,
    /// Shared out equally among the agents it is given to.
    Total,
}

/// So many messages a second, from each agent or in all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// The rate, in messages per second.
    pub per_s: f64,
    /// From each agent, or shared out equally.
    pub scope: RateScope,
}

impl Rate {
    /// A rate per agent.
    ///
    /// # Errors
    /// Negative, not finite, or more than [`RATE_MAX_PER_S`].
    pub fn each(per_s: f64) -> Result<Rate, UnitError> {
        rate_from(&per_s.to_string(), per_s, RateScope::Each)
    }
}

fn rate_from(text: &str, per_s: f64, scope: RateScope) -> Result<Rate, UnitError> {
    if per_s.is_nan() || per_s < 0.0 {
        return fail(text, RATE_EXPECTED, Some("a rate is not negative".to_owned()));
    }
    if per_s > RATE_MAX_PER_S {
        return fail(text, RATE_EXPECTED, Some("the highest rate is 1000000000/s".to_owned()));
    }
    Ok(Rate { per_s, scope })
}

/// Reads "20/s", "20/s each", "180/s total" (with a hyphen in shells), per s, m, h or d.
///
/// # Errors
/// No number, a missing or unknown unit, a negative value, or more than [`RATE_MAX_PER_S`].
pub fn parse_rate(text: &str) -> Result<Rate, UnitError> {
    let Some((number, rest)) = split_number(text.trim()) else {
        return fail(text, RATE_EXPECTED, None);
    };
    let meant = || rate_meant(number, rest).map(|meant| format!("write \"{meant}\""));
    let (unit, scope) = match rest.split_once([' ', '-']) {
        None => (rest, RateScope::Each),
        Some((unit, scope)) => match scope.trim() {
            "each" => (unit.trim(), RateScope::Each),
            "total" => (unit.trim(), RateScope::Total),
            _ => {
                let help = meant().unwrap_or_else(|| "after the unit stands `each` or `total`".to_owned());
                return fail(text, RATE_EXPECTED, Some(help));
            }
        },
    };
    let seconds = match unit {
        "/s" => 1.0,
        "/m" => 60.0,
        "/h" => 3600.0,
        "/d" => 86_400.0,
        "" => return fail(text, RATE_EXPECTED, Some(format!("{number} per what? write \"{number}/s\""))),
        _ => {
            let help = meant().unwrap_or_else(|| format!("there is no unit `{unit}`"));
            return fail(text, RATE_EXPECTED, Some(help));
        }
    };
    rate_from(text, number / seconds, scope)
}

/// What was meant by "20 per second", "20 msg/sec" or "20 rps", as it is written.
fn rate_meant(number: f64, rest: &str) -> Option<String> {
    let rest = rest.to_lowercase();
    let words = || rest.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let unit = words().rfind(|word| !matches!(*word, "each" | "total"))?;
    let unit = match unit {
        "rps" | "qps" | "tps" | "mps" | "hz" => "s",
        "rpm" => "m",
        name => duration_unit_meant(name).filter(|unit| matches!(*unit, "s" | "m" | "h"))?,
    };
    let total = if words().any(|word| word == "total") { " total" } else { "" };
    Some(format!("{number}/{unit}{total}"))
}

/// Reads "95%" or "0.95" as a share between 0 and 1.
///
/// # Errors
/// No number, another unit than %, or outside 0 … 1.
pub fn parse_share(text: &str) -> Result<f64, UnitError> {
    match split_number(text.trim()) {
        // In decimal, so that "99.9%" is the very number 0.999.
        Some((number, "%")) => share_from(text, format!("{number}e-2").parse().unwrap_or(f64::NAN)),
        Some((number, "")) => share_from(text, number),
        Some((number, "percent" | "per cent" | "pct")) => {
            fail(text, SHARE_EXPECTED, Some(format!("write \"{number}%\"")))
        }
        _ => fail(text, SHARE_EXPECTED, None),
    }
}

/// Checks that a bare number is a share.
///
/// # Errors
/// Outside 0 … 1, or NaN.
pub fn share_from_number(number: f64) -> Result<f64, UnitError> {
    share_from(&number.to_string(), number)
}

fn share_from(text: &str, share: f64) -> Result<f64, UnitError> {
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    let percent = (1.0..=100.0).contains(&share).then(|| format!("write \"{share}%\""));
    fail(text, SHARE_EXPECTED, percent.or_else(|| Some("a share lies between 0 and 1".to_owned())))
}

/// Reads a size with its unit, in bytes.
///
/// # Errors
/// No number, a missing or unknown unit, a negative value, or more than [`SIZE_MAX_BYTES`].
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let Some((number, unit)) = split_number(text.trim()) else {
        return fail(text, SIZE_EXPECTED, None);
    };
    let bytes = match unit {
        "B" => 1.0,
        "KB" | "kB" => 1e3,
        "KiB" => 1024.0,
        "MB" => 1e6,
        "MiB" => 1_048_576.0,
        "" => {
            return fail(
                text,
                SIZE_EXPECTED,
                Some(format!("{number} what? write \"{number}B\" or \"{number}KiB\"")),
            );
        }
        _ => {
            let meant = match unit.to_lowercase().as_str() {
                "b" | "byte" | "bytes" => Some("B"),
                "k" | "kb" | "kilobyte" | "kilobytes" => Some("KB"),
                "ki" | "kib" => Some("KiB"),
                "m" | "mb" | "megabyte" | "megabytes" => Some("MB"),
                "mi" | "mib" => Some("MiB"),
                _ => None,
            };
            let help = match meant {
                Some(meant) => format!("write \"{number}{meant}\""),
                None => format!("there is no unit `{unit}`"),
            };
            return fail(text, SIZE_EXPECTED, Some(help));
        }
    };
    let size = number * bytes;
    if !(0.0..=SIZE_MAX_BYTES as f64).contains(&size) {
        return fail(text, SIZE_EXPECTED, Some("a size lies between 0B and 64MiB".to_owned()));
    }
    Ok(size.round() as u64)
}

/// Writes a duration exactly, in the largest of ns, us, ms and s that needs no more than three decimals.
///
/// ```
/// use mqscript_plugin::units::canonical_duration;
/// assert_eq!(canonical_duration(60_000_000_000), "60s");
/// assert_eq!(canonical_duration(1_500_000), "1.5ms");
/// assert_eq!(canonical_duration(1_000_001), "1000.001us");
/// ```
pub fn canonical_duration(ns: u64) -> String {
    for (unit, size) in [("s", SECOND_NS), ("ms", MILLISECOND_NS), ("us", MICROSECOND_NS)] {
        let thousandth = size / 1000;
        if ns >= size && ns.is_multiple_of(thousandth) {
            let decimals = format!("{:03}", (ns % size) / thousandth);
            let decimals = decimals.trim_end_matches('0');
            let point = if decimals.is_empty() { "" } else { "." };
            return format!("{}{point}{decimals}{unit}", ns / size);
        }
    }
    if ns == 0 { "0s".to_owned() } else { format!("{ns}ns") }
}

/// Writes a rate per second as it is read back: "20/s".
pub fn canonical_rate(rate: Rate) -> String {
    match rate.scope {
        RateScope::Each => format!("{}/s", rate.per_s),
        RateScope::Total => format!("{}/s total", rate.per_s),
    }
}

/// Writes a duration for people: three significant digits and the unit that fits, such as "4.21 ms"; from two minutes on
/// in two units, such as "8 h 53 m".
pub fn human_duration(ns: u64) -> String {
    let (value, unit) = match ns {
        ns if ns >= 120 * SECOND_NS => return long_duration(ns),
        0..MICROSECOND_NS => return format!("{ns} ns"),
        // What rounds to a thousand of a unit is one of the next.
        MICROSECOND_NS..999_500 => (ns as f64 / 1e3, "µs"),
        999_500..999_500_000 => (ns as f64 / 1e6, "ms"),
        _ => (ns as f64 / 1e9, "s"),
    };
    match value {
        v if v < 9.995 => format!("{v:.2} {unit}"),
        v if v < 99.95 => format!("{v:.1} {unit}"),
        v => format!("{v:.0} {unit}"),
    }
}

/// The two units in which at least one part in a hundred shows: "2 m 30 s", "8 h 53 m", "2 d 1 h".
fn long_duration(ns: u64) -> String {
    let whole = |unit_s: u64| (ns as f64 / (unit_s * SECOND_NS) as f64).round() as u64;
    let (seconds, minutes, hours) = (whole(1), whole(60), whole(3_600));
    let (large, unit, small, lesser) = match () {
        () if seconds < 7_200 && !seconds.is_multiple_of(3_600) => (seconds / 60, "m", seconds % 60, "s"),
        () if minutes < 2_880 && !minutes.is_multiple_of(1_440) => (minutes / 60, "h", minutes % 60, "m"),
        () => (hours / 24, "d", hours % 24, "h"),
    };
    if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {lesser}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        assert_eq!(parse_duration("5ms"), Ok(5_000_000));
        assert_eq!(parse_duration(" 1.5 s "), Ok(1_500_000_000));
        assert_eq!(parse_duration("1.5d"), parse_duration("36h"));
        assert_eq!(parse_rate("24/d"), parse_rate("1/h"));
        assert_eq!(parse_duration("2m"), Ok(120_000_000_000));
        assert_eq!(parse_duration("7us"), Ok(7_000));
        for wrong in ["5", "ms", "5 parsecs", "-1s", "NaNs", "9000h", "1e300s", ""] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_duration("5").unwrap_err().help.unwrap(), "5 what? write \"5ms\" or \"5s\"");
    }

    #[test]
    fn a_unit_in_other_words_says_how_it_is_written() {
        let duration = |text: &str| parse_duration(text).unwrap_err().help.unwrap();
        for (text, meant) in [
            ("60 sec", "60s"),
            ("5 minutes", "5m"),
            ("1 minute", "1m"),
            ("5min", "5m"),
            ("1.5 Hours", "1.5h"),
            ("1,5s", "1.5s"),
            ("200 msec", "200ms"),
            ("1m30s", "90s"),
            ("1h 30m", "5400s"),
            ("2 days", "48h"),
        ] {
            assert_eq!(duration(text), format!("write \"{meant}\""), "{text}");
            assert!(parse_duration(meant).is_ok(), "{meant}");
        }
        assert_eq!(duration("5 parsecs"), "there is no unit `parsecs`");
        let rate = |text: &str| parse_rate(text).unwrap_err().help.unwrap();
        for (text, meant) in [
            ("20 per second", "20/s"),
            ("20/sec", "20/s"),
            ("20 msg/s", "20/s"),
            ("20rps", "20/s"),
            ("60 per minute total", "60/m total"),
            ("1/hour", "1/h"),
        ] {
            assert_eq!(rate(text), format!("write \"{meant}\""), "{text}");
            assert!(parse_rate(meant).is_ok(), "{meant}");
        }
        assert_eq!(parse_share("99 percent").unwrap_err().help.unwrap(), "write \"99%\"");
        assert_eq!(parse_size("1 kb").unwrap_err().help.unwrap(), "write \"1KB\"");
        assert_eq!(parse_size("100 bytes").unwrap_err().help.unwrap(), "write \"100B\"");
    }

    #[test]
    fn rates_are_each_or_total() {
        assert_eq!(parse_rate("20/s"), Ok(Rate { per_s: 20.0, scope: RateScope::Each }));
        assert_eq!(parse_rate("180/s-total"), Ok(Rate { per_s: 180.0, scope: RateScope::Total }));
        assert_eq!(parse_rate("120/m each").unwrap().per_s, 2.0);
        for wrong in ["20", "/s", "20/y", "-1/s", "20/s some", "2e9/s", "3000000000/s"] {
            assert!(parse_rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_and_sizes() {
        assert_eq!(parse_share("95%"), Ok(0.95));
        assert_eq!(parse_share("99.9%"), Ok(0.999));
        assert_eq!(parse_share("0.5"), Ok(0.5));
        assert_eq!(parse_share("95").unwrap_err().help.unwrap(), "write \"95%\"");
        assert!(parse_share("101%").is_err());
        assert_eq!(parse_size("1KiB"), Ok(1024));
        assert!(parse_size("1000").is_err() && parse_size("-1B").is_err() && parse_size("1GiB").is_err());
    }

    #[test]
    fn canonical_text_reads_back() {
        for ns in [0, 1, 999, 1_000, 1_500_000, 9_800_000_000, 123_456_789, 60 * SECOND_NS] {
            assert_eq!(parse_duration(&canonical_duration(ns)), Ok(ns), "{ns}");
        }
    }

    #[test]
    fn people_get_three_digits() {
        assert_eq!(human_duration(4_213_000), "4.21 ms");
        assert_eq!(human_duration(61_000_000_000), "61.0 s");
        assert_eq!(human_duration(999), "999 ns");
        assert_eq!(human_duration(9_996_000), "10.0 ms");
        assert_eq!([999_499, 999_500, 999_600_000].map(human_duration), ["999 µs", "1.00 ms", "1.00 s"]);
        let long =
            [119, 150, 3_600, 5_400, 7_199, 7_230, 31_981, 86_300, 86_400, 172_700, 176_000, 9_000_000];
        let texts = [
            "119 s",
            "2 m 30 s",
            "1 h",
            "90 m",
            "119 m 59 s",
            "2 h 1 m",
            "8 h 53 m",
            "23 h 58 m",
            "1 d",
            "47 h 58 m",
            "2 d 1 h",
            "104 d 4 h",
        ];
        assert_eq!(long.map(|seconds| human_duration(seconds * SECOND_NS)), texts);
    }
}
