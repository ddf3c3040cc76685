//! What every cell comes to, found out in a child: scripts are checked and cores are loaded, which may kill a process.

use super::super::side_by_side::AROUND_NS;
use super::super::{faults, settings, terminal};
use super::across::question;
use super::jobs::Job;
use crate::batch::Across;
use crate::cores::library_sha256;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::engine::{self, Cast, Setting};
use crate::plan::{ClockKind, End, FigureNames, Plan};
use crate::script::{self, Settings};
use crate::supervise::{self, Block, Ending, Guard, Side, wait_for_any};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Simulated messages a second, for estimates.
const SIMULATED_PER_S: f64 = 2e6;
/// Around each cell.
const AROUND_CELL_NS: u64 = 10_000_000;

/// What a cell comes to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Scouted {
    /// Whether a run of it is on the wall clock.
    pub live: bool,
    /// Runs, replications counted.
    pub runs: u64,
    /// How long it takes about.
    pub estimate_ns: u64,
    /// What it is made of.
    pub fingerprint: String,
}

/// Looks at all cells.
///
/// # Errors
/// Everything that is wrong with them, each fault once with the first cell that it is about.
pub(super) fn scout(jobs: &[Job], compared: Option<&Across>) -> Result<Vec<Scouted>, Diagnostics> {
    let told = |why: String| {
        Diagnostics::from(Diagnostic::new(Exit::Bug, format!("cells cannot be looked at: {why}")))
    };
    let block = Block::new().map_err(|error| told(error.to_string()))?;
    let limit = jobs.iter().map(|job| job.flags.hang_timeout).max().unwrap_or(Duration::from_secs(60));
    match supervise::fork_in(block).map_err(|error| told(error.to_string()))? {
        Side::Child(child) => {
            let found = scout_here(jobs, compared, |scouted| {
                let line = serde_json::to_vec(scouted).unwrap_or_default();
                // Without room the parent finds too few.
                let _ = block.append(&line);
            });
            terminal::complain(&found);
            child.end_at_once(found.exit())
        }
        Side::Parent(parent) => {
            let mut guard = Guard::new(parent, limit).map_err(|error| told(error.to_string()))?;
            while wait_for_any(&[&guard], Duration::from_millis(250))
                .map_err(|e| told(e.to_string()))?
                .is_none()
            {
                guard.look(&mut |text: &str| terminal::note(text));
            }
            match guard.ending(&[]).map_err(|error| told(error.to_string()))? {
                Ending::Done(0) => {}
                // It has told what is wrong.
                Ending::Done(code) => std::process::exit(i32::from(code)),
                Ending::Died(_, death) | Ending::DiedAfter(_, death) => {
                    return Err(death.diagnostic().into());
                }
            }
            let found: Vec<Scouted> =
                block.journal().iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
            if found.len() == jobs.len() { Ok(found) } else { Err(told("there is no room".to_owned())) }
        }
    }
}

fn scout_here(jobs: &[Job], compared: Option<&Across>, mut found: impl FnMut(&Scouted)) -> Diagnostics {
    let mut wrong: BTreeMap<String, (usize, Diagnostic, String, u64)> = BTreeMap::new();
    let mut libraries = BTreeMap::new();
    for (index, job) in jobs.iter().enumerate() {
        match look_at(job, compared, &mut libraries) {
            Ok(scouted) => found(&scouted),
            Err(faults) => {
                for fault in faults.into_iter().map(of_file) {
                    let key = format!("{:?}", (&fault.title, &fault.place, &fault.found));
                    let entry = wrong.entry(key).or_insert_with(|| (index, fault, job.cell.name.clone(), 0));
                    entry.3 += 1;
                }
            }
        }
    }
    let mut all: Vec<_> = wrong.into_values().collect();
    all.sort_by_key(|(index, ..)| *index);
    let told = |(_, fault, cell, cells): (usize, Diagnostic, String, u64)| match cells {
        1 => fault.note(format!("in the cell `{cell}`")),
        _ => fault.note(format!("in {cells} cells, the first being `{cell}`")),
    };
    all.into_iter().map(told).collect()
}

/// What the cell's flags brought in, the file says.
fn of_file(mut fault: Diagnostic) -> Diagnostic {
    if fault.exit == Exit::Usage {
        fault.exit = Exit::Contents;
    }
    for note in &mut fault.notes {
        *note = note.replace("`--set ", "the batch file's `scenario`: `");
    }
    fault
}

fn look_at(
    job: &Job,
    compared: Option<&Across>,
    libraries: &mut BTreeMap<String, String>,
) -> Result<Scouted, Diagnostics> {
    let overrides = settings::overrides(&job.flags.plan)?;
    let source = settings::script(&job.flags.script)?;
    let finder = settings::finder(&job.flags.plan, None);
    let settings =
        Settings { overrides, params: settings::pairs(&job.flags.plan.params), ..Settings::default() };
    let execution = script::check(&source, &settings, &Arc::new(AtomicBool::new(false)));
    if !execution.diagnostics.is_empty() {
        return Err(execution.diagnostics);
    }
    let base = source.folder.clone().unwrap_or_default();
    let setting = Setting { finder: &finder, base_dir: &base, pure: false, confined: None };
    let repeats = job.flags.repeats.unwrap_or(1);
    let mut hash = Sha256::new();
    hash.update(format!("{} {repeats} {:?} ", env!("CARGO_PKG_VERSION"), job.flags.plan.seed));
    for source in &execution.sources {
        hash.update(source.text.as_bytes());
    }
    let mut scouted =
        Scouted { live: false, runs: 0, estimate_ns: AROUND_CELL_NS, fingerprint: String::new() };
    // A script with several runs is compared by its first.
    if let Some(planned) = execution.plans.first() {
        question(compared, &FigureNames::of(&planned.plan))?;
    }
    for planned in &execution.plans {
        let plan = &planned.plan;
        let cast = Cast::of(plan, setting).map_err(|error| faults::of_run(&error))?;
        let clock = cast.clock();
        scouted.live |= clock == ClockKind::Wall;
        scouted.runs += repeats;
        scouted.estimate_ns += repeats * estimate(plan, clock);
        hash.update(plan.written.to_string());
        hash.update(format!("{:?}", plan.core));
        for file in cast.files() {
            let sum = libraries.entry(file.display().to_string());
            hash.update(sum.or_insert_with(|| library_sha256(file).unwrap_or_default()).as_bytes());
        }
    }
    scouted.fingerprint = format!("{:x}", hash.finalize());
    Ok(scouted)
}

/// How long a run takes about.
fn estimate(plan: &Plan, clock: ClockKind) -> u64 {
    let load_ns = plan.load_ns().unwrap_or(0);
    match clock {
        ClockKind::Wall => load_ns + AROUND_NS,
        ClockKind::Virtual => {
            let messages = match plan.end {
                End::Messages(count) => count as f64,
                End::MessagesPerAgent(count) => count as f64 * f64::from(plan.agents()),
                End::Duration(_) => load_ns as f64 / engine::mean_gap_ns(plan),
            };
            (messages / SIMULATED_PER_S * 1e9) as u64
        }
    }
}
