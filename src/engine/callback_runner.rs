//! Runs the agents' callbacks, and counts those that are still to be called.

use super::behaviour::{Behaviour, BehaviourError, Draft, Sending};
use crate::plan::{Callbacks, Plan};
use mqscript_plugin::random::{Stream, text_key};

/// Runs the callbacks of a run.
pub struct CallbackRunner<'a> {
    behaviour: &'a mut dyn Behaviour,
    /// The stream of `me.random` for each agent; empty if there are no callbacks.
    streams: Vec<Stream>,
    /// The number of messages whose `on_outcome` is still to be called.
    untold: usize,
    /// Whether the run is over; then no callback is called.
    is_over: bool,
}

/// The circumstances of one call of a callback.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The number of the agent.
    pub agent: u32,
    /// The run's time, in nanoseconds.
    pub now_ns: u64,
    /// Whether the load has ended.
    pub closed: bool,
}

impl<'a> CallbackRunner<'a> {
    /// Makes the runner of the callbacks that the plan names.
    pub fn new(plan: &Plan, behaviour: &'a mut dyn Behaviour) -> CallbackRunner<'a> {
        CallbackRunner { behaviour, streams: streams(plan), untold: 0, is_over: false }
    }

    /// Calls a callback. Returns the messages that it wants to send, in order, and the error if it failed.
    pub fn call(
        &mut self,
        moment: Moment,
        suppressed: &mut u64,
        callback: impl FnOnce(&mut dyn Behaviour, &mut Sending<'_>) -> Result<(), BehaviourError>,
    ) -> (Vec<Draft>, Result<(), BehaviourError>) {
        let mut drafts = Vec::new();
        let mut sending = Sending {
            agent: moment.agent,
            now_ns: moment.now_ns,
            closed: moment.closed,
            random: &mut self.streams[moment.agent as usize],
            drafts: &mut drafts,
            suppressed,
        };
        let result = callback(self.behaviour, &mut sending);
        (drafts, result)
    }

    /// Counts a call of `on_outcome` that will come.
    pub fn outcome_pending(&mut self) {
        self.untold += 1;
    }

    /// Counts a call of `on_outcome` that is made now.
    pub fn outcome_told(&mut self) {
        self.untold -= 1;
    }

    /// Whether a call of `on_outcome` is still to come.
    pub fn has_pending(&self) -> bool {
        self.untold > 0
    }

    /// Ends the run for callbacks: none is called from now on.
    pub fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether the run is over for callbacks.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.is_over
    }
}

fn streams(plan: &Plan) -> Vec<Stream> {
    if !plan.has_callback(Callbacks::any) {
        return Vec::new();
    }
    let agents = plan.groups.iter().flat_map(|group| (0..group.count).map(|index| group.agent_name(index)));
    agents.map(|name| Stream::sequential(plan.seed, text_key(&name), "behaviour")).collect()
}
