//! What every cell comes to, found out in a child: scripts are checked and cores are loaded, which may kill a process.

use super::jobs::CellJob;
use super::question::question;
use super::{AxisComparison, AxisKind, BatchFile};
use crate::cores::library_sha256;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, SourcePlace};
use crate::engine::{Cast, Setting};
use crate::files::in_words;
use crate::plan::tree::{TreeNode, Written, join};
use crate::plan::{BATCH_CHECKS, ClockKind, FigureNames, Plan};
use crate::report::printable;
use crate::script::{self, Comparing, Settings};
use crate::session::Rehearsed;
use crate::session::side_by_side::AROUND_NS;
use crate::session::{faults, terminal};
use crate::supervise::{self, Block, ChildEnding, Guard, Side, wait_for_any};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Simulated messages a second, for estimates.
const SIMULATED_PER_S: f64 = 5e5;
/// The time that a cell takes beside its runs, in nanoseconds.
const AROUND_CELL_NS: u64 = 40_000_000;

/// What is known of a cell before it is played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Scouted {
    /// Whether a run of it is on the wall clock.
    pub live: bool,
    /// The number of runs, with replications.
    pub runs: u64,
    /// An estimate of its time, in nanoseconds.
    pub estimate_ns: u64,
    /// A fingerprint of its script, cores and settings.
    pub fingerprint: String,
}

/// Looks at all cells.
///
/// # Errors
/// Everything that is wrong with them, each fault once with the first cell that it is about.
pub(super) fn scout(jobs: &[CellJob], file: &BatchFile) -> Result<Vec<Scouted>, Diagnostics> {
    let told = |why: String| {
        Diagnostics::from(Diagnostic::new(Exit::Bug, format!("cells cannot be looked at: {why}")))
    };
    let block = Block::new().map_err(|error| told(in_words(&error)))?;
    let limit = jobs.iter().map(|job| job.invocation.hang_timeout).max().unwrap_or(Duration::from_secs(60));
    match supervise::fork_in(block).map_err(|error| told(in_words(&error)))? {
        Side::Child(child) => {
            let found = scout_here(jobs, file, |scouted| {
                let line = serde_json::to_vec(scouted).unwrap_or_default();
                // Without room the parent finds too few.
                let _ = block.append(&line);
            });
            terminal::complain(&found);
            child.end_at_once(found.exit())
        }
        Side::Parent(parent) => {
            let mut guard = Guard::new(parent, limit).map_err(|error| told(in_words(&error)))?;
            while wait_for_any(&[&guard], Duration::from_millis(250))
                .map_err(|e| told(e.to_string()))?
                .is_none()
            {
                guard.look(&mut |text: &str| terminal::note(text));
            }
            match guard.ending(&[]).map_err(|error| told(in_words(&error)))? {
                ChildEnding::Done(0) => {}
                // It has told what is wrong.
                ChildEnding::Done(code) => std::process::exit(i32::from(code)),
                ChildEnding::Died(_, death) | ChildEnding::DiedAfter(_, death) => {
                    return Err(death.diagnostic().into());
                }
            }
            let found: Vec<Scouted> =
                block.journal().iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
            if found.len() == jobs.len() { Ok(found) } else { Err(told("there is no room".to_owned())) }
        }
    }
}

fn scout_here(jobs: &[CellJob], file: &BatchFile, mut found: impl FnMut(&Scouted)) -> Diagnostics {
    let compared = file.compare.as_ref();
    let mut wrong: BTreeMap<String, (usize, Diagnostic, String, u64)> = BTreeMap::new();
    let mut libraries = BTreeMap::new();
    let mut played = Vec::with_capacity(jobs.len());
    for (index, job) in jobs.iter().enumerate() {
        match look_at(job, compared, &mut libraries) {
            Ok((scouted, plans)) => {
                found(&scouted);
                played.push(plans);
            }
            Err(faults) => {
                for fault in faults.into_iter().map(|fault| of_file(fault, file)) {
                    let key = format!("{:?}", (&fault.title, &fault.place, &fault.found));
                    let entry = wrong.entry(key).or_insert_with(|| (index, fault, job.cell.name.clone(), 0));
                    entry.3 += 1;
                }
            }
        }
    }
    if wrong.is_empty() {
        return without_effect(jobs, file, &played);
    }
    let mut all: Vec<_> = wrong.into_values().collect();
    all.sort_by_key(|(index, ..)| *index);
    let told = |(_, fault, cell, cells): (usize, Diagnostic, String, u64)| match cells {
        1 => fault.note(format!("in the cell `{cell}`")),
        _ => fault.note(format!("in {cells} cells, the first being `{cell}`")),
    };
    all.into_iter().map(told).collect()
}

