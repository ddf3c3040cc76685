//! Numbers for people: three significant digits, commas between thousands, a unit that fits.

use mqscript_plugin::units::{MICROSECOND_NS, MILLISECOND_NS, SECOND_NS, human_duration};

/// The sign that stands where there is no value.
pub const NOTHING: &str = "–";
/// The number of significant digits.
pub(super) const DIGITS: usize = 3;
const MINUTE_NS: u64 = 60 * SECOND_NS;

/// A count with a comma between thousands.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// With a comma between thousands.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: "1 message", "2 messages".
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

/// A number for people: three significant digits, or all of a whole number; commas between thousands.
pub fn amount(value: f64) -> String {
    amount_to(value, DIGITS)
}

pub(super) fn amount_to(value: f64, digits: usize) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    match value.abs() {
        v if !v.is_finite() => NOTHING.to_owned(),
        v if v == v.trunc() && v < 1e15 => format!("{sign}{}", count(v as u64)),
        v if v < 1e-6 => format!("{sign}{v:.*e}", digits - 1),
        v => format!("{sign}{}", trimmed(&significant(v, digits))),
    }
}

/// So many significant digits of a number that is not negative, or all of its whole part.
pub(super) fn significant(value: f64, digits: usize) -> String {
    let exponent = format!("{value:.*e}", digits - 1);
    let exponent: i32 = exponent.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let text = format!("{value:.decimals$}");
    match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", grouped(whole)),
        None => grouped(&text),
    }
}

/// Without zeros at the end of its decimals.
pub(super) fn trimmed(text: &str) -> String {
    if !text.contains('.') {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The units of rates, with the seconds of each.
pub(super) const RATE_UNITS: [(&str, f64); 4] =
    [("/s", 1.0), ("/m", 60.0), ("/h", 3_600.0), ("/d", 86_400.0)];

/// The unit in which a rate is at least 1, and how many seconds it has.
fn rate_unit(per_s: f64) -> (&'static str, f64) {
    let fits = |(_, seconds): &(&str, f64)| per_s == 0.0 || per_s.abs() * seconds >= 0.9995;
    RATE_UNITS.into_iter().find(fits).unwrap_or(RATE_UNITS[3])
}

/// A rate for people in the unit that fits: "180/s", "30/m", "1/h".
pub fn rate(per_s: f64) -> String {
    rate_to(per_s, DIGITS)
}

pub(super) fn rate_to(per_s: f64, digits: usize) -> String {
    let (unit, seconds) = rate_unit(per_s);
    format!("{}{unit}", amount_to(per_s * seconds, digits))
}

/// A rate of which only the size matters: "1.35 million/s".
pub fn rough_rate(per_s: f64) -> String {
    if per_s >= 1_000.0 { format!("{}/s", magnitude(per_s)) } else { rate(per_s) }
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

/// A length of time for people, seconds without zeros at their end: "60 s", "9.8 s", "8 h 53 m".
pub fn span(ns: u64) -> String {
    let text = human_duration(ns);
    match text.split(' ').collect::<Vec<_>>().as_slice() {
        [value, "s"] => format!("{} s", trimmed(value)),
        _ => text,
    }
}

/// One unit for a whole table of times, so that a column can be compared at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeUnit {
    /// The unit, as the heading shows it.
    pub name: &'static str,
    pub(super) size_ns: u64,
}

impl TimeUnit {
    /// The unit in which a typical time is at least 1.
    pub fn fitting(typical_ns: u64) -> TimeUnit {
        let (name, size_ns) = match typical_ns {
            0..MICROSECOND_NS => ("ns", 1),
            MICROSECOND_NS..MILLISECOND_NS => ("µs", MICROSECOND_NS),
            MILLISECOND_NS..SECOND_NS => ("ms", MILLISECOND_NS),
            _ if typical_ns < 120 * SECOND_NS => ("s", SECOND_NS),
            _ if typical_ns < 120 * MINUTE_NS => ("m", MINUTE_NS),
            _ if typical_ns < 48 * 60 * MINUTE_NS => ("h", 60 * MINUTE_NS),
            _ => ("d", 24 * 60 * MINUTE_NS),
        };
        TimeUnit { name, size_ns }
    }

    pub(super) fn up_to_seconds(ns: u64) -> TimeUnit {
        TimeUnit::fitting(ns.min(SECOND_NS))
    }

    /// A time in this unit, without its name: three significant digits.
    pub fn show(self, ns: u64) -> String {
        let value = ns as f64 / self.size_ns as f64;
        match value {
            0.0 => "0".to_owned(),
            v if self.size_ns == 1 => count(v as u64),
            v if v < 0.0005 => "<0.001".to_owned(),
            v if v < 0.9995 => format!("{v:.3}"),
            v => significant(v, DIGITS),
        }
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
        let seconds =
            [0.0123, 1.0, 9.8, 60.0, 90.0, 150.0, 3600.0, 5400.0, 31_980.8, 86_400.0, 176_000.0, 9e6];
        let texts = [
            "12.3 ms",
            "1 s",
            "9.8 s",
            "60 s",
            "90 s",
            "2 m 30 s",
            "1 h",
            "90 m",
            "8 h 53 m",
            "1 d",
            "2 d 1 h",
            "104 d 4 h",
        ];
        assert_eq!(seconds.map(|s| span((s * 1e9) as u64)), texts);
    }

    #[test]
    fn small_numbers_are_not_rounded_to_nought() {
        let numbers = [0.0, 0.5, 1.0 / 3600.0, 9.996, 0.0043219, 2.5e-9, 1234.6, -0.25, 91.83673469387755];
        let texts = ["0", "0.5", "0.000278", "10", "0.00432", "2.50e-9", "1,235", "−0.25", "91.8"];
        assert_eq!(numbers.map(amount), texts);
    }

    #[test]
    fn rates_use_the_unit_that_fits() {
        let rates = [0.0, 180.0, 91.836, 0.5, 1.0 / 60.0, 1.0 / 3600.0, 2.5 / 86_400.0, 1e-7, 12_345.6];
        let texts = ["0/s", "180/s", "91.8/s", "30/m", "1/m", "1/h", "2.5/d", "0.00864/d", "12,346/s"];
        assert_eq!(rates.map(rate), texts);
        assert_eq!(rough_rate(1_353_000.0), "1.35 million/s");
    }

    #[test]
    fn one_unit_serves_a_table() {
        let unit = TimeUnit::fitting(5_000_000);
        assert_eq!(unit.name, "ms");
        let times = [0, 100, 4_000, 950_000, 5_213_000, 38_240_000, 120_000_000, 61_000_000_000];
        let texts = ["0", "<0.001", "0.004", "0.950", "5.21", "38.2", "120", "61,000"];
        assert_eq!(times.map(|ns| unit.show(ns)), texts);
        let hours = TimeUnit::fitting(16_200 * SECOND_NS);
        assert_eq!((hours.name, hours.show(16_200 * SECOND_NS)), ("h", "4.50".to_owned()));
    }

    #[test]
    fn magnitudes_are_words() {
        assert_eq!(
            [54_321.0, 1_350_000.0, 2.5e9, 180.02].map(magnitude),
            ["54,300", "1.35 million", "2.5 billion", "180"]
        );
    }
}
