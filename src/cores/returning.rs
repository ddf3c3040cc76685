//! Calls of foreign code come back, or the process ends in them: nothing unwinds through the host.
//!
//! *Rationale.* An exception of C++ that leaves a core, or `pthread_exit`, takes the host's own frames down one by one
//! until it meets somebody who catches it, or nobody. By then nobody knows any more who was called.

use super::vitals::{LEFT, shown};
use std::io::Write;
use std::sync::atomic::Ordering;

/// Makes a call of foreign code. If it is left in any other way than by returning, the process ends here and now, as in a
/// crash within the call.
#[inline(always)]
pub(super) fn returning<T>(call: impl FnOnce() -> T) -> T {
    let within = WithinCall;
    let value = call();
    std::mem::forget(within);
    value
}

/// Dropped only by who unwinds.
struct WithinCall;

impl Drop for WithinCall {
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {
        match shown() {
            // The supervisor tells.
            Some(shared) => shared.fatal.signal.store(LEFT, Ordering::Release),
            None => {
                let _ = writeln!(
                    std::io::stderr(),
                    "error: an exception came out of a core, or it ended the host's own thread"
                );
            }
        }
        std::process::abort();
    }
}
