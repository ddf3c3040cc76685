//! The run that a core is made for.

use crate::abi::{self, Stamp};
use crate::random::{KeyedSource, MessageKey, Stream, text_key};
use std::mem::offset_of;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// How time passes in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// From event to event.
    Virtual,
    /// Time passes as on the wall.
    Wall,
}

/// One message type of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Its name in the mix.
    pub name: String,
    /// The type's name on the wire.
    pub wire_type: String,
    /// 0 low, 1 regular, 2 high, 3 urgent.
    pub priority: u8,
    /// The tags that messages of the type carry.
    pub tags: Vec<String>,
}

/// How the agents of a group receive, and what the medium is asked to do for them. What is `None` is left to the medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name of the group.
    pub name: String,
    /// The numbers of its agents.
    pub agents: Range<u32>,
    /// The party that is the queue of all its agents together; none if each has an inbox.
    pub queue: Option<u32>,
    /// The most unsettled copies that an agent has at a time.
    pub prefetch: Option<u32>,
    /// How long a copy may be unsettled before it is handed over again, in nanoseconds; [`abi::NEVER`] = for ever.
    pub lease_ns: Option<u64>,
    /// The most hand-overs of a copy.
    pub max_deliveries: Option<u32>,
    /// The delays before the second, the third and each later hand-over, in nanoseconds; the last stands for all later ones.
    pub redelivery_ns: Vec<u64>,
}

impl Group {
    /// Copies a row of the contract.
    ///
    /// # Safety
    /// What the row points to is readable.
    unsafe fn from_raw(row: &abi::GroupRow) -> Group {
        let delays = match row.redelivery_ns.is_null() {
            true => &[],
            // SAFETY: the caller's promise; the array is given by pointer and length together.
            false => unsafe { std::slice::from_raw_parts(row.redelivery_ns, row.redelivery_len as usize) },
        };
        Group {
            name: text(row.name),
            agents: row.first_agent..row.first_agent + row.agents,
            queue: (row.queue != abi::NO_QUEUE).then_some(row.queue),
            prefetch: (row.prefetch != 0).then_some(row.prefetch),
            lease_ns: (row.lease_ns != 0).then_some(row.lease_ns),
            max_deliveries: (row.max_deliveries != 0).then_some(row.max_deliveries),
            redelivery_ns: delays.to_vec(),
        }
    }
}

/// What a core may know of its run. It may be kept, but names can only be asked for until the core is dropped.
#[derive(Debug)]
pub struct Run {
    raw: RawRun,
    core: &'static str,
    seed: u64,
    types: Vec<Type>,
    groups: Vec<Group>,
    keys: Arc<Keys>,
}

#[derive(Debug, Clone, Copy)]
struct RawRun(*const abi::Run);

// SAFETY: "valid until `destroy` returns", constant, and its function is "[any thread]"; the value that wraps it
// belongs to the core and is dropped with it.
unsafe impl Send for RawRun {}
// SAFETY: as above.
unsafe impl Sync for RawRun {}

impl RawRun {
    fn get(&self) -> &abi::Run {
        // SAFETY: "Valid until `destroy` returns".
        unsafe { &*self.0 }
    }

    fn read_name(&self, id: u32, name: &mut Vec<u8>) {
        let Some(party_name) = self.get().party_name else { return };
        name.resize(name.capacity().max(64), 0);
        loop {
            // SAFETY: "[any thread] Writes up to `cap` bytes … `run` is this struct".
            let len = unsafe { party_name(self.0, id, name.as_mut_ptr(), name.len() as u32) } as usize;
            if len <= name.len() {
                name.truncate(len);
                return;
            }
            name.resize(len, 0);
        }
    }
}

fn text(part: abi::Str) -> String {
    // SAFETY: "Valid, with all it points to, until `destroy` returns".
    String::from_utf8_lossy(unsafe { part.as_bytes() }).into_owned()
}

impl Run {
    /// Copies the facts about a run.
    ///
    /// # Safety
    /// `raw` is not NULL and stays valid as long as the core whose name is `core`.
    pub(crate) unsafe fn from_raw(raw: *const abi::Run, seed: u64, core: &'static str) -> Run {
        // SAFETY: the caller's promise; each array is given by pointer and length together.
        let types = unsafe {
            let run = &*raw;
            let rows = match run.types.is_null() {
                true => &[],
                false => std::slice::from_raw_parts(run.types, run.types_len as usize),
            };
            rows.iter()
                .map(|row| Type {
                    name: text(row.name),
                    wire_type: text(row.wire_type),
                    priority: row.priority as u8,
                    tags: match row.tags.is_null() {
                        true => Vec::new(),
                        false => std::slice::from_raw_parts(row.tags, row.tags_len as usize)
                            .iter()
                            .map(|tag| text(*tag))
                            .collect(),
                    },
                })
                .collect()
        };
        // SAFETY: as above. A host of minor version 0 has a smaller struct, without groups.
        let groups = unsafe {
            let told = (*raw).struct_size as usize >= offset_of!(abi::Run, reserved_tail);
            match told && !(*raw).groups.is_null() {
                true => std::slice::from_raw_parts((*raw).groups, (*raw).groups_len as usize),
                false => &[],
            }
        };
        // SAFETY: as above.
        let groups = groups.iter().map(|row| unsafe { Group::from_raw(row) }).collect();
        let keys = Arc::new(Keys { run: RawRun(raw), table: OnceLock::new() });
        Run { raw: RawRun(raw), core, seed, types, groups, keys }
    }

