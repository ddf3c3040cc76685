//! Numbers and names as the summary writes them.

use crate::plan::units::{MICROSECOND_NS, MILLISECOND_NS, SECOND_NS};

/// What stands where nothing can be said.
pub const NOTHING: &str = "–";

/// A count with a comma between thousands.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 message", "2 messages".
pub fn counted(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// A share in percent. Only exactly 1 is "100 %" and only exactly 0 is "0 %": digits are added until the text
/// no longer rounds to either, four decimals at most.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value == 0.0 || value == 100.0 {
        return format!("{value:.0} %");
    }
    for decimals in 1..=4 {
        let text = format!("{value:.decimals$}");
        let rounded: f64 = text.parse().unwrap_or(value);
        let enough = decimals >= 2 || (1.0..=99.0).contains(&value);
        if enough && rounded > 0.0 && rounded < 100.0 {
            return format!("{text} %");
        }
    }
    if value < 50.0 { "< 0.0001 %".to_owned() } else { "> 99.9999 %".to_owned() }
}

/// A number for people: three significant digits, commas between thousands.
pub fn amount(value: f64) -> String {
    match value {
        v if !v.is_finite() => NOTHING.to_owned(),
        v if v == v.trunc() && v.abs() < 1e15 => count(v.abs() as u64),
        v if v < 9.995 => trimmed(&format!("{v:.2}")),
        v if v < 99.95 => trimmed(&format!("{v:.1}")),
        v => count(v.round() as u64),
    }
}

/// Without zeros at the end of its decimals.
fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number of which only the size matters, to three digits: "54,000", "1.35 million".
pub fn magnitude(value: f64) -> String {
    match value {
        v if v >= 999_500_000.0 => format!("{} billion", amount(v / 1e9)),
        v if v >= 999_500.0 => format!("{} million", amount(v / 1e6)),
        v if v >= 1_000.0 => {
            let digits = v.log10().floor() as i32 - 2;
            let step = 10f64.powi(digits);
            amount((v / step).round() * step)
        }
        v => amount(v),
    }
}

/// A length of time for people, also beyond a minute: "60 s", "9.8 s", "1 h", "1 day".
pub fn span(ns: u64) -> String {
    let seconds = ns as f64 / SECOND_NS as f64;
    if ns < SECOND_NS {
        return crate::plan::units::human_duration(ns);
    }
    for (length, one, many) in [(86_400.0, "day", "days"), (3_600.0, "hour", "hours"), (60.0, "min", "min")] {
        // Ninety seconds are easier to grasp than one and a half minutes.
        if seconds >= 2.0 * length || (seconds / length).fract() == 0.0 && length > 60.0 {
            let value = seconds / length;
            return format!("{} {}", amount(value), if value == 1.0 { one } else { many });
        }
    }
    format!("{} s", amount(seconds))
}

/// One unit for a whole table of times, so that a column can be compared at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeUnit {
    /// As shown in the heading.
    pub name: &'static str,
    size_ns: u64,
}

impl TimeUnit {
    /// The unit in which a typical time is at least 1.
    pub fn fitting(typical_ns: u64) -> TimeUnit {
        let (name, size_ns) = match typical_ns {
            0..MICROSECOND_NS => ("ns", 1),
            MICROSECOND_NS..MILLISECOND_NS => ("µs", MICROSECOND_NS),
            MILLISECOND_NS..SECOND_NS => ("ms", MILLISECOND_NS),
            _ => ("s", SECOND_NS),
        };
        TimeUnit { name, size_ns }
    }

    /// A time in this unit, without its name: three significant digits.
    pub fn show(self, ns: u64) -> String {
        let value = ns as f64 / self.size_ns as f64;
        match value {
            0.0 => "0".to_owned(),
            v if self.size_ns == 1 => count(v as u64),
            v if v < 0.0005 => "<0.001".to_owned(),
            v if v < 0.9995 => format!("{v:.3}"),
            v if v < 9.995 => format!("{v:.2}"),
            v if v < 99.95 => format!("{v:.1}"),
            v => count(v.round() as u64),
        }
    }
}

/// A name from a script or a core, safe to print: control characters and those that turn the direction of
/// text are written out, so that no name can move the cursor or disguise the rest of its line.
pub fn printable(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}') {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

/// "a, b and c"; empty if there is none.
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        assert_eq!([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "message"), "1 message");
    }

    #[test]
    fn a_share_rounds_to_all_or_nothing_only_if_it_is() {
        let shares = [0.0, 1.0, 0.95, 0.9999, 0.999999, 0.000001, 0.123456, 0.99995, 1e-9, 1.0 - 1e-9];
        let texts = [
            "0 %",
            "100 %",
            "95.0 %",
            "99.99 %",
            "99.9999 %",
            "0.0001 %",
            "12.3 %",
            "99.995 %",
            "< 0.0001 %",
            "> 99.9999 %",
        ];
        assert_eq!(shares.map(percent), texts);
    }

    #[test]
    fn spans_use_the_unit_that_fits() {
        let seconds = [0.0123, 1.0, 9.8, 60.0, 90.0, 150.0, 3600.0, 5400.0, 86_400.0, 176_000.0];
        let texts =
            ["12.3 ms", "1 s", "9.8 s", "60 s", "90 s", "2.5 min", "1 hour", "90 min", "1 day", "2.04 days"];
        assert_eq!(seconds.map(|s| span((s * 1e9) as u64)), texts);
    }

    #[test]
    fn one_unit_serves_a_table() {
        let unit = TimeUnit::fitting(5_000_000);
        assert_eq!(unit.name, "ms");
        let times = [0, 100, 4_000, 950_000, 5_213_000, 38_240_000, 120_000_000, 61_000_000_000];
        let texts = ["0", "<0.001", "0.004", "0.950", "5.21", "38.2", "120", "61,000"];
        assert_eq!(times.map(|ns| unit.show(ns)), texts);
    }

    #[test]
    fn magnitudes_are_words() {
        assert_eq!(
            [54_321.0, 1_350_000.0, 2.5e9, 180.02].map(magnitude),
            ["54,300", "1.35 million", "2.5 billion", "180"]
        );
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(printable("a\x1b[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
        assert_eq!(printable("agent ☂ שלום 漢字"), "agent ☂ שלום 漢字");
    }
}
