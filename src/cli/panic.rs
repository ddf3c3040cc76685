//! A panic is a bug in mqscript: it says so, asks for a report, and has an exit code of its own.

use crate::diagnostics::{Exit, PANIC};
use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

/// Runs the program; a panic in it becomes [`Exit::Bug`].
pub fn guarded(program: impl FnOnce() -> Exit) -> Exit {
    set_hook(Box::new(report));
    caught(program)
}

/// The same for a part of the program.
pub fn caught(program: impl FnOnce() -> Exit) -> Exit {
    // Nothing is looked at afterwards but the exit.
    catch_unwind(AssertUnwindSafe(program)).unwrap_or(Exit::Bug)
}

fn report(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let text = text_of(info.payload());
    // Writing must not panic again, whatever has become of stderr.
    let _ = writeln!(
        std::io::stderr(),
        "{PANIC} {}{place}: {text}\n  = help: please report it with the command that you typed",
        env!("CARGO_PKG_VERSION"),
    );
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
        let _ = writeln!(std::io::stderr(), "{}", std::backtrace::Backtrace::force_capture());
    }
}

/// What `panic!` was given: a literal, or a text made for the occasion.
fn text_of(payload: &(dyn Any + Send)) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_has_its_own_exit() {
        assert_eq!(caught(|| panic!("as a test")), Exit::Bug);
        assert_eq!(caught(|| Exit::Undecided), Exit::Undecided);
    }
}
