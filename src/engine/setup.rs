//! The parts of a run that do not change while it is played.

use super::scene::Scene;
use crate::cores::Interner;
use crate::plan::distribution::Distribution;
use crate::plan::{Consumer, Lease, Plan};
use mqscript_plugin::random::KeyedSource;

/// The fixed parts of a run: the plan, what the loop looks up in it, and the names of the engine's own reasons.
pub struct Setup<'a> {
    /// The plan that is played.
    pub plan: &'a Plan,
    /// What the results say about the run besides what was measured.
    pub scene: &'a Scene<'a>,
    /// What the loop looks up in the plan.
    pub rules: Rules,
    /// The interned names of the engine's own reasons.
    pub reasons: Reasons,
    /// The number of the run in stamps.
    pub run: u32,
    /// The source of the jitter of backoffs.
    pub jitter: KeyedSource,
    /// Whether the core reads the contents of messages.
    pub core_reads_content: bool,
    /// Whether the observer wants every message and every copy.
    pub wants_messages: bool,
}

/// The interned names of the engine's own reasons.
#[derive(Debug, Clone, Copy)]
pub struct Reasons {
    /// The queue had no room for the message.
    pub queue_full: u32,
    /// The message made room for a newer one.
    pub dropped_oldest: u32,
    /// The attempt was not answered in time.
    pub timeout: u32,
    /// The core failed while it had the message.
    pub core_failed: u32,
    /// The run ended before the message was handed over.
    pub unsent: u32,
    /// The message was too old before it was handed over.
    pub time_to_live: u32,
    /// The run ended before the attempt was answered.
    pub no_outcome: u32,
}

impl Reasons {
    /// Interns the names of all reasons.
    pub fn new(interner: &Interner) -> Reasons {
        let intern = |text: &str| interner.intern(text);
        Reasons {
            queue_full: intern("queue_full"),
            dropped_oldest: intern("dropped_oldest"),
            timeout: intern("timeout"),
            core_failed: intern("core_failed"),
            unsent: intern("unsent"),
            time_to_live: intern("time_to_live"),
            no_outcome: intern("no_outcome"),
        }
    }
}

/// The parts of the plan that the loop looks up.
#[derive(Debug, Clone)]
pub struct Rules {
    /// When the load ends, in nanoseconds, if it ends by time.
    pub load_end_ns: Option<u64>,
    /// Whether the load lasts until `load_end_ns` even if nothing more will be generated.
    pub ends_by_time: bool,
    /// The start of each phase, in nanoseconds; the warm-up, if there is one, is the first.
    pub phase_starts: Vec<u64>,
    /// The number of message types, each with a cell in each phase.
    pub types: u16,
    /// How long nothing may happen after the load, in nanoseconds.
    pub drain_ns: u64,
    /// The longest wait after the load, in nanoseconds from its end.
    pub drain_max_ns: Option<u64>,
    /// How long the run waits while consumers work and complete nothing, in nanoseconds.
    pub patience_ns: u64,
    /// How long the run waits when all copies have come, in nanoseconds.
    pub linger_ns: u64,
    /// The mean time between two arrivals of the whole plan, in nanoseconds.
    pub mean_gap_ns: f64,
    /// For each group, whether it has the callback `on_outcome`.
    pub on_outcome: Vec<bool>,
    /// For each group, whether it has the callback `on_message`.
    pub on_message: Vec<bool>,
    /// For each group, whether it has the callback `next`.
    pub next: Vec<bool>,
    /// For each group, whether it has the callback `on_start`.
    pub on_start: Vec<bool>,
    /// Whether callbacks can generate messages when no arrival is due.
    pub reactive: bool,
    /// Whether some group has arrivals that follow outcomes.
    pub closed: bool,
}

/// The lease of a medium that nobody has told, in nanoseconds: none of the media that are imitated has a longer one.
const LEASE_UNTOLD_NS: u64 = 3_600_000_000_000;

/// A few times as long as the longest that a message can rest without anything going wrong.
fn patience_ns(plan: &Plan) -> u64 {
    let rests_ns = |consumer: &Consumer| {
        let service_ns = |law: &Distribution| law.sample((u128::from(u64::MAX) * 999 / 1_000) as u64);
        let laws = std::iter::once(&consumer.service).chain(consumer.service_by_type.values());
        let lease_ns = match consumer.lease {
            Lease::For(lease_ns) => lease_ns,
            Lease::OfMedium => LEASE_UNTOLD_NS,
            Lease::Never => 0,
        };
        let delay_ns = consumer.redelivery_ns.iter().copied().max().unwrap_or(0);
        let work_ns = laws.map(service_ns).max().unwrap_or(0);
        [lease_ns, delay_ns, work_ns, consumer.restart_ns].into_iter().fold(0, u64::saturating_add)
    };
    let longest = plan.groups.iter().filter_map(|group| group.consumer.as_ref()).map(rests_ns).max();
    longest.map_or(0, |longest| longest.saturating_mul(3).max(plan.silence_ns()))
}

impl Rules {
    /// The rules of a plan, for this kind of clock.
    pub fn of(plan: &Plan, on_virtual_clock: bool) -> Rules {
        let mut phase_starts = vec![0];
        let mut at = plan.warm_up_ns;
        if at > 0 {
            phase_starts.push(at);
        }
        let stages = plan.stages();
        for stage in stages.iter().take(stages.len().saturating_sub(1)) {
            at += stage.duration_ns;
            phase_starts.push(at);
        }
        let by_group = |pick: fn(&crate::plan::Callbacks) -> bool| {
            plan.groups.iter().map(|group| pick(&group.callbacks)).collect()
        };
        Rules {
            load_end_ns: plan.load_ns(),
            ends_by_time: plan.end.duration_ns().is_some() && plan.end.messages_per_agent().is_none(),
            phase_starts,
            types: plan.types.len() as u16,
            drain_ns: plan.silence_ns(),
            drain_max_ns: plan.wait_max_ns(on_virtual_clock),
            patience_ns: patience_ns(plan),
            linger_ns: plan.listening_ns(),
            mean_gap_ns: plan.mean_gap_ns(),
            on_outcome: by_group(|c| c.on_outcome.is_some()),
            on_message: by_group(|c| c.on_message.is_some()),
            next: by_group(|c| c.next.is_some()),
            on_start: by_group(|c| c.on_start.is_some()),
            reactive: plan.has_callback(|c| c.on_outcome.is_some() || c.on_message.is_some()),
            closed: plan.groups.iter().any(|group| group.arrival.closed().is_some()),
        }
    }
}
