//! What is drawn for an attempt and for a copy: always the same numbers in the same order, so that one fault's
//! settings never change another's luck.

use crate::options::{Later, Settings};
use mqscript_plugin::random::Stream;
use mqscript_plugin::{Message, Purpose, Run, Stamp};

/// The draws of one attempt.
#[derive(Debug, Clone, Copy)]
pub struct Luck {
    /// The number of the sending fault that was drawn.
    pub fault: u64,
    /// Whether a burst refuses it.
    pub burst: u64,
    spike: u64,
    spike_by: u64,
    delay_by: u64,
}

/// The draws of one copy.
#[derive(Debug, Clone, Copy)]
pub struct CopyLuck {
    /// The number of the receiving fault that was drawn.
    pub fault: u64,
    /// Which byte is changed.
    pub place: u64,
}

/// The seeds from which all random choices are drawn.
#[derive(Debug, Clone)]
pub struct Lucks {
    attempts: Purpose,
    copies: Purpose,
}

impl Lucks {
    /// Prepares the random choices of one run.
    pub fn new(run: &Run) -> Lucks {
        Lucks { attempts: run.purpose("attempt"), copies: run.purpose("copy") }
    }

    /// That of the attempt that is this message.
    #[inline]
    pub fn of_message(&self, message: &Message<'_>) -> Luck {
        Luck::drawn_from(message.random(&self.attempts))
    }

    /// That of the attempt with this stamp.
    #[inline]
    pub fn of(&self, stamp: &Stamp) -> Luck {
        Luck::drawn_from(self.attempts.of(stamp))
    }

    /// That of the copy for `recipient` of the attempt with this stamp.
    #[inline]
    pub fn of_copy(&self, stamp: &Stamp, recipient: u32) -> CopyLuck {
        let mut stream = self.copies.of_copy(stamp, recipient);
        CopyLuck { fault: stream.next_u64(), place: stream.next_u64() }
    }
}

/// How much later an attempt's outcome and copies come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lateness {
    /// The delay of a spike, in nanoseconds; 0 = no spike.
    pub spike_ns: u64,
    /// The general delay, in nanoseconds.
    pub delay_ns: u64,
}

impl Luck {
    #[inline]
    fn drawn_from(mut stream: Stream) -> Luck {
        Luck {
            fault: stream.next_u64(),
            burst: stream.next_u64(),
            spike: stream.next_u64(),
            spike_by: stream.next_u64(),
            delay_by: stream.next_u64(),
        }
    }

    /// The lateness of an attempt of this type to this recipient, at this time.
    #[inline]
    pub fn lateness(&self, settings: &Settings, type_id: u16, recipient: u32, at_ns: u64) -> Lateness {
        let drawn = |later: &Option<Later>, chance: u64, by: u64| match later {
            Some(later) if later.chance.hits(chance) && later.scope.covers(type_id, recipient, at_ns) => {
                later.by.sample(by)
            }
            _ => 0,
        };
        Lateness {
            spike_ns: drawn(&settings.spike, self.spike, self.spike_by),
            delay_ns: drawn(&settings.delay, 0, self.delay_by),
        }
    }
}

impl Lateness {
    /// The sum of both delays, in nanoseconds.
    #[inline]
    pub fn sum_ns(self) -> u64 {
        self.spike_ns.saturating_add(self.delay_ns)
    }
}