/// What the cell's settings brought in, the file says: there it is told.
fn of_file(mut fault: Diagnostic, file: &BatchFile) -> Diagnostic {
    if fault.exit == Exit::Usage {
        fault.exit = Exit::Contents;
    }
    let of_flag = |note: &String| {
        let flag = note.strip_prefix("it comes from `")?.strip_suffix('`')?;
        said_in_file(flag, &fault, file)
    };
    let Some((path, node)) = fault.notes.iter().find_map(of_flag) else { return fault };
    fault.notes.retain(|note| !note.starts_with("it comes from `"));
    let place = match node.at {
        Some(at) => SourcePlace::in_text(&file.source.file, &file.source.text, at.line, at.column),
        None => SourcePlace::file(&file.source.file),
    };
    fault.at(Some(place)).path(path)
}

/// The place of the file that a cell's flag came from: its key path, and what stands there.
fn said_in_file<'f>(flag: &str, fault: &Diagnostic, file: &'f BatchFile) -> Option<(String, &'f TreeNode)> {
    if flag == BATCH_CHECKS {
        let Written::List(checks) = &file.tree.get("checks")?.value else { return None };
        let told = fault.found.as_deref().unwrap_or_default();
        let meant = |node: &TreeNode| node.as_text().is_some_and(|text| told.contains(&format!("`{text}`")));
        let index = checks.iter().position(meant)?;
        return Some((format!("checks[{index}]"), &checks[index]));
    }
    let (kind, name) = [("scenario", flag.strip_prefix("--set ")), ("params", flag.strip_prefix("--param "))]
        .into_iter()
        .find_map(|(kind, name)| Some((kind, name?)))?;
    ["matrix", "defaults"].into_iter().find_map(|part| {
        let node = file.tree.get(part)?.get(kind)?.get(name)?;
        let node = match &node.value {
            // Of an axis, the value that is at fault, if it is one of them alone.
            Written::List(values) if part == "matrix" => {
                values.first().filter(|_| values.len() == 1).unwrap_or(node)
            }
            _ => node,
        };
        Some((join(&format!("{part}.{kind}"), name), node))
    })
}

fn look_at(
    job: &CellJob,
    compared: Option<&AxisComparison>,
    libraries: &mut BTreeMap<String, String>,
) -> Result<(Scouted, String), Diagnostics> {
    let faults = job.invocation.overrides.faults();
    if !faults.is_empty() {
        return Err(faults);
    }
    let source = job.invocation.source()?;
    let finder = job.invocation.finder();
    // Replications are no part of what a cell is made of.
    let settings = Settings { comparing: Comparing::default(), ..job.invocation.settings() };
    let base = source.base();
    let setting = Setting { finder: &finder, base_dir: &base, pure: false, confined: None };
    let rehearsed = Rehearsed::of(&source, &settings, setting, &Arc::new(AtomicBool::new(false)));
    let wrong = rehearsed.all();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let execution = rehearsed.execution;
    if execution.plans.is_empty() && !job.invocation.overrides.checks.is_empty() {
        let fault =
            Diagnostic::new(Exit::Contents, "the batch's `checks` would never be judged").path("checks");
        let found = format!("`{}` runs nothing", printable(&job.cell.script));
        return Err(fault
            .found(found)
            .help("call `run(scenario)` in the script, or leave `checks` out")
            .into());
    }
    let plans: Vec<String> = execution.plans.iter().map(|planned| planned.plan.written.to_string()).collect();
    let repeats = job.invocation.comparing.repeats.unwrap_or(1);
    let mut hash = Sha256::new();
    hash.update(format!("{} {repeats} {:?} ", env!("CARGO_PKG_VERSION"), job.invocation.overrides.seed));
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
        let cast = Cast::of(plan, setting).map_err(|error| faults::of_run_on(&plan.core, &error))?;
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
    Ok((scouted, plans.join("\n")))
}

