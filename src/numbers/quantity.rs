//! A value with the kind of thing it is of: written with as many digits as a reader needs.

use super::text::{DIGITS, RATE_UNITS, TimeUnit, amount_to, percent, rate_to, significant, trimmed};
use mqscript_plugin::units::human_duration;
use std::cmp::Ordering;

/// How the time of a message is written that was not delivered, where it counts as later than any.
pub const NEVER: &str = "never";
/// Digits that tell two numbers apart which are not the same: more than a double has.
const DIGITS_MAX: usize = 17;

/// A value of a figure, by its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// Nanoseconds; infinite if it never happened.
    Time(f64),
    /// A rate, per second.
    Rate(f64),
    /// A share between 0 and 1.
    Share(f64),
    /// A number without a unit.
    Count(f64),
}

impl Quantity {
    /// The value for people: "4.21 ms", "99.3 %", "179/s", "1,296".
    pub fn shown(self) -> String {
        self.shown_to(DIGITS).0
    }

    /// With at least so many digits, and what a reader takes it for.
    fn shown_to(self, digits: usize) -> (String, f64) {
        let text = match self {
            Quantity::Time(ns) if ns.is_infinite() => return (NEVER.to_owned(), ns),
            Quantity::Time(ns) if digits == DIGITS => human_duration(ns.round().max(0.0) as u64),
            Quantity::Time(ns) => {
                let TimeUnit { name, size_ns } = TimeUnit::up_to_seconds(ns as u64);
                format!("{} {name}", trimmed(&significant(ns.max(0.0) / size_ns as f64, digits)))
            }
            Quantity::Rate(per_s) => rate_to(per_s, digits),
            Quantity::Share(share) if digits == DIGITS => percent(share),
            Quantity::Share(share) => format!("{} %", trimmed(&significant(share.max(0.0) * 100.0, digits))),
            Quantity::Count(count) => amount_to(count, digits),
        };
        let read = read(&text);
        (text, read)
    }

    fn value(self) -> f64 {
        let (Quantity::Time(value) | Quantity::Rate(value) | Quantity::Share(value) | Quantity::Count(value)) =
            self;
        value
    }

    /// The value with as many digits as tell on which side of `bound` it lies: 1.0001 ms is not "1.00 ms" beside 1 ms.
    pub fn shown_beside(self, bound: Quantity) -> String {
        let side = self::side(self.value(), bound.value());
        let side_of = |read: f64| self::side(read, bound.value());
        let mut shown = (DIGITS..=DIGITS_MAX).map(|digits| self.shown_to(digits));
        let apart = shown.find(|(_, read)| side_of(*read) == side);
        apart.map_or_else(|| self.shown_to(DIGITS_MAX).0, |(text, _)| text)
    }

    /// Two values with as many digits as tell which is larger.
    pub fn both_shown(self, other: Quantity) -> (String, String) {
        let order = side(self.value(), other.value());
        let mut shown = (DIGITS..=DIGITS_MAX).map(|digits| (self.shown_to(digits), other.shown_to(digits)));
        let apart = shown.find(|((_, a), (_, b))| side(*a, *b) == order);
        let ((a, _), (b, _)) =
            apart.unwrap_or_else(|| (self.shown_to(DIGITS_MAX), other.shown_to(DIGITS_MAX)));
        (a, b)
    }
}

/// How one value stands to another, but for rounding in the last binary digits; none of what is no number.
fn side(value: f64, bound: f64) -> Option<Ordering> {
    let same = (value - bound).abs() <= 1e-13 * bound.abs();
    if same { Some(Ordering::Equal) } else { value.partial_cmp(&bound) }
}

/// The value that a text of [`Quantity::shown`] stands for; NaN for "< 0.0001 %".
fn read(text: &str) -> f64 {
    let plain = text.replace(',', "").replace('−', "-");
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    if let Some(percent) = plain.strip_suffix(" %") {
        return number(&format!("{percent}e-2"));
    }
    if let Some((value, (_, seconds))) =
        RATE_UNITS.iter().find_map(|unit| Some((plain.strip_suffix(unit.0)?, unit)))
    {
        return number(value) / seconds;
    }
    let words: Vec<&str> = plain.split(' ').collect();
    match words.as_slice() {
        [value] => number(value),
        words => words
            .chunks(2)
            .map(|part| number(part[0]) * part.get(1).map_or(f64::NAN, |unit| unit_ns(unit)))
            .sum(),
    }
}

fn unit_ns(unit: &str) -> f64 {
    match unit {
        "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3_600e9,
        "d" => 86_400e9,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_added_until_they_show_the_difference() {
        let beside = |value: Quantity, bound: Quantity| value.shown_beside(bound);
        use Quantity::{Count, Rate, Share, Time};
        assert_eq!(beside(Time(1_000_100.0), Time(1e6)), "1.0001 ms");
        assert_eq!(beside(Time(999_999.0), Time(1e6)), "999.999 µs");
        assert_eq!(beside(Time(1e6), Time(1e6)), "1.00 ms");
        assert_eq!(beside(Time(1_004_000.0), Time(1_004_000.0)), "1.004 ms");
        assert_eq!(beside(Time(16_200.4e9), Time(270.0 * 60e9)), "16,200.4 s");
        assert_eq!(beside(Time(16_200e9), Time(61.0 * 60e9)), "4 h 30 m");
        assert_eq!(beside(Time(f64::INFINITY), Time(1e9)), "never");
        assert_eq!(beside(Rate(149.999), Rate(150.0)), "149.999/s");
        assert_eq!(beside(Rate(1.0 / 3600.0), Rate(0.5)), "1/h");
        assert_eq!(beside(Share(0.998999), Share(0.999)), "99.8999 %");
        assert_eq!(beside(Share(1.0 - 1e-9), Share(1.0)), "99.9999999 %");
        assert_eq!(beside(Share(1.0), Share(1.0)), "100 %");
        assert_eq!(beside(Count(1_296.0), Count(900.0)), "1,296");
        assert_eq!(
            Time(1_000_100.0).both_shown(Time(1_000_200.0)),
            ("1.0001 ms".to_owned(), "1.0002 ms".to_owned())
        );
        assert_eq!(Time(5e6).both_shown(Time(7e6)), ("5.00 ms".to_owned(), "7.00 ms".to_owned()));
    }
}
