//! The number of messages in each place, integrated over time.

use crate::results;

/// A place where messages stay.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// In the queue, or held before it.
    Queue,
    /// In flight: handed over, without an outcome.
    Processor,
    /// Waiting for another attempt.
    Backoff,
    /// With a consumer: copies that were handed over, and not settled or forgotten.
    Consumer,
}

/// The messages in a place: how many, and the sum of the times at which they left minus that of those at which they came.
#[derive(Debug, Default, Clone, Copy)]
struct Stay {
    count: u64,
    /// In messages times nanoseconds, modulo 2¹²⁸ while messages are there.
    sum: u128,
}

/// For each place, the number of messages integrated over time (∫N dt), in whole messages times nanoseconds: that is the
/// sum of the times that they stayed.
#[derive(Debug, Clone, Default)]
pub struct OccupancyIntegrals {
    places: [Stay; 4],
    finished: bool,
}

impl OccupancyIntegrals {
    /// The number of messages in `place`.
    #[inline]
    pub fn count(&self, place: Place) -> u64 {
        self.places[place as usize].count
    }

    /// Notes that `messages` came to `place` now.
    #[inline]
    pub fn enter(&mut self, place: Place, now_ns: u64, messages: u64) {
        let stay = &mut self.places[place as usize];
        stay.count += messages;
        stay.sum = stay.sum.wrapping_sub(u128::from(now_ns) * u128::from(messages));
    }

    /// Notes that `messages` left `place` now.
    #[inline]
    pub fn leave(&mut self, place: Place, now_ns: u64, messages: u64) {
        let stay = &mut self.places[place as usize];
        stay.count -= messages;
        stay.sum = stay.sum.wrapping_add(u128::from(now_ns) * u128::from(messages));
    }

    /// Notes a message that has been in `place` since `since_ns`, which is learned only now.
    #[inline]
    pub fn enter_late(&mut self, place: Place, since_ns: u64, now_ns: u64) {
        self.enter(place, since_ns.min(now_ns), 1);
    }

    /// Counts what is still there as staying until now, the end of the run; only once. To be called before [`results`].
    ///
    /// [`results`]: OccupancyIntegrals::results
    pub fn finish(&mut self, now_ns: u64) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        for stay in &mut self.places {
            stay.sum = stay.sum.wrapping_add(u128::from(now_ns) * u128::from(stay.count));
        }
    }

    /// The integrals for the results. `in_system` is the sum of the times of all messages in the system.
    pub fn results(&self, in_system: u128) -> results::Occupancy {
        let text = |place: Place| self.places[place as usize].sum.to_string();
        results::Occupancy {
            queue: text(Place::Queue),
            processor: text(Place::Processor),
            backoff: text(Place::Backoff),
            in_system: in_system.to_string(),
            held: None,
        }
    }

    /// The integral of the copies that consumers held.
    pub fn held(&self) -> String {
        self.places[Place::Consumer as usize].sum.to_string()
    }
}
