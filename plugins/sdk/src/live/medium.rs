//! What a live core is to its session.

use super::arrivals::Arrival;
use crate::abi::OutcomeResult;
use crate::message::Message;

/// A core's own side of its [`Exchange`](super::Exchange): what it has to send and to acknowledge, and how those who do
/// it are woken.
///
/// *Rationale.* Every function is called by the session, on the engine's thread, with the exchange locked; so none may
/// block, and none needs a lock of its own. Who does the work, a thread that waits for a condition variable, a task of
/// an async runtime or a process behind a pipe, locks the exchange, takes over what waits here, and lets go of the lock
/// before it does anything that lasts.
pub trait Medium: Send + 'static {
    /// Takes a message over. What is needed of it later is copied.
    fn send(&mut self, message: &Message<'_>) -> Sending;

    /// The host got these copies in a poll at `now_ns`.
    fn handed_out(&mut self, copies: &[Arrival], now_ns: u64) {
        let _ = (copies, now_ns);
    }

    /// The host took the copies with these tags: they need not come again.
    fn acknowledge(&mut self, tags: &[u64]) {
        let _ = tags;
    }

    /// Wakes whoever waits for this.
    fn wake(&mut self, news: News);

    /// Whether no copy is to come but those that have arrived in the exchange. A medium that cannot tell says `false`.
    fn is_empty(&self) -> bool {
        false
    }
}

/// What a medium says to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// It is accepted: an answer follows.
    Accepted,
    /// It is accepted, and what became of it is known at once: the result, and the interned reason.
    Answered(OutcomeResult, u32),
    /// There is no room for it. It is offered again after an answer or a wake.
    Full,
}

/// What is new for those who do a medium's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Messages were accepted.
    Accepted,
    /// Copies were acknowledged.
    Acknowledged,
    /// There is room for copies again, for which there was none.
    Room,
    /// The load has ended: no message comes but those that are tried again.
    Flushed,
    /// The session is closed: what waits is the last.
    Closed,
}
