//! What a batch leaves: what is printed, and files for people, CI and programs.

use super::across::across_cells;
use super::against::{against, unfit};
use super::batch_results::BatchResults;
use super::document::document;
use super::invocation::BatchInvocation;
use super::junit::junit;
use super::prepared::PreparedBatch;
use super::{Baseline, CellOutcome, Folder, cannot_write, save_baseline};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::keep;
use crate::report::{Document, markdown, text};
use crate::session::terminal;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Prints and writes what came of all cells; the worst of their exit codes.
///
/// # Errors
/// Standard output cannot be written to.
pub(super) fn report(
    prepared: &PreparedBatch,
    places: &[PathBuf],
    folder: &Folder,
    outcomes: &[Option<CellOutcome>],
    baseline: Option<&Baseline>,
    flags: &BatchInvocation,
) -> Result<Exit, Diagnostics> {
    let mut wrong = Diagnostics::new();
    let across = prepared.file.compare.as_ref().map(|asked| across_cells(prepared, places, outcomes, asked));
    let against = baseline.map(|baseline| against(prepared, places, outcomes, baseline));
    let (across, faults) = across.unwrap_or_default();
    wrong.append(faults);
    let against = against.map(|(against, faults)| {
        wrong.append(faults);
        against
    });
    let told = BatchResults { prepared, folder, outcomes, flags, across, against };
    let document = document(&told);
    let printed = terminal::print(&text::write(&document, &terminal::look()));
    write_files(&told, &document, &mut wrong);
    let failed = match (told.regressed_at_all(), told.may_have_regressed()) {
        (true, _) => Exit::CheckFailed,
        (false, true) => Exit::Undecided,
        (false, false) => Exit::Success,
    };
    if let Some(name) = &flags.save_baseline {
        wrong.append(save(&told, places, name).err().unwrap_or_default());
    }
    terminal::complain(&wrong);
    printed?;
    let ended = outcomes.iter().flatten();
    Ok(ended.fold(wrong.exit().worst(failed), |worst, outcome| worst.worst(outcome.exit())))
}

fn write_files(told: &BatchResults<'_>, document: &Document, wrong: &mut Diagnostics) {
    let mut files = vec![
        ("summary.md", markdown::write(document)),
        ("results.ndjson", lines(told.outcomes.iter().flatten())),
        ("junit.xml", junit(told)),
    ];
    if let Some(against) = &told.against {
        files.push(("baseline.ndjson", lines(&against.cells)));
    }
    for (name, text) in files {
        let path = told.folder.path.join(name);
        if let Err(error) = keep(&path, text.as_bytes()) {
            wrong.push(cannot_write(&path, error));
        }
    }
}

fn lines<T: Serialize>(values: impl IntoIterator<Item = T>) -> String {
    let line = |value| serde_json::to_string(&value).expect("plain data") + "\n";
    values.into_iter().map(line).collect()
}

/// Saves the batch as a baseline, if it is fit for one.
fn save(told: &BatchResults<'_>, places: &[PathBuf], name: &str) -> Result<(), Diagnostics> {
    let not = |why: String, exit| {
        let fault = Diagnostic::new(exit, format!("the baseline `{name}` is not saved"));
        Err(fault.found(why).into())
    };
    if let Some((why, exit)) = unfit(told.outcomes) {
        return not(why, exit);
    }
    if told.regressed_at_all() {
        return not("something is worse, and `--fail-on-regression` was said".to_owned(), Exit::CheckFailed);
    }
    let cells: Vec<(&Path, &CellOutcome)> =
        places.iter().map(PathBuf::as_path).zip(told.outcomes.iter().flatten()).collect();
    let path = save_baseline(&told.prepared.file.output, name, &told.folder.path, &cells)?;
    if !told.flags.quiet {
        terminal::note(&format!("saved as the baseline `{name}`: {}", path.display()));
    }
    Ok(())
}
