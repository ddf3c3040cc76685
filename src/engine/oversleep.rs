//! How much too late the system wakes a sleeper, as the run has seen it so far.

/// The margin before anything is known, and the largest, in nanoseconds.
const MAX_NS: u64 = 100_000;
/// The smallest margin, in nanoseconds.
const MIN_NS: u64 = 5_000;
/// A sleep that ends in time shortens the margin by so much, in nanoseconds.
const STEP_NS: u64 = 20;
/// One sleep in so many may end later than the margin.
const ONE_IN: u64 = 200;

/// The margin by which a sleep must end before its event, so that at most one in [`ONE_IN`] ends too late.
///
/// A quantile by stochastic approximation (Robbins and Monro 1951): what ends too late moves the margin up, what ends in
/// time moves it down, in the ratio of their shares.
#[derive(Debug)]
pub struct Oversleep {
    margin_ns: u64,
}

impl Oversleep {
    /// The largest margin: nothing is known of the machine.
    pub fn new() -> Oversleep {
        Oversleep { margin_ns: MAX_NS }
    }

    /// How long before an event a sleep must end, in nanoseconds.
    pub fn margin_ns(&self) -> u64 {
        self.margin_ns
    }

    /// Notes that a sleep ended `late_ns` after the time that was asked for.
    pub fn woke(&mut self, late_ns: u64) {
        self.margin_ns = if late_ns > self.margin_ns {
            (self.margin_ns + (ONE_IN - 1) * STEP_NS).min(MAX_NS)
        } else {
            (self.margin_ns - STEP_NS).max(MIN_NS)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqscript_plugin::random::Stream;

    /// The margin after very many sleeps that end up to so much too late, uniformly.
    fn settled(late_max_ns: u64) -> u64 {
        let (mut oversleep, mut stream) = (Oversleep::new(), Stream::from_key(3));
        let mut sum = 0;
        for sleep in 0..200_000 {
            oversleep.woke(stream.below(late_max_ns));
            sum += if sleep < 100_000 { 0 } else { oversleep.margin_ns() };
        }
        sum / 100_000
    }

    #[test]
    fn the_margin_comes_to_what_nearly_all_sleeps_keep() {
        for late_max_ns in [20_000, 60_000] {
            let margin_ns = settled(late_max_ns);
            assert!((late_max_ns * 9 / 10..late_max_ns * 11 / 10).contains(&margin_ns), "{margin_ns}");
        }
        assert_eq!(settled(1_000), MIN_NS);
        assert!(settled(1_000_000) > MAX_NS * 9 / 10);
    }
}
