//! How many messages are where, integrated over time.

use crate::results;

/// A place where messages stay.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// In the queue, or held before it.
    Queue,
    /// In flight.
    Processor,
    /// Waiting for another attempt.
    Backoff,
}

#[derive(Debug, Default, Clone, Copy)]
struct Integral {
    count: u64,
    since_ns: u64,
    /// Message-nanoseconds.
    sum: u128,
}

/// ∫N dt of each place, in integers.
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

    /// How many messages are in `place`.
    pub fn count(&self, place: Place) -> u64 {
        self.places[place as usize].count
    }

    /// So many messages came to `place` just now.
    #[inline]
    pub fn enter(&mut self, place: Place, now_ns: u64, messages: u64) {
        self.advance(place, now_ns).count += messages;
    }

    /// So many messages left `place` just now.
    #[inline]
    pub fn leave(&mut self, place: Place, now_ns: u64, messages: u64) {
        self.advance(place, now_ns).count -= messages;
    }

    /// A message came to `place` that had been there, unknown to us, since `since_ns`.
    #[inline]
    pub fn enter_late(&mut self, place: Place, since_ns: u64, now_ns: u64) {
        let integral = self.advance(place, now_ns);
        integral.count += 1;
        integral.sum += u128::from(now_ns.saturating_sub(since_ns));
    }

    /// Brings every integral up to the end of the run.
    pub fn finish(&mut self, now_ns: u64) {
        for place in [Place::Queue, Place::Processor, Place::Backoff] {
            self.advance(place, now_ns);
        }
    }

    /// The integrals as results, beside the sum of all messages' times in the system.
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
