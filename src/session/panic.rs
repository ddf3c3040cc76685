//! A panic is a bug in mqscript: it says so, asks for a report, and has an exit code of its own. Where foreign code is
//! loaded, which may have written over memory that is not its own, the panic may be that code's doing, and is told so.

use crate::cores::foreign_libraries;
use crate::diagnostics::{Exit, PANIC};
use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::path::PathBuf;

/// Runs the program; a panic in it becomes [`Exit::Bug`], or [`Exit::Core`] where foreign code is loaded.
pub fn guarded(program: impl FnOnce() -> Exit) -> Exit {
    set_hook(Box::new(report));
    caught(program)
}

/// Catches a panic in a part of the program.
pub fn caught(program: impl FnOnce() -> Exit) -> Exit {
    caught_or(program, || exit_among(&foreign_libraries()))
}

/// The same for the work of a process that is watched: where foreign code is loaded, the process dies of a panic, so that
/// whoever watches it keeps what was measured.
#[cfg(unix)]
pub fn caught_at_work(program: impl FnOnce() -> Exit) -> Exit {
    caught_or(program, || match foreign_libraries().is_empty() {
        true => Exit::Bug,
        false => std::process::abort(),
    })
}

fn caught_or(program: impl FnOnce() -> Exit, panicked: impl FnOnce() -> Exit) -> Exit {
    // Nothing is looked at afterwards but the exit.
    catch_unwind(AssertUnwindSafe(program)).unwrap_or_else(|_| panicked())
}

fn exit_among(foreign: &[PathBuf]) -> Exit {
    if foreign.is_empty() { Exit::Bug } else { Exit::Core }
}

fn report(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let text = text_of(info.payload());
    let help = help_among(&foreign_libraries());
    // Writing must not panic again, whatever has become of stderr.
    let _ = writeln!(
        std::io::stderr(),
        "{PANIC} {}{place}: {text}\n  = help: {help}",
        env!("CARGO_PKG_VERSION"),
    );
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
        let _ = writeln!(std::io::stderr(), "{}", std::backtrace::Backtrace::force_capture());
    }
}

fn help_among(foreign: &[PathBuf]) -> String {
    let shown: Vec<String> = foreign.iter().map(|path| path.display().to_string()).collect();
    match foreign {
        [] => "please report it with the command that you typed".to_owned(),
        _ => format!(
            "or of a library that wrote over memory that is not its own: {}; if it comes without that library as well, \
             please report it with the command that you typed",
            shown.join(", ")
        ),
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

    #[test]
    fn foreign_code_may_have_done_it() {
        let foreign = [PathBuf::from("/own/libmine.so")];
        assert_eq!((exit_among(&[]), exit_among(&foreign)), (Exit::Bug, Exit::Core));
        assert_eq!(help_among(&[]), "please report it with the command that you typed");
        assert!(help_among(&foreign).contains("/own/libmine.so; if it comes without that library as well"));
    }
}
