//! The host that libraries meet before there is a run: while they are entered, and after their run has gone.

use super::texts::text_of;
use mqscript_plugin::abi;
use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

/// What libraries say while they are entered; loading is one at a time.
static ENTRY_LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct EntryHost(abi::Host);

// SAFETY: constant, and its functions are "[any thread]".
unsafe impl Sync for EntryHost {}

/// "There `log` alone has an effect."
static ENTRY_HOST: EntryHost = EntryHost(abi::Host {
    struct_size: size_of::<abi::Host>() as u32,
    abi: abi::ABI,
    data: std::ptr::null(),
    log: Some(entry_log),
    now_ns: Some(entry_now),
    wake: Some(entry_wake),
    event: Some(entry_event),
    intern: Some(entry_intern),
    get_extension: Some(no_extension),
});

/// The host that a library gets while it is entered. What earlier ones said is forgotten.
pub(super) fn entry_host() -> *const abi::Host {
    ENTRY_LOG.lock().unwrap_or_else(PoisonError::into_inner).clear();
    &ENTRY_HOST.0
}

/// What the library that was entered last has logged.
pub(super) fn said_at_entry() -> String {
    ENTRY_LOG.lock().unwrap_or_else(PoisonError::into_inner).join("; ")
}

/// A host whose services do nothing.
pub(super) fn dead_host() -> abi::Host {
    abi::Host { log: Some(dead_log), ..ENTRY_HOST.0 }
}

unsafe extern "C" fn dead_log(_: *const abi::Host, _: u32, _: abi::Str) {}

unsafe extern "C" fn entry_log(_: *const abi::Host, _: u32, text: abi::Str) {
    let mut log = ENTRY_LOG.lock().unwrap_or_else(PoisonError::into_inner);
    if log.len() < 16 {
        // SAFETY: "Everything passed in is borrowed for the call".
        log.push(unsafe { text_of(text) });
    }
}

unsafe extern "C" fn entry_now(_: *const abi::Host) -> u64 {
    0
}

unsafe extern "C" fn entry_wake(_: *const abi::Host, _: u64) {}

unsafe extern "C" fn entry_event(_: *const abi::Host, _: u32, _: u64, _: abi::Str) {}

unsafe extern "C" fn entry_intern(_: *const abi::Host, _: abi::Str) -> u32 {
    0
}

/// No extension is known yet, neither here nor in a run.
pub(super) unsafe extern "C" fn no_extension(_: *const abi::Host, _: abi::Str) -> *const c_void {
    std::ptr::null()
}
