//! The leases under way, in order of their ends.

use crate::copies::{Copies, Copy, Place};
use std::collections::VecDeque;

/// A lease: when it ends, of which copy, and the epoch of that.
type Lease = (u64, u32, u32);

/// All leases. Those under the same terms are equally long, and so end in the order in which they begin.
#[derive(Debug)]
pub struct Leases {
    by_terms: Vec<VecDeque<Lease>>,
}

impl Leases {
    /// No leases, under so many different terms.
    pub fn new(terms: usize) -> Leases {
        Leases { by_terms: vec![VecDeque::new(); terms] }
    }

    /// The lease of a copy begins, or begins anew; the copy knows when it ends.
    pub fn begin(&mut self, terms: usize, id: u32, copy: &Copy) {
        self.by_terms[terms].push_back((copy.lease_ends_ns, id, copy.epoch));
    }

    /// The lease that ends first: the number of its terms, and its end. Those of copies that were settled, or whose lease
    /// began anew, are forgotten.
    pub fn first(&mut self, copies: &Copies) -> Option<(usize, u64)> {
        let is_over = |(ends_ns, id, epoch): &Lease| {
            let copy = &copies[*id];
            copy.place != Place::Held || copy.epoch != *epoch || copy.lease_ends_ns != *ends_ns
        };
        for leases in &mut self.by_terms {
            while leases.front().is_some_and(is_over) {
                leases.pop_front();
            }
        }
        let firsts = self.by_terms.iter().enumerate();
        let ends = firsts.filter_map(|(terms, leases)| leases.front().map(|lease| (lease.0, terms)));
        ends.min().map(|(ends_ns, terms)| (terms, ends_ns))
    }

    /// Takes the first lease under these terms. Returns its copy.
    pub fn take(&mut self, terms: usize) -> Option<u32> {
        self.by_terms[terms].pop_front().map(|lease| lease.1)
    }
}
