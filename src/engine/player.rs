//! The loop of the engine: one thread, one timeline, two kinds of clocks.

use super::account::Account;
use super::callback_runner::CallbackRunner;
use super::clock::Clock;
use super::consumers::Consumers;
use super::content::Texts;
use super::core_link::CoreLink;
use super::due::Due;
use super::load::Load;
use super::message::Messages;
use super::observer::{Observer, Progress};
use super::pace::{InVain, Pace};
use super::processor::ProcessorState;
use super::receiver::Receiver;
use super::setup::Setup;
use super::stop::Stop;
use crate::cores::{self, CoreFailure};
use crate::results::{Shortfall, Waited};

/// The most rounds without time advancing; more end a run.
pub const ROUNDS_MAX: u64 = 1_000_000;

/// A run that is being played.
///
/// Each part keeps its own state. Events that concern several parts are passed on here, in `arriving`, `processing`,
/// `receiving` and `ending`.
pub struct Player<'a, C: Clock> {
    /// The parts that do not change during the run.
    pub setup: Setup<'a>,
    /// The clock, and the events that are due.
    pub pace: Pace<C>,
    /// The connection to the core.
    pub core: CoreLink,
    /// The agents and what they generate.
    pub load: Load,
    /// The queue and the workers.
    pub processor: ProcessorState,
    /// The copies that arrive.
    pub receiver: Receiver,
    /// The agents that work on what they receive.
    pub consumers: Consumers,
    /// Everything that is measured.
    pub account: Account,
    /// The messages that have not ended.
    pub messages: Messages,
    /// The texts of the messages.
    pub texts: Texts,
    /// The callbacks of the agents.
    pub callbacks: CallbackRunner<'a>,
    /// The receiver of the news of the run.
    pub observer: &'a mut dyn Observer,
    /// Why the run stops before its time; none if it does not.
    pub stop: Option<Stop>,
    /// Why the wait after the load ended before all had come; none if all came.
    pub waited: Option<Waited>,
}

