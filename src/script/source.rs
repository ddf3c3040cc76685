//! A script as it is found: by path or by bundled name.

use crate::diagnostics::{Diagnostic, Exit, SourcePlace, did_you_mean};
use crate::files::{self, Unreadable};
use crate::plan::SourceText;
use std::path::{Path, PathBuf};

/// The largest script that is read, in bytes.
const SCRIPT_MAX_BYTES: u64 = 4 << 20;

/// The scripts that come with the program, by name.
pub const BUNDLED: [(&str, &str); 13] = [
    ("classic_stress", include_str!("../../scripts/classic_stress.rhai")),
    ("compare_cores", include_str!("../../scripts/compare_cores.rhai")),
    ("crash_at_work", include_str!("../../scripts/crash_at_work.rhai")),
    ("lease_too_short", include_str!("../../scripts/lease_too_short.rhai")),
    ("nine_agents", include_str!("../../scripts/nine_agents.rhai")),
    ("onboarding_burst", include_str!("../../scripts/onboarding_burst.rhai")),
    ("poison", include_str!("../../scripts/poison.rhai")),
    ("ramp_up", include_str!("../../scripts/ramp_up.rhai")),
    ("real_and_mock", include_str!("../../scripts/real_and_mock.rhai")),
    ("reactive_agents", include_str!("../../scripts/reactive_agents.rhai")),
    ("tune_processor", include_str!("../../scripts/tune_processor.rhai")),
    ("urgent_mix", include_str!("../../scripts/urgent_mix.rhai")),
    ("worker_pool", include_str!("../../scripts/worker_pool.rhai")),
];

/// A first line that tells the system which program runs the file, made a comment: all places stay as they are.
pub(super) fn without_interpreter(text: String) -> String {
    match (text.starts_with("#!"), text.find('\n')) {
        (true, Some(end)) => format!("//{}", &text[end..]),
        (true, None) => String::new(),
        (false, _) => text,
    }
}

/// A script's text, and where it comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name and the text, for messages.
    pub text: SourceText,
    /// The folder from which it may read; none for a bundled script.
    pub folder: Option<PathBuf>,
}

impl Source {
    /// Reads a script from a file.
    ///
    /// # Errors
    /// It is missing, a folder, unreadable, too large, or not UTF-8.
    pub fn read(path: &Path) -> Result<Source, Box<Diagnostic>> {
        let shown = path.display().to_string();
        let fail = |title: &str, found: String| {
            Diagnostic::new(Exit::Script, title).at(SourcePlace::file(&shown)).found(found)
        };
        let text = files::read_text(path, SCRIPT_MAX_BYTES).map_err(|wrong| {
            let fault = match &wrong {
                Unreadable::Folder => fail("the script is a folder", format!("the folder `{shown}`")),
                Unreadable::TooLarge(_) => fail("the script is too large", wrong.found()),
                Unreadable::NoText(..) => fail("the script is not UTF-8", wrong.found()),
                Unreadable::Refused(_) => {
                    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                    let bundled = BUNDLED.map(|(name, _)| name);
                    fail("the script cannot be read", wrong.found())
                        .expected(format!(
                            "a script, or one of those that come along: {}",
                            bundled.join(", ")
                        ))
                        .help_if(did_you_mean(&stem.unwrap_or_default(), bundled))
                }
            };
            Box::new(fault.help_if(wrong.help()))
        })?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Source { text: SourceText { file: shown, text: without_interpreter(text) }, folder: Some(folder) })
    }

    /// The folder that files are relative to which its plans name.
    pub fn base(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| PathBuf::from("."))
    }

    /// Returns a bundled script by its name.
    pub fn bundled(name: &str) -> Option<Source> {
        let (_, text) = BUNDLED.iter().find(|(known, _)| *known == name)?;
        Some(Source::from_text(&format!("{name}.rhai"), text))
    }

    /// A script that is no file.
    pub fn from_text(name: &str, text: &str) -> Source {
        Source { text: SourceText { file: name.to_owned(), text: text.to_owned() }, folder: None }
    }

    /// A scenario in YAML or JSON as a script that runs it.
    pub fn of_scenario(folder: &Path, file: &str) -> Source {
        let quoted = serde_json::Value::String(file.to_owned());
        let mut source = Source::from_text(file, &format!("run(load({quoted}));"));
        source.folder = Some(folder.to_owned());
        source
    }
}
