//! A script as it is found: by path or by bundled name.

use crate::diagnostics::{Diagnostic, Exit, Place, did_you_mean};
use crate::plan::SourceText;
use std::path::{Path, PathBuf};

/// The largest script that is read, in bytes.
const SCRIPT_MAX_BYTES: u64 = 4 << 20;

/// The scripts that come with the program, by name.
pub const BUNDLED: [(&str, &str); 8] = [
    ("compare_cores", include_str!("../../scripts/compare_cores.rhai")),
    ("nine_agents", include_str!("../../scripts/nine_agents.rhai")),
    ("onboarding_burst", include_str!("../../scripts/onboarding_burst.rhai")),
    ("ramp_up", include_str!("../../scripts/ramp_up.rhai")),
    ("real_and_mock", include_str!("../../scripts/real_and_mock.rhai")),
    ("reactive_agents", include_str!("../../scripts/reactive_agents.rhai")),
    ("tune_processor", include_str!("../../scripts/tune_processor.rhai")),
    ("urgent_mix", include_str!("../../scripts/urgent_mix.rhai")),
];

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
    /// It is missing, a folder, unreadable, too large, not UTF-8, or empty.
    pub fn read(path: &Path) -> Result<Source, Box<Diagnostic>> {
        let shown = path.display().to_string();
        let fail = |title: &str, found: String| {
            let fault = Diagnostic::new(Exit::Script, title).at(Place::file(&shown)).found(found);
            Box::new(fault)
        };
        let metadata = std::fs::metadata(path).map_err(|error| {
            let word = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let bundled = BUNDLED.map(|(name, _)| name);
            let fault = fail("the script cannot be read", error.to_string());
            Box::new(
                fault
                    .expected(format!("a script, or one of those that come along: {}", bundled.join(", ")))
                    .help_if(did_you_mean(&word, bundled)),
            )
        })?;
        if metadata.is_dir() {
            return Err(fail("the script is a folder", format!("the folder `{shown}`")));
        }
        if metadata.len() > SCRIPT_MAX_BYTES {
            return Err(fail("the script is too large", format!("{} bytes", metadata.len())));
        }
        let bytes =
            crate::files::read_at_most(path, SCRIPT_MAX_BYTES).map_err(|error| match error.kind() {
                std::io::ErrorKind::FileTooLarge => fail("the script is too large", error.to_string()),
                _ => fail("the script cannot be read", error.to_string()),
            })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            fail("the script is not UTF-8", format!("a byte that is no text at offset {at}"))
        })?;
        if text.trim().is_empty() {
            return Err(fail("the script is empty", format!("{} bytes of white space", text.len())));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Source { text: SourceText { file: shown, text }, folder: Some(folder) })
    }

    /// A bundled script.
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
