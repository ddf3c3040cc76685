//! Results from files: what is no results is refused, with where and why.

use crate::diagnostics::{Diagnostic, Diagnostics, Exit, SourcePlace};
use crate::files::{self, Unreadable};
use crate::plan::read_json;
use crate::results::{FORMAT, Figures, Report, TimesOfAll};
use serde_json::Value;
use std::path::Path;

/// The format without its version.
const FAMILY: &str = "mqscript.report/";

/// The largest file of results that is read, in bytes.
const FILE_MAX_BYTES: u64 = 1 << 30;

/// Reads a file of results.
///
/// # Errors
/// It is none.
pub fn read_results(path: &Path) -> Result<Report, Diagnostics> {
    let shown = path.display().to_string();
    let text = files::read_text(path, FILE_MAX_BYTES).map_err(|wrong| {
        let (exit, title) = match wrong {
            Unreadable::NoText(..) => (Exit::Contents, "the file is not UTF-8"),
            _ => (Exit::Usage, "the results cannot be read"),
        };
        Diagnostic::new(exit, title).at(SourcePlace::file(&shown)).found(wrong.found()).help_if(wrong.help())
    })?;
    read_report(&shown, &text)
}

/// Reads the text of a file of results; `file` is named in errors.
///
/// # Errors
/// It is no JSON (cut off, say), no results, of a newer format, or without a run.
pub fn read_report(file: &str, text: &str) -> Result<Report, Diagnostics> {
    let fault = |title: &str| Diagnostic::new(Exit::Contents, title).at(SourcePlace::file(file));
    const WHOLE: &str = "results as `mqscript run --output FILE` saves them";
    let document = read_json(file, text).map_err(|fault| fault.expected(WHOLE))?;
    let wrong = match document.get("format").and_then(Value::as_str) {
        Some(FORMAT) => None,
        Some(other) if other.starts_with(FAMILY) => Some(
            fault("the results are of another version of the format")
                .found(format!("`{other}`"))
                .expected(format!("`{FORMAT}`"))
                .help("read it with the version of mqscript that wrote it, or a newer one"),
        ),
        Some(other) => Some(fault("the file holds no results").found(other).expected(WHOLE)),
        None => Some(fault("the file holds no results").found("JSON without a `format`").expected(WHOLE)),
    };
    if let Some(wrong) = wrong {
        return Err(wrong.into());
    }
    let mut report: Report = serde_json::from_value(document)
        .map_err(|error| fault("the results are damaged").found(error.to_string()).expected(WHOLE))?;
    if report.runs.is_empty() {
        return Err(fault("the results hold no run").expected(WHOLE).into());
    }
    for run in &mut report.runs {
        let parts = run.by_type.values_mut().chain(run.phases.iter_mut().map(|phase| &mut phase.figures));
        std::iter::once(&mut run.figures).chain(parts).for_each(bring_up_to_date);
    }
    Ok(report)
}

/// Earlier versions saved as `throughput` what is `delivered_rate` now, and no `total_all`.
fn bring_up_to_date(figures: &mut Figures) {
    if figures.delivered_rate_per_s.is_none() {
        figures.delivered_rate_per_s = figures.throughput_per_s.take();
        if figures.counts.delivered == figures.counts.generated {
            figures.total_all = TimesOfAll { never: 0, times: figures.total };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_results_is_refused() {
        let title = |text: &str| {
            let faults = read_report("a.json", text).unwrap_err();
            faults.iter().next().unwrap().title.clone()
        };
        let empty = |format: &str| {
            format!(r#"{{"format": "{format}", "runs": [], "comparisons": [], "aggregates": []}}"#)
        };
        assert_eq!(title("{\"format\": \"mqs"), "the file ends too early");
        assert_eq!(title("agents: 9"), "this is not JSON");
        assert_eq!(title("{\"format\": 1, \"format\": 2}"), "the key `format` stands twice in one map");
        assert_eq!(title("[1, 2]"), "the file holds no results");
        assert_eq!(title(&empty("somebody.else/1")), "the file holds no results");
        assert_eq!(title(&empty("mqscript.report/2")), "the results are of another version of the format");
        assert_eq!(title(&empty(FORMAT)), "the results hold no run");
        let damaged = empty(FORMAT).replace("[], \"comp", "[{\"name\": 7}], \"comp");
        assert_eq!(title(&damaged), "the results are damaged");
    }

    #[test]
    fn what_earlier_versions_called_throughput_has_its_name_of_today() {
        let mut old = Figures { throughput_per_s: Some(597.0), ..Figures::default() };
        (old.counts.generated, old.counts.delivered, old.total.count) = (9, 9, 9);
        bring_up_to_date(&mut old);
        assert_eq!((old.throughput_per_s, old.delivered_rate_per_s), (None, Some(597.0)));
        assert_eq!((old.total_all.times.count, old.total_all.never), (9, 0));
    }
}
