//! Chances of single faults, and of faults of which at most one strikes.

use crate::scope::Scope;

/// 2⁵³: draws are compared by their upper 53 bits.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// A share of all draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    /// A chance that never comes true.
    pub const NEVER: Chance = Chance(0);

    /// A share from 0 to 1.
    pub fn new(rate: f64) -> Chance {
        Chance((rate * WHOLE) as u64)
    }

    /// Whether the draw `bits` hits.
    #[inline]
    pub fn hits(self, bits: u64) -> bool {
        bits >> 11 < self.0
    }
}

/// Faults that share one draw, so that at most one of them strikes.
#[derive(Debug, Clone)]
pub struct Exclusive<const N: usize> {
    /// Draws below the first bound mean the first fault, those below the second the next, and so on.
    bounds: [Chance; N],
    /// Whom each may strike.
    pub scopes: [Scope; N],
}

impl<const N: usize> Exclusive<N> {
    /// Faults with these rates; their sum is at most 1.
    pub fn new(faults: [(f64, Scope); N]) -> Exclusive<N> {
        let mut sum = 0.0;
        let bounds = std::array::from_fn(|i| {
            sum += faults[i].0;
            Chance::new(sum)
        });
        Exclusive { bounds, scopes: faults.map(|fault| fault.1) }
    }

    /// Whether none of them ever strikes.
    pub fn is_calm(&self) -> bool {
        self.bounds[N - 1] == Chance::NEVER
    }

    /// Whether the `fault`-th ever strikes.
    pub fn has(&self, fault: usize) -> bool {
        let below = fault.checked_sub(1).map_or(Chance::NEVER, |before| self.bounds[before]);
        self.bounds[fault] != below
    }

    /// Whose the draw is; whether that fault may strike there is for its scope to say.
    #[inline]
    pub fn drawn(&self, bits: u64) -> Option<usize> {
        if !self.bounds[N - 1].hits(bits) {
            return None;
        }
        self.bounds.iter().position(|bound| bound.hits(bits))
    }

    /// The fault that strikes a message of this type to this recipient at this time.
    #[inline]
    pub fn strikes(&self, bits: u64, type_id: u16, recipient: u32, at_ns: u64) -> Option<usize> {
        self.drawn(bits).filter(|fault| self.scopes[*fault].covers(type_id, recipient, at_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_draw_belongs_to_one_fault_at_most() {
        let late = Scope { from_ns: 10, ..Scope::EVERYWHERE };
        let faults = Exclusive::new([(0.25, Scope::EVERYWHERE), (0.0, Scope::EVERYWHERE), (0.25, late)]);
        let quarter = 1u64 << 62;
        let drawn = [0, quarter - 1, quarter, 2 * quarter - 1, 2 * quarter].map(|bits| faults.drawn(bits));
        assert_eq!(drawn, [Some(0), Some(0), Some(2), Some(2), None]);
        assert_eq!([0, 1, 2].map(|fault| faults.has(fault)), [true, false, true]);
        assert_eq!((faults.strikes(quarter, 0, 0, 9), faults.strikes(quarter, 0, 0, 10)), (None, Some(2)));
        assert!(Exclusive::new([(0.0, Scope::EVERYWHERE)]).is_calm());
    }

    #[test]
    fn chances_reach_never_and_always() {
        assert!(Chance::new(1.0).hits(u64::MAX) && !Chance::new(0.0).hits(0));
    }
}
