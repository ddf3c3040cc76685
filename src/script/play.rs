//! Having runs played by the thread that called, and keeping what they gave.

use super::faults::{ScriptStop, throw_for_good};
use super::state::{FinishedRun, PlayContext, PlayRequest, ReplicationJob, Rerun, SharedState, Wanted};
use crate::results::{Bottleneck, Run};
use rhai::{Dynamic, EvalAltResult, Module, NativeCallContext, Position};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// The modules that a script has imported by now.
pub(super) fn imports(context: &NativeCallContext<'_>) -> Vec<(String, Module)> {
    context.iter_imports().map(|(name, module)| (name.to_owned(), module.clone())).collect()
}

/// What a run finds around it that is called for now.
pub(super) fn surroundings(shared: &SharedState, imports: Vec<(String, Module)>) -> Arc<PlayContext> {
    let state = shared.lock();
    let base = state.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    Arc::new(PlayContext { base, closures: state.closures.clone(), imports })
}

/// Has these runs played, one result for each job in their order, and notes the plans that were met. Not to be called
/// with the state locked.
pub(super) fn play(
    shared: &SharedState,
    surroundings: Arc<PlayContext>,
    jobs: Vec<ReplicationJob>,
) -> Result<Vec<Arc<Run>>, Box<EvalAltResult>> {
    let (reply, answer) = sync_channel(1);
    let sent = {
        let mut state = shared.lock();
        for job in jobs.iter().filter(|job| job.replication == 0) {
            state.plans.push(Arc::clone(&job.planned));
        }
        let wanted = Wanted::Runs(PlayRequest { jobs, surroundings, reply });
        state.plays.as_ref().is_some_and(|plays| plays.send(wanted).is_ok())
    };
    match answer.recv() {
        Ok(Ok(runs)) if sent => Ok(runs),
        Ok(Err(faults)) => Err(throw_for_good(faults)),
        _ => Err(Box::new(EvalAltResult::ErrorTerminated(
            Dynamic::from(ScriptStop::Interrupted),
            Position::NONE,
        ))),
    }
}

/// Keeps runs that were played, and returns the place of the first among all of the script's; `alone` says which of
/// them speak for themselves; the first of those can be played `again`.
pub(super) fn keep(
    shared: &SharedState,
    runs: &[Arc<Run>],
    again: Option<&Arc<Rerun>>,
    alone: impl Fn(usize) -> bool,
) -> usize {
    let mut state = shared.lock();
    let first = state.met.len();
    let met = runs.iter().enumerate();
    state.met.extend(met.map(|(index, run)| FinishedRun {
        run: Arc::clone(run),
        checks: Vec::new(),
        alone: alone(index),
        again: again.filter(|_| index == 0).cloned(),
        tried: false,
    }));
    first
}

/// What limits the run at a place, with settings that were tried out. Not to be called with the state locked.
pub(super) fn bottlenecks_of(shared: &SharedState, place: usize) -> Vec<Bottleneck> {
    let (reply, answer) = sync_channel(1);
    let sent = {
        let state = shared.lock();
        let plays = state.plays.as_ref().filter(|_| !state.checking() && !state.met[place].tried);
        plays.is_some_and(|plays| plays.send(Wanted::Advice(place, reply)).is_ok())
    };
    if sent {
        // Where there is no answer, nothing was tried.
        let _ = answer.recv();
    }
    shared.lock().met[place].run.limits.clone()
}
