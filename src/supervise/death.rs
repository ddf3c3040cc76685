//! How a process ended that should have gone on, and whose fault it was.

use crate::cores::vitals::Shared;
use crate::cores::{CoreFailure, WatchedCall};
use crate::diagnostics::{Diagnostic, Exit};
use crate::numbers::span;
use std::time::Duration;

/// What ended the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A signal.
    Signal(i32),
    /// It was ended from inside with this code.
    Exited(i32),
    /// A call did not return for so long that it was given up.
    Hung(Duration),
}

/// The end of a process before its work was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// What ended it.
    pub cause: Cause,
    /// The call of the contract that was under way, if any.
    pub call: Option<WatchedCall>,
    /// The library that was being loaded, or whose code was running, if known.
    pub library: Option<String>,
    /// Whether the library was being loaded.
    pub loading: bool,
    /// The cores of the runs under way.
    pub cores: Vec<String>,
    /// The most memory that it had.
    pub max_rss_bytes: u64,
}

/// The signals that end a process, with what they mean.
const SIGNALS: [(i32, &str, &str); 11] = [
    (4, "SIGILL", "an illegal instruction"),
    (5, "SIGTRAP", "a trap"),
    (6, "SIGABRT", "it gave itself up"),
    (7, "SIGBUS", "memory that is not there"),
    (8, "SIGFPE", "a wrong calculation"),
    (9, "SIGKILL", "killed from outside, as the system does when memory runs out"),
    (11, "SIGSEGV", "memory that it must not touch"),
    (13, "SIGPIPE", "nobody reads"),
    (15, "SIGTERM", "asked to end"),
    (25, "SIGXFSZ", "a file too large"),
    (31, "SIGSYS", "a forbidden system call"),
];

impl Death {
    /// From how the process ended and from what it showed.
    pub fn of(cause: Cause, shared: &Shared, hung: Option<WatchedCall>, max_rss_bytes: u64) -> Death {
        use std::sync::atomic::Ordering;
        let loading = shared.loading.get();
        let instruction = shared.fatal.instruction.load(Ordering::Acquire);
        let slot = shared.fatal.slot.load(Ordering::Acquire);
        let library = shared.library_at(instruction);
        let current = || {
            let mine = (slot as usize).checked_sub(1).and_then(|slot| shared.slots()[slot].current());
            // A thread of a core's own names no call.
            let known = slot > 0 || instruction == 0 || library.is_none();
            mine.or_else(|| known.then(|| shared.busy().find_map(|(_, slot)| slot.current())).flatten())
        };
        let call = hung.or_else(current);
        Death {
            cause,
            call,
            loading: !loading.is_empty(),
            library: if loading.is_empty() { library } else { Some(loading) },
            cores: shared.busy().flat_map(|(_, slot)| slot.cores()).collect(),
            max_rss_bytes,
        }
    }

    /// What ended the process, for people.
    pub fn in_words(&self) -> String {
        match &self.cause {
            Cause::Signal(9) => {
                let mib = self.max_rss_bytes >> 20;
                format!("{}; it had taken {mib} MiB", signal_in_words(9))
            }
            Cause::Signal(number) => signal_in_words(*number),
            Cause::Exited(code) => format!("it ended the whole process with exit code {code}"),
            Cause::Hung(lasts) => format!("it did not return for {}", span(lasts.as_nanos() as u64)),
        }
    }

    /// As a failure of the core at fault; `None` if no core can be named.
    pub fn failure(&self) -> Option<CoreFailure> {
        match (&self.call, &self.cores[..]) {
            (Some(call), _) => Some(CoreFailure::died(&call.core, call.function, self.in_words())),
            (None, [only]) if self.library.is_some() || matches!(self.cause, Cause::Signal(9)) => {
                Some(CoreFailure::died(only, "a thread of its own", self.in_words()))
            }
            _ => None,
        }
    }

    /// In words, for the results of a run that it cut short.
    pub fn reason(&self) -> String {
        match self.failure() {
            Some(failure) => format!("the core failed: {failure}"),
            None => format!("the process died: {}", self.in_words()),
        }
    }

    /// What the user is told.
    pub fn diagnostic(&self) -> Diagnostic {
        let mut told = match (self.failure(), &self.library) {
            (_, Some(path)) if self.loading => {
                let title = format!("the library `{path}` killed the process while it was loaded");
                Diagnostic::new(Exit::Core, format!("{title}: {}", self.in_words()))
            }
            (Some(failure), _) => Diagnostic::new(Exit::Core, failure.to_string()),
            (None, Some(_)) => {
                Diagnostic::new(Exit::Core, format!("a core killed the process: {}", self.in_words()))
            }
            // A kill from outside is nobody's bug.
            (None, None) if matches!(self.cause, Cause::Signal(9 | 15)) => {
                Diagnostic::new(Exit::Core, format!("the process was ended: {}", self.in_words()))
            }
            (None, None) => {
                let title = format!("the process died outside of any core: {}", self.in_words());
                Diagnostic::new(Exit::Bug, title)
            }
        };
        if let (Some(path), false) = (&self.library, self.loading) {
            told = told.note(format!("it happened in {path}"));
        }
        if self.call.is_none() && self.cores.len() > 1 {
            told = told.note(format!("the cores at work: {}", self.cores.join(", ")));
        }
        match told.exit {
            Exit::Bug => told.help("please report it with the command that you typed"),
            _ => told.help(
                "what was measured until then is kept; `mqscript core check` looks for the fault, and `--in-process` \
                 lets a debugger see it",
            ),
        }
    }
}

fn signal_in_words(number: i32) -> String {
    match SIGNALS.iter().find(|(known, ..)| *known == number) {
        Some((_, name, meaning)) => format!("{name} ({meaning})"),
        None => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn death(cause: Cause, call: bool, cores: &[&str]) -> Death {
        let call = call.then(|| WatchedCall { core: "x".to_owned(), function: "publish", number: 1 });
        let cores = cores.iter().map(|core| (*core).to_owned()).collect();
        Death { cause, call, library: None, loading: false, cores, max_rss_bytes: 3 << 20 }
    }

    #[test]
    fn whoever_was_called_is_named() {
        let told = death(Cause::Signal(11), true, &["x", "y"]).diagnostic();
        assert_eq!(told.exit, Exit::Core);
        assert!(told.title.contains("core `x` died in `publish`: SIGSEGV"), "{}", told.title);
        let hung = death(Cause::Hung(Duration::from_secs(60)), true, &["x"]).diagnostic();
        assert!(hung.title.contains("did not return for 60 s"), "{}", hung.title);
        let exited = death(Cause::Exited(3), true, &["x"]).diagnostic();
        assert!(exited.title.contains("exit code 3"), "{}", exited.title);
    }

    #[test]
    fn a_library_that_dies_while_it_is_loaded_is_named_by_its_path() {
        let mut death = death(Cause::Signal(6), false, &[]);
        (death.library, death.loading) = (Some("/x/libbad.so".to_owned()), true);
        let told = death.diagnostic();
        assert!(told.exit == Exit::Core && told.title.contains("/x/libbad.so"), "{}", told.title);
    }

    #[test]
    fn outside_of_any_core_it_is_a_bug_unless_it_was_killed() {
        assert_eq!(death(Cause::Signal(11), false, &[]).diagnostic().exit, Exit::Bug);
        let killed = death(Cause::Signal(9), false, &["x"]).diagnostic();
        assert_eq!(killed.exit, Exit::Core);
        assert!(killed.title.contains("3 MiB") && killed.title.contains("`x`"), "{}", killed.title);
    }
}
