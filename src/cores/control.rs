//! Control calls: on a helper thread, with a time limit.

use super::error::CoreFailure;
use super::services::HostServices;
use super::vitals::{FUNCTIONS, work_for};
use super::{helpers, last_words};
use mqscript_plugin::abi::{self, ErrorBuffer};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// How often is looked whether the process is dying while a call is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Runs `call`, a function of the core at a depth, on a helper thread and waits at most `services.control_limit`. A call
/// that does not return keeps its thread and whatever it owns for the rest of the process's life.
pub(super) fn within<T: Send + 'static>(
    core: &str,
    (depth, function): (usize, &'static str),
    services: &HostServices,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CoreFailure> {
    let (send, receive) = sync_channel(1);
    let slot = services.vitals.slot();
    let index = FUNCTIONS.iter().position(|name| *name == function).unwrap_or_default();
    let before = slot.enter(depth, index);
    let helped = helpers::run(move || {
        work_for(Some(slot));
        slot.control_here();
        let value = call();
        work_for(None);
        // After the limit this waits in the channel for ever: a core that comes too late may still look at what
        // it was given.
        let _ = send.send(value);
    });
    if let Err(error) = helped {
        slot.leave(before);
        let text = format!("the system gives no thread: {error}");
        return Err(CoreFailure::from_status(core, function, abi::INTERNAL, &text));
    }
    let answer = wait_for(&receive, services.control_limit);
    slot.leave(before);
    match answer {
        Ok(value) => match slot.take_deed() {
            Some(deed) => Err(CoreFailure::forbidden(core, function, deed)),
            None => Ok(value),
        },
        Err(RecvTimeoutError::Timeout) => {
            std::mem::forget(receive);
            Err(CoreFailure::timed_out(core, function, services.control_limit))
        }
        Err(RecvTimeoutError::Disconnected) => {
            let text = "the host's helper thread died";
            Err(CoreFailure::from_status(core, function, abi::INTERNAL, text))
        }
    }
}

/// Waits for the helper thread. Should the call kill the process, its signal handler waits for what this thread writes
/// down.
fn wait_for<T>(receive: &Receiver<T>, limit: Duration) -> Result<T, RecvTimeoutError> {
    let end = Instant::now() + limit;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match receive.recv_timeout(left.min(LOOK)) {
            Err(RecvTimeoutError::Timeout) if !left.is_zero() => last_words::speak_if_dying(),
            answer => return answer,
        }
    }
}

/// A status, and what the core wrote about it.
pub(super) struct Told {
    pub status: i32,
    pub text: String,
}

impl Told {
    /// Makes a call with an error buffer of its own.
    pub(super) fn by(call: impl FnOnce(*mut ErrorBuffer) -> i32) -> Told {
        let mut bytes = [0u8; 2048];
        let mut error = ErrorBuffer {
            struct_size: size_of::<ErrorBuffer>() as u32,
            code: abi::OK,
            len: 0,
            cap: bytes.len() as u32,
            buf: bytes.as_mut_ptr(),
        };
        let status = call(&mut error);
        Told { status, text: super::border::told(&error) }
    }

    pub(super) fn into_result(self, core: &str, function: &'static str) -> Result<(), CoreFailure> {
        if self.status == abi::OK {
            return Ok(());
        }
        Err(CoreFailure::from_status(core, function, self.status, &self.text))
    }
}
