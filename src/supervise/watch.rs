//! The parent's work: wait, pass signals on, look whether calls return, and find out how it ended.

use super::block::Block;
use super::death::{Cause, Death};
use super::fork::Parent;
use super::signals::give_up_signal;
use super::watchdog::{News, Watchdog};
use crate::cores::WatchedCall;
use crate::cores::vitals::{Shared, Stage};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the calls are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long a dying process may take to write down what it has.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How the child ended.
#[derive(Debug)]
pub enum Ending {
    /// Its work was done, with this exit code.
    Done(u8),
    /// It died before. What it left is in the block.
    Died(&'static Block, Box<Death>),
    /// It died after all was printed and saved, with this exit code.
    DiedAfter(u8, Box<Death>),
}

/// The user has asked for an end.
static ASKED: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];

extern "C" fn on_interrupt(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: with SA_SIGINFO the kernel gives a `siginfo_t`. One that the terminal caused reached the child as well.
    if unsafe { (*info).si_code } <= 0 {
        ASKED[0].store(true, Ordering::Release);
    }
}

extern "C" fn on_terminate(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    ASKED[1].store(true, Ordering::Release);
}

fn pass_on(
    signal: libc::c_int,
    handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void),
) {
    // SAFETY: zeros are a valid `sigaction`; the handlers only set flags.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}

impl Parent {
    /// Waits for the child. `hang_limit` is how long a call may take; `tell` is told of calls that take long.
    ///
    /// # Errors
    /// The child cannot be waited for.
    pub fn watch(self, hang_limit: Duration, mut tell: impl FnMut(&str)) -> io::Result<Ending> {
        pass_on(libc::SIGINT, on_interrupt);
        pass_on(libc::SIGTERM, on_terminate);
        let mut guard = Guard::new(self, hang_limit)?;
        loop {
            let ended = wait_for_any(&[&guard], LOOK)?.is_some();
            for (asked, signal) in ASKED.iter().zip([libc::SIGINT, libc::SIGTERM]) {
                if asked.swap(false, Ordering::AcqRel) {
                    guard.send(signal);
                }
            }
            if ended {
                return guard.ending();
            }
            guard.look(&mut tell);
        }
    }
}

/// Waits until one of the children has ended, at most so long, and says which.
///
/// # Errors
/// The system cannot wait.
pub fn wait_for_any(guards: &[&Guard], at_most: Duration) -> io::Result<Option<usize>> {
    let limit = Timespec { tv_sec: at_most.as_secs() as _, tv_nsec: at_most.subsec_nanos().into() };
    let mut waited: Vec<PollFd<'_>> =
        guards.iter().map(|guard| PollFd::new(&guard.handle, PollFlags::IN)).collect();
    match poll(&mut waited, Some(&limit)) {
        Ok(_) => Ok(waited.iter().position(|one| !one.revents().is_empty())),
        Err(rustix::io::Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A call that was given up, how long it took, and since when its thread may write down what it has.
type GivenUp = (WatchedCall, Duration, Instant);

/// Looks after one child.
#[derive(Debug)]
pub struct Guard {
    parent: Parent,
    handle: OwnedFd,
    dog: Watchdog,
    given_up: Option<GivenUp>,
    looked: Instant,
}

impl Guard {
    /// Calls of the child may take as long as `hang_limit`.
    ///
    /// # Errors
    /// The child cannot be waited for.
    pub fn new(parent: Parent, hang_limit: Duration) -> io::Result<Guard> {
        let handle = pidfd_open(parent.child, PidfdFlags::empty())?;
        let dog = Watchdog::new(hang_limit);
        Ok(Guard { parent, handle, dog, given_up: None, looked: Instant::now() })
    }

    /// What the child shows.
    pub fn shared(&self) -> &'static Shared {
        self.parent.shared()
    }

    /// Looks whether the child's calls return, if the last look is some time ago; gives up one that does not.
    pub fn look(&mut self, tell: &mut impl FnMut(&str)) {
        let passed = self.looked.elapsed();
        if passed < LOOK / 2 {
            return;
        }
        self.looked = Instant::now();
        match &self.given_up {
            None => self.given_up = self.hung(passed.min(LOOK * 2), tell),
            Some((_, _, since)) if since.elapsed() > LAST_WORDS => self.send(libc::SIGKILL),
            Some(_) => {}
        }
        self.end_if_stuck_dying();
    }

    /// A process that is dying and does not get on with it is ended.
    fn end_if_stuck_dying(&self) {
        let fatal = &self.shared().fatal;
        if fatal.stage() == Stage::Dying && fatal.looks.fetch_add(1, Ordering::Relaxed) > 16 {
            self.send(libc::SIGKILL);
        }
    }

    fn hung(&mut self, passed: Duration, tell: &mut impl FnMut(&str)) -> Option<GivenUp> {
        for news in self.dog.look(self.parent.shared(), passed) {
            match news {
                News::Slow(WatchedCall { core, function, .. }, lasts) => {
                    let lasts = lasts.as_secs_f64().floor();
                    tell(&format!("core `{core}`: `{function}` has not returned for {lasts} s"));
                }
                News::Hung(slot, call, lasts) => {
                    let thread = self.shared().slots()[slot].thread.load(Ordering::Relaxed);
                    self.give_up(thread);
                    return Some((call, lasts, Instant::now()));
                }
            }
        }
        None
    }

    /// Lets the thread that hangs write down what its loop has measured.
    fn give_up(&self, thread: u32) {
        let (process, thread) = (self.parent.child_id(), thread as libc::pid_t);
        // SAFETY: a plain system call; the child is not reaped, so its number is its own.
        unsafe { libc::syscall(libc::SYS_tgkill, process, thread, give_up_signal()) };
    }

    /// Sends the child a signal.
    pub fn send(&self, signal: libc::c_int) {
        // SAFETY: as in `give_up`.
        unsafe { libc::kill(self.parent.child_id(), signal) };
    }

    /// Takes the exit status of a child that has ended, and says what it means; waits for one that has not.
    ///
    /// # Errors
    /// The child cannot be waited for.
    pub fn ending(self) -> io::Result<Ending> {
        let (status, max_rss_bytes) = wait_for(self.parent.child)?;
        let given_up = self.given_up.map(|(call, lasts, _)| (call, lasts));
        let shared = self.parent.shared();
        let done = shared.done.load(Ordering::Acquire).checked_sub(1).map(|code| code as u8);
        let exited = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
        match (exited, done) {
            (Some(code), Some(done)) if code == i32::from(done) => return Ok(Ending::Done(done)),
            // A second Ctrl-C ends it on the spot.
            (Some(code @ (130 | 143)), None) => return Ok(Ending::Done(code as u8)),
            _ => {}
        }
        let cause = match (&given_up, exited) {
            (Some((_, lasts)), _) => Cause::Hung(*lasts),
            (None, Some(code)) => Cause::Exited(code),
            // Last words that fault in turn end the process by another signal than came first.
            (None, None) => match shared.fatal.signal.load(Ordering::Acquire) {
                0 => Cause::Signal(libc::WTERMSIG(status)),
                first => Cause::Signal(first),
            },
        };
        let death = Box::new(Death::of(cause, shared, given_up.map(|(call, _)| call), max_rss_bytes));
        Ok(match done {
            Some(done) => Ending::DiedAfter(done, death),
            None => Ending::Died(self.parent.block, death),
        })
    }
}

/// The child's exit status, and the most memory that it had.
fn wait_for(child: Pid) -> io::Result<(libc::c_int, u64)> {
    let mut status = 0;
    // SAFETY: zeros are a valid `rusage`; both are written by the call.
    let (reaped, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(child.as_raw_nonzero().get(), &mut status, 0, &mut usage), usage)
    };
    if reaped < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((status, usage.ru_maxrss as u64 * 1024))
}
