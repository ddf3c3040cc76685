//! What cores say happened, gathered by kind.

use super::clock::Clock;
use super::player::Player;
use crate::metrics::results::{Notice, NoticeSample};
use std::collections::BTreeMap;

/// Texts kept of each kind.
const SAMPLES_MAX: usize = 20;

/// Everything noticed so far, by kind.
#[derive(Debug, Default)]
pub struct Notices(pub BTreeMap<String, Notice>);

impl Notices {
    fn add(&mut self, kind: String, at_ns: u64, text: String) {
        let notice = self.0.entry(kind).or_insert_with(|| Notice { first_ns: at_ns, ..Notice::default() });
        notice.count += 1;
        notice.first_ns = notice.first_ns.min(at_ns);
        notice.last_ns = notice.last_ns.max(at_ns);
        if notice.sample.len() < SAMPLES_MAX {
            notice.sample.push(NoticeSample { at_ns, text });
        }
    }
}

impl<C: Clock> Player<'_, C> {
    /// Takes over what the cores have said since the last time.
    pub fn take_notices(&mut self) {
        let mut events = Vec::new();
        self.services.events.drain(&mut events);
        for event in events {
            let kind = self.services.interner.text(event.kind);
            self.notices.add(kind, event.at_ns.saturating_sub(self.origin_ns), event.text);
        }
        let mut lines = Vec::new();
        self.services.log.drain(&mut lines);
        for line in lines {
            self.observer.log(&line.core, line.level, &line.text);
        }
    }
}
