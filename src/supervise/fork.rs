//! One program becomes two processes: one works, the other watches.

use super::block::Block;
use super::run_journal::RunJournal;
use super::{orphans, sentinel, signals};
use crate::cores::vitals::{Liveness, Shared, show_in};
use crate::diagnostics::Exit;
use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};
use std::io;

/// On which side of the fork this is.
#[derive(Debug)]
pub enum Side {
    /// The process that works.
    Child(Child),
    /// The process that watches.
    Parent(Parent),
}

/// The process that works.
#[derive(Debug)]
pub struct Child {
    block: &'static Block,
}

/// The process that watches.
#[derive(Debug)]
pub struct Parent {
    pub(super) block: &'static Block,
    pub(super) child: Pid,
}

/// Splits the process. Call it while it has one thread. `alone` is whether the child can start no other process and must
/// have no thread of ours: then the kernel alone ends it with its parent.
///
/// # Errors
/// The system gives no process, or no memory that two can share.
pub fn fork(alone: bool) -> io::Result<Side> {
    split(Block::new()?, alone)
}

/// The same with memory that both know already; what an earlier child, which is dead, has left in it is gone.
///
/// # Errors
/// The system gives no process.
pub fn fork_in(block: &'static Block) -> io::Result<Side> {
    block.clear()?;
    split(block, false)
}

fn split(block: &'static Block, alone: bool) -> io::Result<Side> {
    let parent = getpid();
    orphans::adopt();
    // SAFETY: the process has one thread, so that the child gets a whole copy of it: no lock is held by a thread that
    // is not there.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            block.let_go_of_others();
            // Whoever kills the parent means the work: it holds files and connections that the next run may want.
            if alone || sentinel::watch(parent).is_err() {
                let _ = set_parent_process_death_signal(Some(Signal::KILL));
            }
            if getppid() != Some(parent) {
                std::process::exit(i32::from(Exit::Terminated.code()));
            }
            show_in(block.shared());
            signals::listen();
            Ok(Side::Child(Child { block }))
        }
        child => {
            let child = Pid::from_raw(child).expect("a process has a number");
            Ok(Side::Parent(Parent { block, child }))
        }
    }
}

impl Parent {
    /// The state that the child shows.
    pub fn shared(&self) -> &'static Shared {
        self.block.shared()
    }

    /// The memory that both see.
    pub fn block(&self) -> &'static Block {
        self.block
    }

    /// The process id of the child.
    pub fn child_id(&self) -> i32 {
        self.child.as_raw_nonzero().get()
    }
}

impl Child {
    /// The block in which the process writes down its runs.
    pub fn journal(&self) -> RunJournal {
        RunJournal::new(self.block)
    }

    /// The work is done, and what libraries would still do is of no interest.
    pub fn end_at_once(self, exit: Exit) -> ! {
        self.block.done(exit.code());
        // SAFETY: ends the process; nothing is left to be written.
        unsafe { libc::_exit(i32::from(exit.code())) }
    }

    /// The work is done.
    pub fn end(self, exit: Exit) -> ! {
        let shared = self.block.shared();
        self.block.done(exit.code());
        // A thread of a core that dies just now has waited for this: it goes on and ends the process.
        while shared.fatal.stage() != Liveness::Alive {
            shared.fatal.advance(Liveness::Told);
            std::thread::park();
        }
        std::process::exit(i32::from(exit.code()))
    }
}
