//! A run: outputs are opened, the script is played in a process that is watched, results are printed and saved.

use super::conclude::conclude;
use super::interrupt::Interrupt;
use super::invocation::{Format, Invocation};
use super::outputs::{OutputFile, is_stdout};
use super::rehearsal::Rehearsed;
use super::run_outputs::Outputs;
use super::stage::SessionPlayer;
use super::{panic, pure, side_by_side, terminal};
use crate::advice;
use crate::cores::{Finder, take_violation};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::in_words;
use crate::files::keeper;
use crate::progress::{Display, DisplayMode, Watcher};
use crate::results::Run;
use crate::script::{self, Execution, Print, Settings, Source};
use crate::supervise::confine::Confined;
use crate::supervise::{self, Block, Death, RunJournal, Salvage};
#[cfg(unix)]
use crate::supervise::{ChildEnding, Side};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Plays a script: `invocation` is what was asked for, or what is wrong with it.
pub fn run(invocation: Result<Invocation, (Diagnostics, Box<Invocation>)>) -> Exit {
    let prepared = match PreparedRun::from(invocation, None) {
        Ok(prepared) => prepared,
        Err(wrong) => return complained(&wrong),
    };
    if prepared.invocation.in_process { prepared.play(None, None) } else { supervised(prepared) }
}

/// Plays a cell of a batch in this process, a child of the one that watches.
pub fn run_cell(invocation: Invocation, block: &'static Block, journal: RunJournal) -> Exit {
    match PreparedRun::from(Ok(invocation), Some(block)) {
        Ok(prepared) => prepared.play(Some(journal), None),
        Err(wrong) => complained(&wrong),
    }
}

/// Prints and saves what the process of a cell has left.
pub fn report_cell_death(
    invocation: Invocation,
    block: &'static Block,
    death: &Death,
    salvage: Salvage,
) -> Exit {
    match PreparedRun::from(Ok(invocation), Some(block)) {
        Ok(prepared) => prepared.report_death(death, salvage),
        Err(wrong) => complained(&wrong),
    }
}

fn complained(wrong: &Diagnostics) -> Exit {
    terminal::complain(wrong);
    wrong.exit()
}

/// Lets a child do the work, and tells what it could not tell itself.
#[cfg(unix)]
fn supervised(prepared: PreparedRun) -> Exit {
    let (works, watches) = pure::ends(prepared.invocation.pure);
    match supervise::fork(prepared.invocation.pure) {
        Ok(Side::Child(child)) => {
            drop(watches);
            let journal = child.journal();
            child.end(panic::caught_at_work(|| prepared.play(Some(journal), works)))
        }
        Ok(Side::Parent(parent)) => {
            drop(works);
            if let Some(watches) = watches {
                pure::watch(watches, &parent);
            }
            watched(prepared, parent)
        }
        Err(error) => {
            terminal::note(&format!("the work is done in this very process: {}", in_words(&error)));
            prepared.play(None, None)
        }
    }
}

