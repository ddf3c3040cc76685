//! What the engine says about the run a core is created for.

use std::sync::Arc;

/// How time passes in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunClockKind {
    /// From event to event, as fast as it can be computed.
    Virtual,
    /// Time passes as on the wall.
    Wall,
}

/// The names of the agents and of all others that send or receive, by number.
pub trait PartyNames: Send + Sync {
    /// The number of all parties, the agents included.
    fn count(&self) -> u32;

    /// Appends the name of party `id` (below `count`) to `into`.
    fn write_name(&self, id: u32, into: &mut String);
}

/// One message type, as cores are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRow {
    /// Its name in the mix.
    pub name: String,
    /// The type's name on the wire.
    pub wire_type: String,
    /// 0 low, 1 regular, 2 high, 3 urgent.
    pub priority: u8,
    /// The tags that messages of the type carry.
    pub tags: Vec<String>,
}

/// Everything that a core may know of its run.
#[derive(Clone)]
pub struct RunConfig {
    /// The run's number, as in every stamp.
    pub run: u32,
    /// The seed of all keyed draws.
    pub seed: u64,
    /// How time passes in the run.
    pub clock: RunClockKind,
    /// Number of agents: parties 0 … agents − 1.
    pub agents: u32,
    /// The names of all senders and recipients.
    pub party_names: Arc<dyn PartyNames>,
    /// The message types, by `type_id`.
    pub types: Vec<TypeRow>,
    /// The engine wants deliveries.
    pub receive: bool,
    /// The engine wants contents back in deliveries.
    pub wants_content: bool,
    /// The most tokens that are ever unanswered at once.
    pub max_in_flight: u32,
    /// How the groups of agents receive, in order of their agents; empty if nothing is said about them.
    pub groups: Vec<GroupRow>,
}

/// How the agents of a group receive, and what the medium is asked to do for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// The name of the group.
    pub name: String,
    /// Its first agent; the others follow.
    pub first_agent: u32,
    /// Number of its agents.
    pub agents: u32,
    /// The party that is the queue of all its agents together; none if each has an inbox.
    pub queue: Option<u32>,
    /// The most unsettled copies that an agent has at a time; none for the medium's own.
    pub prefetch: Option<u32>,
    /// How long a copy may be unsettled, in nanoseconds, `u64::MAX` for ever; none for the medium's own.
    pub lease_ns: Option<u64>,
    /// The most hand-overs of a copy; none for the medium's own.
    pub max_deliveries: Option<u32>,
    /// The delays before the second, the third and each later hand-over, in nanoseconds.
    pub redelivery_ns: Vec<u64>,
}
