//! What can be known of a script before anything is played: it is evaluated with placeholder results, and its cores are
//! found and loaded. `check` tells all of it, `run` what is certain.

use super::faults;
use crate::diagnostics::Diagnostics;
use crate::engine::{Cast, Setting};
use crate::plan::Plan;
use crate::script::{self, Execution, Settings, Source};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Evaluates a script without playing it, and asks the cores of its plans whether they could.
pub struct Rehearsed {
    /// What the script came to; what is wrong with cores apart.
    pub execution: Execution,
    /// What is wrong with the cores of its plans, and with their options.
    pub cores: Diagnostics,
}

impl Rehearsed {
    /// `setting` finds the cores. Loading one may end the process.
    pub fn of(
        source: &Source,
        settings: &Settings,
        setting: Setting<'_>,
        interrupted: &Arc<AtomicBool>,
    ) -> Rehearsed {
        let execution = script::check(source, settings, interrupted);
        let mut cores = Diagnostics::new();
        let mut seen: Vec<&Plan> = Vec::new();
        for plan in execution.plans.iter().map(|planned| &planned.plan) {
            let same = |other: &&Plan| {
                (&other.core, other.clock, other.receive) == (&plan.core, plan.clock, plan.receive)
                    && other.agents() == plan.agents()
                    && other.types.iter().map(|t| &t.name).eq(plan.types.iter().map(|t| &t.name))
            };
            if seen.iter().any(same) {
                continue;
            }
            seen.push(plan);
            if let Err(error) = Cast::of(plan, setting).and_then(|cast| cast.could_play(plan)) {
                cores.append(faults::of_run_on(&plan.core, &error));
            }
        }
        Rehearsed { execution, cores }
    }

    /// What a run would surely come to, so that nothing need be played.
    pub fn certain(self) -> Diagnostics {
        let Rehearsed { execution, cores } = self;
        let mut wrong = match (execution.certain, execution.met_all) {
            (true, _) => execution.diagnostics,
            // What depends on results may go another way; a flag that meets no call at all does not.
            (false, true) => execution.wrong_flags,
            (false, false) => Diagnostics::new(),
        };
        if execution.certain {
            wrong.append(cores);
        }
        wrong
    }

    /// Everything that is wrong.
    pub fn all(&self) -> Diagnostics {
        let mut wrong = self.execution.diagnostics.clone();
        wrong.append(self.cores.clone());
        wrong
    }
}
