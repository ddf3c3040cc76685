//! Results that a script loads: they can be compared, and are no maps.

use crate::compare::read_report;
use crate::diagnostics::Diagnostics;
use crate::results::Report;
use rhai::Engine;
use std::path::Path;
use std::sync::Arc;

/// A file of results.
#[derive(Debug, Clone)]
pub(super) struct SavedResults {
    /// The file's name without its ending.
    pub name: String,
    /// The results that the file holds.
    pub report: Arc<Report>,
}

impl SavedResults {
    /// Reads the text of a file, if it is results or was meant to be; none if it is something else.
    pub fn read(path: &Path, text: &str) -> Option<Result<SavedResults, Diagnostics>> {
        let looks_like = path.extension().is_some_and(|ending| ending == "json")
            && text.get(..text.len().min(400)).unwrap_or(text).contains("\"mqscript.report/");
        looks_like.then(|| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let report = read_report(&path.display().to_string(), text)?;
            Ok(SavedResults { name, report: Arc::new(report) })
        })
    }

    fn show(&mut self) -> String {
        format!("results of {} runs from {}", self.report.runs.len(), self.name)
    }
}

/// Registers the type and its properties.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<SavedResults>("Results");
    engine.register_fn("to_string", SavedResults::show);
    engine.register_fn("to_debug", SavedResults::show);
}
