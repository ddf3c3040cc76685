//! What the engine says about the run a core is created for.

use std::sync::Arc;

/// How time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// From event to event, as fast as it can be computed.
    Virtual,
    /// As on the wall.
    Wall,
}

/// The names of the agents and of all others that send or receive, by number.
pub trait PartyNames: Send + Sync {
    /// How many there are, the agents included.
    fn count(&self) -> u32;

    /// Appends the name of party `id` (below `count`) to `into`.
    fn write_name(&self, id: u32, into: &mut String);
}

/// One message type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRow {
    /// Its name in the mix.
    pub name: String,
    /// Its wire type.
    pub wire_type: String,
    /// 0 low, 1 regular, 2 high, 3 urgent.
    pub priority: u8,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What a core may know of its run.
#[derive(Clone)]
pub struct RunConfig {
    /// The run's number, as in every stamp.
    pub run: u32,
    /// The seed of all keyed draws.
    pub seed: u64,
    /// How time passes.
    pub clock: ClockKind,
    /// Number of agents: parties 0 … agents − 1.
    pub agents: u32,
    /// All names.
    pub party_names: Arc<dyn PartyNames>,
    /// The message types, by `type_id`.
    pub types: Vec<TypeRow>,
    /// The engine wants deliveries.
    pub receive: bool,
    /// The engine wants contents back in deliveries.
    pub wants_content: bool,
    /// The most tokens that are ever unanswered at once.
    pub max_in_flight: u32,
}
