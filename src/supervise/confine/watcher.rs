//! Answering the calls of a confined process.

use super::judge::{CallJudge, CallVerdict};
use super::limits::AllowedFiles;
use super::listener::Listener;
use super::violation::Violation;
use std::io;

/// Answers the calls of `process`, a child of this one, until it has ended. Whatever it tries that it must not, `tried`
/// is told while the call waits; then the call is refused.
///
/// *Rationale.* The listener is dropped at the end, however that comes: what waits then fails, and nothing goes on.
///
/// # Errors
/// The process cannot be looked into, or the kernel gives none of its calls to look at.
pub fn answer(
    listener: Listener,
    limits: AllowedFiles,
    process: i32,
    mut tried: impl FnMut(Violation),
) -> io::Result<()> {
    let judge = CallJudge::new(process, limits)?;
    while let Some((id, call)) = listener.next()? {
        match judge.judge(&call) {
            CallVerdict::GoOn => listener.go_on(id),
            CallVerdict::Stop(violation) => {
                // Else the thread has given the call up, and may make it again.
                if listener.still_waits(id) {
                    tried(violation);
                }
                listener.refuse(id);
            }
        }
    }
    Ok(())
}
