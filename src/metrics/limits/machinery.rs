//! What a run was played with.

/// The settings that can limit a run.
#[derive(Debug, Clone)]
pub struct Machinery {
    /// `processor.workers`.
    pub workers: u32,
    /// `processor.batch_size`.
    pub batch_size: u32,
    /// `processor.batch_interval`, in nanoseconds; 0 without cycles.
    pub batch_interval_ns: u64,
    /// `processor.retry.attempts`.
    pub attempts: u8,
    /// `processor.retry.backoff`, in nanoseconds.
    pub backoff_ns: u64,
    /// `processor.max_messages`.
    pub max_messages: Option<u64>,
    /// `queue.capacity`.
    pub capacity: u64,
    /// Whether the load was meant to be the same all the time.
    pub steady: bool,
    /// Of a load in which all agents wait for their outcomes, each group; else empty.
    pub closed: Vec<Closed>,
}

/// A group of agents that wait for their own outcomes.
#[derive(Debug, Clone, Copy)]
pub struct Closed {
    /// How many they are.
    pub agents: u32,
    /// The mean time to think, in nanoseconds.
    pub think_ns: f64,
    /// Messages of one agent under way at once.
    pub in_flight: u32,
}
