//! Where the plans of a script are played: by the engine, watched, and kept even where they end badly.

use super::{faults, side_by_side};
use crate::cores::Finder;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::engine::{self, Behaviour, Cast, Observer, Played, Progress, RunError, Setting, Started, Stop};
use crate::judgement::judge;
use crate::plan::Plan;
use crate::progress::Watcher;
use crate::results::Run;
use crate::script::{BehaviourOf, PlanPlayer, behaviour_diagnostics};
use crate::supervise::RunJournal;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Plays the plans of one script.
pub struct SessionPlayer<W> {
    /// Finds the cores by their names.
    pub finder: Finder,
    /// Whether only cores that touch nothing real may take part.
    pub pure: bool,
    /// How far the kernel confines the process, in the words of the results.
    pub confined: Option<&'static str>,
    /// The number of simulated runs that go on side by side.
    pub side_by_side: usize,
    /// Shows how far a run is, and writes its messages down.
    pub watcher: Watcher<W>,
    /// The run that ended badly, as far as it came: the script never sees it.
    pub broken: Option<Run>,
}

/// How a run ended: with results, with what went wrong, or with both.
pub(super) struct RunEnd {
    /// The results, as far as the run came.
    pub run: Option<Run>,
    /// What went wrong during the run.
    pub wrong: Option<Diagnostics>,
}

impl RunEnd {
    /// Of what the engine gave back for a plan; the run is judged.
    pub fn of(plan: &Plan, played: Result<Played, RunError>) -> RunEnd {
        let mut played = match played {
            Ok(played) => played,
            Err(error) => return RunEnd { run: None, wrong: Some(faults::of_run_on(&plan.core, &error)) },
        };
        judge(&mut played.run, plan, &played.facts);
        let wrong = match played.stop {
            // A run that the user interrupted is a result like any other, only shorter.
            None | Some(Stop::Interrupted(None)) => None,
            Some(Stop::Interrupted(Some(text))) => Some(Diagnostic::new(Exit::Usage, text).into()),
            Some(Stop::CoreFailed(failure)) => Some(faults::of_failure(&failure).into()),
            Some(Stop::CoreUnclean(error)) => Some(faults::of_core(&error)),
            Some(Stop::Behaviour(error)) => Some(behaviour_diagnostics(error)),
            Some(Stop::Endless { seen, help }) => Some(Diagnostic::new(Exit::Thrown, seen).help(help).into()),
        };
        RunEnd { run: Some(played.run), wrong }
    }

    /// Writes down a run that came to its end, so that it outlives the process.
    pub fn write_down(&self, journal: Option<&RunJournal>) {
        if let (Some(journal), Some(run), None) = (journal, &self.run, &self.wrong) {
            journal.finished(run);
        }
    }
}

impl<W: Write> SessionPlayer<W> {
    /// Where its plans are played; files that they name are relative to `base`.
    pub(super) fn setting<'a>(&'a self, base: &'a Path) -> Setting<'a> {
        Setting { finder: &self.finder, base_dir: base, pure: self.pure, confined: self.confined }
    }

    /// Plays one plan under the user's eyes, on cores that were found for it.
    pub(super) fn play_one(&mut self, plan: &Plan, cast: &Cast, behaviour: &mut dyn Behaviour) -> RunEnd {
        let played = engine::run_with(plan, cast, behaviour, &mut self.watcher);
        self.watcher.finished();
        let ended = RunEnd::of(plan, played);
        ended.write_down(self.watcher.journal());
        ended
    }
}

impl<W: Write> PlanPlayer for SessionPlayer<W> {
    fn play(&mut self, plan: &Plan, base: &Path, behaviour: &mut dyn Behaviour) -> Result<Run, Diagnostics> {
        let cast =
            Cast::of(plan, self.setting(base)).map_err(|error| faults::of_run_on(&plan.core, &error))?;
        match self.play_one(plan, &cast, behaviour) {
            RunEnd { run: Some(run), wrong: None } => Ok(run),
            RunEnd { run, wrong } => {
                self.broken = run;
                Err(wrong.unwrap_or_default())
            }
        }
    }

    fn play_all(
        &mut self,
        plans: &[Plan],
        base: &Path,
        behaviour: &BehaviourOf<'_>,
    ) -> Result<Vec<Run>, Diagnostics> {
        side_by_side::play_all(self, plans, base, behaviour)
    }

    fn rehearse(&mut self, plans: &[Plan], base: &Path, behaviour: &BehaviourOf<'_>) -> Option<Vec<Run>> {
        let cast = Cast::of(plans.first()?, self.setting(base)).ok()?;
        let mut unseen = Unseen(self.watcher.stop());
        let play = |(index, plan): (usize, &Plan)| {
            let mut played = engine::run_with(plan, &cast, &mut *behaviour(index), &mut unseen).ok()?;
            judge(&mut played.run, plan, &played.facts);
            played.stop.is_none().then_some(played.run)
        };
        plans.iter().enumerate().map(play).collect()
    }
}

/// Shows nobody anything, and stops when the user wants to.
struct Unseen(Arc<AtomicBool>);

impl Observer for Unseen {
    fn started(&mut self, _started: &Started) {}

    fn progress(&mut self, _progress: &Progress) -> bool {
        !self.0.load(Ordering::Relaxed)
    }

    fn keeps_results(&self) -> bool {
        false
    }
}
