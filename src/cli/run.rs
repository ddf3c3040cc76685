//! `run`: outputs are checked, the script is played, results are printed and saved.

use super::arguments::{Format, RunFlags};
use super::interrupt::Interrupt;
use super::outputs::{Output, is_stdout};
use super::rehearsal::Rehearsed;
use super::stage::Stage;
use super::values::Seed;
use super::{panic, pure, repeat, settings, side_by_side, terminal, verdict};
use crate::advice;
use crate::batch;
use crate::cores::take_deed;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::engine;
use crate::files::in_words;
use crate::files::keeper;
use crate::plan::Overrides;
use crate::progress::{Display, Mode, Watcher};
use crate::report::text::Asked;
use crate::report::{Summary, json};
use crate::results::comparisons::Comparison;
use crate::results::{Report, Run};
use crate::script::{self, Compared, Comparing, Execution, Print, Settings, Source};
use crate::supervise::confine::Confined;
use crate::supervise::{self, Death, Legacy, Lifeline};
#[cfg(unix)]
use crate::supervise::{Ending, Side};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Runs a script.
pub fn command(flags: &RunFlags) -> Exit {
    prepared(flags, |prepared| {
        if flags.in_process { prepared.play(flags, None, None) } else { supervised(prepared, flags) }
    })
}

/// Plays a cell of a batch in this process, a child of the one that watches.
pub(super) fn cell(flags: &RunFlags, lifeline: Lifeline) -> Exit {
    prepared(flags, |prepared| prepared.play(flags, Some(lifeline), None))
}

/// Prints and saves what the process of a cell has left.
pub(super) fn bury_cell(flags: &RunFlags, death: &Death, legacy: Legacy) -> Exit {
    prepared(flags, |prepared| prepared.bury(flags, death, legacy))
}

/// Goes on with what could be prepared, or tells why it could not.
fn prepared(flags: &RunFlags, go_on: impl FnOnce(Prepared) -> Exit) -> Exit {
    match Prepared::from(flags) {
        Ok(prepared) => go_on(prepared),
        Err(wrong) => {
            terminal::complain(&wrong);
            wrong.exit()
        }
    }
}

/// Lets a child do the work, and tells what it could not tell itself.
#[cfg(unix)]
fn supervised(prepared: Prepared, flags: &RunFlags) -> Exit {
    let (works, watches) = pure::ends(flags.plan.pure);
    match supervise::fork(flags.plan.pure) {
        Ok(Side::Child(child)) => {
            drop(watches);
            let lifeline = child.lifeline();
            child.end(panic::caught_at_work(|| prepared.play(flags, Some(lifeline), works)))
        }
        Ok(Side::Parent(parent)) => {
            drop(works);
            if let Some(watches) = watches {
                pure::watch(watches, &parent);
            }
            watched(prepared, flags, parent)
        }
        Err(error) => {
            terminal::note(&format!("the work is done in this very process: {}", in_words(&error)));
            prepared.play(flags, None, None)
        }
    }
}

/// Waits for the child, and buries it if it dies.
#[cfg(unix)]
fn watched(prepared: Prepared, flags: &RunFlags, parent: supervise::Parent) -> Exit {
    match parent.watch(flags.hang_timeout, terminal::note) {
        Ok(Ending::Done(code)) => Exit::from_code(code).unwrap_or(Exit::Bug),
        Ok(Ending::Died(block, death)) => prepared.bury(flags, &death, Legacy::read(block, &death)),
        Ok(Ending::DiedAfter(code, death)) => {
            let wrong = Diagnostics::from(death.diagnostic().note("all results had been written"));
            terminal::complain(&wrong);
            wrong.exit().worst(Exit::from_code(code).unwrap_or(Exit::Bug))
        }
        Err(error) => {
            let title = format!("the process that does the work cannot be watched: {}", in_words(&error));
            terminal::complain(&Diagnostic::new(Exit::Bug, title).into());
            Exit::Bug
        }
    }
}

#[cfg(not(unix))]
fn supervised(prepared: Prepared, flags: &RunFlags) -> Exit {
    prepared.play(flags, None, None)
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

    /// Whether one of them is standard output: then nothing else goes there.
    fn take_stdout(&self) -> bool {
        self.files().any(Output::is_stdout)
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
        let both = |flags: [&str; 2]| {
            let title = format!("`{}` and `{}` both go to standard output", flags[0], flags[1]);
            Diagnostic::new(Exit::Usage, title).help("send one of them to a file")
        };
        let to_stdout = |output: &Option<Output>| output.as_ref().is_some_and(Output::is_stdout);
        if to_stdout(&results) && to_stdout(&events) {
            wrong.push(both(["--output -", "--events -"]));
        } else if to_stdout(&events) && flags.format == Format::Json {
            wrong.push(both(["--events -", "--format json"]));
        }
        if wrong.is_empty() { Ok(Outputs { results, events }) } else { Err(wrong) }
    }
}

