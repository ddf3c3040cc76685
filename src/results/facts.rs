//! What judges must know of a run beside its results.

/// What the engine knows of a run that its results do not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Why it stopped before its time, if it did.
    pub stopped: Option<Stopped>,
    /// Why something about its copies cannot be known.
    pub unknown: Option<Unknown>,
    /// Arrivals of the window that were generated after it.
    pub generated_late: u64,
    /// Where the load ended before its count of messages: how many were asked for, how many of these were generated,
    /// and why.
    pub shortfall: Option<(u64, u64, Shortfall)>,
    /// Whether the results are kept: only then do they get a digest.
    pub kept: bool,
}

/// Why a run stopped before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The user wished it.
    ByUser,
    /// The core failed during the run.
    CoreFailed,
    /// The run stopped for another reason.
    Otherwise,
}

/// Why something about the copies of a run cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Some were still expected when the longest wait was over.
    WaitedTooLong,
    /// None arrived, of a core that does not confirm that it delivers.
    NothingArrived,
    /// The ledger of copies had no more memory.
    LedgerTooLarge,
}

/// Why a load ended before its count of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// `max_messages` were handed over, and who waits for an outcome or for room waits for ever.
    HandOversUsedUp,
    /// The core answered nothing for too long.
    CoreSilent,
    /// Nobody had anything to send any more.
    NothingToCome,
}
