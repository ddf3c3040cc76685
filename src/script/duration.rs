//! Times in results: a type that compares with times and with text, and refuses to be compared with numbers.

use super::faults::throw_one;
use crate::diagnostics::{Diagnostic, Exit};
use crate::numbers::{NOTHING, Quantity};
use crate::plan::Comparator;
use crate::plan::units::parse_duration;
use rhai::{Engine, EvalAltResult, ImmutableString};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// A time in nanoseconds, infinite where it never came; none where there are no samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Duration(pub Option<f64>);

impl Duration {
    fn show(&mut self) -> String {
        self.0.map_or_else(|| NOTHING.to_owned(), |ns| Quantity::Time(ns).shown())
    }

    fn of(text: &str) -> Fallible<Duration> {
        match parse_duration(text) {
            Ok(ns) => Ok(Duration(Some(ns as f64))),
            Err(error) => {
                let fault = Diagnostic::new(Exit::Thrown, "a time is compared with what is no time");
                Err(throw_one(
                    fault.found(format!("`{}`", error.found)).expected(error.expected).help_if(error.help),
                ))
            }
        }
    }

    /// Nothing holds of a time without samples.
    fn holds(self, comparison: Comparator, other: Duration) -> bool {
        self.0.zip(other.0).is_some_and(|(left, right)| comparison.holds(left, right))
    }
}

fn refuse<T>(left: &str, right: &str, help: &str) -> Fallible<T> {
    let fault = Diagnostic::new(Exit::Thrown, format!("{left} cannot be compared with {right}"));
    Err(throw_one(fault.help(help)))
}

const WRITE_UNIT: &str = "write the time with its unit, such as \"5ms\"";
const WRITE_NUMBER: &str = "write the number without quotes; a share of 95 % is 0.95";

/// Registers the type, its comparisons, and the comparisons that would silently be false as errors.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Duration>("Duration");
    engine.register_fn("to_string", Duration::show);
    engine.register_fn("to_debug", Duration::show);
    engine.register_get("ns", |time: &mut Duration| time.0.unwrap_or(f64::NAN));
    engine.register_get("us", |time: &mut Duration| time.0.unwrap_or(f64::NAN) / 1e3);
    engine.register_get("ms", |time: &mut Duration| time.0.unwrap_or(f64::NAN) / 1e6);
    engine.register_get("s", |time: &mut Duration| time.0.unwrap_or(f64::NAN) / 1e9);
    let map = |a: Duration, b: Duration, f: fn(f64, f64) -> f64| Duration(a.0.zip(b.0).map(|(a, b)| f(a, b)));
    engine.register_fn("+", move |a: Duration, b: Duration| map(a, b, |a, b| a + b));
    engine.register_fn("-", move |a: Duration, b: Duration| map(a, b, |a, b| a - b));
    engine.register_fn("/", |a: Duration, b: Duration| a.0.zip(b.0).map_or(f64::NAN, |(a, b)| a / b));
    engine.register_fn("*", |a: Duration, b: f64| Duration(a.0.map(|a| a * b)));
    engine.register_fn("*", |a: Duration, b: i64| Duration(a.0.map(|a| a * b as f64)));
    engine.register_fn("/", |a: Duration, b: f64| Duration(a.0.map(|a| a / b)));
    engine.register_fn("/", |a: Duration, b: i64| Duration(a.0.map(|a| a / b as f64)));
    for (sign, comparison) in Comparator::ALL {
        register_comparison(engine, sign, comparison);
    }
}

fn register_comparison(engine: &mut Engine, sign: &'static str, comparison: Comparator) {
    type Text = ImmutableString;
    engine.register_fn(sign, move |a: Duration, b: Duration| a.holds(comparison, b));
    engine.register_fn(sign, move |a: Duration, b: Text| -> Fallible<bool> {
        Ok(a.holds(comparison, Duration::of(&b)?))
    });
    engine.register_fn(sign, move |a: Text, b: Duration| -> Fallible<bool> {
        Ok(Duration::of(&a)?.holds(comparison, b))
    });
    engine.register_fn(sign, |a: Duration, b: i64| -> Fallible<bool> {
        let _ = a;
        refuse("a time", &format!("the number {b}"), WRITE_UNIT)
    });
    engine.register_fn(sign, |a: Duration, b: f64| -> Fallible<bool> {
        let _ = a;
        refuse("a time", &format!("the number {b}"), WRITE_UNIT)
    });
    engine.register_fn(sign, |a: i64, _b: Duration| -> Fallible<bool> {
        refuse(&format!("the number {a}"), "a time", WRITE_UNIT)
    });
    engine.register_fn(sign, |a: f64, _b: Duration| -> Fallible<bool> {
        refuse(&format!("the number {a}"), "a time", WRITE_UNIT)
    });
    engine.register_fn(sign, |a: i64, b: Text| -> Fallible<bool> {
        refuse(&format!("the number {a}"), &format!("the text \"{b}\""), WRITE_NUMBER)
    });
    engine.register_fn(sign, |a: f64, b: Text| -> Fallible<bool> {
        refuse(&format!("the number {a}"), &format!("the text \"{b}\""), WRITE_NUMBER)
    });
    engine.register_fn(sign, |a: Text, b: i64| -> Fallible<bool> {
        refuse(&format!("the text \"{a}\""), &format!("the number {b}"), WRITE_NUMBER)
    });
    engine.register_fn(sign, |a: Text, b: f64| -> Fallible<bool> {
        refuse(&format!("the text \"{a}\""), &format!("the number {b}"), WRITE_NUMBER)
    });
}
