//! How a message fares: its law of latency, its chance, and the reason if it fails.

use mqscript_plugin::Message;
use mqscript_plugin::distribution::Distribution;

/// Settings of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    /// Time from acceptance to outcome.
    pub latency: Distribution,
    /// An attempt succeeds if the upper 53 bits of its draw lie below this.
    succeeds_below: u64,
}

impl Fate {
    /// With this law of latency and this share of successes.
    pub fn new(latency: Distribution, success_rate: f64) -> Fate {
        Fate { latency, succeeds_below: (success_rate * 9_007_199_254_740_992.0) as u64 }
    }

    /// Whether the attempt whose draw is `bits` succeeds.
    #[inline]
    pub fn succeeds(&self, bits: u64) -> bool {
        bits >> 11 < self.succeeds_below
    }
}

/// All settings of a run, by recipient and by type.
#[derive(Debug, Clone)]
pub struct Fates {
    /// The fate of types that have none of their own.
    pub base: Fate,
    /// By recipient: party, or `ALL`; sorted.
    pub by_recipient: Vec<(u32, Fate)>,
    /// The fates of each message type, by `type_id`.
    pub by_type: Vec<Option<Fate>>,
    /// Interned reasons, each with the share of draws (of 2³²) up to which it holds.
    pub reasons: Vec<(u64, u32)>,
}

impl Fates {
    /// The settings for one message: its recipient's, else its type's, else the core's.
    #[inline]
    pub fn of(&self, message: &Message<'_>) -> &Fate {
        if self.by_recipient.is_empty() && self.by_type.is_empty() {
            return &self.base;
        }
        self.particular(message)
    }

    fn particular(&self, message: &Message<'_>) -> &Fate {
        if let Ok(found) = self.by_recipient.binary_search_by_key(&message.recipient_id(), |entry| entry.0) {
            return &self.by_recipient[found].1;
        }
        let by_type = self.by_type.get(usize::from(message.type_id()));
        by_type.and_then(Option::as_ref).unwrap_or(&self.base)
    }

    /// The reason of a failed attempt whose draw is `bits`.
    #[inline]
    pub fn reason(&self, bits: u64) -> u32 {
        let draw = bits >> 32;
        self.reasons
            .iter()
            .find(|reason| draw < reason.0)
            .or(self.reasons.last())
            .map_or(0, |reason| reason.1)
    }
}

/// Weights as shares of 2³², added up. The sum is greater than zero.
pub fn cumulated(weights: &[f64]) -> Vec<u64> {
    let total: f64 = weights.iter().sum();
    let mut sum = 0.0;
    weights
        .iter()
        .map(|weight| {
            sum += weight;
            (sum / total * 4_294_967_296.0) as u64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_reach_never_and_always() {
        let fate = |rate| Fate::new(Distribution::Constant(1), rate);
        assert!(fate(1.0).succeeds(u64::MAX) && !fate(0.0).succeeds(0));
        assert!(fate(0.5).succeeds(u64::MAX / 2) && !fate(0.5).succeeds(u64::MAX / 2 + 1));
    }

    #[test]
    fn reasons_follow_their_weights() {
        assert_eq!(cumulated(&[1.0, 0.0, 3.0]), [1 << 30, 1 << 30, 1 << 32]);
        let fates = Fates {
            base: Fate::new(Distribution::Constant(1), 0.5),
            by_recipient: vec![],
            by_type: vec![],
            reasons: vec![(1 << 30, 7), (1 << 30, 8), (1 << 32, 9)],
        };
        assert_eq!(
            [0, u64::MAX / 4, u64::MAX / 4 + 1, u64::MAX].map(|bits| fates.reason(bits)),
            [7, 7, 9, 9]
        );
    }
}
