//! What came of confining a process.

use std::fmt;

/// How far the kernel could confine a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confined {
    /// Files, network, processes; and what is tried is named.
    Full,
    /// Not all of it: what is missing, in a few words each.
    Partial(Vec<String>),
    /// The kernel confines nothing, for these reasons.
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
