//! The end of a run: what is printed, what is saved, and the exit code.

use super::cell_summary::CellSummary;
use super::exports::save_text;
use super::invocation::{Format, Invocation};
use super::outputs::OutputFile;
use super::run_outputs::Outputs;
use super::{repeat, terminal, verdict};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::engine;
use crate::files::in_words;
use crate::files::keeper;
use crate::report::html::{HtmlPage, page};
use crate::report::{Asked, ResultsPage, Summary, json, markdown, text};
use crate::results::comparisons::Comparison;
use crate::results::{Report, Run};
use crate::script::{Compared, Execution};
use crate::supervise::Block;
use std::sync::atomic::Ordering;

/// Prints and saves what was played; the exit code of it all.
pub(super) fn conclude(
    invocation: &Invocation,
    cell: Option<&'static Block>,
    mut execution: Execution,
    outputs: Outputs,
) -> Exit {
    let judged = verdict::exit(&execution, invocation.comparing.fail_on_regression);
    // An interruption is told by the exit code and the results, not as a fault of the script.
    let faults = std::mem::take(&mut execution.diagnostics);
    let whole = faults.is_empty();
    let mut wrong: Diagnostics = faults.into_iter().filter(|fault| fault.exit != Exit::Interrupted).collect();
    let stdout_is_taken = outputs.take_stdout();
    let paged = outputs.report.as_ref().map(|_| paged(invocation, &execution, whole));
    let summary = match invocation.format {
        Format::Text | Format::Markdown => {
            summarised(invocation, &execution, whole, stdout_is_taken, outputs.results.is_some())
        }
        Format::Json => String::new(),
    };
    let mut report = report_of(execution);
    if outputs.results.is_some() || invocation.format == Format::Json {
        report.runs.iter_mut().for_each(engine::record_libraries);
    }
    let is_empty = report.runs.is_empty() && report.comparisons.is_empty();
    let json_is_saved = outputs.results.as_ref().is_some_and(OutputFile::is_stdout);
    // A file without runs would say nothing: whatever went wrong is on stderr.
    let (saved, mut unwritten) = if is_empty { Default::default() } else { keep(outputs, &report, paged) };
    let nothing_to_say = is_empty && !(wrong.is_empty() && unwritten.is_empty());
    let printed = match invocation.format {
        Format::Text | Format::Markdown if stdout_is_taken => {
            if !invocation.quiet {
                terminal::note(summary.trim_end());
            }
            Ok(())
        }
        Format::Text | Format::Markdown => terminal::print(&summary),
        Format::Json if nothing_to_say || json_is_saved => Ok(()),
        Format::Json => terminal::print(&json::document(&report)),
    };
    unwritten.append(printed.err().unwrap_or_default());
    if !invocation.quiet {
        saved.iter().for_each(|line| terminal::note(line));
    }
    let all_written = unwritten.is_empty();
    wrong.append(unwritten);
    // A cell whose results found no room has nothing to say: it is not over.
    if let Some(block) = cell.filter(|_| all_written)
        && let Err(fault) = tell_batch(block, &report, &wrong)
    {
        wrong.append(fault);
    }
    terminal::complain(&wrong);
    wrong.exit().worst(judged)
}

/// The summary for people, as text or Markdown. `whole` if no fault ended the script; `saved` if results are saved.
fn summarised(
    invocation: &Invocation,
    execution: &Execution,
    whole: bool,
    stdout_is_taken: bool,
    saved: bool,
) -> String {
    let Execution { runs, alone, comparisons, aggregates, checks, .. } = execution;
    let is_markdown = invocation.format == Format::Markdown;
    let repeat = repeat_of(invocation, execution);
    let told = |compared: &&Compared| is_markdown || !compared.told.load(Ordering::Relaxed);
    let shown: Vec<&Comparison> = comparisons.iter().filter(told).map(|c| &*c.comparison).collect();
    let first: Vec<&Run> = runs.iter().zip(alone).filter(|(_, alone)| **alone).map(|(run, _)| run).collect();
    let summary = Summary {
        runs: &first,
        checks,
        aggregates,
        comparisons: &shown,
        whole: whole && runs.iter().all(|run| run.partial.is_none()),
        played: !runs.is_empty() || !comparisons.is_empty(),
        repeat: &repeat,
        asked: Asked {
            saved,
            // Comparisons and aggregates show it.
            luck: invocation.seed_is_random || !comparisons.is_empty() || !aggregates.is_empty(),
        },
    };
    let document = summary.document(invocation.verbose);
    match (is_markdown, stdout_is_taken) {
        (true, _) => markdown::write(&document),
        (false, true) => text::write(&document, &terminal::plain()),
        (false, false) => text::write(&document, &terminal::look()),
    }
}

