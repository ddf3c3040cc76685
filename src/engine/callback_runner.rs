//! The agents' callbacks: who runs them, and what is still to be told.

use super::behaviour::{Behaviour, BehaviourError, Draft, Sending};
use crate::plan::{Callbacks, Plan};
use mqscript_plugin::random::{Stream, text_key};

/// Runs the callbacks of a run.
pub struct CallbackRunner<'a> {
    behaviour: &'a mut dyn Behaviour,
    /// For each agent the stream of `me.random`; none where there is no callback.
    streams: Vec<Stream>,
    /// Messages whose `on_outcome` is still to be called.
    untold: usize,
    /// The run is over: nobody is called any more.
    is_over: bool,
}

/// The moment in which a callback is called.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The agent's number.
    pub agent: u32,
    /// The run's time, in nanoseconds.
    pub now_ns: u64,
    /// Whether the load has ended.
    pub closed: bool,
}

impl<'a> CallbackRunner<'a> {
    /// Runs the callbacks that the plan names, by this behaviour.
    pub fn new(plan: &Plan, behaviour: &'a mut dyn Behaviour) -> CallbackRunner<'a> {
        CallbackRunner { behaviour, streams: streams(plan), untold: 0, is_over: false }
    }

    /// Calls into the behaviour. Returns what it wants to send, in order, and whether it failed.
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

    /// An `on_outcome` is to be called soon.
    pub fn outcome_pending(&mut self) {
        self.untold += 1;
    }

    /// That `on_outcome` is called now.
    pub fn outcome_told(&mut self) {
        self.untold -= 1;
    }

    /// Whether an `on_outcome` is still to be called.
    pub fn has_pending(&self) -> bool {
        self.untold > 0
    }

    /// The run is over: nobody is called any more.
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
