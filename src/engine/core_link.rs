//! The engine's connection to the core: its session, and its last answers.

use crate::cores::{CoreFailure, HostServices, OneAnswer, Out, Published, Session, Settlement, abi};
use crate::metrics::Recorder;
use crate::results::FinalOutcome;

/// The core that is played. The core counts time from its own origin; all times here are since the load began.
pub struct CoreLink {
    /// The core's answer to the last call.
    pub out: Out,
    /// The services of the host for cores.
    pub services: HostServices,
    session: Session,
    origin_ns: u64,
    /// The number of messages that ended without being delivered, as last shown.
    lost_shown: u64,
}

impl CoreLink {
    /// The link to a core whose clock shows `origin_ns` when the load begins.
    pub fn new(session: Session, services: HostServices, out: Out, origin_ns: u64) -> CoreLink {
        CoreLink { out, services, session, origin_ns, lost_shown: 0 }
    }

    /// Shows the state of the run, as far as it has changed, to whoever must tell it if the next call never returns.
    #[inline(always)]
    pub fn show(&mut self, now_ns: u64, in_flight: u64, recorder: &Recorder) {
        let vitals = &self.services.vitals;
        vitals.show_course(now_ns, recorder.generated, in_flight);
        vitals.show_ended_with(FinalOutcome::Delivered as usize, recorder.delivered);
        let lost = recorder.ended - recorder.delivered;
        if lost != self.lost_shown {
            self.lost_shown = lost;
            let mut ended = recorder.not_delivered;
            ended[FinalOutcome::Delivered as usize] = recorder.delivered;
            vitals.show_ended(&ended);
        }
    }

    /// Offers messages to the core. Returns what it accepted.
    #[inline(always)]
    pub fn publish(&mut self, now_ns: u64, batch: &[abi::Message]) -> Published {
        self.session.publish(now_ns + self.origin_ns, batch, &mut self.out)
    }

    /// Offers one message to the core. Returns the answer, if the core says no more than that.
    ///
    /// # Errors
    /// The core said something else, which stands in `out` and in what [`publish`](CoreLink::publish) returns.
    #[inline(always)]
    pub fn publish_one<const COPIES: bool>(
        &mut self,
        now_ns: u64,
        message: &abi::Message,
    ) -> Result<OneAnswer, Published> {
        self.session.publish_one::<COPIES>(now_ns + self.origin_ns, message, &mut self.out)
    }

    /// Asks the core for what has happened.
    ///
    /// # Errors
    /// The core has failed; what is in `out` still counts.
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

    /// Tells the core how copies are settled, by their tags.
    ///
    /// # Errors
    /// As for [`poll`](CoreLink::poll).
    pub fn settle(&mut self, now_ns: u64, how: Settlement, tags: &[u64]) -> Result<(), CoreFailure> {
        self.session.acknowledge(now_ns + self.origin_ns, how, tags, &mut self.out)
    }

    /// When the core wants to be polled, in nanoseconds since the load began; `u64::MAX` = never.
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

    /// Converts a time of the core's clock into nanoseconds since the load began.
    #[inline(always)]
    pub fn since_load(&self, at_ns: u64) -> u64 {
        at_ns.saturating_sub(self.origin_ns)
    }

    /// The session, for reading only.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The error for a breach of the contract that was seen in the last answer.
    #[cold]
    pub fn breach(&self, text: String) -> CoreFailure {
        CoreFailure::breach(self.session.core(), self.session.called(), text)
    }

    /// Gives back the session, to be closed, and the services.
    pub fn into_parts(self) -> (Session, HostServices) {
        (self.session, self.services)
    }
}
