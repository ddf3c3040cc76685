//! `run`: outputs are checked, the script is played, results are printed and saved.

use super::arguments::{Format, RunFlags};
use super::interrupt::Interrupt;
use super::outputs::Output;
use super::stage::Stage;
use super::{pure, repeat, settings, terminal, verdict};
use crate::cores::take_deed;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::engine;
use crate::metrics::results::{Report, Run};
use crate::plan::Overrides;
use crate::progress::{Display, Mode, Watcher};
use crate::report::{json, text};
use crate::script::{self, Execution, Print, Settings, Source};
use crate::supervise::confine::Confined;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs a script.
pub fn command(flags: &RunFlags) -> Exit {
    match Prepared::from(flags) {
        Ok(prepared) => prepared.play(flags),
        Err(wrong) => {
            terminal::complain(&wrong);
            wrong.exit()
        }
    }
}

/// The files that a run leaves behind.
#[derive(Debug, Default)]
struct Outputs {
    results: Option<Output>,
    events: Option<Output>,
}

impl Outputs {
    fn files(&self) -> impl Iterator<Item = &Output> {
        [&self.results, &self.events].into_iter().flatten()
    }

    fn open(flags: &RunFlags) -> Result<Outputs, Diagnostics> {
        let mut wrong = Diagnostics::new();
        let mut open = |flag, path: &Option<PathBuf>| {
            let opened = path.as_deref().map(|path| Output::open(flag, path, flags.force)).transpose();
            opened.unwrap_or_else(|fault| {
                wrong.append(fault);
                None
            })
        };
        let results = open("--output", &flags.output);
        let events = open("--events", &flags.events);
        if wrong.is_empty() { Ok(Outputs { results, events }) } else { Err(wrong) }
    }
}

/// Everything that can be known to be wrong before the script is evaluated has been looked at.
struct Prepared {
    source: Source,
    overrides: Overrides,
    outputs: Outputs,
    interrupt: Interrupt,
}

impl Prepared {
    fn from(flags: &RunFlags) -> Result<Prepared, Diagnostics> {
        let overrides = settings::overrides(&flags.plan);
        let outputs = Outputs::open(flags);
        let (overrides, outputs) = match (overrides, outputs) {
            (Ok(overrides), Ok(outputs)) => (overrides, outputs),
            (overrides, outputs) => {
                let mut wrong = overrides.err().unwrap_or_default();
                wrong.append(outputs.err().unwrap_or_default());
                return Err(wrong);
            }
        };
        let source = settings::script(&flags.script)?;
        let interrupt = Interrupt::listen()
            .map_err(|error| Diagnostic::new(Exit::Bug, format!("signals cannot be listened to: {error}")))?;
        Ok(Prepared { source, overrides, outputs, interrupt })
    }

    fn play(self, flags: &RunFlags) -> Exit {
        let output_folder = folder_of(flags.output.as_deref());
        let (finder, confined) = if flags.plan.pure {
            let outputs: Vec<&Output> = self.outputs.files().collect();
            let (finder, confined) = pure::confine(flags, &self.source, &output_folder, &outputs);
            if confined != Confined::Full {
                terminal::note(&format!("--pure: {confined}"));
            }
            (finder, Some(confined))
        } else {
            (settings::finder(&flags.plan), None)
        };
        let display = Display::new(Mode::of_stderr(flags.quiet));
        let watcher = Watcher::new(display, self.interrupt.flag(), self.outputs.events);
        let mut stage = Stage { finder, pure: flags.plan.pure, watcher, broken: None };
        let seed = self.overrides.seed;
        let settings = Settings {
            overrides: self.overrides,
            params: settings::pairs(&flags.plan.params),
            output_folder,
            force: flags.force,
            print: printer(flags.format),
            ..Settings::default()
        };
        let mut execution = script::execute(&self.source, &settings, &mut stage, &self.interrupt.flag());
        execution.runs.extend(stage.broken);
        for run in &mut execution.runs {
            run.environment.confined = confined.as_ref().map(|confined| confined.name().to_owned());
        }
        // What a core tried after its last call, or where nobody asked for its answer.
        if let Some(deed) = take_deed() {
            let fault = Diagnostic::new(Exit::Core, format!("a core {deed}"));
            execution
                .diagnostics
                .push(fault.help("`--pure` forbids it: if you trust the core, leave out `--pure`"));
        }
        let outputs = Outputs { results: self.outputs.results, events: stage.watcher.into_events() };
        conclude(flags, seed, execution, outputs, &self.interrupt)
    }
}

