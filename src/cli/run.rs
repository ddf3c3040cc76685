//! `run`: outputs are checked, the script is played, results are printed and saved.

use super::arguments::{Format, RunFlags};
use super::interrupt::Interrupt;
use super::outputs::Output;
use super::{repeat, terminal, verdict};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::metrics::results::{Report, Run};
use crate::progress::{Display, Mode, Watcher};
use crate::report::{json, text};
use std::io::Write;
use std::path::Path;

/// The files that a run leaves behind.
#[derive(Debug, Default)]
struct Outputs {
    results: Option<Output>,
    events: Option<Output>,
}

impl Outputs {
    fn open(flags: &RunFlags) -> Result<Outputs, Diagnostics> {
        let mut wrong = Diagnostics::new();
        let mut open = |flag, path: &Option<std::path::PathBuf>| {
            let opened = path.as_deref().map(|path| Output::open(flag, path, flags.force)).transpose();
            opened.unwrap_or_else(|fault| {
                wrong.push(fault);
                None
            })
        };
        let outputs =
            Outputs { results: open("--output", &flags.output), events: open("--events", &flags.events) };
        if wrong.is_empty() { Ok(outputs) } else { Err(wrong) }
    }
}

/// What became of a script.
#[derive(Debug, Default)]
pub struct Played {
    /// Every run that was played, the last perhaps in part.
    pub runs: Vec<Run>,
    /// What went wrong.
    pub wrong: Diagnostics,
}

/// Prints and saves what was played; the exit code of it all.
fn conclude(flags: &RunFlags, typed: &[String], seed: Option<u64>, played: Played, outputs: Outputs) -> Exit {
    let Played { runs, mut wrong } = played;
    let exit = verdict::exit_of_all(&runs);
    let report = Report::new(runs);
    if let Some(mut output) = outputs.results {
        // A report without runs would be a file that says nothing: whatever went wrong is on stderr.
        if !report.runs.is_empty() {
            let path = flags.output.as_deref().unwrap_or(Path::new(""));
            let written = output.write_all(json::document(&report).as_bytes()).map_err(|error| {
                Diagnostic::new(Exit::Usage, format!("`{}` cannot be written: {error}", path.display()))
            });
            note_fault(&mut wrong, written.and_then(|()| output.keep()));
        }
    }
    if let Some(output) = outputs.events.filter(|_| !report.runs.is_empty()) {
        note_fault(&mut wrong, output.keep());
    }
    let result = match flags.format {
        Format::Json if report.runs.is_empty() && !wrong.is_empty() => String::new(),
        Format::Json => json::document(&report),
        Format::Text => {
            summaries(&report.runs, &repeat::command(typed, seed.or(common_seed(&report.runs))), flags)
        }
    };
    note_fault(&mut wrong, terminal::print(&result));
    terminal::complain(&wrong);
    wrong.exit().worst(exit)
}

fn note_fault(wrong: &mut Diagnostics, result: Result<(), Diagnostic>) {
    if let Err(fault) = result {
        wrong.push(fault);
    }
}

/// The seed that all runs have in common, if they do.
fn common_seed(runs: &[Run]) -> Option<u64> {
    let first = runs.first()?.seed;
    runs.iter().all(|run| run.seed == first).then_some(first)
}

fn summaries(runs: &[Run], repeat: &str, flags: &RunFlags) -> String {
    if runs.is_empty() {
        return String::new();
    }
    let mut look = terminal::look();
    look.full = flags.verbose;
    let summaries: Vec<String> = runs.iter().map(|run| text::summary(run, &look)).collect();
    format!("{}{}", summaries.join("\n\n"), text::closing(runs, repeat, &look))
}
