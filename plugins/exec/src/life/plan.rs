//! The faults on purpose that are still to come.

use crate::crew::Crew;
use crate::faults::Schedule;
use std::time::{Duration, Instant};

/// The faults that are still to come for a worker's processes.
#[derive(Debug)]
pub struct Plan {
    pub kill: Schedule,
    pub stop: Schedule,
    pub lasts: Duration,
    /// The end of the present stop; none if the process is not stopped.
    pub stopped_until: Option<Instant>,
}

impl Plan {
    /// Makes the plan of one worker from the options and the seed.
    pub fn new(crew: &Crew, worker: usize) -> Plan {
        let faults = &crew.settings.faults;
        let (stop, lasts) =
            faults.stop.as_ref().map_or((None, Duration::ZERO), |(times, lasts)| (Some(times), *lasts));
        Plan {
            kill: Schedule::new(faults.kill.as_ref(), crew.seed, "kill", worker),
            stop: Schedule::new(stop, crew.seed, "stop", worker),
            lasts,
            stopped_until: None,
        }
    }
}
