//! `compare`: saved results against each other, without playing anything.

use super::arguments::{CompareFlags, Format};
use super::outputs::Output;
use super::{run, terminal, verdict};
use crate::compare::{
    Candidate, Question, WITHIN_DEFAULT, compare, groups, names_of, read_figures, read_report,
    several_groups, unique,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, Place};
use crate::metrics::comparisons::Comparison;
use crate::metrics::results::Report;
use crate::report::{comparison_markdown, comparison_text, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The largest file of results that is read, in bytes.
const FILE_MAX_BYTES: u64 = 1 << 30;

/// Compares files of results.
pub fn command(flags: &CompareFlags) -> Exit {
    match compared(flags) {
        Ok(exit) => exit,
        Err(wrong) => {
            terminal::complain(&wrong);
            wrong.exit()
        }
    }
}

fn compared(flags: &CompareFlags) -> Result<Exit, Diagnostics> {
    let output =
        flags.output.as_deref().map(|path| Output::open("--output", path, flags.force)).transpose()?;
    let reports = read_all(&flags.files)?;
    let comparison = compare(&candidates(&reports)?, &question(flags, &reports[0].1)?);
    let exit = match flags.comparing.fail_on_regression {
        true => verdict::exit_of_comparison(&comparison),
        false => Exit::Success,
    };
    let text = match flags.format {
        Format::Text => comparison_text(&comparison, &terminal::look()),
        Format::Markdown => comparison_markdown(&comparison),
        Format::Json => json::document(&report_of(&comparison)),
    };
    if let Some(output) = output {
        run::save(output, &report_of(&comparison))?;
    }
    terminal::print(&text)?;
    Ok(exit)
}

fn report_of(comparison: &Comparison) -> Report {
    Report { comparisons: vec![comparison.clone()], ..Report::new(Vec::new()) }
}

/// Reads files of results; each with its path.
///
/// # Errors
/// Everything that is wrong with all of them.
pub(super) fn read_all(files: &[PathBuf]) -> Result<Vec<(&Path, Report)>, Diagnostics> {
    let mut wrong = Diagnostics::new();
    let mut reports = Vec::new();
    for path in files {
        match read(path) {
            Ok(report) => reports.push((path.as_path(), report)),
            Err(faults) => wrong.append(faults),
        }
    }
    if wrong.is_empty() { Ok(reports) } else { Err(wrong) }
}

/// Reads a file of results.
///
/// # Errors
/// It is none.
pub(super) fn read(path: &Path) -> Result<Report, Diagnostics> {
    let shown = path.display().to_string();
    let cannot = |found: String| {
        Diagnostic::new(Exit::Usage, "the results cannot be read").at(Place::file(&shown)).found(found)
    };
    let metadata = std::fs::metadata(path).map_err(|error| cannot(error.to_string()))?;
    if metadata.is_dir() {
        return Err(cannot("a folder".to_owned()).into());
    }
    if metadata.len() > FILE_MAX_BYTES {
        return Err(cannot(format!("{} bytes", metadata.len())).into());
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Diagnostic::new(Exit::Contents, "the file is not UTF-8")
            .at(Place::file(&shown))
            .found(format!("a byte that is no text at offset {at}"))
    })?;
    read_report(&shown, &text)
}

/// Each file is a candidate; a file alone is compared within itself.
fn candidates<'r>(reports: &'r [(&Path, Report)]) -> Result<Vec<Candidate<'r>>, Diagnostics> {
    let named = |(name, runs)| Candidate { name, runs };
    if let [(path, report)] = reports {
        let candidates: Vec<_> = groups(report).into_iter().map(named).collect();
        if candidates.len() < 2 {
            let fault = Diagnostic::new(Exit::Usage, "there is nothing to compare with")
                .found(format!("`{}` alone, with one scenario on one core", path.display()))
                .help("name a second file of results");
            return Err(fault.into());
        }
        return Ok(candidates);
    }
    let mut taken = HashSet::new();
    let mut candidates = Vec::new();
    let mut wrong = Diagnostics::new();
    for (path, report) in reports {
        let mut groups = groups(report);
        if groups.len() > 1 {
            wrong.push(several_groups(&path.display().to_string(), &groups));
            continue;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = unique(&stem, &mut taken);
        candidates.extend(groups.pop().map(|(_, runs)| named((name, runs))));
    }
    if wrong.is_empty() { Ok(candidates) } else { Err(wrong) }
}

fn question(flags: &CompareFlags, baseline: &Report) -> Result<Question, Diagnostics> {
    let named = flags.comparing.figures.as_deref();
    let figures = read_figures(named, &names_of(&baseline.runs[0])).map_err(|faults| {
        let told = |fault: crate::plan::FigureFault| {
            Diagnostic::new(Exit::Usage, fault.title)
                .expected(fault.expected)
                .note("it comes from `--figures`")
                .help_if(fault.help)
        };
        faults.into_iter().map(told).collect::<Diagnostics>()
    })?;
    Ok(Question { figures, within: flags.comparing.within.unwrap_or(WITHIN_DEFAULT) })
}
