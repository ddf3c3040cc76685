//! What to run, as plain validated data. A plan knows nothing of scripts, and the engine nothing else than plans.
//!
//! All times are nanoseconds since the load began, all rates are per second, all shares lie in 0 … 1.

mod agents;
mod arrival;
mod arrivals_expected;
mod chaos_flag;
mod check;
pub(crate) mod effect;
#[cfg(test)]
mod effect_tests;
mod figure_path;
mod figure_words;
mod injected;
mod json;
mod message;
mod misplaced;
mod names;
mod overrides;
mod processor;
mod read_agents;
mod read_arrival;
mod read_checks;
mod read_compare;
mod read_core;
mod read_end;
mod read_messages;
mod read_processor;
mod read_recipients;
mod read_scenario;
mod read_types;
pub(crate) mod reader;
#[cfg(test)]
mod reader_tests;
mod replication;
mod set_path;
mod short_forms;
mod syntax;
mod template;
pub mod text;
pub mod tree;
pub mod units;

pub use agents::{AGENTS_MAX, Callback, Callbacks, Group, MixEntry};
pub use arrival::{Arrival, Spacing, Stage};
pub use arrivals_expected::{LoadFault, count_out_of_reach, nothing_measured};
pub use check::{Check, Comparison, Figure, Literal, Operand, Scope};
pub use figure_path::{
    ALL_FIGURES, FIGURES, FigureFault, FigureKind, FigureNames, KnownFigure, SCOPES, STATISTICS, figures_of,
    parse_figure,
};
pub(crate) use injected::EXEC;
pub use json::read_json;
pub use message::{Content, MessageSettings, MessageType, Priority, Recipient, Sender};
pub use mqscript_plugin::distribution;
pub use names::Names;
pub(crate) use overrides::MOCK;
pub use overrides::{BATCH_CHECKS, Overrides, SEED_VARIABLE, parse_typed, variant};
pub use processor::{Backoff, Overflow, Processor, Queue, Retry, RetryOn};
pub use read_agents::Functions;
pub use read_checks::parse_check;
pub use read_compare::{Between, ComparisonSpec, REPEATS_MAX, read_comparison};
pub use read_core::read_core;
pub use read_scenario::{Planned, ReadContext, read_scenario};
pub use reader::SourceText;
pub use set_path::same_place;
pub use template::{Placeholder, Segment, Template, TemplateError};

use crate::diagnostics::Place;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How long silence may last after the load, unless a plan says.
pub const DRAIN_NS: u64 = 30_000_000_000;
/// How many times longer than silence the wait after the load may last, unless a plan says.
const DRAIN_MAX_FACTOR: u64 = 10;
/// How long a run listens on for copies that come twice, unless a plan says.
const LINGER_NS: u64 = 2_000_000_000;

/// Everything that one run does.
#[derive(Debug, Clone)]
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
    /// When the load ends.
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
    /// The processor.
    pub processor: Processor,
    /// Whether deliveries are received.
    pub receive: Receive,
    /// What must hold.
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

    /// How long silence may last after the load.
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
        let stages = self.groups.iter().find_map(|group| match &group.arrival {
            Arrival::Stages(stages) => Some(stages.as_slice()),
            _ => None,
        });
        stages.unwrap_or(&[])
    }

    /// Whether the load is meant to be the same from the beginning to the end: every arrival is `poisson` or `constant`,
    /// but for agents that send only when they are spoken to.
    pub fn has_steady_load(&self) -> bool {
        let steady = |group: &Group| {
            matches!(group.arrival, Arrival::Poisson { .. } | Arrival::Constant { .. } | Arrival::OnDemand)
        };
        let speaks = |group: &Group| group.arrival != Arrival::OnDemand;
        self.groups.iter().all(steady) && self.groups.iter().any(speaks)
    }

    /// Whether any group has a callback of the kind that `pick` looks at.
    pub fn has_callback(&self, pick: impl Fn(&Callbacks) -> bool) -> bool {
        self.groups.iter().any(|group| pick(&group.callbacks))
    }
}

