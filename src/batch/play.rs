//! Playing the cells: simulated ones side by side, live ones alone, each in a process of its own.

use super::bars::Bars;
use super::invocation::BatchInvocation;
use super::jobs::CellJob;
use super::prepared::PreparedBatch;
use super::{CellOutcome, Folder, JournalEvent, RESULTS, cannot_write};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::in_words;
use crate::session::{
    CellSummary, Interrupt, Invocation, OutputPaths, panic, report_cell_death, run_cell, side_by_side,
};
use crate::supervise::{self, Block, ChildEnding, Death, Guard, Salvage, Side, wait_for_any};
use mqscript_plugin::random::Stream;
use rustix::process::Pid;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often bars are drawn and time limits are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long a cell that is asked to end may take for it.
const GRACE: Duration = Duration::from_secs(10);

/// A cell in flight.
struct Flight {
    index: usize,
    guard: Guard,
    block: &'static Block,
    began: Instant,
    /// When it was asked to end for having taken too long.
    asked: Option<Instant>,
}

/// Plays every cell that has no outcome yet.
///
/// # Errors
/// Results cannot be written: what is finished is kept, and nothing more is begun.
pub(super) fn play(
    prepared: &PreparedBatch,
    places: &[PathBuf],
    folder: &mut Folder,
    outcomes: &mut [Option<CellOutcome>],
    interrupt: &Interrupt,
    flags: &BatchInvocation,
) -> Result<(), Diagnostics> {
    let mut waiting = order(prepared, outcomes);
    let mut bars = Bars::new(prepared, waiting.len(), flags.quiet);
    let mut flights: Vec<Flight> = Vec::new();
    let mut blocks: Vec<&'static Block> = Vec::new();
    let mut failed: Option<Diagnostics> = None;
    let (mut asked, mut said) = (interrupt.counted(), false);
    loop {
        let asked = asked.times();
        if asked > 1 {
            stop_now(flights.drain(..), places);
            break;
        }
        if asked == 1 && !said && !flights.is_empty() {
            bars.say("what is in flight ends, then all is reported; Ctrl-C again stops at once");
            said = true;
        }
        let stopping = asked > 0 || failed.is_some();
        while !stopping && let Some(index) = next(prepared, &waiting, &flights) {
            waiting.pop_front();
            match begin(prepared, places, folder, index, &mut blocks) {
                Ok(flight) => {
                    bars.began(index, prepared);
                    flights.push(flight);
                }
                Err(wrong) => failed = Some(wrong),
            }
            if failed.is_some() {
                break;
            }
        }
        if flights.is_empty() {
            break;
        }
        let guards: Vec<&Guard> = flights.iter().map(|flight| &flight.guard).collect();
        let ended = wait_for_any(&guards, LOOK).map_err(|error| bug("waited for", &error))?;
        for flight in &mut flights {
            let name = &prepared.jobs[flight.index].cell.name;
            flight.guard.look(&mut |text: &str| bars.say(&format!("{name}: {text}")));
            limit(flight, prepared.file.timeout_ns);
        }
        bars.draw(flights.iter().map(|flight| (flight.index, flight.guard.shared())));
        if let Some(place) = ended {
            let flight = flights.swap_remove(place);
            let (index, block) = (flight.index, flight.block);
            let others: Vec<Pid> = flights.iter().map(|flight| flight.guard.child()).collect();
            let outcome = land(prepared, places, flight, &others)?;
            blocks.push(block);
            // A cell that the user stopped is not over; nor is one whose results found no room.
            let stopped =
                matches!(outcome.exit(), Exit::Interrupted | Exit::Terminated) && !outcome.timed_out;
            let unsaved = unsaved(&outcome, block, &places[index]);
            if let Some(wrong) = unsaved {
                failed.get_or_insert(wrong);
            } else if !stopped {
                if let Err(wrong) = folder.ended(&places[index], &outcome) {
                    failed.get_or_insert(wrong);
                }
                bars.ended(index, &outcome);
                outcomes[index] = Some(outcome);
            }
        }
    }
    bars.finish();
    failed.map_or(Ok(()), Err)
}