/// Waits for the child, and buries it if it dies.
#[cfg(unix)]
fn watched(prepared: PreparedRun, parent: supervise::Parent) -> Exit {
    match parent.watch(prepared.invocation.hang_timeout, terminal::note) {
        Ok(ChildEnding::Done(code)) => Exit::from_code(code).unwrap_or(Exit::Bug),
        Ok(ChildEnding::Died(block, death)) => prepared.report_death(&death, Salvage::read(block, &death)),
        Ok(ChildEnding::DiedAfter(code, death)) => {
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
fn supervised(prepared: PreparedRun) -> Exit {
    prepared.play(None, None)
}

/// Everything that can be known to be wrong before the script is evaluated has been looked at.
struct PreparedRun {
    invocation: Invocation,
    source: Source,
    outputs: Outputs,
    /// The channel for the summary of a cell of a batch.
    cell: Option<&'static Block>,
}

impl PreparedRun {
    fn from(
        invocation: Result<Invocation, (Diagnostics, Box<Invocation>)>,
        cell: Option<&'static Block>,
    ) -> Result<PreparedRun, Diagnostics> {
        let (invocation, mut wrong) = match invocation {
            Ok(invocation) => (invocation, Diagnostics::new()),
            Err((wrong, invocation)) => (*invocation, wrong),
        };
        let outputs = match Outputs::open(&invocation.outputs, invocation.format) {
            Ok(outputs) if wrong.is_empty() => outputs,
            Ok(_) => return Err(wrong),
            Err(faults) => {
                wrong.append(faults);
                return Err(wrong);
            }
        };
        let source = invocation.source()?;
        Ok(PreparedRun { invocation, source, outputs, cell })
    }

    /// Plays it in this process.
    fn play(mut self, journal: Option<RunJournal>, end: Option<pure::End>) -> Exit {
        // Cores are loaded from here on, and some print.
        terminal::keep_stdout_for_results();
        let output_folder = folder_of(self.invocation.outputs.results.as_deref());
        let base = self.source.folder.take();
        self.source.folder = base.map(|folder| std::path::absolute(&folder).unwrap_or(folder));
        // Threads that are there before it are not confined.
        let (finder, confined) = self.confine(&output_folder, end);
        // From here on nothing that a core does to descriptors or folders concerns what the run leaves behind. Where the
        // system has no such thread, all is as well as can be.
        if keeper::start().is_ok() {
            self.outputs.files().for_each(OutputFile::keep_apart);
            terminal::keep_apart();
        }
        let interrupt = match Interrupt::listen() {
            Ok(interrupt) => {
                // Who watches ends this process at the second signal, and whatever it has started.
                if journal.is_some() {
                    interrupt.counted();
                }
                interrupt
            }
            Err(wrong) => {
                terminal::complain(&wrong);
                return wrong.exit();
            }
        };
        let settings = self.settings(output_folder);
        let display = Display::new(DisplayMode::of_stderr(self.invocation.quiet));
        let prints = self.invocation.format == Format::Text && !self.outputs.take_stdout();
        let watcher =
            Watcher::new(display, interrupt.flag(), self.outputs.events.take()).with_journal(journal);
        let mut stage = SessionPlayer {
            finder,
            pure: self.invocation.pure,
            confined,
            side_by_side: self.invocation.side_by_side.unwrap_or_else(side_by_side::processors),
            watcher,
            broken: None,
        };
        // The cells of a batch have been looked at.
        if self.cell.is_none() {
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
        late_violation(self.invocation.pure).into_iter().for_each(|fault| execution.diagnostics.push(fault));
        let outputs = Outputs { events: stage.watcher.into_events(), ..self.outputs };
        conclude(&self.invocation, self.cell, execution, outputs)
            .worst(interrupt.exit().unwrap_or(Exit::Success))
    }

    /// Where cores are looked for; in a pure run the process is confined first, and how far is given, too.
    fn confine(&self, output_folder: &Path, end: Option<pure::End>) -> (Finder, Option<&'static str>) {
        let finder = self.invocation.finder();
        if !self.invocation.pure {
            return (finder, None);
        }
        let outputs: Vec<&OutputFile> = self.outputs.files().collect();
        let (finder, how_far) = pure::enter(finder, &self.source, output_folder, &outputs, end);
        if how_far != Confined::Full {
            terminal::note(&format!("--pure: {how_far}"));
        }
        (finder, Some(how_far.name()))
    }

    /// The settings of the script, which prints nothing yet.
    fn settings(&self, output_folder: PathBuf) -> Settings {
        Settings {
            output_folder,
            force: self.invocation.outputs.force,
            look: if self.invocation.format == Format::Text { terminal::look() } else { terminal::plain() },
            // Nobody reads the advice on a cell of a batch.
            advice: self.cell.is_none(),
            ..self.invocation.settings()
        }
    }

    /// Prints and saves what the process that died has left.
    fn report_death(mut self, death: &Death, salvage: Salvage) -> Exit {
        terminal::clear_progress();
        let told = death.diagnostic();
        let told = salvage.lost.iter().fold(told, |told, lost| told.note(lost.clone()));
        let mut diagnostics = Diagnostics::from(told);
        let taken_over = [
            self.outputs.results.as_mut().map(OutputFile::start_again),
            self.outputs.events.as_mut().map(OutputFile::cut_to_whole_lines),
            self.outputs.report.as_mut().map(OutputFile::start_again),
        ];
        let exports: Vec<_> = self.outputs.exports.files_mut().map(OutputFile::start_again).collect();
        for error in taken_over.into_iter().flatten().chain(exports).filter_map(Result::err) {
            let title = format!("what the process had written cannot be taken over: {}", in_words(&error));
            diagnostics.push(Diagnostic::new(Exit::Usage, title));
        }
        let mut runs: Vec<Run> = salvage.finished.into_iter().chain(salvage.partial).collect();
        runs.iter_mut().for_each(|run| advice::untried(&mut run.limits));
        let alone = vec![true; runs.len()];
        let execution = Execution { runs, alone, diagnostics, ..Execution::default() };
        conclude(&self.invocation, self.cell, execution, self.outputs)
    }
}

/// What a core tried after its last call, or where nobody asked for its answer.
fn late_violation(pure: bool) -> Option<Diagnostic> {
    let fault = Diagnostic::new(Exit::Core, format!("a core {}", take_violation()?));
    let help = "`--pure` forbids it: if you trust the core, leave out `--pure`";
    Some(fault.help_if(pure.then(|| help.to_owned())))
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
