//! What a script has said and met so far, shared by all functions of the API.

use super::modules::Sources;
use super::settings::{Param, ScriptMode, Settings};
use super::source::Source;
use crate::diagnostics::Diagnostics;
use crate::plan::tree::{Position, TreeNode};
use crate::plan::{Functions, Overrides, Planned, SourceText};
use crate::report::{Look, Palette, of_comparison, text};
use crate::results::comparisons::{Aggregate, Comparison};
use crate::results::{CheckResult, Run};
use rhai::{FnPtr, Module, NativeCallContext};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One run of a [`PlayRequest`].
pub(super) struct ReplicationJob {
    pub planned: Arc<Planned>,
    /// Which replication of it.
    pub replication: u64,
}

/// What the script wants from the thread that called.
pub(super) enum Wanted {
    /// Runs to be played.
    Runs(PlayRequest),
    /// What limits the run at this place, tried out; the sender is told when it is known.
    Advice(usize, SyncSender<()>),
}

/// Runs to be played by the thread that called.
pub(super) struct PlayRequest {
    /// In the order in which runs on the wall clock follow each other.
    pub jobs: Vec<ReplicationJob>,
    pub surroundings: Arc<PlayContext>,
    /// Takes one run for each job.
    pub reply: SyncSender<Result<Vec<Arc<Run>>, Diagnostics>>,
}

/// What runs find around them where the script calls for them.
pub(super) struct PlayContext {
    /// The folder that relative core files refer to.
    pub base: PathBuf,
    pub closures: Vec<FnPtr>,
    pub imports: Vec<(String, Module)>,
}

/// What it takes to play a run once more with a setting laid over it.
pub(super) struct Rerun {
    pub planned: Arc<Planned>,
    /// The scenario as the script wrote it, and the text that its places refer to.
    pub node: TreeNode,
    pub source: Arc<SourceText>,
    /// The flags as they were.
    pub overrides: Overrides,
    pub surroundings: Arc<PlayContext>,
}

/// A run that was met.
pub(super) struct FinishedRun {
    pub run: Arc<Run>,
    /// Checks that the script made on it.
    pub checks: Vec<CheckResult>,
    /// Whether its results are shown by themselves; those of one of several replications are not.
    pub alone: bool,
    /// How it is played again; none for one of a comparison.
    pub again: Option<Arc<Rerun>>,
    /// Whether what limits it has been tried out.
    pub tried: bool,
}

/// A comparison that was made.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The comparison that was made.
    pub comparison: Arc<Comparison>,
    /// Whether the script has shown its table.
    pub told: Arc<AtomicBool>,
}

/// The state that the functions of the API share.
pub(super) struct State {
    pub settings: Settings,
    /// What is left of the flags when parameters have taken theirs.
    pub overrides: Overrides,
    pub folder: Option<PathBuf>,
    pub file: String,
    pub sources: Sources,
    pub functions: Functions,
    pub params: Vec<Param>,
    pub default_core: Option<TreeNode>,
    pub closures: Vec<FnPtr>,
    pub plans: Vec<Arc<Planned>>,
    pub met: Vec<FinishedRun>,
    pub comparisons: Vec<Compared>,
    pub aggregates: Vec<Aggregate>,
    pub checks: Vec<CheckResult>,
    pub saved: Vec<PathBuf>,
    pub faults: Diagnostics,
    /// Whether some run used the session's core.
    pub session_core_used: bool,
    /// How many scenarios the script has built, whether or not they were run.
    pub scenarios: usize,
    /// Whether some run was on a mock core.
    pub mock_met: bool,
    /// Whether a scenario was faulty, so that what follows need not mean anything.
    pub faulty: bool,
    /// Where calls that play stand that were reached: file and place.
    pub reached: Vec<(String, Position)>,
    /// Whether the script looked at a figure.
    pub results_read: Arc<AtomicBool>,
    /// To the thread that plays; none when the script has ended.
    pub plays: Option<Sender<Wanted>>,
}

/// The table of a comparison as a script has it.
pub(super) fn plain_table(comparison: &Comparison) -> String {
    text::write(&of_comparison(comparison), &Look::new(None, Palette::plain())).trim_end().to_owned()
}

/// The shared state as the API's closures hold it.
#[derive(Clone)]
pub(super) struct SharedState(Arc<Mutex<State>>);

impl std::fmt::Debug for SharedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl SharedState {
    pub fn new(source: &Source, settings: &Settings, sources: Sources, plays: Sender<Wanted>) -> SharedState {
        SharedState(Arc::new(Mutex::new(State {
            overrides: settings.overrides.clone(),
            settings: settings.clone(),
            folder: source.folder.clone(),
            file: source.text.file.clone(),
            sources,
            functions: Functions::new(),
            params: Vec::new(),
            default_core: None,
            closures: Vec::new(),
            plans: Vec::new(),
            met: Vec::new(),
            comparisons: Vec::new(),
            aggregates: Vec::new(),
            checks: Vec::new(),
            saved: Vec::new(),
            faults: Diagnostics::new(),
            session_core_used: false,
            scenarios: 0,
            mock_met: false,
            faulty: false,
            reached: Vec::new(),
            results_read: Arc::new(AtomicBool::new(false)),
            plays: Some(plays),
        })))
    }

    /// The state. Not to be held while a run is played.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub fn checking(&self) -> bool {
        self.settings.mode == ScriptMode::Check
    }

    /// The table of a comparison that reads as `text`, laid out for whoever reads it.
    pub fn table_of(&self, text: &str) -> Option<String> {
        let told = |compared: &&Compared| compared.told.load(Ordering::Relaxed);
        let found = self
            .comparisons
            .iter()
            .filter(told)
            .find(|compared| plain_table(&compared.comparison) == text)?;
        Some(text::write(&of_comparison(&found.comparison), &self.settings.look).trim_end().to_owned())
    }

    /// Notes that a call which plays was reached.
    pub fn reach(&mut self, context: &NativeCallContext<'_>) {
        let (source, at) = self.call(context);
        let reached = at.map(|at| (source.file.clone(), at));
        if let Some(reached) = reached.filter(|reached| self.checking() && !self.reached.contains(reached)) {
            self.reached.push(reached);
        }
    }

    /// The text that a call stands in, and the call's position in it.
    pub fn call(&self, context: &NativeCallContext<'_>) -> (Arc<SourceText>, Option<Position>) {
        let file = context.call_source().filter(|file| !file.is_empty()).unwrap_or(&self.file);
        let text = self.sources.get(file).unwrap_or_default();
        let position = context.call_position();
        let at = position.line().zip(position.position());
        (text, at.map(|(line, column)| Position { line, column }))
    }
}
