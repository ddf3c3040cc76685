//! The parent's work: wait, pass signals on, look whether calls return, and find out how it ended.

use super::block::Block;
use super::death::{Cause, Death};
use super::fork::Parent;
use super::signals::give_up_signal;
use super::watchdog::{News, Watchdog};
use crate::cores::WatchedCall;
use crate::cores::vitals::Stage;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io;
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
        let handle = pidfd_open(self.child, PidfdFlags::empty())?;
        let mut dog = Watchdog::new(hang_limit);
        let mut given_up = None;
        let mut looked = Instant::now();
        loop {
            let limit = Timespec { tv_sec: 0, tv_nsec: LOOK.as_nanos() as i64 };
            let ended = match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit)) {
                Ok(ready) => ready > 0,
                Err(rustix::io::Errno::INTR) => false,
                Err(error) => return Err(error.into()),
            };
            self.pass_signals_on();
            if ended {
                return self.ending(given_up.map(|(call, lasts, _)| (call, lasts)));
            }
            let passed = looked.elapsed();
            if passed < LOOK / 2 {
                continue;
            }
            looked = Instant::now();
            match &given_up {
                None => given_up = self.look(&mut dog, passed.min(LOOK * 2), &mut tell),
                Some((_, _, since)) if Instant::elapsed(since) > LAST_WORDS => self.send(libc::SIGKILL),
                Some(_) => {}
            }
            self.end_if_stuck_dying();
        }
    }

    /// A process that is dying and does not get on with it is ended.
    fn end_if_stuck_dying(&self) {
        let fatal = &self.block.shared().fatal;
        if fatal.stage() == Stage::Dying && fatal.looks.fetch_add(1, Ordering::Relaxed) > 16 {
            self.send(libc::SIGKILL);
        }
    }

    fn look(
        &self,
        dog: &mut Watchdog,
        passed: Duration,
        tell: &mut impl FnMut(&str),
    ) -> Option<(WatchedCall, Duration, Instant)> {
        for news in dog.look(self.block.shared(), passed) {
            match news {
                News::Slow(WatchedCall { core, function, .. }, lasts) => {
                    let lasts = lasts.as_secs_f64().floor();
                    tell(&format!("core `{core}`: `{function}` has not returned for {lasts} s"));
                }
                News::Hung(slot, call, lasts) => {
                    let thread = self.block.shared().slots()[slot].thread.load(Ordering::Relaxed);
                    self.give_up(thread);
                    return Some((call, lasts, Instant::now()));
                }
            }
        }
        None
    }

    /// Lets the thread that hangs write down what its loop has measured.
    fn give_up(&self, thread: u32) {
        let (process, thread) = (self.child.as_raw_nonzero().get(), thread as libc::pid_t);
        // SAFETY: a plain system call; the child is not reaped, so its number is its own.
        unsafe { libc::syscall(libc::SYS_tgkill, process, thread, give_up_signal()) };
    }

    fn send(&self, signal: libc::c_int) {
        // SAFETY: as in `give_up`.
        unsafe { libc::kill(self.child.as_raw_nonzero().get(), signal) };
    }

    fn pass_signals_on(&self) {
        for (asked, signal) in ASKED.iter().zip([libc::SIGINT, libc::SIGTERM]) {
            if asked.swap(false, Ordering::AcqRel) {
                self.send(signal);
            }
        }
    }

    /// Takes the child's exit status and says what it means.
    fn ending(&self, given_up: Option<(WatchedCall, Duration)>) -> io::Result<Ending> {
        let (status, max_rss_bytes) = wait_for(self.child)?;
        let shared = self.block.shared();
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
            None => Ending::Died(self.block, death),
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
