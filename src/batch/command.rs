//! The command: prepares, plays, reports.

use super::invocation::BatchInvocation;
use super::prepared::PreparedBatch;
use super::{Baseline, CellOutcome, Folder, check_name, outcome, read_batch};
use super::{against, jobs, play, report};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::report::{counted, printable};
use crate::script;
use crate::session::Interrupt;
use crate::session::outputs::is_stdout;
use crate::session::terminal;
use std::path::{Path, PathBuf};

/// Plays a batch file.
pub fn play_batch(flags: &BatchInvocation) -> Exit {
    match played(flags) {
        Ok(exit) => exit,
        Err(wrong) => {
            terminal::complain(&wrong);
            wrong.exit()
        }
    }
}

/// Says what a batch file comes to, and everything that is wrong with it, without playing it.
///
/// # Errors
/// What is wrong with it.
pub fn check_batch(path: &Path, core_path: &[PathBuf], known_flags: &[String]) -> Result<Exit, Diagnostics> {
    let prepared = PreparedBatch::from(read_batch(path)?, core_path, known_flags)?;
    terminal::print(&prepared.described())?;
    Ok(Exit::Success)
}

fn played(flags: &BatchInvocation) -> Result<Exit, Diagnostics> {
    let interrupt = Interrupt::listen()?;
    // Once, and not in the process of every cell.
    script::warm_up();
    let mut file = read_batch(&flags.file)?;
    if let Some(output) = &flags.output {
        if is_stdout(output) {
            let fault =
                Diagnostic::new(Exit::Usage, format!("`--output {}`: is no folder", output.display()));
            return Err(fault.help("name a folder: a batch leaves many files").into());
        }
        file.output.clone_from(output);
    }
    // By its whole path: what a cell's core does to its working folder is its own affair.
    file.output = std::path::absolute(&file.output).unwrap_or(file.output);
    file.repeats = flags.repeats.unwrap_or(file.repeats);
    let mut prepared = PreparedBatch::from(file, &flags.core_path, &flags.known_flags)?;
    prepared.jobs.iter_mut().for_each(|job| job.invocation.hang_timeout = flags.hang_timeout);
    if let Some(only) = &flags.only {
        keep_only(&mut prepared, only)?;
    }
    if let Some(name) = &flags.save_baseline {
        check_name(&prepared.file.output, name, flags.force)?;
    }
    let baseline = match &flags.baseline {
        Some(said) => Some(looked_at(Baseline::open(&prepared.file.output, said)?, &prepared)?),
        None => None,
    };
    let mut folder = open(&prepared, flags)?;
    if let Some(baseline) = &baseline
        && folder.path.canonicalize().is_ok_and(|path| path == baseline.path)
    {
        let fault = Diagnostic::new(Exit::Usage, "the batch that goes on is its own baseline");
        return Err(fault.found(format!("`--baseline {}`", baseline.said)).into());
    }
    let places = places(&prepared, &folder)?;
    let mut outcomes: Vec<Option<CellOutcome>> = places.iter().map(|place| outcome(place)).collect();
    for (outcome, scouted) in outcomes.iter_mut().zip(&prepared.scouted) {
        if outcome.as_ref().is_some_and(|outcome| outcome.fingerprint != scouted.fingerprint) {
            *outcome = None;
        }
    }
    if !flags.quiet {
        terminal::note(&prepared.announced());
        let done = outcomes.iter().flatten().count();
        if done > 0 {
            let are = if done == 1 { "is" } else { "are" };
            terminal::note(&format!("{} {are} finished already", counted(done as u64, "cell")));
        }
    }
    jobs::shell(&prepared.file, "setup", &prepared.file.setup)?;
    let ended = play::play(&prepared, &places, &mut folder, &mut outcomes, &interrupt, flags);
    let cleaned = jobs::shell(&prepared.file, "cleanup", &prepared.file.cleanup);
    let mut wrong = Diagnostics::new();
    wrong.append(ended.err().unwrap_or_default());
    wrong.append(cleaned.err().unwrap_or_default());
    let exit = report::report(&prepared, &places, &folder, &outcomes, baseline.as_ref(), flags)?;
    terminal::complain(&wrong);
    Ok(exit.worst(wrong.exit()).worst(interrupt.exit().unwrap_or(Exit::Success)))
}

/// The baseline, if all that will be compared of it can be read.
fn looked_at(baseline: Baseline, prepared: &PreparedBatch) -> Result<Baseline, Diagnostics> {
    against::look_at(prepared, &baseline)?;
    Ok(baseline)
}

fn keep_only(prepared: &mut PreparedBatch, only: &str) -> Result<(), Diagnostics> {
    let names: Vec<&str> = prepared.jobs.iter().map(|job| &*job.cell.name).collect();
    let Some(place) = names.iter().position(|name| *name == only) else {
        let fault = Diagnostic::new(Exit::Usage, format!("there is no cell `{}`", printable(only)));
        let help = crate::diagnostics::did_you_mean(only, names.iter().copied());
        return Err(fault
            .expected("a cell's name as `mqscript check FILE.yaml` prints it")
            .help_if(help)
            .into());
    };
    prepared.jobs = vec![prepared.jobs.swap_remove(place)];
    prepared.scouted = vec![prepared.scouted.swap_remove(place)];
    Ok(())
}

/// The batch's folder: a new one, or the newest to go on with.
fn open(prepared: &PreparedBatch, flags: &BatchInvocation) -> Result<Folder, Diagnostics> {
    let now = prepared.header();
    if !flags.resume && !flags.changed {
        return Folder::create(&prepared.file.output, &now);
    }
    let (folder, then) = Folder::resume(&prepared.file.output)?;
    let changed: Vec<&str> = now
        .cells
        .iter()
        .filter(|cell| !then.cells.contains(cell))
        .map(|(name, _)| name.as_str())
        .chain(
            then.cells
                .iter()
                .filter(|(name, _)| !now.cells.iter().any(|(n, _)| n == name))
                .map(|(n, _)| n.as_str()),
        )
        .collect();
    if changed.is_empty() || flags.changed {
        return Ok(folder);
    }
    let mut shown: Vec<String> =
        changed.iter().take(5).map(|name| format!("`{}`", printable(name))).collect();
    if changed.len() > 5 {
        shown.push(format!("{} more", changed.len() - 5));
    }
    let fault = Diagnostic::new(Exit::Usage, "the batch is not what it was when it began");
    Err(fault
        .found(format!("a script, a core, the file or mqscript has changed; it affects {}", shown.join(", ")))
        .help("`--changed` plays the affected cells anew; without `--resume` the batch begins anew")
        .into())
}

fn places(prepared: &PreparedBatch, folder: &Folder) -> Result<Vec<PathBuf>, Diagnostics> {
    prepared.jobs.iter().map(|job| folder.cell(job.place, &job.cell.name)).collect()
}
