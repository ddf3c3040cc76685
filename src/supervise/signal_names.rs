//! The signals that end a process, for people.

/// Number, name, and what it means.
#[cfg(target_os = "linux")]
const SIGNALS: &[(i32, &str, &str)] = &[
    (libc::SIGHUP, "SIGHUP", "the terminal is gone"),
    (libc::SIGINT, "SIGINT", "interrupted"),
    (libc::SIGQUIT, "SIGQUIT", "asked to end on the spot"),
    (libc::SIGILL, "SIGILL", "an illegal instruction"),
    (libc::SIGTRAP, "SIGTRAP", "a trap"),
    (libc::SIGABRT, "SIGABRT", "it gave itself up"),
    (libc::SIGBUS, "SIGBUS", "memory that is not there"),
    (libc::SIGFPE, "SIGFPE", "a wrong calculation"),
    (libc::SIGKILL, "SIGKILL", "killed from outside, as the system does when memory runs out"),
    (libc::SIGUSR1, "SIGUSR1", "somebody's own signal"),
    (libc::SIGSEGV, "SIGSEGV", "memory that it must not touch"),
    (libc::SIGUSR2, "SIGUSR2", "somebody's own signal"),
    (libc::SIGPIPE, "SIGPIPE", "nobody reads"),
    (libc::SIGALRM, "SIGALRM", "an alarm that nobody handles"),
    (libc::SIGTERM, "SIGTERM", "asked to end"),
    (libc::SIGXCPU, "SIGXCPU", "more processor time than its limit allows"),
    (libc::SIGXFSZ, "SIGXFSZ", "a file too large"),
    (libc::SIGVTALRM, "SIGVTALRM", "a timer that nobody handles"),
    (libc::SIGPROF, "SIGPROF", "a profiler's timer that nobody handles"),
    (libc::SIGIO, "SIGIO", "news of a file that nobody handles"),
    (libc::SIGPWR, "SIGPWR", "the power fails"),
    (libc::SIGSYS, "SIGSYS", "a forbidden system call"),
];

#[cfg(not(target_os = "linux"))]
const SIGNALS: &[(i32, &str, &str)] = &[
    (4, "SIGILL", "an illegal instruction"),
    (5, "SIGTRAP", "a trap"),
    (6, "SIGABRT", "it gave itself up"),
    (8, "SIGFPE", "a wrong calculation"),
    (9, "SIGKILL", "killed from outside, as the system does when memory runs out"),
    (11, "SIGSEGV", "memory that it must not touch"),
    (13, "SIGPIPE", "nobody reads"),
    (15, "SIGTERM", "asked to end"),
];

/// The signal's name and meaning.
pub(super) fn in_words(number: i32) -> String {
    match SIGNALS.iter().find(|(known, ..)| *known == number) {
        Some((_, name, meaning)) => format!("{name} ({meaning})"),
        None => format!("signal {number}"),
    }
}

/// Whether a signal tells of a fault of the very code that was running; others come from outside, or were sent on purpose.
pub(super) fn is_fault(number: i32) -> bool {
    use libc::{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP].contains(&number)
}
