//! What is told of every injection: an event, and a count for the report.

use mqscript_plugin::{Host, Stamp};
use mqscript_plugin::{Options, Run};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What was done. The names are those of the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An attempt was refused as if the core had crashed.
    Crash,
    /// An attempt was refused.
    Refuse,
    /// An attempt's outcome was hidden from its sender.
    Uncertain,
    /// A copy was swallowed.
    Drop,
    /// A copy was told twice.
    Duplicate,
    /// A copy's content was changed.
    Corrupt,
    /// A copy was passed by a later one.
    Reorder,
    /// An attempt came later, at random.
    Spike,
    /// An attempt came later.
    Delay,
    /// An attempt was refused, or a batch cut short, for coming too fast.
    Throttle,
    /// An attempt was refused for the state of the channel.
    Burst,
    /// An outage of the processor began.
    Outage,
    /// An outage of the processor ended.
    OutageEnd,
}

impl Kind {
    /// All kinds of notices, in order.
    pub const ALL: [Kind; 13] = [
        Kind::Crash,
        Kind::Refuse,
        Kind::Uncertain,
        Kind::Drop,
        Kind::Duplicate,
        Kind::Corrupt,
        Kind::Reorder,
        Kind::Spike,
        Kind::Delay,
        Kind::Throttle,
        Kind::Burst,
        Kind::Outage,
        Kind::OutageEnd,
    ];

    /// Its name as an event.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Crash => "crash",
            Kind::Refuse => "refuse",
            Kind::Uncertain => "uncertain",
            Kind::Drop => "drop",
            Kind::Duplicate => "duplicate",
            Kind::Corrupt => "corrupt",
            Kind::Reorder => "reorder",
            Kind::Spike => "spike",
            Kind::Delay => "delay",
            Kind::Throttle => "throttle",
            Kind::Burst => "burst",
            Kind::Outage => "outage",
            Kind::OutageEnd => "outage_end",
        }
    }
}

/// Events of each kind that come with a text: the report shows but a few.
const TEXTS_MAX: u64 = 20;

/// How often each kind was reported.
#[derive(Debug, Default)]
pub struct Counts([AtomicU64; Kind::ALL.len()]);

impl Counts {
    /// As figures for the report: kinds that happened, by name.
    pub fn stats(&self) -> Options {
        let counts =
            Kind::ALL.iter().map(|kind| (kind.name(), self.0[*kind as usize].load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count.into())).collect()
    }
}

/// Reports injected faults to the host.
#[derive(Debug, Clone)]
pub struct Notices {
    host: Host,
    run: Arc<Run>,
    kinds: [u32; Kind::ALL.len()],
    counts: Arc<Counts>,
}

impl Notices {
    /// Prepares the notices of one run.
    pub fn new(host: Host, run: Arc<Run>) -> Notices {
        let kinds = Kind::ALL.map(|kind| host.intern(kind.name()));
        Notices { host, run, kinds, counts: Arc::default() }
    }

    /// The counts, which go on counting.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Reports that something of this kind happened.
    pub fn tell(&self, kind: Kind, at_ns: u64, text: impl FnOnce() -> String) {
        let before = self.counts.0[kind as usize].fetch_add(1, Ordering::Relaxed);
        let text = if before < TEXTS_MAX { text() } else { String::new() };
        self.host.event(self.kinds[kind as usize], at_ns, &text);
    }

    /// Tells of something that befell a message, or one copy of it.
    pub fn tell_of(&self, kind: Kind, at_ns: u64, stamp: &Stamp, recipient: u32) {
        self.tell(kind, at_ns, || {
            let to = match self.run.party_name(recipient) {
                name if name.is_empty() => "ALL".to_owned(),
                name => name,
            };
            let from = self.run.party_name(stamp.sender);
            let of_type = self.run.types().get(usize::from(stamp.type_id)).map_or("", |row| &row.name);
            let (sequence, attempt) = (stamp.sequence, stamp.attempt);
            format!("{of_type} {sequence} from {from} to {to}, attempt {attempt}")
        });
    }
}
