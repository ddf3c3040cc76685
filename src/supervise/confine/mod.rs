//! A process that can touch nothing but what its run reads and writes: what `run --pure` stands on.
//!
//! Two walls, both held by the Linux kernel. *Landlock* bounds which files can be opened. *Seccomp* allows the system
//! calls that computing needs, and holds up every other one until the watcher has looked at it: an opening within the
//! [`AllowedFiles`] goes on (Landlock looks at it once more), whatever else a core tries is a `Violation`: it is refused, and the
//! core is given up.
//!
//! *Rationale.* The host opens files on the very threads that run a core: the loader's, the script's, the results'.
//! A filter sees no paths, so somebody must look at them. A `SIGSYS` handler on the spot would miss what glibc does
//! with all signals blocked (`fork`, `posix_spawn`), and would have to be trusted in the core's own address space. The
//! watcher reads the path from outside. That the text may change after it was read does not matter: the watcher gives
//! the violation its name, Landlock keeps the file shut.
//!
//! The way of a run: [`AllowedFiles`] → `confine` in the process that will load the cores, while it has one thread →
//! the `Listener` goes to the watcher's process ([`hand_over`], [`receive`]) → [`answer`].

#[cfg(target_os = "linux")]
mod apply;
mod confined;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod judge;
mod limits;
#[cfg(target_os = "linux")]
mod listener;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod pass;
#[cfg(all(test, target_os = "linux"))]
mod tests;
#[cfg(target_os = "linux")]
mod violation;
#[cfg(target_os = "linux")]
mod wall;
#[cfg(target_os = "linux")]
mod watcher;

pub use confined::Confined;
pub use limits::AllowedFiles;
#[cfg(target_os = "linux")]
pub use {
    apply::confine,
    listener::Listener,
    pass::{hand_over, receive},
    violation::Violation,
    watcher::answer,
};
