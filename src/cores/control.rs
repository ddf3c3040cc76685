//! Control calls, with a time limit.

use super::error::CoreFailure;
use super::helpers;
use super::lent::LentError;
use super::returning::returning;
use super::services::HostServices;
use super::surroundings::put_back_after;
use super::violations::Caught;
use super::vitals::{FUNCTIONS, Slot, shown, work_for};
use mqscript_plugin::abi::{self, ErrorBuffer};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Makes `call`, a function of the core at a depth. Where a supervisor watches the process, it is made here and now: a
/// call that does not return is given up together with the process. Elsewhere it is made on a helper thread and waited
/// for at most `services.control_limit`; one that does not return keeps its thread and whatever it owns for the rest of
/// the process's life.
///
/// *Rationale.* Handing a call over and back makes two threads wait for each other. Five of them took a tenth of a
/// comparison whose runs have ten thousand messages each.
pub(super) fn within<T: Send + 'static>(
    core: &str,
    (depth, function): (usize, &'static str),
    services: &HostServices,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CoreFailure> {
    let slot = services.vitals.slot();
    let index = FUNCTIONS.iter().position(|name| *name == function).unwrap_or_default();
    let before = slot.enter(depth, index);
    let answer = match shown() {
        Some(_) => Ok(returning(call)),
        None => helped(slot, core, function, services.control_limit, call),
    };
    slot.leave(before);
    put_back_after(core, services);
    match (answer, slot.answer(&services.misuse)) {
        (Ok(_), Some(Caught::Violation(violation))) => Err(CoreFailure::forbidden(core, function, violation)),
        (Ok(_), Some(Caught::Misuse(who, text))) => Err(CoreFailure::breach(&who, function, text)),
        (answer, _) => answer,
    }
}

/// Makes the call on a helper thread.
fn helped<T: Send + 'static>(
    slot: &'static Slot,
    core: &str,
    function: &'static str,
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CoreFailure> {
    let (send, receive) = sync_channel(1);
    let internal = |text: &str| CoreFailure::from_status(core, function, abi::INTERNAL, text);
    helpers::run(move || {
        work_for(Some(slot));
        let value = returning(call);
        work_for(None);
        // After the limit this waits in the channel for ever: a core that comes too late may still look at what
        // it was given.
        let _ = send.send(value);
    })
    .map_err(|error| internal(&format!("the system gives no thread: {error}")))?;
    match receive.recv_timeout(limit) {
        Ok(value) => Ok(value),
        Err(RecvTimeoutError::Timeout) => {
            std::mem::forget(receive);
            Err(CoreFailure::timed_out(core, function, limit))
        }
        Err(RecvTimeoutError::Disconnected) => Err(internal("the host's helper thread died")),
    }
}

/// A status, and what the core wrote about it.
pub(super) struct Reply {
    pub status: i32,
    pub text: String,
    /// What of the host's own it changed in the error buffer.
    pub breach: Option<String>,
}

impl Reply {
    /// Makes a call with an error buffer of its own.
    pub(super) fn by(call: impl FnOnce(*mut ErrorBuffer) -> i32) -> Reply {
        let mut bytes = [0u8; 2048];
        let mut error = ErrorBuffer {
            struct_size: size_of::<ErrorBuffer>() as u32,
            code: abi::OK,
            len: 0,
            cap: bytes.len() as u32,
            buf: bytes.as_mut_ptr(),
        };
        let lent = LentError::of(&error);
        let status = call(&mut error);
        let breach = lent.breach(&mut error);
        Reply { status, text: lent.told(&error), breach }
    }

    pub(super) fn into_result(self, core: &str, function: &'static str) -> Result<(), CoreFailure> {
        if let Some(text) = self.breach {
            return Err(CoreFailure::breach(core, function, text));
        }
        if self.status == abi::OK {
            return Ok(());
        }
        Err(CoreFailure::from_status(core, function, self.status, &self.text))
    }
}