    fn raw(&self) -> &abi::Run {
        self.raw.get()
    }

    /// The run's number, as in every stamp.
    pub fn number(&self) -> u32 {
        self.raw().run
    }

    /// The seed of everything random in this run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How time passes in the run.
    pub fn clock(&self) -> Clock {
        if self.raw().clock_kind == abi::CLOCK_WALL { Clock::Wall } else { Clock::Virtual }
    }

    /// Number of agents: parties 0 … agents − 1.
    pub fn agents(&self) -> u32 {
        self.raw().agents
    }

    /// Number of parties, the agents included.
    pub fn parties(&self) -> u32 {
        self.raw().parties
    }

    /// The message types, by `type_id`.
    pub fn types(&self) -> &[Type] {
        &self.types
    }

    /// How the groups of agents receive, in order of their agents; empty if the host says nothing about them.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Whether the host wants deliveries.
    pub fn receive(&self) -> bool {
        self.raw().receive != 0
    }

    /// Whether agents read what arrives: then contents and texts are wanted even where the medium need not carry them.
    pub fn wants_content(&self) -> bool {
        self.raw().wants_content != 0
    }

    /// The most tokens that are ever unanswered at once.
    pub fn max_in_flight(&self) -> u32 {
        self.raw().max_in_flight
    }

    /// The name of a party; empty if there is none of that number.
    pub fn party_name(&self, id: u32) -> String {
        let mut name = Vec::new();
        self.raw.read_name(id, &mut name);
        String::from_utf8_lossy(&name).into_owned()
    }

    /// The source of keyed draws for one purpose of this core.
    pub fn purpose(&self, purpose: &str) -> Purpose {
        Purpose { source: KeyedSource::new(self.seed, self.core, purpose), keys: Arc::clone(&self.keys) }
    }
}

/// The keys of the agents' names, which are read when the first is asked for.
#[derive(Debug)]
struct Keys {
    run: RawRun,
    table: OnceLock<Box<[u64]>>,
}

impl Keys {
    /// The key of a party. Parties that are no agents are known by their numbers.
    #[inline]
    fn of(&self, id: u32) -> u64 {
        let table = self.table.get_or_init(|| self.read());
        table.get(id as usize).copied().unwrap_or(u64::from(id))
    }

    #[cold]
    fn read(&self) -> Box<[u64]> {
        let mut name = Vec::new();
        let mut key = |id| {
            self.run.read_name(id, &mut name);
            text_key(&String::from_utf8_lossy(&name))
        };
        (0..self.run.get().agents).map(&mut key).collect()
    }
}

/// A source of keyed draws: see [`Message::random`](crate::Message::random). Like the [`Run`] that it came from, it may
/// be asked until the core is dropped.
#[derive(Debug, Clone)]
pub struct Purpose {
    source: KeyedSource,
    keys: Arc<Keys>,
}

impl Purpose {
    /// The keyed stream of the attempt that bears this stamp: the one that its message draws from.
    #[inline]
    pub fn of(&self, stamp: &Stamp) -> Stream {
        self.stream(self.key(stamp.sender), stamp.sequence, stamp.attempt, None)
    }

    /// The keyed stream of one copy of the attempt that bears this stamp: that for `recipient`.
    #[inline]
    pub fn of_copy(&self, stamp: &Stamp, recipient: u32) -> Stream {
        self.stream(self.key(stamp.sender), stamp.sequence, stamp.attempt, Some(recipient))
    }

    #[inline]
    pub(crate) fn stream(
        &self,
        sender_key: u64,
        sequence: u64,
        attempt: u8,
        recipient: Option<u32>,
    ) -> Stream {
        let recipient_key = recipient.map_or(0, |id| self.key(id));
        self.source.stream(MessageKey { sender_key, sequence, attempt, recipient_key })
    }

    /// The key of a party's name.
    #[inline]
    pub(crate) fn key(&self, id: u32) -> u64 {
        self.keys.of(id)
    }
}
