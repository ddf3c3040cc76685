//! Faults on purpose that are yet to come.

use crate::crew::Crew;
use crate::faults::Schedule;
use std::time::{Duration, Instant};

/// What is yet to happen to a worker's processes.
#[derive(Debug)]
pub struct Plan {
    pub kill: Schedule,
    pub stop: Schedule,
    pub lasts: Duration,
    /// It is stopped, until then.
    pub stopped_until: Option<Instant>,
}

impl Plan {
    /// For a worker.
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
