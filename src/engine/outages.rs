//! The effects of outages on messages: how long until they are noticed, and how long until all is normal again.
//!
//! Any core may report one, by an event `outage` and an event `outage_end` with the same text.

use crate::cores::Interner;
use crate::results::Outage;

/// The most outages that are measured; further ones are only counted as notices.
const OUTAGES_MAX: usize = 1_000;

/// An outage whose effects are not over yet.
#[derive(Debug, Clone)]
struct Watch {
    /// The index of its row in the results.
    row: usize,
    ended: bool,
}

/// The outages of a run and their effects.
#[derive(Debug, Clone, Default)]
pub struct Outages {
    begins: u32,
    ends: u32,
    rows: Vec<Outage>,
    watched: Vec<Watch>,
}

impl Outages {
    /// Makes an empty list of outages.
    pub fn new(interner: &Interner) -> Outages {
        let (begins, ends) = (interner.intern("outage"), interner.intern("outage_end"));
        Outages { begins, ends, rows: Vec::new(), watched: Vec::new() }
    }

    /// Whether events of this kind report outages.
    pub fn concern(&self, kind: u32) -> bool {
        kind == self.begins || kind == self.ends
    }

    /// Whether any outage is being measured now.
    #[inline]
    pub fn are_watched(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Notes that a core reported the start or the end of an outage at `at_ns`; `backlog` messages wait now.
    pub fn note(&mut self, kind: u32, at_ns: u64, text: &str, now_ns: u64, backlog: u64) {
        if kind == self.begins {
            if self.rows.len() < OUTAGES_MAX {
                self.watched.push(Watch { row: self.rows.len(), ended: false });
                self.rows.push(Outage {
                    text: text.to_owned(),
                    start_ns: at_ns,
                    backlog_before: backlog,
                    backlog_max: backlog,
                    ..Outage::default()
                });
            }
            return;
        }
        let rows = &mut self.rows;
        let mut open = self.watched.iter_mut().filter(|watch| !watch.ended);
        if let Some(watch) = open.find(|watch| rows[watch.row].text == text) {
            watch.ended = true;
            rows[watch.row].end_ns = Some(at_ns);
            self.backlog(now_ns, backlog);
        }
    }

    /// Notes that an attempt failed at this time.
    #[inline(never)]
    pub fn failed(&mut self, at_ns: u64) {
        for watch in &self.watched {
            let row = &mut self.rows[watch.row];
            if at_ns >= row.start_ns && row.end_ns.is_none_or(|end| at_ns < end) {
                row.first_failure_after_ns.get_or_insert(at_ns - row.start_ns);
            }
        }
    }

    /// Notes that a message was delivered at this time.
    #[inline(never)]
    pub fn delivered(&mut self, at_ns: u64) {
        for watch in &self.watched {
            let row = &mut self.rows[watch.row];
            if let Some(after_ns) = row.end_ns.and_then(|end| at_ns.checked_sub(end)) {
                row.recovered_after_ns.get_or_insert(after_ns);
            }
        }
        self.forget();
    }

    /// Notes how many messages wait now.
    #[inline(never)]
    pub fn backlog(&mut self, now_ns: u64, messages: u64) {
        for watch in &self.watched {
            let row = &mut self.rows[watch.row];
            if row.drained_after_ns.is_none() {
                row.backlog_max = row.backlog_max.max(messages);
            }
            if let Some(end) = row.end_ns.filter(|_| messages <= row.backlog_before) {
                row.drained_after_ns.get_or_insert(now_ns.saturating_sub(end));
            }
        }
        self.forget();
    }

    /// Removes the outages whose effects are over.
    fn forget(&mut self) {
        let rows = &self.rows;
        self.watched.retain(|watch| {
            let row = &rows[watch.row];
            row.recovered_after_ns.is_none() || row.drained_after_ns.is_none()
        });
    }

    /// The outages for the results, in the order of their reports.
    pub fn into_rows(self) -> Vec<Outage> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outages() -> Outages {
        Outages::new(&Interner::default())
    }

    #[test]
    fn one_outage_from_its_beginning_until_it_is_got_over() {
        let mut outages = outages();
        outages.failed(50);
        assert!(!outages.are_watched());
        outages.note(outages.begins, 100, "a", 110, 3);
        outages.failed(90);
        outages.failed(130);
        outages.failed(140);
        outages.delivered(150);
        outages.backlog(160, 40);
        outages.note(outages.ends, 200, "b", 200, 50);
        outages.note(outages.ends, 200, "a", 200, 60);
        outages.backlog(230, 50);
        outages.delivered(205);
        outages.delivered(210);
        assert!(outages.are_watched());
        outages.backlog(290, 3);
        assert!(!outages.are_watched());
        outages.backlog(300, 99);
        let expected = Outage {
            text: "a".to_owned(),
            start_ns: 100,
            end_ns: Some(200),
            first_failure_after_ns: Some(30),
            recovered_after_ns: Some(5),
            backlog_before: 3,
            backlog_max: 60,
            drained_after_ns: Some(90),
        };
        assert_eq!(outages.into_rows(), [expected]);
    }

    #[test]
    fn outages_that_overlap_are_told_apart() {
        let mut outages = outages();
        outages.note(outages.begins, 100, "long", 100, 0);
        outages.note(outages.begins, 200, "short", 200, 7);
        outages.note(outages.ends, 300, "short", 300, 9);
        outages.failed(310);
        outages.note(outages.ends, 400, "long", 400, 9);
        let rows = outages.into_rows();
        assert_eq!([rows[0].end_ns, rows[1].end_ns], [Some(400), Some(300)]);
        assert_eq!([rows[0].first_failure_after_ns, rows[1].first_failure_after_ns], [Some(210), None]);
    }

    #[test]
    fn their_number_is_bounded() {
        let mut outages = outages();
        for at_ns in 0..2 * OUTAGES_MAX as u64 {
            outages.note(outages.begins, at_ns, "x", at_ns, 0);
        }
        assert_eq!(outages.into_rows().len(), OUTAGES_MAX);
    }
}
