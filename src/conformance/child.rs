//! One test, in a process of its own.

use super::bench::{Bench, CoreUnderTest};
use super::list::{Test, named};
use super::trail::StepTrail;
use super::verdict::{Description, Refused, TestRecord, TestVerdict};
use crate::cores::{CoreError, abi};
use std::path::Path;
use std::sync::Arc;

/// Names of the files in a test's folder.
pub(super) const PAPER: &str = "paper.json";
pub(super) const TRAIL: &str = "trail";

/// The most address space a test's process may have, in bytes: what allocates without end meets it.
const MEMORY_MAX_BYTES: u64 = 4 << 30;

/// Runs the test of this name and leaves what it found in `folder`. Called in the process that was started for it.
///
/// # Errors
/// There is no such test, or the folder cannot be written to.
pub fn run(test: &str, asked: &CoreUnderTest, folder: &Path) -> std::io::Result<()> {
    let Some(test) = named(test) else {
        return Err(std::io::Error::other(format!("there is no test `{test}`")));
    };
    let trail = Arc::new(StepTrail::new(&folder.join(TRAIL))?);
    let noting = trail.clone();
    let paper = judge(test, asked, Arc::new(move |function| noting.note(function)));
    let text = serde_json::to_string(&paper).map_err(std::io::Error::other)?;
    crate::files::keep(&folder.join(PAPER), text.as_bytes())?;
    trail.note("exit");
    Ok(())
}

fn judge(test: &Test, asked: &CoreUnderTest, trail: Arc<dyn Fn(&'static str) + Send + Sync>) -> TestRecord {
    let before = super::system::SystemState::now();
    let bench = Bench::new(asked, trail.clone());
    trail("");
    // A program that the core starts would inherit the limit.
    if bench.loaded.as_ref().is_ok_and(|subject| subject.declared() & abi::STARTS_PROCESSES == 0) {
        limit_memory();
    }
    let description = bench.loaded.as_ref().ok().map(|subject| Description {
        id: subject.info().id.clone(),
        version: subject.info().version.clone(),
        path: subject.info().path.display().to_string(),
        capabilities: subject.declared(),
        secrets: secrets(&subject.info().schema),
    });
    let refused = bench.loaded.as_ref().err().filter(|_| bench.broken.is_none()).map(refused);
    let verdict = TestVerdict::from((test.run)(&bench, &before));
    TestRecord { verdict, description, refused }
}

/// The names of the options that nobody is to see.
fn secrets(schema: &serde_json::Value) -> Vec<String> {
    let options = schema["properties"].as_object().into_iter().flatten();
    options.filter(|(_, rule)| rule["writeOnly"] == true).map(|(name, _)| name.clone()).collect()
}

fn refused(error: &CoreError) -> Refused {
    let notes = match error {
        CoreError::NotFound { searched, .. } | CoreError::NotBuilt { searched, .. } => {
            searched.iter().map(|folder| format!("looked in {}", folder.display())).collect()
        }
        _ => Vec::new(),
    };
    Refused { title: error.to_string(), notes, help: error.help() }
}

#[cfg(unix)]
fn limit_memory() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::As).maximum;
    let current = Some(maximum.map_or(MEMORY_MAX_BYTES, |maximum| maximum.min(MEMORY_MAX_BYTES)));
    // Where the system does not allow it, the process that started this one watches alone.
    let _ = setrlimit(Resource::As, Rlimit { current, maximum });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn limit_memory() {}
