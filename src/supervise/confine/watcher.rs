//! Answering the calls of a confined process.

use super::deed::Deed;
use super::judge::{Judge, Verdict};
use super::limits::Limits;
use super::listener::Listener;
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
    limits: Limits,
    process: i32,
    mut tried: impl FnMut(Deed),
) -> io::Result<()> {
    let judge = Judge::new(process, limits)?;
    while let Some((id, call)) = listener.next()? {
        match judge.judge(&call) {
            Verdict::GoOn => listener.go_on(id),
            Verdict::Stop(deed) => {
                // Else the thread has given the call up, and may make it again.
                if listener.still_waits(id) {
                    tried(deed);
                }
                listener.refuse(id);
            }
        }
    }
    Ok(())
}
