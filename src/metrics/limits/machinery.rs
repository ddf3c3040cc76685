//! What a run was played with.

/// The settings that can limit a run.
#[derive(Debug, Clone, Copy)]
pub struct Machinery {
    /// `processor.workers`.
    pub workers: u32,
    /// `processor.batch_size`.
    pub batch_size: u32,
    /// `processor.batch_interval`, in nanoseconds; 0 without cycles.
    pub batch_interval_ns: u64,
    /// `processor.retry.backoff`, in nanoseconds.
    pub backoff_ns: u64,
    /// `queue.capacity`.
    pub capacity: u64,
    /// The agents.
    pub agents: u64,
    /// Whether the load was meant to be the same all the time.
    pub steady: bool,
    /// Of a load in which all agents wait for their outcomes: the mean time to think in nanoseconds, and the messages of
    /// one agent under way at once.
    pub closed: Option<(f64, u32)>,
}
