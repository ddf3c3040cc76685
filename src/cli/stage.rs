//! Where the plans of a script are played: by the engine, watched, and kept even where they end badly.

use super::faults;
use crate::cores::Finder;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::engine::{self, Behaviour, Setting, Stop};
use crate::metrics::results::Run;
use crate::plan::Plan;
use crate::progress::Watcher;
use crate::script::{Player, behaviour_diagnostics};
use std::io::Write;
use std::path::Path;

/// Plays the plans of one script.
pub struct Stage<W> {
    /// Finds the cores.
    pub finder: Finder,
    /// Whether only cores that touch nothing real may take part.
    pub pure: bool,
    /// Shows how far a run is, and writes its messages down.
    pub watcher: Watcher<W>,
    /// The run that ended badly, as far as it came: the script never sees it.
    pub broken: Option<Run>,
}

impl<W: Write> Player for Stage<W> {
    fn play(&mut self, plan: &Plan, base: &Path, behaviour: &mut dyn Behaviour) -> Result<Run, Diagnostics> {
        let setting = Setting { finder: &self.finder, base_dir: base, pure: self.pure };
        let played = engine::run(plan, setting, behaviour, &mut self.watcher);
        self.watcher.finished();
        let played = played.map_err(|error| faults::of_run(&error))?;
        let wrong = match played.stop {
            // A run that the user interrupted is a result like any other, only shorter.
            None | Some(Stop::Interrupted(None)) => return Ok(played.run),
            Some(Stop::Interrupted(Some(text))) => Diagnostic::new(Exit::Usage, text).into(),
            Some(Stop::CoreFailed(failure)) => faults::of_failure(&failure).into(),
            Some(Stop::CoreUnclean(error)) => faults::of_core(&error),
            Some(Stop::Behaviour(error)) => behaviour_diagnostics(error),
            Some(Stop::Endless(text)) => {
                Diagnostic::new(Exit::Thrown, format!("the agents answer each other without delay: {text}"))
                    .help("let an answer wait (`after: \"10ms\"`), or answer only some messages")
                    .into()
            }
        };
        self.broken = Some(played.run);
        Err(wrong)
    }

    fn finished(&mut self, run: &Run) {
        self.watcher.judged(run);
    }
}
