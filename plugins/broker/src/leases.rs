//! The leases under way, in order of their ends.

use crate::copies::{Copies, Place};
use std::collections::VecDeque;

/// A lease: when it ends, of which copy, and the epoch of that.
type Lease = (u64, u32, u32);

/// So many leases are kept, also if all of them are over.
const KEPT_MIN: usize = 1_024;

/// All leases. Those under the same terms are equally long, and so end in the order in which they begin.
#[derive(Debug)]
pub struct Leases {
    by_terms: Vec<LeasesUnderTerms>,
    /// Of all first leases, also of one that is over since, the end and the terms; `u64::MAX` without any.
    first: (u64, usize),
}

/// Leases of one length, in the order of their ends.
#[derive(Debug, Clone)]
struct LeasesUnderTerms {
    leases: VecDeque<Lease>,
    /// With more than so many, those that are over are sought out: leases are long, and most copies are settled early.
    most: usize,
}

impl Leases {
    /// No leases, under so many different terms.
    pub fn new(terms: usize) -> Leases {
        let none = LeasesUnderTerms { leases: VecDeque::new(), most: KEPT_MIN };
        Leases { by_terms: vec![none; terms], first: (u64::MAX, 0) }
    }

    /// The lease of a copy begins, or begins anew; the copy knows when it ends.
    pub fn begin(&mut self, terms: usize, id: u32, copies: &Copies) {
        let (copy, under) = (&copies[id], &mut self.by_terms[terms]);
        if under.leases.is_empty() {
            self.first = self.first.min((copy.lease_ends_ns, terms));
        }
        under.leases.push_back((copy.lease_ends_ns, id, copy.epoch));
        if under.leases.len() > under.most {
            under.leases.retain(|lease| !is_over(lease, copies));
            under.most = 2 * under.leases.len() + KEPT_MIN;
        }
    }

    /// The lease that ends first: the number of its terms, and its end. Those of copies that were settled, or whose lease
    /// began anew, are forgotten.
    #[inline]
    pub fn first(&mut self, copies: &Copies) -> Option<(usize, u64)> {
        let (ends_ns, terms) = self.first;
        if ends_ns == u64::MAX {
            return None;
        }
        match self.by_terms[terms].leases.front() {
            Some(lease) if lease.0 == ends_ns && !is_over(lease, copies) => Some((terms, ends_ns)),
            _ => self.look_for_first(copies),
        }
    }

    #[inline(never)]
    fn look_for_first(&mut self, copies: &Copies) -> Option<(usize, u64)> {
        for LeasesUnderTerms { leases, .. } in &mut self.by_terms {
            while leases.front().is_some_and(|lease| is_over(lease, copies)) {
                leases.pop_front();
            }
        }
        let firsts = self.by_terms.iter().enumerate();
        let ends = firsts.filter_map(|(terms, under)| under.leases.front().map(|lease| (lease.0, terms)));
        self.first = ends.min().unwrap_or((u64::MAX, 0));
        let (ends_ns, terms) = self.first;
        (ends_ns != u64::MAX).then_some((terms, ends_ns))
    }

    /// Takes the first lease under these terms. Returns its copy.
    pub fn take(&mut self, terms: usize) -> Option<u32> {
        // What is first now is looked for when it is asked for: no lease ends before this one did.
        self.by_terms[terms].leases.pop_front().map(|lease| lease.1)
    }
}

/// Whether the copy was settled, or its lease began anew.
fn is_over((ends_ns, id, epoch): &Lease, copies: &Copies) -> bool {
    let copy = &copies[*id];
    copy.place != Place::Held || copy.epoch != *epoch || copy.lease_ends_ns != *ends_ns
}
