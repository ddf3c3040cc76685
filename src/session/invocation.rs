//! What is to be played, and what becomes of it.

use super::exports::ExportPaths;
use super::source::find_script;
use crate::cores::Finder;
use crate::diagnostics::Diagnostics;
use crate::plan::Overrides;
use crate::script::{Comparing, Settings, Source};
use std::path::PathBuf;
use std::time::Duration;

/// What is to be played, and what becomes of it: what the flags of a command mean, or a cell of a batch.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The script: its path, or the name of a bundled one.
    pub script: String,
    /// The overrides for its scenarios.
    pub overrides: Overrides,
    /// Parameters by name, as typed.
    pub params: Vec<(String, String)>,
    /// Parameters that were typed as flags of their own, each with its value.
    pub param_flags: Vec<(String, Option<String>)>,
    /// The flags that the command has, for suggestions.
    pub known_flags: Vec<String>,
    /// How runs are compared and replicated.
    pub comparing: Comparing,
    /// Folders in which cores are looked for first.
    pub core_path: Vec<PathBuf>,
    /// Cores that the user has named: their files are trusted.
    pub named_cores: Vec<String>,
    /// Whether only cores that touch nothing real may take part.
    pub pure: bool,
    /// A core whose call has not returned for so long is given up.
    pub hang_timeout: Duration,
    /// Whether the work is done in this very process.
    pub in_process: bool,
    /// How many simulated runs go on side by side; none: as many as there are processors.
    pub side_by_side: Option<usize>,
    /// The files that it leaves behind.
    pub outputs: OutputPaths,
    /// What standard output carries.
    pub format: Format,
    /// Whether every row is shown, and more about the run.
    pub verbose: bool,
    /// Whether no progress is shown.
    pub quiet: bool,
    /// Whether the seed was drawn.
    pub seed_is_random: bool,
    /// The words of the command line, the program apart, to tell how to repeat it.
    pub typed: Vec<String>,
}

/// The files that a run leaves behind.
#[derive(Debug, Clone, Default)]
pub struct OutputPaths {
    /// The file for the results.
    pub results: Option<PathBuf>,
    /// Every message, as a line.
    pub events: Option<PathBuf>,
    /// The file for the report, a page.
    pub report: Option<PathBuf>,
    /// The files in which other tools find the results.
    pub exports: ExportPaths,
    /// Whether files that exist are replaced.
    pub force: bool,
}

/// What standard output carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A summary for people.
    #[default]
    Text,
    /// The results as JSON.
    Json,
    /// A summary as Markdown.
    Markdown,
}

impl Invocation {
    /// Of this script and nothing else, which leaves nothing behind.
    pub fn of(script: String) -> Invocation {
        Invocation {
            script,
            overrides: Overrides::default(),
            params: Vec::new(),
            param_flags: Vec::new(),
            known_flags: Vec::new(),
            comparing: Comparing::default(),
            core_path: Vec::new(),
            named_cores: Vec::new(),
            pure: false,
            hang_timeout: Duration::from_secs(60),
            in_process: false,
            side_by_side: None,
            outputs: OutputPaths::default(),
            format: Format::Text,
            verbose: false,
            quiet: false,
            seed_is_random: false,
            typed: Vec::new(),
        }
    }

    /// Reads the script that is to be played.
    ///
    /// # Errors
    /// There is no such script, or it cannot be read.
    pub fn source(&self) -> Result<Source, Diagnostics> {
        find_script(&self.script)
    }

    /// The settings that the script is evaluated with.
    pub fn settings(&self) -> Settings {
        Settings {
            overrides: self.overrides.clone(),
            params: self.params.clone(),
            param_flags: self.param_flags.clone(),
            flags: self.known_flags.clone(),
            comparing: self.comparing.clone(),
            ..Settings::default()
        }
    }

    /// Where cores are looked for, and which files the user has named.
    pub fn finder(&self) -> Finder {
        let compared = self.comparing.cores.iter().flatten();
        let named = self.named_cores.iter().chain(compared).map(String::as_str);
        named.fold(Finder::new(&self.core_path), Finder::trusting)
    }
}