/// Everything that can be known to be wrong before the script is evaluated has been looked at.
struct Prepared {
    source: Source,
    overrides: Overrides,
    comparing: Comparing,
    outputs: Outputs,
}

impl Prepared {
    fn from(flags: &RunFlags) -> Result<Prepared, Diagnostics> {
        let overrides = settings::overrides(&flags.plan);
        let comparing = settings::comparing(flags);
        let outputs = Outputs::open(flags);
        let (overrides, comparing, outputs) = match (overrides, comparing, outputs) {
            (Ok(overrides), Ok(comparing), Ok(outputs)) => (overrides, comparing, outputs),
            (overrides, comparing, outputs) => {
                let mut wrong = overrides.err().unwrap_or_default();
                wrong.append(comparing.err().unwrap_or_default());
                wrong.append(outputs.err().unwrap_or_default());
                return Err(wrong);
            }
        };
        let source = settings::script(&flags.script)?;
        Ok(Prepared { source, overrides, comparing, outputs })
    }

    fn play(mut self, flags: &RunFlags, lifeline: Option<Lifeline>, end: Option<pure::End>) -> Exit {
        // Cores are loaded from here on, and some print.
        terminal::keep_stdout_for_results();
        let output_folder = folder_of(flags.output.as_deref());
        let base = self.source.folder.take();
        self.source.folder = base.map(|folder| std::path::absolute(&folder).unwrap_or(folder));
        let mut finder = settings::finder(&flags.plan, self.comparing.cores.as_deref());
        let mut confined = None;
        if flags.plan.pure {
            let outputs: Vec<&Output> = self.outputs.files().collect();
            // Threads that are there before it are not confined.
            let (within, how_far) = pure::enter(finder, &self.source, &output_folder, &outputs, end);
            if how_far != Confined::Full {
                terminal::note(&format!("--pure: {how_far}"));
            }
            (finder, confined) = (within, Some(how_far.name()));
        }
        // From here on nothing that a core does to descriptors or folders concerns what the run leaves behind. Where the
        // system has no such thread, all is as well as can be.
        if keeper::start().is_ok() {
            self.outputs.files().for_each(Output::keep_apart);
            terminal::keep_apart();
        }
        let interrupt = match Interrupt::listen() {
            Ok(interrupt) => {
                // Who watches ends this process at the second signal, and whatever it has started.
                if lifeline.is_some() {
                    interrupt.counted();
                }
                interrupt
            }
            Err(wrong) => {
                terminal::complain(&wrong);
                return wrong.exit();
            }
        };
        let display = Display::new(Mode::of_stderr(flags.quiet));
        let prints = flags.format == Format::Text && !self.outputs.take_stdout();
        let watcher = Watcher::new(display, interrupt.flag(), self.outputs.events).with_lifeline(lifeline);
        let mut stage = Stage {
            finder,
            pure: flags.plan.pure,
            confined,
            side_by_side: flags.side_by_side.unwrap_or_else(side_by_side::processors),
            watcher,
            broken: None,
        };
        let seed = self.overrides.seed;
        let settings = Settings {
            output_folder,
            force: flags.force,
            look: if flags.format == Format::Text { terminal::look() } else { terminal::plain() },
            comparing: self.comparing,
            // Nobody reads the advice on a cell of a batch.
            advice: flags.block.is_none(),
            ..settings::of_script("run", &flags.plan, self.overrides)
        };
        // The cells of a batch have been looked at.
        if flags.block.is_none() {
            let base = self.source.base();
            let wrong =
                Rehearsed::of(&self.source, &settings, stage.setting(&base), &interrupt.flag()).certain();
            if !wrong.is_empty() {
                terminal::complain(&wrong);
                return wrong.exit().worst(interrupt.exit().unwrap_or(Exit::Success));
            }
        }
        let settings = Settings { print: printer(prints), ..settings };
        let mut execution = script::execute(&self.source, &settings, &mut stage, &interrupt.flag());
        if let Some(mut broken) = stage.broken {
            advice::untried(&mut broken.limits);
            execution.runs.push(broken);
            execution.alone.push(true);
        }
        // What a core tried after its last call, or where nobody asked for its answer.
        if let Some(deed) = take_deed() {
            let fault = Diagnostic::new(Exit::Core, format!("a core {deed}"));
            let help = "`--pure` forbids it: if you trust the core, leave out `--pure`";
            execution.diagnostics.push(fault.help_if(flags.plan.pure.then(|| help.to_owned())));
        }
        let outputs = Outputs { results: self.outputs.results, events: stage.watcher.into_events() };
        conclude(flags, seed, execution, outputs).worst(interrupt.exit().unwrap_or(Exit::Success))
    }

