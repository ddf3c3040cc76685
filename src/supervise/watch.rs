//! The parent's work: wait, pass signals on, look whether the child gets on, and find out how it ended.

use super::asks::{self, Ask};
use super::block::Block;
use super::death::{Cause, Death, DeathStage};
use super::fork::Parent;
use super::orphans;
use super::picture::Picture;
use super::signals::give_up_signal;
use super::watchdog::{News, RunningCode, Watchdog};
use crate::cores::vitals::{LEFT, Shared};
use crate::diagnostics::Exit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// The time between two looks at the child.
const LOOK: Duration = Duration::from_millis(250);
/// How long a child that was given up, or shows what cannot be, may take to write down what it has.
const SNAPSHOT_WAIT: Duration = Duration::from_secs(3);
/// How long a process that is dying may take for it.
const DYING: Duration = Duration::from_secs(5);
/// Two wishes for an end that come within this time are one: a signal to a whole group of processes comes twice.
const ONE_WISH: Duration = Duration::from_millis(50);

/// The way in which the child ended.
#[derive(Debug)]
pub enum ChildEnding {
    /// Its work was done, with this exit code.
    Done(u8),
    /// It died before. What it left is in the block.
    Died(&'static Block, Box<Death>),
    /// It died after all was printed and saved, with this exit code.
    DiedAfter(u8, Box<Death>),
}

impl Parent {
    /// Waits for the child. `hang_limit` is how long a call may take; `tell` is told of calls that take long.
    ///
    /// # Errors
    /// The child cannot be waited for.
    pub fn watch(self, hang_limit: Duration, mut tell: impl FnMut(&str)) -> io::Result<ChildEnding> {
        asks::listen();
        let mut guard = Guard::new(self, hang_limit)?;
        loop {
            let ended = wait_for_any(&[&guard], LOOK)?.is_some();
            asks::taken().for_each(|ask| guard.asked(ask));
            if ended {
                return guard.ending(&[]);
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

/// Looks after one child.
#[derive(Debug)]
pub struct Guard {
    parent: Parent,
    handle: OwnedFd,
    dog: Watchdog,
    /// What was given up and how long it took, and since when its thread may write down what it has.
    given_up: Option<(RunningCode, Duration, Instant)>,
    /// The child as it was last seen in order.
    picture: Picture,
    /// Since when what it shows cannot be believed.
    written_over: Option<Instant>,
    /// The time since it began to die.
    dying: Duration,
    looked: Instant,
    /// The moment at which the user first asked for an end.
    asked: Option<Instant>,
    /// The user wants an end at once, and this exit code.
    at_once: Option<Exit>,
}

impl Guard {
    /// Calls of the child may take as long as `hang_limit`.
    ///
    /// # Errors
    /// The child cannot be waited for.
    pub fn new(parent: Parent, hang_limit: Duration) -> io::Result<Guard> {
        let handle = pidfd_open(parent.child, PidfdFlags::empty())?;
        Ok(Guard {
            parent,
            handle,
            dog: Watchdog::new(hang_limit),
            given_up: None,
            picture: Picture::default(),
            written_over: None,
            dying: Duration::ZERO,
            looked: Instant::now(),
            asked: None,
            at_once: None,
        })
    }

    /// The state that the child shows.
    pub fn shared(&self) -> &'static Shared {
        self.parent.shared()
    }

    /// The process id of the watched child.
    pub fn child(&self) -> Pid {
        self.parent.child
    }

    /// The user asks for an end.
    fn asked(&mut self, ask: Ask) {
        let again = self.asked.is_some_and(|since| since.elapsed() > ONE_WISH);
        self.asked.get_or_insert_with(Instant::now);
        if self.parent.block.said_done().is_some() {
            // All there was to do is done; libraries take themselves down, and take their time.
            self.at_once = Some(ask.exit);
            let news = self.dog.lasts_of(&RunningCode::ChildEnding);
            self.give_up(RunningCode::ChildEnding, news);
        } else if again || ask.at_once {
            self.at_once = Some(ask.exit);
            self.send(libc::SIGKILL);
        } else if ask.pass_on {
            self.send(ask.signal);
        }
    }

    /// Looks whether the child gets on, if the last look is some time ago; gives up a call that does not return, and a
    /// child that shows what cannot be.
    pub fn look(&mut self, tell: &mut impl FnMut(&str)) {
        // *Rationale.* The time between looks counts, not the clock's: a program that was suspended has not hung.
        let passed = self.looked.elapsed().min(LOOK * 2);
        if passed < LOOK / 2 {
            return;
        }
        self.looked = Instant::now();
        match Picture::of(self.parent.block) {
            Some(picture) => self.picture = picture,
            None => drop(self.written_over.get_or_insert_with(Instant::now)),
        }
        if self.picture.dying {
            self.dying += passed;
        }
        let waited_enough = |since: Instant| since.elapsed() > SNAPSHOT_WAIT;
        match &self.given_up {
            Some((_, _, since)) if waited_enough(*since) => self.send(libc::SIGKILL),
            Some(_) => {}
            None if self.written_over.is_some_and(waited_enough) || self.dying > DYING => {
                self.send(libc::SIGKILL);
            }
            None => self.look_for_calls(passed, tell),
        }
    }

    fn look_for_calls(&mut self, passed: Duration, tell: &mut impl FnMut(&str)) {
        let ending = self.parent.block.said_done().is_some();
        for news in self.dog.look(&self.picture, ending, passed) {
            match news {
                News::Slow(what, lasts) => tell(&what.has_not_returned(lasts)),
                News::Hung(what, lasts) => return self.give_up(what, lasts),
            }
        }
    }

    /// Lets the thread that hangs write down what its loop has measured, and die.
    fn give_up(&mut self, what: RunningCode, lasts: Duration) {
        let process = self.parent.child_id();
        let thread = match &what {
            RunningCode::Call(number, _) => self
                .picture
                .loops
                .iter()
                .find(|one| one.number == *number)
                .map(|one| one.thread as libc::pid_t),
            RunningCode::Loading(_) | RunningCode::ChildEnding => Some(process),
        };
        // SAFETY: a plain system call; the child is not reaped, so its number is its own.
        unsafe { libc::syscall(libc::SYS_tgkill, process, thread.unwrap_or(process), give_up_signal()) };
        self.given_up.get_or_insert((what, lasts, Instant::now()));
    }

    /// Sends the child a signal.
    pub fn send(&self, signal: libc::c_int) {
        // SAFETY: as in `give_up`.
        unsafe { libc::kill(self.parent.child_id(), signal) };
    }

    /// Takes the exit status of a child that has ended, and says what it means; waits for one that has not. Whatever it
    /// left behind is killed; `others` are children that go on.
    ///
    /// # Errors
    /// The child cannot be waited for.
    pub fn ending(self, others: &[Pid]) -> io::Result<ChildEnding> {
        let (status, max_rss_bytes) = wait_for(self.parent.child)?;
        orphans::kill_but(others);
        let block = self.parent.block;
        let seen = Picture::of(block);
        let spoiled = seen.is_none();
        let picture = seen.unwrap_or(self.picture);
        let done = block.said_done();
        let exited = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
        match (exited, done, self.at_once) {
            (Some(code), Some(done), _) if code == i32::from(done) && !spoiled => {
                return Ok(ChildEnding::Done(done));
            }
            (_, None, Some(exit)) => return Ok(ChildEnding::Done(exit.code())),
            _ => {}
        }
        let (given_up, hung) = match self.given_up {
            Some((RunningCode::Call(_, call), lasts, _)) => (Some(lasts), Some(call)),
            Some((_, lasts, _)) => (Some(lasts), None),
            None => (None, None),
        };
        let cause = match (given_up, exited) {
            _ if spoiled => Cause::WrittenOver,
            (Some(lasts), _) => Cause::Hung(lasts),
            (None, Some(code)) => Cause::Exited(code),
            // A final snapshot that faults in turn ends the process by another signal than came first.
            (None, None) => match picture.signal {
                LEFT => Cause::Left,
                0 => Cause::Signal(libc::WTERMSIG(status)),
                first => Cause::Signal(first),
            },
        };
        let when = if done.is_some() { DeathStage::Done } else { DeathStage::Working };
        let death = Box::new(Death::of(cause, when, picture, hung, max_rss_bytes));
        Ok(match done {
            Some(done) => {
                let wished = self.at_once.unwrap_or(Exit::Success);
                let done = Exit::from_code(done).unwrap_or(Exit::Bug);
                ChildEnding::DiedAfter(done.worst(wished).code(), death)
            }
            None => ChildEnding::Died(block, death),
        })
    }
}

/// The child's exit status, and the most memory that it had.
fn wait_for(child: Pid) -> io::Result<(libc::c_int, u64)> {
    let mut status = 0;
    loop {
        // SAFETY: zeros are a valid `rusage`; both are written by the call.
        let (reaped, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            (libc::wait4(child.as_raw_nonzero().get(), &mut status, 0, &mut usage), usage)
        };
        if reaped >= 0 {
            return Ok((status, usage.ru_maxrss as u64 * 1024));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
