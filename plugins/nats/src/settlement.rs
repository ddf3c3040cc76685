//! The words by which the server is told what became of a copy.

use bytes::Bytes;
use mqscript_plugin::prelude::*;

/// What the server is told of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The copy is done with.
    Ack,
    /// The copy is to be handed over again: after a delay in nanoseconds, or at once.
    Nak(Option<u64>),
    /// The copy is never to be handed over again.
    Term,
    /// The copy is still being worked on: its wait begins anew.
    InProgress,
}

impl Word {
    /// The word for a settlement by the host, without a delay.
    pub fn of(how: Settlement) -> Word {
        match how {
            Settlement::Acknowledge => Word::Ack,
            Settlement::GiveBack => Word::Nak(None),
            Settlement::Reject => Word::Term,
            Settlement::Extend => Word::InProgress,
        }
    }

    /// The body of the message that says it.
    pub fn body(self) -> Bytes {
        match self {
            Word::Ack => Bytes::from_static(b"+ACK"),
            Word::Nak(None) => Bytes::from_static(b"-NAK"),
            Word::Nak(Some(delay_ns)) => format!("-NAK {{\"delay\":{delay_ns}}}").into(),
            Word::Term => Bytes::from_static(b"+TERM"),
            Word::InProgress => Bytes::from_static(b"+WPI"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_told_even_if_it_is_zero() {
        assert_eq!(Word::Nak(None).body(), "-NAK");
        assert_eq!(Word::Nak(Some(0)).body(), "-NAK {\"delay\":0}");
        assert_eq!(Word::Nak(Some(1_500)).body(), "-NAK {\"delay\":1500}");
    }
}
