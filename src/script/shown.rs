//! How a script writes numbers for people: as reports do.

use super::faults::throw_one;
use crate::diagnostics::{Diagnostic, Exit};
use crate::numbers::{amount, percent, rate};
use rhai::{Engine, EvalAltResult, ImmutableString};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Registers the function, for scripts and for callbacks.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("shown", |number: f64| amount(number));
    engine.register_fn("shown", |number: i64| amount(number as f64));
    engine.register_fn("shown", in_unit);
    engine.register_fn("shown", |number: i64, unit: ImmutableString| in_unit(number as f64, unit));
}

fn in_unit(number: f64, unit: ImmutableString) -> Fallible<String> {
    match unit.as_str() {
        "/s" => Ok(rate(number)),
        "%" => Ok(percent(number)),
        other => {
            let fault = Diagnostic::new(Exit::Thrown, "`shown` does not know this unit")
                .found(format!("`{other}`"))
                .expected("\"/s\" for a rate, \"%\" for a share, or no unit");
            Err(throw_one(fault))
        }
    }
}
