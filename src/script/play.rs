//! Having runs played by the thread that called, and keeping what they gave.

use super::faults::{Stop, throw_for_good};
use super::state::{Job, Met, Play, Shared};
use crate::metrics::results::Run;
use rhai::{Dynamic, EvalAltResult, Module, NativeCallContext, Position};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// The modules that a script has imported by now.
pub(super) fn imports(context: &NativeCallContext<'_>) -> Vec<(String, Module)> {
    context.iter_imports().map(|(name, module)| (name.to_owned(), module.clone())).collect()
}

/// Has these runs played, one result for each job in their order, and notes the plans that were met. Not to be called
/// with the state locked.
pub(super) fn play(
    shared: &Shared,
    imports: Vec<(String, Module)>,
    jobs: Vec<Job>,
) -> Result<Vec<Arc<Run>>, Box<EvalAltResult>> {
    let (reply, answer) = sync_channel(1);
    let sent = {
        let mut state = shared.lock();
        for job in jobs.iter().filter(|job| job.replication == 0) {
            state.plans.push(Arc::clone(&job.planned));
        }
        let base = state.folder.clone().unwrap_or_else(|| PathBuf::from("."));
        let play = Play { jobs, base, closures: state.closures.clone(), imports, reply };
        state.plays.as_ref().is_some_and(|plays| plays.send(play).is_ok())
    };
    match answer.recv() {
        Ok(Ok(runs)) if sent => Ok(runs),
        Ok(Err(faults)) => Err(throw_for_good(faults)),
        _ => Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(Stop::Interrupted), Position::NONE))),
    }
}

/// Keeps runs that were played, and returns the place of the first among all of the script's; `alone` says which of
/// them speak for themselves.
pub(super) fn keep(shared: &Shared, runs: &[Arc<Run>], alone: impl Fn(usize) -> bool) -> usize {
    let mut state = shared.lock();
    let first = state.met.len();
    let met = runs.iter().enumerate();
    state.met.extend(met.map(|(index, run)| Met {
        run: Arc::clone(run),
        checks: Vec::new(),
        alone: alone(index),
    }));
    first
}
