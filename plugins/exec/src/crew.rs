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
    /// The options of the core.
    pub settings: Settings,
    /// How to start the program.
    pub launch: Launch,
    /// Where messages come from and answers go to.
    pub exchange: Arc<Exchange>,
    /// The way to the host.
    pub host: Host,
    /// Reads calls of the injected core.
    pub calls: Arc<CallReader>,
    /// Hides secrets in texts.
    pub redactor: Redactor,
    /// The interned reasons and kinds of events.
    pub names: Names,
    /// The number of the run.
    pub run: u32,
    /// The seed of the run.
    pub seed: u64,
}

/// Interned reasons and kinds of events.
#[derive(Debug)]
pub struct Names {
    /// The kind of event and the reason for each breakage.
    pub breakages: [(u32, u32); NAMES.len()],
    pub restarted: u32,
    pub given_up: u32,
    /// Event: a process was stopped by the option `faults`.
    pub fault_stop: u32,
    /// Event: a function of the program does not return.
    pub hang: u32,
    /// Event: of all messages that a processor took, none came back.
    pub nothing_came_back: u32,
    /// Reason: a failure for which the program gave no reason.
    pub not_delivered: u32,
}

impl Names {
    /// Interns all texts at the host.
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
    /// The interned reason for the outcomes that a breakage causes.
    pub fn reason_of(&self, breakage: &Breakage) -> u32 {
        self.names.breakages[breakage.number()].1
    }

    /// The worker's state after its process broke.
    pub fn phase_after(&self, was_ready: bool) -> Phase {
        if was_ready { Phase::Away } else { Phase::Starting }
    }
}