impl<C: Clock> Player<'_, C> {
    /// Plays the run to its end.
    pub fn play(&mut self) {
        if self.observer.wants_results() {
            self.tell_results_so_far(false);
        }
        self.start();
        loop {
            self.play_load();
            self.instant();
            if self.stop.is_some() {
                break;
            }
            if self.count_is_over() {
                // What the core held back until now is offered again, before time goes on.
                self.end_load();
                continue;
            }
            if self.is_finished() {
                break;
            }
            let Some(next) = self.next_wake_up() else {
                self.nothing_to_wait_for();
                break;
            };
            self.pace.wait(next);
        }
        cores::write_snapshot_if_dying();
        self.settle();
    }

    /// Does everything that is due now, and everything that becomes due by that.
    fn instant(&mut self) {
        let mut rounds = 0;
        while self.stop.is_none() {
            if self.wants_poll() {
                self.poll();
            }
            if self.pace.is_due() {
                self.run_due();
            }
            if self.stop.is_some() {
                return;
            }
            self.finish_instant();
            if self.pace.progress_is_due() {
                self.report_progress();
            }
            let again = self.dispatch();
            if self.stop.is_some() || !again && !self.polls_at_once() {
                return;
            }
            self.pace.look_at_clock();
            if again && self.is_endless(&mut rounds) {
                return;
            }
        }
    }

    /// Stops the run because of too many rounds without time advancing. Returns that it does.
    #[cold]
    pub fn stop_endless_rounds(&mut self) -> bool {
        self.stop = Some(Stop::endless_answers(&format!(
            "more than {ROUNDS_MAX} rounds at {} ns without time advancing: {}",
            self.pace.now_ns(),
            self.busiest()
        )));
        true
    }

    /// Whether the core is polled at once: "After MORE the host polls at once." On the wall clock, other work comes in
    /// between at times.
    #[inline]
    fn polls_at_once(&self) -> bool {
        self.core.out.more && self.pace.polls_at_once()
    }

    /// Notes that the core was polled; `answered` if the poll brought an outcome.
    pub fn polled(&mut self, answered: bool) {
        if self.pace.count_poll() {
            self.report_progress();
        }
        if let Some(InVain { polls, passed_ns }) = self.pace.polled(answered) {
            let text = format!(
                "it was polled {polls} times within {passed_ns} ns because it asked for it (`next_due_ns`, or MORE), \
                 and told no outcome (rules R56 and R57)"
            );
            self.fail(CoreFailure::breach(self.core.session().core(), "poll", text));
        }
    }

    /// Handles all events that are due by now; there must be one.
    #[inline(always)]
    pub fn run_due(&mut self) {
        loop {
            let (time_ns, due) = self.pace.take();
            self.handle(time_ns, due);
            if self.stop.is_some() || !self.pace.is_due() {
                return;
            }
        }
    }

    /// Lets what arrives with the events of this instant take effect, when the last of them has been handled.
    #[inline(always)]
    pub fn finish_instant(&mut self) {
        self.let_copies_arrive();
        if self.receiver.has_tags() {
            self.acknowledge();
        }
        if self.consumers.has_settlements() {
            self.settle_copies();
        }
    }

    /// Handles one event, which is due.
    #[inline(always)]
    fn handle(&mut self, time_ns: u64, due: Due) {
        match due {
            Due::Outcome(id) => self.outcome_due(id),
            Due::Arrival(agent) => {
                self.let_copies_arrive();
                self.arrival_due(agent, time_ns);
            }
            rare => self.handle_rarely(time_ns, rare),
        }
        if self.load.looks_ahead() {
            self.look_ahead();
        }
        if self.pace.count_entry() {
            self.report_progress();
        }
    }

    #[inline(never)]
    fn handle_rarely(&mut self, time_ns: u64, due: Due) {
        if !matches!(due, Due::LateOutcome | Due::Timeout(_) | Due::OutcomeCallback(_) | Due::Delivery(_)) {
            self.let_copies_arrive();
        }
        match due {
            // These are not rare.
            Due::Outcome(_) | Due::Arrival(_) => {}
            Due::LateOutcome => self.account.recorder.extras.late_outcomes += 1,
            Due::Timeout(id) => self.timeout_due(id, time_ns),
            Due::OutcomeCallback(id) => self.outcome_callback_due(id),
            Due::Delivery(slot) => self.delivery_due(slot),
            Due::Work(slot) => self.work_due(slot),
            Due::Extend(slot) => self.extend_due(slot),
            Due::Restart(agent) => self.restart_due(agent),
            Due::Backoff(id) => self.backoff_due(id),
            Due::Phase(number) => self.load.enter_phase(number),
            Due::LoadEnd => self.end_load(),
            Due::Send(slot) => self.send_due(slot, time_ns),
        }
    }

    /// Prefetches the memory of an agent whose arrival is due soon.
    #[inline(never)]
    fn look_ahead(&mut self) {
        if let Some(agent) = self.pace.scout() {
            self.load.generator.prefetch(agent);
        }
    }

    #[inline(never)]
    fn report_progress(&mut self) {
        self.pace.progress_told(!C::VIRTUAL && self.receiver.is_active() && self.load.is_over());
        self.take_notices();
        let recorder = &self.account.recorder;
        let progress = Progress {
            now_ns: self.pace.now_ns(),
            generated: recorder.generated,
            ended: recorder.ended,
            delivered: recorder.delivered,
            draining: self.load.is_over(),
            awaited: self.receiver.receipts().copies().outstanding,
        };
        if !self.observer.progress(&progress) && self.stop.is_none() {
            self.stop = Some(Stop::Interrupted(None));
        }
        cores::write_snapshot_if_dying();
        if self.observer.wants_results() {
            self.tell_results_so_far(false);
        }
    }

    /// Whether the core must be polled before anything else happens.
    #[inline]
    fn wants_poll(&mut self) -> bool {
        let due = self.core.out.more || self.core.due_ns() <= self.pace.now_ns();
        self.pace.take_wish_to_poll(due)
    }

    /// The latest time at which the loop must go on; `None` if nothing will ever happen.
    #[inline]
    fn next_wake_up(&mut self) -> Option<u64> {
        let mut next = self.pace.next_time().unwrap_or(u64::MAX).min(self.core.due_ns());
        if let Some(ready) = self.processor.cycle_ready_ns(self.pace.now_ns()) {
            next = next.min(ready);
        }
        next = next.min(self.wait_ends_ns());
        self.pace.wakes_at(next)
    }

    /// For a load that ends by a count: whether nothing more will be generated, even if the count is not reached.
    fn count_is_over(&mut self) -> bool {
        if self.load.is_over() || self.setup.rules.ends_by_time {
            return false;
        }
        // A load that also ends by time lasts until then, unless every agent has sent all its messages.
        if self.setup.rules.load_end_ns.is_some() && !self.load.all_agents_done() {
            return false;
        }
        // After an outcome, agents with closed arrivals schedule their next; after an outcome or a copy, callbacks may
        // send.
        let quiet = self.is_settled() && (!self.copies_missing() || self.is_silent());
        let settled = match (self.setup.rules.reactive, self.setup.rules.closed) {
            (true, _) => quiet,
            (false, true) => quiet || self.load.all_agents_done(),
            (false, false) => true,
        };
        if self.load.has_no_sources() && settled {
            self.load.ends_by(Shortfall::NothingToCome);
            return true;
        }
        if self.processor.hand_overs_left() == 0
            && self.processor.in_flight() == 0
            && self.pace.has_no_entries()
            && !self.copies_missing()
        {
            self.load.ends_by(Shortfall::HandOversUsedUp);
            return true;
        }
        self.load.ends_by(Shortfall::CoreSilent);
        self.is_silent()
    }

    /// Ends the load, and tells the core to send what it holds back.
    pub fn end_load(&mut self) {
        if !self.load.end(self.pace.now_ns()) {
            return;
        }
        self.show_signs();
        // The flush counts as a poll, and "a wish stands until the next `poll`": messages that the core did not take
        // are offered again, so that it can state a new time.
        self.processor.offer_again();
        let result = self.core.flush(self.pace.now_ns());
        self.absorb(result);
    }

    /// Stops the run because nothing is due any more, although messages have not ended.
    fn nothing_to_wait_for(&mut self) {
        if self.processor.in_flight() > 0 || self.processor.is_held_back() {
            self.fail(CoreFailure::stuck(self.core.session().core()));
        }
    }

    /// Stops the run because the core has failed.
    pub fn fail(&mut self, failure: CoreFailure) {
        if self.stop.is_none() {
            self.stop = Some(Stop::CoreFailed(failure));
        }
    }
}
