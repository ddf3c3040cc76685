//! `compare`: saved results against each other, without playing anything.

use super::arguments::{CompareFlags, CompareSettings, FormatFlag};
use mqscript::compare::{
    Candidate, Question, compare, groups, names_of, read_results, several_groups, unique,
};
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::report::html::{self, HtmlPage};
use mqscript::report::{ResultsPage, json, listed, markdown, of_comparison, text};
use mqscript::results::comparisons::Comparison;
use mqscript::results::{Report, Run};
use mqscript::session::outputs::OutputFile;
use mqscript::session::{self, terminal};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

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
    let open = |flag, path: &Option<PathBuf>| {
        path.as_deref().map(|path| OutputFile::open(flag, path, flags.force)).transpose()
    };
    let output = open("--output", &flags.output)?;
    let page = open("--report", &flags.report)?;
    let reports = read_all(&flags.files)?;
    let comparison = compare(&candidates(&reports)?, &question(flags, &reports[0].1)?);
    let exit = match flags.comparing.fail_on_regression {
        true => session::exit_of_comparison(&comparison),
        false => Exit::Success,
    };
    let document = of_comparison(&comparison);
    let text = match flags.format {
        FormatFlag::Text if output.as_ref().is_some_and(OutputFile::is_stdout) => {
            text::write(&document, &terminal::plain())
        }
        FormatFlag::Text => text::write(&document, &terminal::look()),
        FormatFlag::Markdown => markdown::write(&document),
        FormatFlag::Json => json::document(&report_of(&comparison)),
    };
    let takes_stdout = output.as_ref().is_some_and(OutputFile::is_stdout);
    let saved = output.map(|output| session::save(output, &report_of(&comparison))).transpose()?.flatten();
    match (takes_stdout, flags.format) {
        (false, _) => terminal::print(&text)?,
        (true, FormatFlag::Json) => {}
        (true, _) => terminal::note(text.trim_end()),
    }
    let paged =
        page.map(|page| session::save_text(page, &paged(&comparison, &reports))).transpose()?.flatten();
    saved.iter().chain(&paged).for_each(|line| terminal::note(line));
    Ok(exit)
}

/// The comparison of these files as `compare` makes it without flags; none if they cannot be compared.
pub(super) fn by_default(reports: &[(&Path, Report)]) -> Option<Comparison> {
    let question = Question::read(None, None, &names_of(&reports.first()?.1.runs[0]), Exit::Usage).ok()?;
    Some(compare(&candidates(reports).ok()?, &question))
}

/// The comparison as a page.
fn paged(comparison: &Comparison, reports: &[(&Path, Report)]) -> String {
    let runs: Vec<Run> = reports.iter().flat_map(|(_, report)| report.runs.iter().cloned()).collect();
    let report = Report { comparisons: vec![comparison.clone()], ..Report::new(runs) };
    let names: Vec<String> = comparison.alternatives.iter().map(|of| of.name.clone()).collect();
    let title = format!("comparison of {}", listed(&names));
    let document = ResultsPage { alone: Vec::new(), ..ResultsPage::of(&title, &report) }.document();
    html::page(&HtmlPage { title: &title, document: &document })
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
        match read_results(path) {
            Ok(report) => reports.push((path.as_path(), report)),
            Err(faults) => wrong.append(faults),
        }
    }
    if wrong.is_empty() { Ok(reports) } else { Err(wrong) }
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
    let CompareSettings { figures, within, .. } = &flags.comparing;
    Question::read(figures.as_deref(), *within, &names_of(&baseline.runs[0]), Exit::Usage)
        .map_err(|wrong| wrong.into_iter().map(|fault| fault.note("it comes from `--figures`")).collect())
}
