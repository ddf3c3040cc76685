//! The interface between a live core and its session.

use super::arrivals::Arrival;
use crate::abi::OutcomeResult;
use crate::core::Settlement;
use crate::message::Message;

/// A core's own side of its [`Exchange`](super::Exchange): keeps what the core has to send and to acknowledge, and
/// wakes the threads that do it.
///
/// *Rationale.* Every function is called by the session, on the engine's thread, with the exchange locked; so none may
/// block, and none needs a lock of its own. Who does the work, a thread that waits for a condition variable, a task of
/// an async runtime or a process behind a pipe, locks the exchange, takes over what waits here, and lets go of the lock
/// before it does anything that lasts.
pub trait Medium: Send + 'static {
    /// Takes a message over. It must copy what it needs later.
    fn send(&mut self, message: &Message<'_>) -> Sending;

    /// The host got these copies in a poll at `now_ns`.
    fn handed_out(&mut self, copies: &[Arrival], now_ns: u64) {
        let _ = (copies, now_ns);
    }

    /// The host acknowledged the copies with these tags: they need not be handed out again.
    fn acknowledge(&mut self, tags: &[u64]) {
        let _ = tags;
    }

    /// The host settles the copies with these tags at `now_ns`, or extends their leases. A medium that can only have copies
    /// acknowledged leaves this as it is.
    fn settle(&mut self, how: Settlement, tags: &[u64], now_ns: u64) {
        let _ = now_ns;
        if how == Settlement::Acknowledge {
            self.acknowledge(tags);
        }
    }

    /// Wakes the threads that wait for this news.
    fn wake(&mut self, news: News);

    /// Whether no more copies will come except those that are already in the exchange. A medium that cannot know says
    /// `false`.
    fn is_empty(&self) -> bool {
        false
    }
}

/// The answer of a medium to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// The message is accepted; its outcome follows later.
    Accepted,
    /// The message is accepted, and its outcome is known at once: the result, and the interned reason.
    Answered(OutcomeResult, u32),
    /// There is no room for the message. It is offered again after an answer or a wake.
    Full,
}

/// An event for the threads of a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Messages were accepted and wait to be sent.
    Accepted,
    /// Copies were acknowledged by the host, or settled in another way.
    Acknowledged,
    /// There is room for copies again after there was none.
    Room,
    /// The load has ended: only retries come from now on.
    Flushed,
    /// The session is closed: nothing comes after what waits now.
    Closed,
}
