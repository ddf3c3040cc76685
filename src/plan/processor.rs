//! The queue and the processor.

use serde::{Deserialize, Serialize};

/// The queue before the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Most messages that wait; retries are exempt.
    pub capacity: u64,
    /// What happens to an arrival when it is full.
    pub overflow: Overflow,
}

impl Default for Queue {
    fn default() -> Self {
        Queue { capacity: 1_000_000, overflow: Overflow::Reject }
    }
}

/// What happens to an arrival at a full queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overflow {
    /// The arrival is rejected.
    Reject,
    /// The oldest message of the lowest priority is rejected instead, the arrival being one of them.
    DropOldest,
    /// The agent is held until there is room.
    Block,
}

impl Overflow {
    /// All ways to deal with a full queue.
    pub const ALL: [Overflow; 3] = [Overflow::Reject, Overflow::DropOldest, Overflow::Block];

    /// The name in scripts.
    pub fn name(self) -> &'static str {
        match self {
            Overflow::Reject => "reject",
            Overflow::DropOldest => "drop_oldest",
            Overflow::Block => "block",
        }
    }
}

/// How messages are taken from the queue and handed to the core.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Processor {
    /// Most messages in flight.
    pub workers: u32,
    /// Most messages handed over in one call, and taken in one cycle.
    pub batch_size: u32,
    /// Pause between cycles in nanoseconds; 0 is no cycles.
    pub batch_interval_ns: u64,
    /// The failures and waits with which attempts are repeated.
    pub retry: Retry,
    /// An attempt without an outcome after this long is given up; nanoseconds.
    pub timeout_ns: Option<u64>,
    /// A message older than this is not handed over; nanoseconds. A type's own `time_to_live` goes before.
    pub time_to_live_ns: Option<u64>,
    /// No more hand-overs than this.
    pub max_messages: Option<u64>,
    /// Whether failed and uncertain messages are kept as dead letters.
    pub dead_letter: bool,
    /// Whether the core is a processor itself: then messages are handed over at once, in the order of their generation. No plan
    /// says so; the core does.
    pub at_once: bool,
}

/// As many may be in flight to a core that is a processor itself.
const IN_FLIGHT_AT_ONCE: u32 = 65_536;

impl Processor {
    /// Whether nothing is said about how many are handed over, and when.
    pub fn is_plain(&self) -> bool {
        let plain = Processor::default();
        let own = (self.workers, self.batch_size, self.batch_interval_ns);
        own == (plain.workers, plain.batch_size, plain.batch_interval_ns)
    }

    /// The same before a core that is a processor itself.
    pub fn at_once(&self) -> Processor {
        Processor {
            workers: IN_FLIGHT_AT_ONCE,
            batch_size: IN_FLIGHT_AT_ONCE,
            batch_interval_ns: 0,
            at_once: true,
            ..self.clone()
        }
    }
}

impl Default for Processor {
    fn default() -> Self {
        Processor {
            workers: 1,
            batch_size: 10,
            batch_interval_ns: 0,
            retry: Retry::default(),
            timeout_ns: None,
            time_to_live_ns: None,
            max_messages: None,
            dead_letter: false,
            at_once: false,
        }
    }
}

/// The rules by which attempts are repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all, the first included; 1 … 255.
    pub attempts: u8,
    /// The wait before the next attempt.
    pub backoff: Backoff,
    /// The failures after which it is retried.
    pub on: RetryOn,
}

impl Default for Retry {
    fn default() -> Self {
        Retry { attempts: 1, backoff: Backoff::default(), on: RetryOn::default() }
    }
}

/// The wait before attempt k + 1: min(max, min(max, first · factor^(k−1)) · (1 + jitter · (2u − 1))).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// Before the second attempt, in nanoseconds.
    pub first_ns: u64,
    /// Growth from one wait to the next, at least 1.
    pub factor: f64,
    /// Share by which a wait is spread, 0 … 1.
    pub jitter: f64,
    /// No wait is longer, jitter included; in nanoseconds.
    pub max_ns: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { first_ns: 10_000_000, factor: 2.0, jitter: 0.0, max_ns: 60_000_000_000 }
    }
}

/// Which ends of an attempt are followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryOn {
    /// The core refused it.
    pub refused: bool,
    /// The attempt had no outcome in time.
    pub timeout: bool,
    /// The core does not know.
    pub uncertain: bool,
}

impl Default for RetryOn {
    fn default() -> Self {
        RetryOn { refused: true, timeout: true, uncertain: true }
    }
}
