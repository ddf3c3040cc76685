//! Spans in which nothing is served.
//!
//! Service is *suspended* in a stall: a message in service when it begins has the rest of its service after it
//! ends, and one accepted within it begins then. So an outcome never falls into a stall (but may at its first
//! instant), and every message that meets the whole of it is late by exactly its length.

/// Stalls in order of time, none touching another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stalls(Vec<(u64, u64)>);

impl Stalls {
    /// From spans (beginning, length) in any order; those that touch become one.
    pub fn new(mut spans: Vec<(u64, u64)>) -> Stalls {
        spans.retain(|span| span.1 > 0);
        spans.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(spans.len());
        for (at_ns, lasts_ns) in spans {
            let until_ns = at_ns + lasts_ns;
            match merged.last_mut() {
                Some(last) if at_ns <= last.1 => last.1 = last.1.max(until_ns),
                _ => merged.push((at_ns, until_ns)),
            }
        }
        Stalls(merged)
    }

    /// The same stalls, counted from the start of the load.
    pub fn starting_at(&self, load_start_ns: u64) -> Stalls {
        Stalls(self.0.iter().map(|(from, until)| (from + load_start_ns, until + load_start_ns)).collect())
    }

    /// When a service that takes `served_ns` and begins at `now_ns` ends.
    #[inline]
    pub fn end_of_service(&self, now_ns: u64, served_ns: u64) -> u64 {
        let mut end_ns = now_ns.saturating_add(served_ns);
        if !self.0.is_empty() {
            let first = self.0.partition_point(|stall| stall.1 <= now_ns);
            for (from_ns, until_ns) in &self.0[first..] {
                if *from_ns >= end_ns {
                    break;
                }
                end_ns = end_ns.saturating_add(until_ns - (*from_ns).max(now_ns));
            }
        }
        end_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_stands_still_in_a_stall() {
        let stalls = Stalls::new(vec![(200, 50), (100, 20), (110, 20)]);
        assert_eq!(stalls, Stalls(vec![(100, 130), (200, 250)]));
        for (now, served, end) in [
            (50, 10, 60),   // before
            (90, 10, 100),  // ends as it begins
            (90, 11, 131),  // one left to serve
            (105, 5, 135),  // accepted within
            (130, 70, 200), // between
            (90, 100, 270), // across both: 10 before, 70 between, 20 after
            (300, 10, 310), // after
        ] {
            assert_eq!(stalls.end_of_service(now, served), end, "accepted at {now}, served for {served}");
        }
        assert_eq!(stalls.starting_at(1000).end_of_service(1090, 11), 1131);
    }
}