/// The command that plays everything again.
fn repeat_of(invocation: &Invocation, execution: &Execution) -> String {
    let Execution { runs, alone, .. } = execution;
    let options = runs.iter().flat_map(|run| {
        [&run.core.options].into_iter().chain(run.core.layers.iter().map(|layer| &layer.options))
    });
    let secret = repeat::secret_options(options);
    let seed = invocation.overrides.seed.or(common_seed(runs, alone));
    repeat::command(&invocation.typed, seed, &secret)
}

/// Everything as a page. `whole` if no fault ended the script.
fn paged(invocation: &Invocation, execution: &Execution, whole: bool) -> String {
    let Execution { runs, alone, comparisons, aggregates, checks, sources, .. } = execution;
    let repeat = repeat_of(invocation, execution);
    let comparisons: Vec<&Comparison> = comparisons.iter().map(|compared| &*compared.comparison).collect();
    let sources: Vec<(String, String)> =
        sources.iter().map(|source| (source.file.clone(), source.text.clone())).collect();
    let document = ResultsPage {
        title: &invocation.script,
        runs,
        alone: alone.clone(),
        checks,
        aggregates,
        comparisons,
        whole: whole && runs.iter().all(|run| run.partial.is_none()),
        sources: &sources,
        repeat: &repeat,
    }
    .document();
    page(&HtmlPage { title: &invocation.script, document: &document })
}

/// Saves what was asked for: the lines that say so, and what could not be written. `paged` is the report.
fn keep(outputs: Outputs, report: &Report, paged: Option<String>) -> (Vec<String>, Diagnostics) {
    let results = outputs.results.map(|output| save(output, report));
    let events = outputs.events.map(OutputFile::keep);
    let page = outputs.report.zip(paged).map(|(output, text)| save_text(output, &text));
    let (mut saved, mut unwritten) = (Vec::new(), Diagnostics::new());
    for kept in [results, events, page].into_iter().flatten() {
        match kept {
            Ok(said) => saved.extend(said),
            Err(faults) => unwritten.append(faults),
        }
    }
    let (more, faults) = outputs.exports.keep(&report.runs);
    saved.extend(more);
    unwritten.append(faults);
    (saved, unwritten)
}

/// Tells a batch what came of its cell.
fn tell_batch(block: &'static Block, report: &Report, wrong: &Diagnostics) -> Result<(), Diagnostics> {
    let summary = CellSummary::of(report, wrong);
    let bytes = serde_json::to_vec(&summary).expect("a summary is plain data");
    keeper::at(move || block.set_result(&bytes)).map_err(|error| {
        Diagnostic::new(Exit::Usage, format!("the batch cannot be told: {}", in_words(&error))).into()
    })
}

/// Writes results where they were asked for. Gives the line that says so, where it is a file.
///
/// # Errors
/// The disk is full, or another program has made the file in the meantime.
pub fn save(output: OutputFile, report: &Report) -> Result<Option<String>, Diagnostics> {
    save_text(output, &json::document(report))
}

/// The report of a script's runs. What only the script could check is saved with its last run, which had to be over
/// for it.
fn report_of(execution: Execution) -> Report {
    let Execution { mut runs, comparisons, aggregates, checks, .. } = execution;
    if let Some(last) = runs.last_mut() {
        last.checks.extend(checks);
    }
    let comparisons = comparisons.iter().map(|compared| Comparison::clone(&compared.comparison)).collect();
    Report { comparisons, aggregates, ..Report::new(runs) }
}

/// The seed that all runs have in common, further replications apart, if they do.
fn common_seed(runs: &[Run], alone: &[bool]) -> Option<u64> {
    let first = runs.first()?.seed;
    let seeds = runs.iter().zip(alone).filter(|(_, alone)| **alone).map(|(run, _)| run.seed);
    seeds.into_iter().all(|seed| seed == first).then_some(first)
}