/// The folder of a file, the current one if it names none.
fn folder_of(path: Option<&Path>) -> PathBuf {
    let folder = path.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// What a script prints is part of the result, unless the result is a single document.
fn printer(format: Format) -> Print {
    match format {
        // Whether stdout can be written to at all is told when the result is printed.
        Format::Text => Arc::new(|line| drop(terminal::print(&format!("{line}\n")))),
        Format::Json => Arc::new(terminal::note),
    }
}

/// Prints and saves what was played; the exit code of it all.
fn conclude(
    flags: &RunFlags,
    seed: Option<u64>,
    execution: Execution,
    outputs: Outputs,
    interrupt: &Interrupt,
) -> Exit {
    let judged = verdict::exit(&execution);
    let Execution { runs, checks, diagnostics, .. } = execution;
    // An interruption is told by the exit code and the results, not as a fault of the script.
    let mut wrong: Diagnostics =
        diagnostics.into_iter().filter(|fault| fault.exit != Exit::Interrupted).collect();
    let summary = match flags.format {
        Format::Text => {
            let mut look = terminal::look();
            look.full = flags.verbose;
            let typed: Vec<String> = std::env::args().skip(1).collect();
            let repeat = repeat::command(&typed, seed.or(common_seed(&runs)));
            text::summaries(&runs, &checks, &repeat, &look)
        }
        Format::Json => String::new(),
    };
    let mut report = report_of(runs, checks);
    if outputs.results.is_some() || flags.format == Format::Json {
        report.runs.iter_mut().for_each(engine::record_libraries);
    }
    // A file without runs would say nothing: whatever went wrong is on stderr.
    if !report.runs.is_empty() {
        let saved = outputs.results.map(|output| save(output, &report));
        let kept = outputs.events.map(Output::keep);
        for fault in [saved, kept].into_iter().flatten().filter_map(Result::err) {
            wrong.append(fault);
        }
    }
    let nothing_to_say = report.runs.is_empty() && !wrong.is_empty();
    let printed = match flags.format {
        Format::Text => terminal::print(&summary),
        Format::Json if nothing_to_say => Ok(()),
        Format::Json => terminal::print(&json::document(&report)),
    };
    if let Err(fault) = printed {
        wrong.append(fault);
    }
    terminal::complain(&wrong);
    let exit = wrong.exit().worst(judged);
    interrupt.exit().map_or(exit, |interrupted| exit.worst(interrupted))
}

fn save(mut output: Output, report: &Report) -> Result<(), Diagnostics> {
    output
        .write_all(json::document(report).as_bytes())
        .map_err(|error| Diagnostic::new(Exit::Usage, format!("the results cannot be written: {error}")))?;
    output.keep()
}

/// The report of a script's runs. What only the script could check is saved with its last run, which had to be over
/// for it.
fn report_of(mut runs: Vec<Run>, checks: Vec<crate::metrics::results::CheckResult>) -> Report {
    if let Some(last) = runs.last_mut() {
        last.checks.extend(checks);
    }
    Report::new(runs)
}

/// The seed that all runs have in common, if they do.
fn common_seed(runs: &[Run]) -> Option<u64> {
    let first = runs.first()?.seed;
    runs.iter().all(|run| run.seed == first).then_some(first)
}
