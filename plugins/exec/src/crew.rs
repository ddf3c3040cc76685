//! What all workers of a run share.

use crate::broken::{Breakage, NAMES};
use crate::calls::CallReader;
use crate::exchange::Exchange;
use crate::launch::Launch;
use crate::options::Settings;
use crate::redact::Redactor;
use crate::state::Phase;
use mqscript_plugin::prelude::*;
use std::sync::Arc;

/// What all workers of a run share.
#[derive(Debug)]
pub struct Crew {
    /// The options.
    pub settings: Settings,
    /// How to start the program.
    pub launch: Launch,
    /// Where messages come from and answers go to.
    pub exchange: Arc<Exchange>,
    /// The host.
    pub host: Host,
    /// Reads calls of the injected core.
    pub calls: Arc<CallReader>,
    /// Keeps secrets.
    pub redactor: Redactor,
    /// Reasons and kinds of events.
    pub names: Names,
    /// The run's number.
    pub run: u32,
    /// The run's seed.
    pub seed: u64,
}

/// Interned reasons and kinds of events.
#[derive(Debug)]
pub struct Names {
    /// Event and reason of each breakage.
    pub breakages: [(u32, u32); NAMES.len()],
    pub restarted: u32,
    pub given_up: u32,
    /// It was stopped on purpose.
    pub fault_stop: u32,
    /// A function of the program does not return.
    pub hang: u32,
    /// Of all that a processor took, nothing came back.
    pub nothing_came_back: u32,
    /// The reason of a failure for which the program gave none.
    pub not_delivered: u32,
}

impl Names {
    /// Interns them.
    pub fn new(host: &Host) -> Names {
        Names {
            breakages: NAMES.map(|(event, reason)| (host.intern(event), host.intern(reason))),
            restarted: host.intern("exec_worker_restarted"),
            given_up: host.intern("exec_worker_given_up"),
            fault_stop: host.intern("exec_fault_stop"),
            hang: host.intern("exec_hang"),
            nothing_came_back: host.intern("exec_nothing_came_back"),
            not_delivered: host.intern("not_delivered"),
        }
    }
}

impl Crew {
    /// The reason of the outcomes that a breakage brings.
    pub fn reason_of(&self, breakage: &Breakage) -> u32 {
        self.names.breakages[breakage.number()].1
    }

    /// What the worker becomes when its process breaks.
    pub fn phase_after(&self, was_ready: bool) -> Phase {
        if was_ready { Phase::Away } else { Phase::Starting }
    }
}
