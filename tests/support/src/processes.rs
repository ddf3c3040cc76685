//! Processes beside the test: what becomes of them, and waiting for what they are to do.

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Long enough for the slowest machine; nothing waits for it unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until it holds; `what` is to hold.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never came to hold: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process lives (a zombie does not).
pub fn lives(process: impl Display) -> bool {
    state_of(process).is_some_and(|state| !state.starts_with(['Z', 'X']))
}

/// Waits until the process has gone.
#[track_caller]
pub fn until_gone(process: impl Display) {
    wait_until(&format!("process {process} is gone"), || !lives(&process));
}

/// What Linux tells of a process after its name: its state, and many numbers. None if it is not there.
fn state_of(process: impl Display) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ").map(|(_, state)| state.to_owned())
}

/// How long a process has worked: hundredths of a second of a processor's time; 0 if it is not there.
pub fn worked(process: impl Display) -> u64 {
    // User and system time are the fields 14 and 15, and what is here begins with the third.
    let state = state_of(process).unwrap_or_default();
    state.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// The processes that the first thread of this one has started.
pub fn children(of: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// The process that works for one that watches, once there is one.
#[track_caller]
pub fn worker_of(process: u32) -> u32 {
    wait_until("there is a process that works", || !children(process).is_empty());
    children(process)[0]
}

/// Waits until the process that works for this one is in the midst of it and has long loaded all that it needs, or has
/// ended.
#[track_caller]
pub fn until_at_work(process: u32) {
    let worker = worker_of(process);
    wait_until("it works", || worked(worker) >= 50 || !lives(worker));
}

/// Sends a process a signal, such as `INT`.
#[track_caller]
pub fn kill(process: u32, signal: &str) {
    let sent = Command::new("kill").args([format!("-{signal}"), process.to_string()]).status();
    assert!(sent.expect("a program `kill`").success(), "{signal}");
}

/// Waits until a run that is under way has written something for this file, which gets its name once it is whole.
#[track_caller]
pub fn until_written(file: &Path) {
    let begins = format!(".{}.", file.file_name().expect("a file").to_str().expect("UTF-8"));
    let is_there = |entry: fs::DirEntry| {
        entry.file_name().to_string_lossy().starts_with(&begins)
            && entry.metadata().is_ok_and(|it| it.len() > 0)
    };
    let folder = file.parent().expect("a folder");
    wait_until(&format!("{} is written", file.display()), || {
        fs::read_dir(folder).expect("a folder").flatten().any(is_there)
    });
}