/// When the load ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// So many nanoseconds after the warm-up.
    Duration(u64),
    /// After so many messages in all.
    Messages(u64),
    /// After so many messages from each agent.
    MessagesPerAgent(u64),
    /// At whichever of these comes first; at least two of them are said.
    First {
        /// Nanoseconds after the warm-up.
        duration_ns: Option<u64>,
        /// Messages in all.
        messages: Option<u64>,
        /// Messages from each agent.
        messages_per_agent: Option<u64>,
    },
}

impl End {
    /// Each of the ends that are said, alone.
    pub fn bounds(&self) -> impl Iterator<Item = End> {
        let duration = self.duration_ns().map(End::Duration);
        let messages = self.messages().map(End::Messages);
        [duration, messages, self.messages_per_agent().map(End::MessagesPerAgent)].into_iter().flatten()
    }

    /// How long the load lasts at most after the warm-up, in nanoseconds, if that is said.
    pub fn duration_ns(&self) -> Option<u64> {
        match *self {
            End::Duration(ns) => Some(ns),
            End::First { duration_ns, .. } => duration_ns,
            End::Messages(_) | End::MessagesPerAgent(_) => None,
        }
    }

    /// How many messages there are at most, if that is said.
    pub fn messages(&self) -> Option<u64> {
        match *self {
            End::Messages(count) => Some(count),
            End::First { messages, .. } => messages,
            End::Duration(_) | End::MessagesPerAgent(_) => None,
        }
    }

    /// How many messages there are at most from each agent, if that is said.
    pub fn messages_per_agent(&self) -> Option<u64> {
        match *self {
            End::MessagesPerAgent(count) => Some(count),
            End::First { messages_per_agent, .. } => messages_per_agent,
            End::Duration(_) | End::Messages(_) => None,
        }
    }
}

/// Whether deliveries are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Receive {
    /// If a group has `on_message`, or the core is live and can receive.
    #[default]
    Auto,
    /// Yes; a core that cannot is an error.
    Always,
    /// No.
    Never,
}

/// The run's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// A core and the layers over it, as a plan names them.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreSpec {
    /// The name it is shown under.
    pub name: String,
    /// The core's id or its file.
    pub core: String,
    /// The core's options as written.
    pub options: Map<String, Value>,
    /// The layers, innermost first.
    pub layers: Vec<LayerSpec>,
    /// Where it stands in a script.
    pub places: CorePlaces,
}

impl CoreSpec {
    /// The core with this id or file, with no options and no layer.
    pub fn plain(core: &str) -> CoreSpec {
        CoreSpec {
            name: core.to_owned(),
            core: core.to_owned(),
            options: Map::new(),
            layers: Vec::new(),
            places: CorePlaces::default(),
        }
    }
}

/// Where a core or layer and its options stand in a script, by the options' key paths; the core itself is at "". Two cores
/// are the same wherever they stand.
#[derive(Clone, Default)]
pub struct CorePlaces(pub BTreeMap<String, Place>);

impl std::fmt::Debug for CorePlaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CorePlaces")
    }
}

impl PartialEq for CorePlaces {
    fn eq(&self, _: &CorePlaces) -> bool {
        true
    }
}

impl CorePlaces {
    /// Where an option stands, or else the nearest that it is part of.
    pub fn of(&self, path: &str) -> Option<&Place> {
        fn shorter<'p>(path: &&'p str) -> Option<&'p str> {
            path.rfind(['.', '[']).map(|end| &path[..end])
        }
        let above = std::iter::successors(Some(path), shorter).chain([""]);
        above.flat_map(|path| self.0.get(path)).next()
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerSpec {
    /// The layer's id or its file.
    pub layer: String,
    /// Its options as written.
    pub options: Map<String, Value>,
    /// Where it stands in a script.
    pub places: CorePlaces,
}

impl LayerSpec {
    /// The layer with this id or file and these options, said by no script.
    pub fn new(layer: &str, options: Map<String, Value>) -> LayerSpec {
        LayerSpec { layer: layer.to_owned(), options, places: CorePlaces::default() }
    }
}
