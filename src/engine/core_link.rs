//! The loop's end of the core: the session, and what the core has answered.

use crate::cores::{CoreFailure, HostServices, Out, Published, Session, abi};

/// The core under play. It counts time from an origin of its own; all times here are since the load began.
pub struct CoreLink {
    /// What the core has answered to the last call.
    pub out: Out,
    /// What the host offers to cores.
    pub services: HostServices,
    session: Session,
    origin_ns: u64,
}

impl CoreLink {
    /// The link to a core whose clock shows `origin_ns` when the load begins.
    pub fn new(session: Session, services: HostServices, out: Out, origin_ns: u64) -> CoreLink {
        CoreLink { out, services, session, origin_ns }
    }

    /// Offers messages to the core.
    #[inline(always)]
    pub fn publish(&mut self, now_ns: u64, batch: &[abi::Message]) -> Published {
        self.session.publish(now_ns + self.origin_ns, batch, &mut self.out)
    }

    /// Asks the core for what has happened.
    ///
    /// # Errors
    /// The core is finished; what stands in `out` still counts.
    pub fn poll(&mut self, now_ns: u64) -> Result<(), CoreFailure> {
        self.session.poll(now_ns + self.origin_ns, &mut self.out)
    }

    /// Tells the core that the load has ended.
    ///
    /// # Errors
    /// As for [`poll`](CoreLink::poll).
    pub fn flush(&mut self, now_ns: u64) -> Result<(), CoreFailure> {
        self.session.flush(now_ns + self.origin_ns, &mut self.out)
    }

    /// Tells the core that copies were taken.
    ///
    /// # Errors
    /// As for [`poll`](CoreLink::poll).
    pub fn acknowledge(&mut self, now_ns: u64, tags: &[u64]) -> Result<(), CoreFailure> {
        self.session.acknowledge(now_ns + self.origin_ns, tags, &mut self.out)
    }

    /// When the core wants to be polled; `u64::MAX` = never.
    #[inline]
    pub fn due_ns(&self) -> u64 {
        match self.out.next_due_ns {
            abi::NEVER => u64::MAX,
            due => self.since_load(due),
        }
    }

    /// The start of the load on the core's clock, in nanoseconds.
    #[inline(always)]
    pub fn origin_ns(&self) -> u64 {
        self.origin_ns
    }

    /// A time of the core's clock, since the load began.
    #[inline(always)]
    pub fn since_load(&self, at_ns: u64) -> u64 {
        at_ns.saturating_sub(self.origin_ns)
    }

    /// The session, to be read.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// A breach of the contract, seen in what the last call brought.
    #[cold]
    pub fn breach(&self, text: String) -> CoreFailure {
        CoreFailure::breach(self.session.core(), self.session.called(), text)
    }

    /// Gives the session back, to be closed, and the services.
    pub fn into_parts(self) -> (Session, HostServices) {
        (self.session, self.services)
    }
}