/// Ends the cells in flight on the spot: they are not over.
fn stop_now(flights: impl Iterator<Item = Flight>, places: &[PathBuf]) {
    let flights: Vec<Flight> = flights.inspect(|flight| flight.guard.send(libc::SIGKILL)).collect();
    for Flight { index, guard, .. } in flights {
        // It is gone, however it ended.
        let _ = guard.ending(&[]);
        sweep(&places[index]);
    }
}

/// Takes away what a process that was ended has left half-written.
fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".tmp") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether the cell's process could not write down what it had to: it has been looked at before, so that is what
/// exit code 2 means where it did not say what came of it.
fn unsaved(outcome: &CellOutcome, block: &Block, place: &Path) -> Option<Diagnostics> {
    if outcome.exit() != Exit::Usage || block.result().is_some() {
        return None;
    }
    let fault = cannot_write(place, "its process could not write there");
    // Where there was room for it, it has told why.
    let log = fs::read_to_string(place.join("log.txt")).unwrap_or_default();
    let told = log.lines().filter_map(|line| line.strip_prefix("error: "));
    Some(told.fold(fault, |fault, told| fault.note(told)).into())
}

/// The cells to play, in an order that does not depend on the matrix, so that drift hits all alike.
fn order(prepared: &PreparedBatch, outcomes: &[Option<CellOutcome>]) -> VecDeque<usize> {
    let mut order: Vec<usize> = (0..outcomes.len()).filter(|index| outcomes[*index].is_none()).collect();
    let mut stream = Stream::from_key(prepared.file.seed);
    for last in (1..order.len()).rev() {
        order.swap(last, stream.below(last as u64 + 1) as usize);
    }
    order.into()
}

/// The next cell, if it can begin now: a live one begins alone.
fn next(prepared: &PreparedBatch, waiting: &VecDeque<usize>, flights: &[Flight]) -> Option<usize> {
    let index = *waiting.front()?;
    let live = |index: usize| prepared.scouted[index].live;
    let room = match live(index) {
        true => flights.is_empty(),
        false => flights.len() < prepared.parallel() && !flights.iter().any(|flight| live(flight.index)),
    };
    room.then_some(index)
}

fn bug(what: &str, error: &io::Error) -> Diagnostics {
    Diagnostic::new(Exit::Bug, format!("a cell cannot be {what}: {}", in_words(error))).into()
}

/// What is played for a cell, with where its results go.
fn invocation_of(job: &CellJob, place: &Path) -> Invocation {
    let invocation = job.invocation.clone();
    let outputs = OutputPaths { results: Some(place.join(RESULTS)), ..invocation.outputs };
    Invocation { outputs, ..invocation }
}

/// Starts the process of a cell.
fn begin(
    prepared: &PreparedBatch,
    places: &[PathBuf],
    folder: &mut Folder,
    index: usize,
    blocks: &mut Vec<&'static Block>,
) -> Result<Flight, Diagnostics> {
    let (job, place) = (&prepared.jobs[index], &places[index]);
    folder.note(&JournalEvent::Began { cell: &job.cell.name })?;
    let block = match blocks.pop() {
        Some(block) => block,
        None => Block::new().map_err(|error| bug("started", &error))?,
    };
    let mut invocation = invocation_of(job, place);
    // A live cell is alone, and its mocks may have all processors; simulated cells share them.
    let alone = prepared.scouted[index].live || prepared.parallel() == 1;
    invocation.side_by_side = Some(if alone { side_by_side::processors() } else { 1 });
    match supervise::fork_in(block).map_err(|error| bug("started", &error))? {
        Side::Child(child) => {
            let journal = child.journal();
            child.end(match alone_with(place) {
                Ok(()) => panic::caught_at_work(|| run_cell(invocation, block, journal)),
                Err(_) => Exit::Usage,
            })
        }
        Side::Parent(parent) => {
            let guard =
                Guard::new(parent, invocation.hang_timeout).map_err(|error| bug("watched", &error))?;
            Ok(Flight { index, guard, block, began: Instant::now(), asked: None })
        }
    }
}

