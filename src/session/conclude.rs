//! The end of a run: what is printed, what is saved, and the exit code.

use super::cell_summary::CellSummary;
use super::invocation::{Format, Invocation};
use super::outputs::OutputFile;
use super::run_outputs::Outputs;
use super::{repeat, terminal, verdict};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::engine;
use crate::files::in_words;
use crate::files::keeper;
use crate::report::{Asked, Summary, json, markdown, text};
use crate::results::comparisons::Comparison;
use crate::results::{CheckResult, Report, Run};
use crate::script::{Compared, Execution};
use crate::supervise::Block;
use std::io::Write;
use std::sync::atomic::Ordering;

/// Prints and saves what was played; the exit code of it all.
pub(super) fn conclude(
    invocation: &Invocation,
    cell: Option<&'static Block>,
    execution: Execution,
    outputs: Outputs,
) -> Exit {
    let judged = verdict::exit(&execution, invocation.comparing.fail_on_regression);
    let Execution { runs, alone, comparisons, aggregates, checks, diagnostics, .. } = execution;
    let whole = diagnostics.is_empty();
    // An interruption is told by the exit code and the results, not as a fault of the script.
    let mut wrong: Diagnostics =
        diagnostics.into_iter().filter(|fault| fault.exit != Exit::Interrupted).collect();
    let stdout_is_taken = outputs.take_stdout();
    let told = |compared: &&Compared| !compared.told.load(Ordering::Relaxed);
    let asked = Asked {
        saved: outputs.results.is_some(),
        // Comparisons and aggregates show it.
        luck: invocation.seed_is_random || !comparisons.is_empty() || !aggregates.is_empty(),
    };
    let summary = match invocation.format {
        Format::Text | Format::Markdown => {
            let is_plain = invocation.format != Format::Text || stdout_is_taken;
            let look = if is_plain { terminal::plain() } else { terminal::look() };
            let options = runs.iter().flat_map(|run| {
                [&run.core.options].into_iter().chain(run.core.layers.iter().map(|layer| &layer.options))
            });
            let secret = repeat::secret_options(options);
            let repeat = repeat::command(
                &invocation.typed,
                invocation.overrides.seed.or(common_seed(&runs, &alone)),
                &secret,
            );
            let is_markdown = invocation.format == Format::Markdown;
            let shown: Vec<&Comparison> =
                comparisons.iter().filter(|c| is_markdown || told(c)).map(|c| &*c.comparison).collect();
            let first: Vec<&Run> =
                runs.iter().zip(&alone).filter(|(_, alone)| **alone).map(|(run, _)| run).collect();
            let summary = Summary {
                runs: &first,
                checks: &checks,
                aggregates: &aggregates,
                comparisons: &shown,
                whole: whole && runs.iter().all(|run| run.partial.is_none()),
                played: !runs.is_empty() || !comparisons.is_empty(),
                repeat: &repeat,
                asked,
            };
            let document = summary.document(invocation.verbose);
            if is_markdown { markdown::write(&document) } else { text::write(&document, &look) }
        }
        Format::Json => String::new(),
    };
    let mut report = Report {
        comparisons: comparisons.iter().map(|compared| Comparison::clone(&compared.comparison)).collect(),
        aggregates,
        ..report_of(runs, checks)
    };
    if outputs.results.is_some() || invocation.format == Format::Json {
        report.runs.iter_mut().for_each(engine::record_libraries);
    }
    let (mut written, mut saved) = (true, Vec::new());
    let json_is_saved = outputs.results.as_ref().is_some_and(OutputFile::is_stdout);
    // A file without runs would say nothing: whatever went wrong is on stderr.
    if !report.runs.is_empty() || !report.comparisons.is_empty() {
        let results = outputs.results.map(|output| save(output, &report));
        let events = outputs.events.map(OutputFile::keep);
        for kept in [results, events].into_iter().flatten() {
            match kept {
                Ok(said) => saved.extend(said),
                Err(fault) => {
                    wrong.append(fault);
                    written = false;
                }
            }
        }
    }
    let nothing_to_say = report.runs.is_empty() && report.comparisons.is_empty() && !wrong.is_empty();
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
    if let Err(fault) = printed {
        wrong.append(fault);
        written = false;
    }
    if !invocation.quiet {
        saved.iter().for_each(|line| terminal::note(line));
    }
    // A cell whose results found no room has nothing to say: it is not over.
    if let Some(block) = cell.filter(|_| written) {
        let summary = CellSummary::of(&report, &wrong);
        let bytes = serde_json::to_vec(&summary).expect("a summary is plain data");
        if let Err(error) = keeper::at(move || block.set_result(&bytes)) {
            wrong.push(Diagnostic::new(
                Exit::Usage,
                format!("the batch cannot be told: {}", in_words(&error)),
            ));
        }
    }
    terminal::complain(&wrong);
    wrong.exit().worst(judged)
}

/// Writes a report where it was asked for. Gives the line that says so, where it is a file.
pub fn save(mut output: OutputFile, report: &Report) -> Result<Option<String>, Diagnostics> {
    output.write_all(json::document(report).as_bytes()).map_err(|error| {
        Diagnostic::new(Exit::Usage, format!("the results cannot be written: {}", in_words(&error)))
    })?;
    output.keep()
}

/// The report of a script's runs. What only the script could check is saved with its last run, which had to be over
/// for it.
fn report_of(mut runs: Vec<Run>, checks: Vec<CheckResult>) -> Report {
    if let Some(last) = runs.last_mut() {
        last.checks.extend(checks);
    }
    Report::new(runs)
}

/// The seed that all runs have in common, further replications apart, if they do.
fn common_seed(runs: &[Run], alone: &[bool]) -> Option<u64> {
    let first = runs.first()?.seed;
    let seeds = runs.iter().zip(alone).filter(|(_, alone)| **alone).map(|(run, _)| run.seed);
    seeds.into_iter().all(|seed| seed == first).then_some(first)
}
