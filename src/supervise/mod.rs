//! A run's process, and the one that watches it.
//!
//! [`fork()`] splits the program: the child does the work, the parent waits. What the child shows of its runs stands in
//! memory that both see ([`Block`]), so that whatever becomes of the child, the parent knows which call of which core
//! was under way and how many messages have which name. A child that gets a fatal signal writes down all it has
//! measured before it dies; one that is killed outright leaves what it last wrote, and exact counts.
//!
//! - **Owns** the process that watches a run, what a dead run leaves, and the confinement of pure runs.
//! - **May import** `cores`, `diagnostics`, `files`, `numbers`, `results`.
//! - **Way in** [`fork()`].
//! - **A message here** it is one in the exact counts that outlive a process.

mod allocation;
#[cfg(unix)]
mod asks;
mod block;
pub mod confine;
mod death;
#[cfg(unix)]
mod fork;
#[cfg(unix)]
mod orphans;
mod pages;
mod picture;
mod run_journal;
mod salvage;
#[cfg(unix)]
mod sentinel;
mod signal_names;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod watch;
mod watchdog;

#[cfg(unix)]
pub use asks::is_ignored;
pub use block::Block;
pub use death::{Cause, Death, DeathStage};
#[cfg(unix)]
pub use fork::{Child, Parent, Side, fork, fork_in};
#[cfg(unix)]
pub use orphans::{adopt, end_with_parent, kill_but};
pub use picture::Picture;
pub use run_journal::RunJournal;
pub use salvage::Salvage;
#[cfg(unix)]
pub use signals::survive_file_limits;
#[cfg(unix)]
pub use watch::{ChildEnding, Guard, wait_for_any};
