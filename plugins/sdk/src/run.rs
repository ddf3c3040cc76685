//! The run that a core is made for.

use crate::abi::{self, Stamp};
use crate::random::{KeyedSource, SenderSource, Stream, text_key};
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

/// What a core may know of its run. It may be kept, but names can only be asked for until the core is dropped.
#[derive(Debug)]
pub struct Run {
    raw: RawRun,
    core: &'static str,
    seed: u64,
    types: Vec<Type>,
    keys: OnceLock<Arc<[u64]>>,
}

#[derive(Debug, Clone, Copy)]
struct RawRun(*const abi::Run);

// SAFETY: "valid until `destroy` returns", constant, and its function is "[any thread]"; the value that wraps it
// belongs to the core and is dropped with it.
unsafe impl Send for RawRun {}
// SAFETY: as above.
unsafe impl Sync for RawRun {}

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
        Run { raw: RawRun(raw), core, seed, types, keys: OnceLock::new() }
    }

    fn raw(&self) -> &abi::Run {
        // SAFETY: "Valid until `destroy` returns".
        unsafe { &*self.raw.0 }
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
        self.read_name(id, &mut name);
        String::from_utf8_lossy(&name).into_owned()
    }

    fn read_name(&self, id: u32, name: &mut Vec<u8>) {
        let Some(party_name) = self.raw().party_name else { return };
        name.resize(name.capacity().max(64), 0);
        loop {
            // SAFETY: "[any thread] Writes up to `cap` bytes … `run` is this struct".
            let len = unsafe { party_name(self.raw.0, id, name.as_mut_ptr(), name.len() as u32) } as usize;
            if len <= name.len() {
                name.truncate(len);
                return;
            }
            name.resize(len, 0);
        }
    }

    /// The source of keyed draws for one purpose of this core. The first call reads the names of all agents.
    pub fn purpose(&self, purpose: &str) -> Purpose {
        let keys = self.keys.get_or_init(|| {
            let mut name = Vec::new();
            (0..self.agents())
                .map(|id| {
                    self.read_name(id, &mut name);
                    text_key(&String::from_utf8_lossy(&name))
                })
                .collect()
        });
        let source = KeyedSource::new(self.seed, self.core, purpose);
        let senders = keys.iter().map(|key| source.sender(*key)).collect();
        Purpose { source, senders, keys: Arc::clone(keys) }
    }
}

/// A source of keyed draws: see [`Message::random`](crate::Message::random).
#[derive(Debug, Clone)]
pub struct Purpose {
    source: KeyedSource,
    /// One per agent: the draw of a message starts here.
    senders: Arc<[SenderSource]>,
    /// The key of each agent's name.
    keys: Arc<[u64]>,
}

impl Purpose {
    /// The keyed stream of the attempt that bears this stamp: the one that its message draws from.
    #[inline]
    pub fn of(&self, stamp: &Stamp) -> Stream {
        self.stream(stamp, stamp.attempt, None)
    }

    /// The keyed stream of one copy of the attempt that bears this stamp: that for `recipient`.
    #[inline]
    pub fn of_copy(&self, stamp: &Stamp, recipient: u32) -> Stream {
        self.stream(stamp, stamp.attempt, Some(recipient))
    }

    #[inline]
    pub(crate) fn stream(&self, stamp: &Stamp, attempt: u8, recipient: Option<u32>) -> Stream {
        let recipient_key = recipient.map_or(0, |id| self.key(id));
        match self.senders.get(stamp.sender as usize) {
            Some(sender) => sender.stream(stamp.sequence, attempt, recipient_key),
            None => self.source.sender(self.key(stamp.sender)).stream(stamp.sequence, attempt, recipient_key),
        }
    }

    /// Parties that are no agents are known by their numbers.
    fn key(&self, id: u32) -> u64 {
        self.keys.get(id as usize).copied().unwrap_or(u64::from(id))
    }
}
