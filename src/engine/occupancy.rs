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
}

#[derive(Debug, Default, Clone, Copy)]
struct Integral {
    count: u64,
    since_ns: u64,
    /// The integral, in messages times nanoseconds.
    sum: u128,
}

/// For each place, the number of messages integrated over time (∫N dt), in whole messages times nanoseconds.
#[derive(Debug, Clone, Default)]
pub struct OccupancyIntegrals {
    places: [Integral; 3],
}

impl OccupancyIntegrals {
    #[inline]
    fn advance(&mut self, place: Place, now_ns: u64) -> &mut Integral {
        let integral = &mut self.places[place as usize];
        let passed = now_ns.saturating_sub(integral.since_ns);
        integral.sum += u128::from(integral.count) * u128::from(passed);
        integral.since_ns = integral.since_ns.max(now_ns);
        integral
    }

    /// The number of messages in `place`.
    pub fn count(&self, place: Place) -> u64 {
        self.places[place as usize].count
    }

    /// Notes that `messages` came to `place` now.
    #[inline]
    pub fn enter(&mut self, place: Place, now_ns: u64, messages: u64) {
        self.advance(place, now_ns).count += messages;
    }

    /// Notes that `messages` left `place` now.
    #[inline]
    pub fn leave(&mut self, place: Place, now_ns: u64, messages: u64) {
        self.advance(place, now_ns).count -= messages;
    }

    /// Notes a message that has been in `place` since `since_ns`, which is learned only now.
    #[inline]
    pub fn enter_late(&mut self, place: Place, since_ns: u64, now_ns: u64) {
        let integral = self.advance(place, now_ns);
        integral.count += 1;
        integral.sum += u128::from(now_ns.saturating_sub(since_ns));
    }

    /// Continues every integral up to the end of the run.
    pub fn finish(&mut self, now_ns: u64) {
        for place in [Place::Queue, Place::Processor, Place::Backoff] {
            self.advance(place, now_ns);
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
        }
    }
}
