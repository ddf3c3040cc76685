//! Whom a fault may strike, and when.

use mqscript_plugin::abi;

/// Types, recipients and a span of time; what is not restricted is struck everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// By `type_id`: whether it may be struck.
    pub types: Option<Vec<bool>>,
    /// Parties, and [`abi::ALL`] for broadcasts; sorted.
    pub recipients: Option<Vec<u32>>,
    /// The start of the scope, in nanoseconds.
    pub from_ns: u64,
    /// The end of the scope, in nanoseconds; [`abi::NEVER`] if it has none.
    pub to_ns: u64,
}

impl Scope {
    /// A scope that holds everywhere and always.
    pub const EVERYWHERE: Scope = Scope { types: None, recipients: None, from_ns: 0, to_ns: abi::NEVER };

    /// Whether a message of this type to this recipient may be struck at this time.
    #[inline]
    pub fn covers(&self, type_id: u16, recipient: u32, at_ns: u64) -> bool {
        at_ns >= self.from_ns
            && at_ns < self.to_ns
            && self.types.as_ref().is_none_or(|types| types.get(usize::from(type_id)) == Some(&true))
            && self.recipients.as_ref().is_none_or(|known| known.binary_search(&recipient).is_ok())
    }

    /// The same scope, its times counted from the start of the load.
    #[must_use]
    pub fn starting_at(mut self, load_start_ns: u64) -> Scope {
        self.from_ns = self.from_ns.saturating_add(load_start_ns);
        self.to_ns = self.to_ns.saturating_add(load_start_ns);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_restriction_leaves_something_out() {
        let scope = Scope {
            types: Some(vec![false, true]),
            recipients: Some(vec![3, abi::ALL]),
            from_ns: 10,
            to_ns: 20,
        };
        assert!(scope.covers(1, 3, 10) && scope.covers(1, abi::ALL, 19));
        for (type_id, recipient, at_ns) in [(0, 3, 10), (2, 3, 10), (1, 4, 10), (1, 3, 9), (1, 3, 20)] {
            assert!(!scope.covers(type_id, recipient, at_ns), "{type_id} {recipient} {at_ns}");
        }
        assert!(scope.clone().starting_at(100).covers(1, 3, 110));
        assert!(Scope::EVERYWHERE.starting_at(5).covers(9, 9, 5));
    }
}
