//! The plan of one run.

use super::agents::{Callbacks, Group};
use super::arrival::Stage;
use super::check::Check;
use super::core_spec::CoreSpec;
use super::end::End;
use super::message::MessageType;
use super::processor::{Processor, Queue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// How long silence may last after the load, unless a plan says.
pub const DRAIN_NS: u64 = 30_000_000_000;
/// How many times longer than silence the wait after the load may last, unless a plan says.
const DRAIN_MAX_FACTOR: u64 = 10;
/// How long a run listens on for copies that come twice, unless a plan says.
const LINGER_NS: u64 = 2_000_000_000;

/// Everything that one run does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The scenario's name, as shown.
    pub name: String,
    /// The seed of every random choice, 0 … 2⁵³ − 1.
    pub seed: u64,
    /// The seed of what the cores draw; `None` is [`Plan::seed`], so that one seed repeats it all. Two plans that differ
    /// in it alone have the same traffic and other luck.
    pub core_seed: Option<u64>,
    /// On which clock; `None` is virtual if every core is simulated, else wall.
    pub clock: Option<ClockKind>,
    /// The agents, group by group; agent numbers run through them in this order.
    pub groups: Vec<Group>,
    /// The message types; a type's place is its id.
    pub types: Vec<MessageType>,
    /// Traffic before the measured window, in nanoseconds.
    pub warm_up_ns: u64,
    /// The condition that ends the load.
    pub end: End,
    /// How long silence may last after the load, before what has not come by then is given up; `None` is [`DRAIN_NS`].
    pub drain_ns: Option<u64>,
    /// How long the wait after the load may last at all; `None` is ten times `drain_ns`, and on the virtual
    /// clock no bound where neither is said.
    pub drain_max_ns: Option<u64>,
    /// How long a run on a live core listens on for copies that come twice, when all have come; `None` is 2 s.
    pub linger_ns: Option<u64>,
    /// The queue before the processor.
    pub queue: Queue,
    /// The settings of the processor.
    pub processor: Processor,
    /// Whether deliveries are received.
    pub receive: Receive,
    /// Whether throughput and the series count copies that were received, though the core tells of deliveries: another side
    /// of a comparison only takes messages over, and both must count the same.
    pub counts_copies: bool,
    /// What must hold after the run.
    pub checks: Vec<Check>,
    /// Receiver's classes that are reported, not judged.
    pub tolerate: Vec<String>,
    /// Above this schedule lag (p99) a run on the wall clock is generator-limited; `None` is the rule of the docs.
    pub max_schedule_lag_ns: Option<u64>,
    /// More messages than this end the run.
    pub max_generated: u64,
    /// Bound on the memory of the receiver's ledger, in bytes.
    pub ledger_memory: u64,
    /// The core and the layers over it.
    pub core: CoreSpec,
    /// The scenario in its canonical form, as it is shown and saved.
    pub written: Value,
}

/// The default of [`Plan::max_generated`].
pub const MAX_GENERATED: u64 = 100_000_000;
/// The default of [`Plan::ledger_memory`], in bytes.
pub const LEDGER_MEMORY: u64 = 256 << 20;
/// The largest seed: what a JSON number holds exactly.
pub const SEED_MAX: u64 = (1 << 53) - 1;

impl Plan {
    /// The seed of what the cores draw.
    pub fn seed_of_cores(&self) -> u64 {
        self.core_seed.unwrap_or(self.seed)
    }

    /// The longest silence after the load, in nanoseconds.
    pub fn silence_ns(&self) -> u64 {
        self.drain_ns.unwrap_or(DRAIN_NS)
    }

    /// How long the wait after the load may last at all; on the virtual clock, which costs no time, without bound unless the
    /// plan says.
    pub fn wait_max_ns(&self, on_virtual_clock: bool) -> Option<u64> {
        let unsaid = on_virtual_clock && self.drain_ns.is_none();
        self.drain_max_ns.or((!unsaid).then(|| self.silence_ns().saturating_mul(DRAIN_MAX_FACTOR)))
    }

    /// How long a run on a live core listens on for copies that come twice.
    pub fn listening_ns(&self) -> u64 {
        self.linger_ns.unwrap_or(LINGER_NS)
    }

    /// As it is played on a core that is a processor itself, where it is one: all is handed over at once.
    pub fn as_played_on(&self, is_a_processor: bool) -> Cow<'_, Plan> {
        match is_a_processor {
            true => Cow::Owned(Plan { processor: self.processor.at_once(), ..self.clone() }),
            false => Cow::Borrowed(self),
        }
    }

    /// The number of agents in all groups.
    pub fn agents(&self) -> u32 {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// The length of the load in nanoseconds, where a duration bounds it: warm-up and duration.
    pub fn load_ns(&self) -> Option<u64> {
        self.end.duration_ns().map(|ns| self.warm_up_ns + ns)
    }

    /// The number of messages after which the load ends, where that is said; callbacks may send more.
    pub fn messages_max(&self) -> Option<u64> {
        let of_all =
            self.end.messages_per_agent().map(|count| count.saturating_mul(u64::from(self.agents())));
        [self.end.messages(), of_all].into_iter().flatten().min()
    }

    /// The stages of the scenario's arrivals, which are also its phases; empty if it has none.
    pub fn stages(&self) -> &[Stage] {
        self.groups
            .iter()
            .map(|group| group.arrival.stages())
            .find(|stages| !stages.is_empty())
            .unwrap_or(&[])
    }

    /// The mean time between two arrivals of all agents, in nanoseconds; infinite if none is scheduled.
    pub fn mean_gap_ns(&self) -> f64 {
        let rate = |group: &Group| f64::from(group.count) / group.arrival.mean_gap_ns().max(1e-3);
        1.0 / self.groups.iter().map(rate).sum::<f64>()
    }

    /// Whether the load is meant to be the same from the beginning to the end: every arrival is `poisson` or `constant`,
    /// but for agents that send only when they are spoken to.
    pub fn has_steady_load(&self) -> bool {
        self.groups.iter().all(|group| group.arrival.is_steady() || !group.arrival.is_scheduled())
            && self.groups.iter().any(|group| group.arrival.is_scheduled())
    }

    /// Whether any group has a callback of the kind that `pick` looks at.
    pub fn has_callback(&self, pick: impl Fn(&Callbacks) -> bool) -> bool {
        self.groups.iter().any(|group| pick(&group.callbacks))
    }
}

/// Whether deliveries are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Receive {
    /// If a group has `on_message`, or the core is live and can receive.
    #[default]
    Auto,
    /// Yes; a core that cannot is an error.
    Always,
    /// Copies are not received, whatever the core can do.
    Never,
}

/// The clock of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockKind {
    /// Jumps from event to event.
    Virtual,
    /// The machine's monotonic clock.
    Wall,
}

impl ClockKind {
    /// The name in scripts, flags and results.
    pub fn name(self) -> &'static str {
        match self {
            ClockKind::Virtual => "virtual",
            ClockKind::Wall => "wall",
        }
    }
}
