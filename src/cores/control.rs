//! Control calls: on a helper thread, with a time limit.

use super::deeds::take_deed;
use super::error::CoreFailure;
use mqscript_plugin::abi::{self, ErrorBuffer};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// Runs `call` on a helper thread and waits at most `limit`. A call that does not return keeps its thread and
/// whatever it owns for the rest of the process's life.
pub(super) fn within<T: Send + 'static>(
    core: &str,
    function: &'static str,
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CoreFailure> {
    let (send, receive) = sync_channel(1);
    let thread = thread::Builder::new().name(format!("control {core}")).spawn(move || {
        // After the limit this waits in the channel for ever: a core that comes too late may still look at what
        // it was given.
        let _ = send.send(call());
    });
    let thread = match thread {
        Ok(thread) => thread,
        Err(error) => {
            let text = format!("the system gives no thread: {error}");
            return Err(CoreFailure::from_status(core, function, abi::INTERNAL, &text));
        }
    };
    match receive.recv_timeout(limit) {
        Ok(value) => {
            let _ = thread.join();
            match take_deed() {
                Some(deed) => Err(CoreFailure::forbidden(core, function, deed)),
                None => Ok(value),
            }
        }
        Err(RecvTimeoutError::Timeout) => {
            std::mem::forget(receive);
            Err(CoreFailure::timed_out(core, function, limit))
        }
        Err(RecvTimeoutError::Disconnected) => {
            let text = "the host's helper thread died";
            Err(CoreFailure::from_status(core, function, abi::INTERNAL, text))
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
