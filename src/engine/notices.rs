//! Counts the events that cores report, by kind.

use super::observer::Observer;
use crate::cores::{CoreEvent, HostServices};
use crate::results::{Notice, NoticeSample};
use std::collections::BTreeMap;

/// The most texts that are kept of each kind.
const SAMPLES_MAX: usize = 20;
/// The most bytes of texts that are kept of all kinds.
const SAMPLE_BYTES_MAX: usize = 1 << 20;
/// The kind under which events are counted that came too fast to be kept.
const LOST: &str = "events_lost";

/// All events so far, by the interned name of their kind.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    by_kind: Vec<Option<Notice>>,
    sample_bytes: usize,
}

impl Notices {
    /// Counts an event, and keeps its text if there is room.
    pub fn add(&mut self, kind: u32, at_ns: u64, text: String) {
        let place = kind as usize;
        if place >= self.by_kind.len() {
            self.by_kind.resize(place + 1, None);
        }
        let notice =
            self.by_kind[place].get_or_insert_with(|| Notice { first_ns: at_ns, ..Notice::default() });
        notice.count += 1;
        notice.first_ns = notice.first_ns.min(at_ns);
        notice.last_ns = notice.last_ns.max(at_ns);
        if notice.sample.len() < SAMPLES_MAX && self.sample_bytes + text.len() <= SAMPLE_BYTES_MAX {
            self.sample_bytes += text.len();
            notice.sample.push(NoticeSample { at_ns, text });
        }
    }

    /// Takes over the events and log lines that came while the cores were taken down.
    pub fn take_last(&mut self, services: &HostServices, origin_ns: u64, observer: &mut dyn Observer) {
        let (mut events, mut lines) = (Vec::new(), Vec::new());
        services.events.drain(&mut events);
        for CoreEvent { kind, at_ns, text, .. } in events {
            self.add(kind, at_ns.saturating_sub(origin_ns), text);
        }
        services.log.drain(&mut lines);
        for line in lines {
            observer.log(&line.core, line.level, &line.text);
        }
    }

    /// The counted events for the results, by name.
    pub fn by_name(self, services: &HostServices) -> BTreeMap<String, Notice> {
        let named =
            |(kind, notice): (usize, Option<Notice>)| Some((services.interner.text(kind as u32), notice?));
        let mut all: BTreeMap<String, Notice> =
            self.by_kind.into_iter().enumerate().filter_map(named).collect();
        let lost = services.events.lost();
        if lost > 0 {
            all.entry(LOST.to_owned()).or_default().count += lost;
        }
        all
    }
}
