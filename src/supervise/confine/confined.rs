//! What came of confining a process.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

static CONFINED: AtomicBool = AtomicBool::new(false);

/// Whether this process has confined itself: what it may do since then is what a core may do.
pub fn is_confined() -> bool {
    CONFINED.load(Ordering::Relaxed)
}

/// Notes that this process confines itself now.
#[cfg(target_os = "linux")]
pub(super) fn note() {
    CONFINED.store(true, Ordering::Relaxed);
}

/// How far the kernel could confine a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confined {
    /// Files, network, processes; and what is tried is named.
    Full,
    /// Not all of it: what is missing, in a few words each.
    Partial(Vec<String>),
    /// Nothing of it.
    None(Vec<String>),
}

impl Confined {
    /// `full`, `partial` or `none`.
    pub fn name(&self) -> &'static str {
        match self {
            Confined::Full => "full",
            Confined::Partial(_) => "partial",
            Confined::None(_) => "none",
        }
    }
}

impl fmt::Display for Confined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Confined::Full => f.write_str("the kernel confines this run"),
            Confined::Partial(missing) => {
                write!(f, "the kernel confines this run in part: {}", missing.join("; "))
            }
            Confined::None(missing) => {
                write!(f, "the kernel cannot confine this run: {}", missing.join("; "))
            }
        }
    }
}
