//! The classes of copies in the receiver's ledger.

/// The class of a copy in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The first copy of its message at its agent.
    Received,
    /// A further copy for the same agent.
    Duplicated,
    /// A further copy, handed over again because the one before was not settled.
    Redelivered,
    /// A copy that nobody sent, or not to this agent.
    Unexpected,
    /// A copy for a chunk that is sealed, so that its class is unknown.
    Late,
}

impl Class {
    /// The name of the class where every copy is written down.
    pub fn name(self) -> &'static str {
        match self {
            Class::Received => "received",
            Class::Duplicated => "duplicated",
            Class::Redelivered => "redelivered",
            Class::Unexpected => "unexpected",
            Class::Late => "late",
        }
    }
}
