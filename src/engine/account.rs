//! What is measured in a run while it is played.

use super::lateness::Lateness;
use super::notices::Notices;
use super::occupancy::{OccupancyIntegrals, Place};
use super::outages::Outages;
use crate::cores::Interner;
use crate::metrics::{CellId, Ended, Recorder};

/// Everything measured so far. Each part keeps its own sums; the methods here serve events that several parts must
/// learn of.
#[derive(Debug, Clone)]
pub struct Account {
    /// Counts and times of messages and copies.
    pub recorder: Recorder,
    /// The number of messages in each place, over time.
    pub occupancy: OccupancyIntegrals,
    /// The events that the cores have told.
    pub notices: Notices,
    /// The effects of outages on the messages.
    pub outages: Outages,
    /// How much the schedule lag adds to times (wall clock).
    lateness: Lateness,
}

impl Account {
    /// An account that writes into this recorder, with nothing in it yet.
    pub fn new(recorder: Recorder, interner: &Interner) -> Account {
        Account {
            recorder,
            occupancy: OccupancyIntegrals::default(),
            notices: Notices::default(),
            outages: Outages::new(interner),
            lateness: Lateness::default(),
        }
    }

    /// The number of messages that wait: in the queue, held before it, or backing off.
    pub fn backlog(&self) -> u64 {
        self.occupancy.count(Place::Queue) + self.occupancy.count(Place::Backoff)
    }

    /// Passes the number of waiting messages to the outages that are being measured, if there are any.
    #[inline]
    pub fn watch_backlog(&mut self, now_ns: u64) {
        if self.outages.are_watched() {
            let backlog = self.backlog();
            self.outages.backlog(now_ns, backlog);
        }
    }

    /// Notes that a message of this cell was generated `lag_ns` after its intended time. `late`: the load was over by
    /// then. `all_received`: no copy is missing.
    pub fn note_lag(&mut self, cell: CellId, lag_ns: u64, late: bool, all_received: bool) {
        let alone = self.recorder.ended + 1 == self.recorder.generated && all_received;
        self.lateness.generated(lag_ns, alone);
        if self.recorder.in_window(cell) {
            self.recorder.extras.generated_late += u64::from(late);
            self.recorder.schedule_lag.record(lag_ns);
        }
    }

    /// Notes how long an ended message would have taken without lag. `by_queue`: the queue rejected it. Two arrivals
    /// are `gap_ns` apart on average.
    pub fn note_lateness(&mut self, ended: &Ended, by_queue: bool, expires_ns: u64, gap_ns: f64) {
        let spared = self.lateness.may_have_spared(ended, by_queue, expires_ns, gap_ns);
        self.recorder.ended_without_lag(ended, self.lateness.of(ended), spared);
    }

    /// Notes how long a copy would have taken without lag; it came `end_to_end_ns` after its message's intended time.
    pub fn note_lateness_of_copy(&mut self, cell: CellId, end_to_end_ns: u64) {
        let added_ns = self.lateness.added_ns(end_to_end_ns);
        self.recorder.received_without_lag(cell, end_to_end_ns - added_ns);
    }
}
