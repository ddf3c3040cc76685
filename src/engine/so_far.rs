//! What of a run can be seen from outside before it is over: how many messages have which name, and results so far.

use super::clock::Clock;
use super::message::Whereabouts;
use super::observer::{Observer, SoFar};
use super::player::Player;
use super::results::Measured;
use super::scene::Scene;
use crate::cores::{CoreFailure, Signs, expose};
use crate::results::FinalOutcome;
use serde_json::Map;

impl<C: Clock> Player<'_, C> {
    /// Shows how the run stands, before the core is called: it may never come back.
    #[inline(always)]
    pub fn show_signs(&mut self) {
        let mut ended = self.account.recorder.not_delivered;
        ended[FinalOutcome::Delivered as usize] = self.account.recorder.delivered;
        self.core.services.vitals.show(&Signs {
            now_ns: self.pace.now_ns(),
            generated: self.account.recorder.generated,
            in_flight: (self.processor.in_flight() + self.processor.staged().len()) as u64,
            ended,
        });
        expose(self);
    }

    /// Tells the results so far.
    #[cold]
    pub fn tell_results_so_far(&mut self, dying: bool) {
        let failure = CoreFailure::died(self.core.session().core(), "publish", String::new());
        let (run, facts) = Measured::so_far(self, failure);
        self.observer.results_so_far(SoFar { run, facts, plan: self.setup.plan, dying });
    }

    /// The core has killed the process in mid-call: nobody knows what became of the messages in its hands.
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
    /// What it measured.
    pub measured: Option<Measured>,
    /// What it is about.
    pub scene: &'a Scene<'a>,
    /// Who is told.
    pub observer: &'a mut dyn Observer,
}

impl Closing<'_> {
    /// A core has killed the process while it was taken down: what was measured is whole.
    #[cold]
    pub fn take_final_snapshot(&mut self) {
        if let Some(measured) = self.measured.take() {
            let played = measured.results(self.scene, Map::new());
            let (run, facts) = (played.run, played.facts);
            self.observer.results_so_far(SoFar { run, facts, plan: self.scene.plan, dying: true });
        }
    }
}