/// In the child: what is printed goes into the cell's folder, and what the terminal sends stays with the parent.
fn alone_with(place: &Path) -> io::Result<()> {
    let _ = rustix::process::setpgid(None, None);
    sweep(place);
    let _ = fs::remove_file(place.join(RESULTS));
    rustix::stdio::dup2_stdout(File::create(place.join("summary.txt"))?)?;
    rustix::stdio::dup2_stderr(File::create(place.join("log.txt"))?)?;
    Ok(())
}

/// Ends a cell that takes too long: in good order first.
fn limit(flight: &mut Flight, timeout_ns: Option<u64>) {
    let Some(limit) = timeout_ns.map(Duration::from_nanos) else { return };
    match flight.asked {
        None if flight.began.elapsed() > limit => {
            flight.asked = Some(Instant::now());
            flight.guard.send(libc::SIGTERM);
        }
        Some(asked) if asked.elapsed() > GRACE => flight.guard.send(libc::SIGKILL),
        _ => {}
    }
}

/// The outcome of a cell whose process has ended.
fn land(
    prepared: &PreparedBatch,
    places: &[PathBuf],
    flight: Flight,
    others: &[Pid],
) -> Result<CellOutcome, Diagnostics> {
    let Flight { index, guard, block, began, asked } = flight;
    let job = &prepared.jobs[index];
    let wall_s = began.elapsed().as_secs_f64();
    let mut afterwards = None;
    let exit = match guard.ending(others).map_err(|error| bug("waited for", &error))? {
        ChildEnding::Done(code) => code,
        ChildEnding::DiedAfter(code, death) => {
            let told = death.diagnostic();
            afterwards = Some(told.title);
            Exit::from_code(code).unwrap_or(Exit::Bug).worst(told.exit).code()
        }
        ChildEnding::Died(block, death) => {
            report_death(prepared, (index, &places[index]), block, &death, others)?
        }
    };
    let summary = block.result().and_then(|words| serde_json::from_slice(&words).ok());
    let mut summary: CellSummary = summary.unwrap_or_default();
    summary.problems.extend(afterwards);
    if asked.is_some() {
        summary.problems.insert(0, "it took longer than `timeout`".to_owned());
    }
    let labels = prepared.file.axes.iter().map(|axis| axis.name.clone()).zip(job.cell.labels.iter().cloned());
    Ok(CellOutcome {
        cell: job.cell.name.clone(),
        labels: labels.collect(),
        fingerprint: prepared.scouted[index].fingerprint.clone(),
        exit,
        wall_s,
        timed_out: asked.is_some(),
        summary,
    })
}

/// Prints and saves what a dead process has left, in a process of its own.
fn report_death(
    prepared: &PreparedBatch,
    (index, place): (usize, &Path),
    block: &'static Block,
    death: &Death,
    others: &[Pid],
) -> Result<u8, Diagnostics> {
    let salvage = Salvage::read(block, death);
    let invocation = invocation_of(&prepared.jobs[index], place);
    match supervise::fork_in(block).map_err(|error| bug("reported", &error))? {
        Side::Child(child) => child.end(match alone_with(place) {
            Ok(()) => panic::caught(|| report_cell_death(invocation, block, death, salvage)),
            Err(_) => Exit::Usage,
        }),
        Side::Parent(parent) => {
            let guard =
                Guard::new(parent, invocation.hang_timeout).map_err(|error| bug("reported", &error))?;
            match guard.ending(others).map_err(|error| bug("reported", &error))? {
                ChildEnding::Done(code) => Ok(code),
                ChildEnding::Died(..) | ChildEnding::DiedAfter(..) => Ok(Exit::Bug.code()),
            }
        }
    }
}