/// Parameters that vary while what the file says of the scenario lies over all that they change.
fn without_effect(jobs: &[CellJob], file: &BatchFile, played: &[String]) -> Diagnostics {
    let mut faults = Diagnostics::new();
    for (place, axis) in file.axes.iter().enumerate().filter(|(_, axis)| axis.kind == AxisKind::Param) {
        let twin = |first: usize| {
            let labels = &jobs[first].cell.labels;
            let differs = |(other, label): (usize, &String)| (other == place) == (*label != labels[other]);
            let alike = |job: &&CellJob| job.cell.labels.iter().enumerate().all(differs);
            jobs[first + 1..].iter().find(alike).map(|job| (first, job.place))
        };
        let by_place = |wanted: usize| jobs.iter().position(|job| job.place == wanted);
        let pairs = (0..jobs.len()).filter_map(twin).filter_map(|(one, other)| Some((one, by_place(other)?)));
        for (one, other) in pairs.filter(|(one, other)| played[*one] == played[*other]) {
            let Some(set) = laid_over(&jobs[one], &jobs[other]) else { continue };
            let path = join("matrix.params", &axis.name);
            let title = format!("`{}` has no effect: `scenario.{set}` sets the same place", axis.name);
            let node = file.tree.get("matrix").and_then(|matrix| matrix.get("params")?.get(&axis.name));
            let place = node.and_then(|node| node.at);
            let place = place
                .map(|at| SourcePlace::in_text(&file.source.file, &file.source.text, at.line, at.column));
            let fault = Diagnostic::new(Exit::Contents, title).at(place).path(path);
            let found =
                format!("`{}` and `{}` would play the same", jobs[one].cell.name, jobs[other].cell.name);
            faults.push(fault.found(found).help("vary one of the two"));
            break;
        }
    }
    faults
}

/// The setting of the scenario without which two cells would differ.
fn laid_over(one: &CellJob, other: &CellJob) -> Option<String> {
    let plans = |job: &CellJob, without: &str| {
        let mut invocation = job.invocation.clone();
        invocation.overrides.set.retain(|(path, _)| path != without);
        if !invocation.overrides.faults().is_empty() {
            return None;
        }
        let settings = Settings { comparing: Comparing::default(), ..invocation.settings() };
        let source = invocation.source().ok()?;
        let execution = script::check(&source, &settings, &Arc::new(AtomicBool::new(false)));
        Some(execution.plans.iter().map(|planned| planned.plan.written.to_string()).collect::<Vec<_>>())
    };
    let set = one.invocation.overrides.set.iter().map(|(path, _)| path.clone());
    set.into_iter().find(|key| {
        let (one, other) = (plans(one, key), plans(other, key));
        one.is_some() && other.is_some() && one != other
    })
}

/// An estimate of the time that a run takes, in nanoseconds.
fn estimate(plan: &Plan, clock: ClockKind) -> u64 {
    let load_ns = plan.load_ns().unwrap_or(0);
    match clock {
        ClockKind::Wall => load_ns + AROUND_NS,
        ClockKind::Virtual => {
            let counted = plan.messages_max().map_or(f64::INFINITY, |count| count as f64);
            let timed = plan.load_ns().map_or(f64::INFINITY, |ns| ns as f64 / plan.mean_gap_ns());
            let messages = counted.min(timed);
            (messages / SIMULATED_PER_S * 1e9) as u64
        }
    }
}
