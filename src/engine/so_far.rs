//! What can be seen of a run before it is over: the counts of messages, and the results so far.

use super::clock::Clock;
use super::message::Whereabouts;
use super::observer::{Observer, SoFar};
use super::player::Player;
use super::results::Measured;
use super::scene::Scene;
use crate::cores::{CoreFailure, expose};
use serde_json::Map;

impl<C: Clock> Player<'_, C> {
    /// Shows the state of the run before the core is called, because the call may never return.
    #[inline(always)]
    pub fn show_signs(&mut self) {
        let in_flight = (self.processor.in_flight() + self.processor.staged().len()) as u64;
        self.core.show(self.pace.now_ns(), in_flight, &self.account.recorder);
        expose(self);
    }

    /// Tells the observer the results so far.
    #[cold]
    pub fn tell_results_so_far(&mut self, dying: bool) {
        let failure = CoreFailure::died(self.core.session().core(), "publish", String::new());
        let (run, facts) = Measured::so_far(self, failure);
        self.observer.results_so_far(SoFar { run, facts, plan: self.setup.plan, dying });
    }

    /// Tells the results so far when the core has killed the process in a call: the outcomes of the messages that it
    /// had are unknown.
    #[cold]
    pub fn take_final_snapshot(&mut self) {
        for id in self.processor.take_staged() {
            let message = &mut self.messages[id];
            message.attempts = message.attempts.max(1);
            message.place = Whereabouts::InFlight;
        }
        self.tell_results_so_far(true);
    }
}

/// A run that is over, while its cores are taken down.
pub struct Closing<'a> {
    /// The measurements of the run; none once they are told.
    pub measured: Option<Measured>,
    /// The facts of the run.
    pub scene: &'a Scene<'a>,
    /// The receiver of the news of the run.
    pub observer: &'a mut dyn Observer,
}

impl Closing<'_> {
    /// Tells the results when a core has killed the process while it was taken down: the measurements are complete.
    #[cold]
    pub fn take_final_snapshot(&mut self) {
        if let Some(measured) = self.measured.take() {
            let played = measured.results(self.scene, Map::new());
            let (run, facts) = (played.run, played.facts);
            self.observer.results_so_far(SoFar { run, facts, plan: self.scene.plan, dying: true });
        }
    }
}
