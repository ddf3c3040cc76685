//! A thread of the process that works: should the process that watches be killed, it takes everything along.
//!
//! *Rationale.* The kernel can be told to kill a process with its parent, but not whatever that process has started.

use super::orphans;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, getpid, getppid, kill_process, pidfd_open};
use std::io;
use std::time::Duration;

/// How often the parent is looked for, whatever has become of the descriptor that says so at once.
const LOOK: Duration = Duration::from_millis(500);
const STACK_BYTES: usize = 64 << 10;

/// Watches for the death of `parent` from now on.
///
/// # Errors
/// The system gives no thread.
pub(super) fn watch(parent: Pid) -> io::Result<()> {
    orphans::adopt();
    let handle = pidfd_open(parent, PidfdFlags::empty())?;
    let limit = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
    let watching = move || {
        while getppid() == Some(parent) {
            let mut waited = [PollFd::new(&handle, PollFlags::IN)];
            let woken = poll(&mut waited, Some(&limit)).is_ok_and(|ready| ready > 0);
            // A core may have closed the descriptor, or put another in its place.
            if woken && getppid() == Some(parent) {
                std::thread::sleep(LOOK);
            }
        }
        orphans::kill_but(&[]);
        let _ = kill_process(getpid(), Signal::KILL);
    };
    std::thread::Builder::new().name("sentinel".to_owned()).stack_size(STACK_BYTES).spawn(watching).map(drop)
}
