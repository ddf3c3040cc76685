//! Repeatable randomness: sequential streams for what an agent does, keyed draws for what befalls a message.
//!
//! A *sequential* stream belongs to (seed, agent name, purpose) and is consumed draw by draw. A *keyed* stream
//! belongs to one message: (seed, purpose, sender's name, sequence, attempt, recipient), so that its luck does
//! not depend on what else happens. Both are SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
//! number generators", 2014), started from a hash of the key.

/// SplitMix64's step: the odd number nearest to 2⁶⁴ divided by the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads every bit of `x` over the whole word: the finaliser of MurmurHash3 in Stafford's variant 13.
#[inline]
pub const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The key of a name or of a purpose: equal texts have equal keys on every machine.
pub const fn text_key(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut key = mix(bytes.len() as u64 ^ 0x9e37_79b9_7f4a_7c15);
    let mut i = 0;
    while i < bytes.len() {
        key = mix(key ^ bytes[i] as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
        i += 1;
    }
    mix(key)
}

/// Numbers that are random to the eye and the same on every run: SplitMix64.
///
/// *Rationale.* Written out, because the two functions of the usual crate are not inlined across crates: that
/// costs a call for each message. A test holds it against that crate.
#[derive(Debug, Clone)]
pub struct Stream(u64);

impl Stream {
    /// The stream of `purpose` for the agent whose name has the key `name_key`.
    pub fn sequential(seed: u64, name_key: u64, purpose: &str) -> Stream {
        SequentialSource::new(seed, purpose).stream(name_key)
    }

    /// A stream that is wholly told by `key`.
    #[inline]
    pub fn from_key(key: u64) -> Stream {
        Stream(key)
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// The next number in 0 ≤ x < 1, a multiple of 2⁻⁵³.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        unit_from(self.next_u64())
    }

    /// The next number in 0 … `bound` − 1 (Lemire's multiplication; the bias is below `bound` / 2⁶⁴).
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }
}

/// The source of sequential streams for one purpose: what the streams of all agents have in common.
#[derive(Debug, Clone, Copy)]
pub struct SequentialSource(u64);

impl SequentialSource {
    /// The source for `purpose` under the run's seed.
    pub fn new(seed: u64, purpose: &str) -> SequentialSource {
        SequentialSource(mix(seed ^ text_key(purpose)))
    }

    /// The stream of the agent whose name has the key `name_key`.
    #[inline]
    pub fn stream(&self, name_key: u64) -> Stream {
        Stream::from_key(mix(self.0 ^ name_key))
    }
}

/// 64 random bits as a number in 0 ≤ x < 1.
#[inline]
pub fn unit_from(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// What a message is known by when its luck is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageKey {
    /// [`text_key`] of the generating agent's name.
    pub sender_key: u64,
    /// The message's number among that agent's, from 1.
    pub sequence: u64,
    /// The attempt, from 1; 0 where the draw is for all attempts.
    pub attempt: u8,
    /// The recipient of one copy; 0 where the draw is for the whole message.
    pub recipient_key: u64,
}

/// The source of keyed streams for one purpose of one core or layer.
#[derive(Debug, Clone, Copy)]
pub struct KeyedSource(u64);

impl KeyedSource {
    /// A source for `purpose` within `owner` (a core's or layer's name) under the run's seed.
    pub fn new(seed: u64, owner: &str, purpose: &str) -> KeyedSource {
        KeyedSource(mix(mix(seed ^ text_key(owner)) ^ text_key(purpose)))
    }

    /// The stream of one message.
    #[inline]
    pub fn stream(&self, message: MessageKey) -> Stream {
        self.sender(message.sender_key).stream(message.sequence, message.attempt, message.recipient_key)
    }

    /// The same source for the messages of one sender: what can be worked out once.
    #[inline]
    pub fn sender(&self, sender_key: u64) -> SenderSource {
        SenderSource(mix(self.0 ^ sender_key))
    }
}

/// The source of keyed streams for one purpose and one sender.
#[derive(Debug, Clone, Copy)]
pub struct SenderSource(u64);

impl SenderSource {
    /// The stream of one message: as [`KeyedSource::stream`] gives it.
    #[inline]
    pub fn stream(self, sequence: u64, attempt: u8, recipient_key: u64) -> Stream {
        let copy = recipient_key ^ u64::from(attempt).rotate_left(56);
        Stream::from_key(mix(mix(self.0.wrapping_add(sequence)) ^ copy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_for_ever() {
        let mut stream = Stream::sequential(1, text_key("Agent-1"), "arrival");
        let first = [stream.next_u64(), stream.next_u64()];
        let mut again = Stream::sequential(1, text_key("Agent-1"), "arrival");
        assert_eq!(first, [again.next_u64(), again.next_u64()]);
        for other in [
            Stream::sequential(2, text_key("Agent-1"), "arrival"),
            Stream::sequential(1, text_key("Agent-2"), "arrival"),
            Stream::sequential(1, text_key("Agent-1"), "message"),
        ] {
            assert_ne!(first[0], other.clone().next_u64());
        }
    }

    #[test]
    fn keyed_draws_look_uniform_along_each_part_of_the_key() {
        let source = KeyedSource::new(7, "mock", "latency");
        let base = MessageKey { sender_key: 3, sequence: 1, attempt: 1, recipient_key: 0 };
        let along: [fn(MessageKey, u64) -> MessageKey; 3] = [
            |k, i| MessageKey { sequence: i, ..k },
            |k, i| MessageKey { sender_key: i, ..k },
            |k, i| MessageKey { recipient_key: i, ..k },
        ];
        for vary in along {
            let n = 20_000;
            let mean = (0..n).map(|i| source.stream(vary(base, i)).unit()).sum::<f64>() / n as f64;
            assert!((mean - 0.5).abs() < 0.01, "{mean}");
        }
    }

    #[test]
    fn streams_are_splitmix64() {
        use rand_core::{Rng, SeedableRng};
        for key in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
            let (mut ours, mut theirs) =
                (Stream::from_key(key), rand_xoshiro::SplitMix64::seed_from_u64(key));
            assert!((0..100).all(|_| ours.next_u64() == theirs.next_u64()));
        }
    }

    #[test]
    fn below_stays_below() {
        let mut stream = Stream::from_key(5);
        let mut seen = [0u32; 7];
        for _ in 0..7_000 {
            seen[stream.below(7) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (850..1150).contains(&n)), "{seen:?}");
    }
}