    /// Prints and saves what the process that died has left.
    fn bury(mut self, flags: &RunFlags, death: &Death, legacy: Legacy) -> Exit {
        terminal::clear_progress();
        let told = death.diagnostic();
        let told = legacy.lost.iter().fold(told, |told, lost| told.note(lost.clone()));
        let mut diagnostics = Diagnostics::from(told);
        let taken_over = [
            self.outputs.results.as_mut().map(Output::start_again),
            self.outputs.events.as_mut().map(Output::cut_to_whole_lines),
        ];
        for error in taken_over.into_iter().flatten().filter_map(Result::err) {
            let title = format!("what the process had written cannot be taken over: {}", in_words(&error));
            diagnostics.push(Diagnostic::new(Exit::Usage, title));
        }
        let mut runs: Vec<Run> = legacy.finished.into_iter().chain(legacy.partial).collect();
        runs.iter_mut().for_each(|run| advice::untried(&mut run.limits));
        let alone = vec![true; runs.len()];
        let execution = Execution { runs, alone, diagnostics, ..Execution::default() };
        conclude(flags, self.overrides.seed, execution, self.outputs)
    }
}

/// The folder of a file, the current one if it names none; by its whole path, whatever becomes of that.
fn folder_of(path: Option<&Path>) -> PathBuf {
    let folder = path.filter(|path| !is_stdout(path)).and_then(Path::parent);
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// What a script prints is part of the result, unless the result is a single document.
fn printer(to_stdout: bool) -> Print {
    match to_stdout {
        // Whether stdout can be written to at all is told when the result is printed.
        true => Arc::new(|line| drop(terminal::print(&format!("{line}\n")))),
        false => Arc::new(terminal::note),
    }
}

/// Prints and saves what was played; the exit code of it all.
fn conclude(flags: &RunFlags, seed: Option<u64>, execution: Execution, outputs: Outputs) -> Exit {
    let judged = verdict::exit(&execution, flags.comparing.fail_on_regression);
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
        luck: matches!(flags.plan.seed, Some(Seed::Random))
            || !comparisons.is_empty()
            || !aggregates.is_empty(),
    };
    let summary = match flags.format {
        Format::Text | Format::Markdown => {
            let is_plain = flags.format != Format::Text || stdout_is_taken;
            let mut look = if is_plain { terminal::plain() } else { terminal::look() };
            look.full = flags.verbose;
            let typed: Vec<String> =
                std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
            let options = runs.iter().flat_map(|run| {
                [&run.core.options].into_iter().chain(run.core.layers.iter().map(|layer| &layer.options))
            });
            let secret = repeat::secret_options(options);
            let repeat = repeat::command(&typed, seed.or(common_seed(&runs, &alone)), &secret);
            let markdown = flags.format == Format::Markdown;
            let shown: Vec<&Comparison> =
                comparisons.iter().filter(|c| markdown || told(c)).map(|c| &*c.comparison).collect();
            let first: Vec<&Run> =
                runs.iter().zip(&alone).filter(|(_, alone)| **alone).map(|(run, _)| run).collect();
            Summary {
                runs: &first,
                checks: &checks,
                aggregates: &aggregates,
                comparisons: &shown,
                whole: whole && runs.iter().all(|run| run.partial.is_none()),
                played: !runs.is_empty() || !comparisons.is_empty(),
                repeat: &repeat,
                asked,
            }
            .text(&look, markdown)
        }
        Format::Json => String::new(),
    };
    let mut report = Report {
        comparisons: comparisons.iter().map(|compared| Comparison::clone(&compared.comparison)).collect(),
        aggregates,
        ..report_of(runs, checks)
    };
    if outputs.results.is_some() || flags.format == Format::Json {
        report.runs.iter_mut().for_each(engine::record_libraries);
    }
    let (mut written, mut saved) = (true, Vec::new());
    let json_is_saved = outputs.results.as_ref().is_some_and(Output::is_stdout);
    // A file without runs would say nothing: whatever went wrong is on stderr.
    if !report.runs.is_empty() || !report.comparisons.is_empty() {
        let results = outputs.results.map(|output| save(output, &report));
        let events = outputs.events.map(Output::keep);
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
    let printed = match flags.format {
        Format::Text | Format::Markdown if stdout_is_taken => {
            if !flags.quiet {
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
    if !flags.quiet {
        saved.iter().for_each(|line| terminal::note(line));
    }
    // A cell whose results found no room has nothing to say: it is not over.
    if let Some(block) = flags.block.filter(|_| written) {
        let summary = batch::Summary::of(&report, &wrong);
        let bytes = serde_json::to_vec(&summary).expect("a summary is plain data");
        if let Err(error) = keeper::at(move || block.part(&bytes)) {
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
pub(super) fn save(mut output: Output, report: &Report) -> Result<Option<String>, Diagnostics> {
    output.write_all(json::document(report).as_bytes()).map_err(|error| {
        Diagnostic::new(Exit::Usage, format!("the results cannot be written: {}", in_words(&error)))
    })?;
    output.keep()
}

/// The report of a script's runs. What only the script could check is saved with its last run, which had to be over
/// for it.
fn report_of(mut runs: Vec<Run>, checks: Vec<crate::results::CheckResult>) -> Report {
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
