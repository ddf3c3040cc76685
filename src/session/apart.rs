//! Looking at libraries in processes of their own: what one does while it is loaded befalls nobody else.

use super::{faults, terminal};
use crate::cores::{CoreError, CoreInfo};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::in_words;
#[cfg(unix)]
use crate::supervise::{self, Block, ChildEnding, Guard, Side, wait_for_any};
use serde::{Deserialize, Serialize};
use std::time::Duration;
#[cfg(unix)]
use std::time::Instant;

/// How long a library may take to be loaded, and its process to end afterwards.
#[cfg(unix)]
const LIMIT: Duration = Duration::from_secs(10);

/// What a process found out about a library.
#[derive(Serialize, Deserialize)]
enum ProbeAnswer {
    Cores(Vec<CoreInfo>),
    Faults(Vec<Fault>),
}

/// A fault on its way from one process to the other.
#[derive(Serialize, Deserialize)]
struct Fault {
    title: String,
    path: Option<String>,
    found: Option<String>,
    expected: Option<String>,
    notes: Vec<String>,
    help: Vec<String>,
}

impl From<Diagnostic> for Fault {
    fn from(fault: Diagnostic) -> Fault {
        let Diagnostic { title, path, found, expected, notes, help, .. } = fault;
        Fault { title, path, found, expected, notes, help }
    }
}

impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Diagnostic {
        let Fault { title, path, found, expected, notes, help } = fault;
        Diagnostic { path, found, expected, notes, help, ..Diagnostic::new(Exit::Core, title) }
    }
}

type Loaded = Result<Vec<CoreInfo>, CoreError>;

/// The cores that `load` finds in `what`, which it looks at in another process; and what went wrong with that process
/// afterwards, if anything.
///
/// # Errors
/// They cannot be loaded, or the process died or hung over it.
#[cfg(unix)]
pub fn cores(what: &str, load: impl FnOnce() -> Loaded) -> Result<(Vec<CoreInfo>, Diagnostics), Diagnostics> {
    let bug = |error: std::io::Error| {
        Diagnostics::from(Diagnostic::new(
            Exit::Bug,
            format!("{what} cannot be looked at: {}", in_words(&error)),
        ))
    };
    let block = Block::new().map_err(bug)?;
    match supervise::fork_in(block).map_err(bug)? {
        Side::Child(child) => {
            // What it prints is no part of the result.
            terminal::keep_stdout_for_results();
            let seen = match load() {
                Ok(cores) => ProbeAnswer::Cores(cores),
                Err(error) => {
                    ProbeAnswer::Faults(faults::of_core(&error).into_iter().map(Fault::from).collect())
                }
            };
            // Without room the parent finds nothing, and says so.
            let _ = block.set_result(&serde_json::to_vec(&seen).unwrap_or_default());
            child.end(Exit::Success)
        }
        Side::Parent(parent) => {
            let mut guard = Guard::new(parent, LIMIT).map_err(bug)?;
            let began = Instant::now();
            let mut late = false;
            while wait_for_any(&[&guard], Duration::from_millis(100)).map_err(bug)?.is_none() {
                guard.look(&mut |text: &str| terminal::note(text));
                if !late && began.elapsed() > LIMIT {
                    late = true;
                    guard.send(libc::SIGKILL);
                }
            }
            let ending = guard.ending(&[]).map_err(bug)?;
            let after = match (&ending, late) {
                (ChildEnding::Done(_), _) => Diagnostics::new(),
                (_, true) => over_time(what, block.result().is_some()),
                (ChildEnding::Died(_, death) | ChildEnding::DiedAfter(_, death), false) => {
                    let help = vec!["`mqscript core check` looks for the fault".to_owned()];
                    Diagnostic { help, ..death.diagnostic() }.into()
                }
            };
            match block.result().and_then(|seen| serde_json::from_slice(&seen).ok()) {
                Some(ProbeAnswer::Cores(cores)) => Ok((cores, after)),
                Some(ProbeAnswer::Faults(faults)) => {
                    let mut wrong: Diagnostics = faults.into_iter().map(Diagnostic::from).collect();
                    wrong.append(after);
                    Err(wrong)
                }
                None if after.is_empty() => Err(bug(std::io::ErrorKind::UnexpectedEof.into())),
                None => Err(after),
            }
        }
    }
}

/// A process that had to be ended.
#[cfg(unix)]
fn over_time(what: &str, was_loaded: bool) -> Diagnostics {
    let limit = LIMIT.as_secs();
    let (title, found) = match was_loaded {
        false => (format!("{what} cannot be loaded"), format!("it did not return within {limit} s")),
        true => (
            format!("{what} does not let its process end"),
            format!("a destructor or exit handler did not return within {limit} s"),
        ),
    };
    Diagnostic::new(Exit::Core, title)
        .found(found)
        .help("this is a fault of the library: `mqscript core check` shows where it hangs")
        .into()
}

/// There is no other process to do it in.
///
/// # Errors
/// They cannot be loaded.
#[cfg(not(unix))]
pub fn cores(_: &str, load: impl FnOnce() -> Loaded) -> Result<(Vec<CoreInfo>, Diagnostics), Diagnostics> {
    load().map(|cores| (cores, Diagnostics::new())).map_err(|error| faults::of_core(&error))
}
