//! What is said about a script from outside, and the parameters that it declares.

use crate::plan::Overrides;
use crate::report::Look;
use crate::report::Palette;
use crate::results::comparisons::Within;
use rhai::Dynamic;
use std::path::PathBuf;
use std::sync::Arc;

/// What a script says to its user, line by line.
pub type Print = Arc<dyn Fn(&str) + Send + Sync>;

/// The purpose for which a script is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScriptMode {
    /// The script is run.
    #[default]
    Run,
    /// To find what is wrong with it: results are placeholders, checks are read but not judged, nothing is saved.
    Check,
}

/// The settings of a script from outside.
#[derive(Clone)]
pub struct Settings {
    /// The changes that flags make to plans.
    pub overrides: Overrides,
    /// `--param NAME=VALUE`, in order; each name once.
    pub params: Vec<(String, String)>,
    /// Those of them that were typed as flags of their own, `--NAME VALUE`: by the flag, what was typed after it. They
    /// mean parameters of the script, whatever stands for `-` in the name.
    pub param_flags: Vec<(String, Option<String>)>,
    /// The program's own flags, `--rate`, for suggestions.
    pub flags: Vec<String>,
    /// Whether to run or to check.
    pub mode: ScriptMode,
    /// Below which `save` writes.
    pub output_folder: PathBuf,
    /// Whether `save` may replace files.
    pub force: bool,
    /// Takes what the script prints, line by line.
    pub print: Print,
    /// How tables that the script prints are laid out.
    pub look: Look,
    /// What flags say about comparisons and replications.
    pub comparing: Comparing,
    /// Whether what limits a run is tried out even if the script does not ask for it.
    pub advice: bool,
}

/// What flags say about comparisons and replications.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparing {
    /// `--compare`: `run` on the session's core compares these cores instead, by name or file.
    pub cores: Option<Vec<String>>,
    /// `--repeats`: replications of every run, and of everything that is compared.
    pub repeats: Option<u64>,
    /// The value of `--within`.
    pub within: Option<Within>,
    /// The value of `--figures`.
    pub figures: Option<Vec<String>>,
    /// Whether `--fail-on-regression` was given.
    pub fail_on_regression: bool,
}

impl Comparing {
    /// The first flag that only means something in a comparison.
    pub(super) fn flag(&self) -> Option<&'static str> {
        let flags = [
            ("--within", self.within.is_some()),
            ("--figures", self.figures.is_some()),
            ("--fail-on-regression", self.fail_on_regression),
        ];
        flags.into_iter().find_map(|(flag, said)| said.then_some(flag))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            overrides: Overrides::default(),
            params: Vec::new(),
            param_flags: Vec::new(),
            flags: Vec::new(),
            mode: ScriptMode::Run,
            output_folder: PathBuf::from("."),
            force: false,
            print: Arc::new(|_| {}),
            look: Look::new(None, Palette::plain()),
            comparing: Comparing::default(),
            advice: true,
        }
    }
}

/// The origin of a parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamOrigin {
    /// The default that the script gives.
    Default,
    /// A flag, by its name.
    Flag(String),
}

/// A parameter that the script declared.
#[derive(Debug, Clone)]
pub struct Param {
    /// The name of the parameter.
    pub name: String,
    /// Its value, as text.
    pub value: String,
    /// Its default, as text.
    pub default: String,
    /// The description of the parameter, in the script's words.
    pub doc: String,
    /// The origin of the value.
    pub origin: ParamOrigin,
    pub(super) dynamic: Dynamic,
}
