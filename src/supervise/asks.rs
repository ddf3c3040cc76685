//! What the user asks of the process that watches: Ctrl-C, SIGTERM, SIGHUP, SIGQUIT.

use crate::diagnostics::Exit;
use libc::{c_int, c_void, siginfo_t};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The signals that ask for an end, and the exit code of each.
const SIGNALS: [(c_int, Exit); 4] = [
    (libc::SIGINT, Exit::Interrupted),
    (libc::SIGTERM, Exit::Terminated),
    (libc::SIGHUP, Exit::Terminated),
    (libc::SIGQUIT, Exit::Interrupted),
];

/// How often each has come, and whether one of them reached this process alone.
static CAME: [(AtomicU32, AtomicBool); SIGNALS.len()] =
    [const { (AtomicU32::new(0), AtomicBool::new(false)) }; SIGNALS.len()];

/// A request to end the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ask {
    /// The signal that was sent.
    pub signal: c_int,
    /// The exit code that the request leads to.
    pub exit: Exit,
    /// Whether the child has not got the signal itself, as it does from a terminal.
    pub pass_on: bool,
    /// Whether nothing is to be waited for: it came twice, or it is one that says so.
    pub at_once: bool,
}

extern "C" fn on_ask(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    let Some(index) = SIGNALS.iter().position(|(known, _)| *known == signal) else { return };
    // SAFETY: with SA_SIGINFO the kernel gives a `siginfo_t`.
    if unsafe { (*info).si_code } <= 0 {
        CAME[index].1.store(true, Ordering::Release);
    }
    CAME[index].0.fetch_add(1, Ordering::AcqRel);
}

/// Whether a signal was ignored when this process began, as by `nohup`.
pub fn is_ignored(signal: c_int) -> bool {
    // SAFETY: zeros are a valid `sigaction`; only the present one is asked for.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// Listens from now on.
pub(super) fn listen() {
    for (signal, _) in SIGNALS {
        if signal == libc::SIGHUP && is_ignored(signal) {
            continue;
        }
        // SAFETY: zeros are a valid `sigaction`; the handler lives for ever and only stores to atomics.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_ask as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// The requests since the last call.
pub(super) fn taken() -> impl Iterator<Item = Ask> {
    SIGNALS.iter().zip(&CAME).filter_map(|(&(signal, exit), (times, alone))| {
        let times = times.swap(0, Ordering::AcqRel);
        let pass_on = alone.swap(false, Ordering::AcqRel);
        (times > 0).then_some(Ask { signal, exit, pass_on, at_once: times > 1 || signal == libc::SIGQUIT })
    })
}
