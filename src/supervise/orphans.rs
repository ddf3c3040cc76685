//! What a process has started and left behind: none of it outlives a run.
//!
//! Who watches becomes the parent of whatever the processes below it leave behind, so it finds all of it among its own
//! children, however often it forked on the way.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, waitid, waitpid};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long processes that were killed may take to be gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// Children that were there before this process watched anybody: whoever it was that it took the place of started them.
static BEFORE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// From now on this process is the parent of all that its children leave behind.
pub fn adopt() {
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    if before.is_empty() {
        *before = children();
    }
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// From now on the kernel kills this process when the thread that started it ends.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}

/// Kills all children of this process but those in `kept`, those of before, and whatever they have left behind in turn.
pub fn kill_but(kept: &[Pid]) {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let until = Instant::now() + PATIENCE;
    loop {
        let rest: Vec<Pid> =
            children().into_iter().filter(|child| !kept.contains(child) && !before.contains(child)).collect();
        if rest.is_empty() || Instant::now() > until {
            return;
        }
        for child in &rest {
            // It is a child of ours that nobody has waited for, so its number is its own.
            let _ = kill_process(*child, Signal::KILL);
        }
        for child in rest {
            while matches!(waitpid(Some(child), WaitOptions::NOHANG), Ok(None)) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// The children of this process.
fn children() -> Vec<Pid> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    if waitid(WaitId::All, look).is_err() {
        // There are none: one call, and no more.
        return Vec::new();
    }
    by_thread().unwrap_or_else(by_parent)
}

/// The children of a process, as the kernel lists them, where it does.
fn by_thread() -> Option<Vec<Pid>> {
    let mut all = Vec::new();
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let listed = std::fs::read_to_string(thread.ok()?.path().join("children")).ok()?;
        all.extend(listed.split_whitespace().filter_map(|number| Pid::from_raw(number.parse().ok()?)));
    }
    Some(all)
}

/// The children of a process, as each process names its parent.
fn by_parent() -> Vec<Pid> {
    let own = rustix::process::getpid().as_raw_nonzero().get().to_string();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let parent_is_own = |entry: &std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name, which may hold anything, ends with the last parenthesis; then come the state and the parent.
        stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)) == Some(own.as_str())
    };
    let numbered = entries.filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        parent_is_own(&entry).then(|| Pid::from_raw(number)).flatten()
    });
    numbered.collect()
}
