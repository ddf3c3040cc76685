//! `report`: saved results as pages.

use super::report_arguments::{ChartFlag, ReportFlags};
use super::{compare, settings};
use mqscript::compare::{read_results, unique};
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::files::in_words;
use mqscript::report::html::{self, HtmlPage};
use mqscript::report::{ChartOfRun, Document, Indexed, ResultsPage, index, picture};
use mqscript::results::comparisons::Comparison;
use mqscript::results::{Report, Run};
use mqscript::session::outputs::OutputFile;
use mqscript::session::{self, Exports, terminal};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One page tells of so many files at most; more need a page each.
const FILES_MAX: usize = 20;
const INDEX: &str = "index";

/// Makes pages, or a picture.
pub fn command(flags: &ReportFlags) -> Exit {
    match reported(flags) {
        Ok(saved) => {
            saved.iter().for_each(|line| terminal::note(line));
            Exit::Success
        }
        Err(wrong) => {
            terminal::complain(&wrong);
            wrong.exit()
        }
    }
}

/// The lines that say what was saved.
fn reported(flags: &ReportFlags) -> Result<Vec<String>, Diagnostics> {
    let folder = flags.output.as_deref().filter(|path| is_folder(path));
    // Outputs are refused before anything is read.
    let page = match (folder, flags.output.as_deref()) {
        (None, Some(path)) => Some(OutputFile::open("--output", path, flags.force)?),
        _ => None,
    };
    let svg = flags.svg.as_deref().map(|path| OutputFile::open("--svg", path, flags.force)).transpose()?;
    let exports = Exports::open(&settings::exports(&flags.exports), flags.force)?;
    let has_exports = exports.files().next().is_some();
    let mut saved = Vec::new();
    if let Some(folder) = folder {
        saved.push(pages(&flags.files, folder, flags.force)?);
        if svg.is_none() && !has_exports {
            return Ok(saved);
        }
    }
    if page.is_some() && flags.files.len() > FILES_MAX {
        let title = format!("one page cannot tell of {} files", flags.files.len());
        let help = "name a folder, with a `/` at its end: `-o pages/` gives a page each, and an index";
        return Err(Diagnostic::new(Exit::Usage, title)
            .expected(format!("{FILES_MAX} at most"))
            .help(help)
            .into());
    }
    let files = compare::read_all(&flags.files)?;
    if let Some(output) = page {
        saved.extend(session::save_text(output, &together(&files))?);
    }
    if let Some(output) = svg {
        let chart = match flags.chart {
            ChartFlag::Course => ChartOfRun::Course,
            ChartFlag::Percentiles => ChartOfRun::Percentiles,
            ChartFlag::Ledger => ChartOfRun::Ledger,
        };
        let drawn = picture(&files[0].1.runs[0], chart).ok_or_else(|| {
            let help = "choose another: `--chart percentiles`, `--chart ledger`";
            Diagnostic::new(Exit::Contents, "the run is too short for this chart").help(help)
        })?;
        saved.extend(session::save_text(output, &drawn)?);
    }
    if has_exports {
        let runs: Vec<Run> = files.into_iter().flat_map(|(_, report)| report.runs).collect();
        let (more, unwritten) = exports.keep(&runs);
        saved.extend(more);
        if !unwritten.is_empty() {
            return Err(unwritten);
        }
    }
    Ok(saved)
}

/// Whether a path means a folder: it says so, or is one.
fn is_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir()
}

/// The title of the page of a file.
fn title_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// One page about all files; with a comparison, where each of several holds one scenario on one core.
fn together(files: &[(&Path, Report)]) -> String {
    if let [(path, report)] = files {
        return of_file(&title_of(path), report);
    }
    let names: Vec<String> = files.iter().map(|(path, _)| title_of(path)).collect();
    let title = names.join(", ");
    let mut runs = Vec::new();
    let mut aggregates = Vec::new();
    let mut comparisons: Vec<Comparison> = compare::by_default(files).into_iter().collect();
    for (_, report) in files {
        runs.extend(report.runs.iter().cloned());
        aggregates.extend(report.aggregates.iter().cloned());
        comparisons.extend(report.comparisons.iter().cloned());
    }
    let all = Report { comparisons, aggregates, ..Report::new(runs) };
    of_file(&title, &all)
}

fn of_file(title: &str, report: &Report) -> String {
    let document = ResultsPage::of(title, report).document();
    html::page(&HtmlPage { title, document: &document })
}

/// A page for each file in this folder, and an index.
fn pages(files: &[PathBuf], folder: &Path, force: bool) -> Result<String, Diagnostics> {
    fs::create_dir_all(folder).map_err(|error| {
        let title = format!("the folder `{}` cannot be made: {}", folder.display(), in_words(&error));
        Diagnostic::new(Exit::Usage, title)
    })?;
    let index_file = OutputFile::open("--output", &folder.join("index.html"), force)?;
    let mut taken: HashSet<String> = HashSet::from([INDEX.to_owned()]);
    let mut told = Vec::new();
    for path in files {
        // One after the other: thousands of results do not lie in memory together.
        let report = read_results(path)?;
        let name = unique(&title_of(path), &mut taken);
        let page = format!("{name}.html");
        let output = OutputFile::open("--output", &folder.join(&page), force)?;
        session::save_text(output, &of_file(&name, &report))?;
        told.push((path.display().to_string(), page, slim(report)));
    }
    let entries: Vec<Indexed<'_>> =
        told.iter().map(|(name, page, report)| Indexed { name, page, report }).collect();
    let document: Document = index(&entries);
    session::save_text(index_file, &html::page(&HtmlPage { title: "results", document: &document }))?;
    Ok(format!("saved {} pages and an index in {}", told.len(), folder.display()))
}

/// The same without what an index does not need.
fn slim(mut report: Report) -> Report {
    for run in &mut report.runs {
        (run.histograms, run.series, run.plan) = Default::default();
        run.by_agent.clear();
    }
    report
}
