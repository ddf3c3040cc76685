//! What a core implements.

use crate::abi;
use crate::buffers::Out;
use crate::host::Host;
use crate::layer::Inner;
use crate::message::Message;
use crate::run::Run;
use serde_json::{Map, Value};
use std::fmt;

/// A core's options: a JSON object that its schema accepts, with all defaults filled in.
pub type Options = Map<String, Value>;

/// What a core can do: a set of the contract's capability bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(u64);

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        impl Capabilities {
            $($(#[$doc])* pub const $name: Capabilities = Capabilities(abi::$name);)+
        }
    };
}

capabilities! {
    /// No real time, no input or output.
    SIMULATED,
    /// The core returns deliveries, not only outcomes.
    RECEIVES,
    /// A delivered message is the medium's responsibility.
    CONFIRMS,
    /// Copies of one sender, recipient and priority arrive in order.
    ORDERED,
    /// No copy arrives twice.
    EXACTLY_ONCE,
    /// What was confirmed survives a restart of the medium.
    DURABLE,
    /// The core reads contents and texts.
    READS_CONTENT,
    /// The core stands over another core.
    LAYER,
    /// The core uses the network.
    TOUCHES_NETWORK,
    /// The core reads or writes files.
    TOUCHES_FILES,
    /// The core starts other processes.
    STARTS_PROCESSES,
    /// Messages to one agent and messages to all have no order among each other.
    ORDER_BY_ADDRESS,
    /// DELIVERED means that the medium took the message over; that it arrived, its copies tell.
    STORES,
    /// The core is a queue and a processor itself.
    PROCESSES,
    /// Copies come back with all that was sent.
    UNALTERED,
    /// The agents of a group may have one queue together.
    SHARES,
    /// A copy that is not settled in time is handed over again.
    LEASES,
    /// No agent has more unsettled copies at a time than its group's `prefetch`.
    LIMITS,
    /// Copies can be given back and rejected.
    SETTLES,
    /// The leases of copies can be extended.
    EXTENDS,
    /// A copy that was handed over too often is given up.
    DEAD_LETTERS,
}

impl Capabilities {
    /// No capability at all.
    pub const NONE: Capabilities = Capabilities(0);

    /// The capabilities of both sets.
    #[must_use]
    pub const fn and(self, more: Capabilities) -> Capabilities {
        Capabilities(self.0 | more.0)
    }

    /// These capabilities without those of `less`.
    #[must_use]
    pub const fn without(self, less: Capabilities) -> Capabilities {
        Capabilities(self.0 & !less.0)
    }

    /// Whether all of `those` are among these.
    pub const fn contains(self, those: Capabilities) -> bool {
        self.0 & those.0 == those.0
    }

    /// The capabilities as bits of the contract.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// Why a call failed, in the contract's classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub(crate) i32);

impl Status {
    /// The core does not do this.
    pub const UNSUPPORTED: Status = Status(abi::UNSUPPORTED);
    /// An argument breaks the contract.
    pub const INVALID: Status = Status(abi::INVALID);
    /// The options make no sense.
    pub const CONFIG: Status = Status(abi::CONFIG);
    /// There is no connection to the service.
    pub const CONNECT: Status = Status(abi::CONNECT);
    /// The service did not accept the credentials.
    pub const AUTH: Status = Status(abi::AUTH);
    /// Reading or writing failed.
    pub const IO: Status = Status(abi::IO);
    /// There is no space left.
    pub const NO_SPACE: Status = Status(abi::NO_SPACE);
    /// A defect of the core.
    pub const INTERNAL: Status = Status(abi::INTERNAL);
}

/// The failure of a call. From a session's call it is terminal: the session is finished. What a core can ride
/// out is not an error but fewer messages accepted, an outcome, or an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub(crate) status: Status,
    pub(crate) text: String,
}

impl Error {
    /// A failure of class `status`; `text` tells the user what happened.
    pub fn new(status: Status, text: impl Into<String>) -> Error {
        Error { status, text: text.into() }
    }

    /// Options that make no sense, though the schema accepts them.
    pub fn config(text: impl Into<String>) -> Error {
        Error::new(Status::CONFIG, text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", abi::status_name(self.status.0), self.text)
    }
}

impl std::error::Error for Error {}

/// What the host says of copies by their tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The copies were taken, and never come again.
    Acknowledge,
    /// The copies are given back, to be handed over again after the delay for that. Only with [`Capabilities::SETTLES`].
    GiveBack,
    /// The copies are refused for good. Only with [`Capabilities::SETTLES`].
    Reject,
    /// The copies are still being worked on: their leases begin anew. Only with [`Capabilities::EXTENDS`].
    Extend,
}

impl Settlement {
    /// What `kind` stands for in the contract; `None` if it knows no such kind.
    pub const fn from_raw(kind: u32) -> Option<Settlement> {
        Some(match kind {
            abi::ACK => Settlement::Acknowledge,
            abi::GIVE_BACK => Settlement::GiveBack,
            abi::REJECT => Settlement::Reject,
            abi::EXTEND => Settlement::Extend,
            _ => return None,
        })
    }

    /// What a core must be able to do, so that the host may settle copies like this.
    pub const fn needs(self) -> Capabilities {
        match self {
            Settlement::Acknowledge => Capabilities::NONE,
            Settlement::GiveBack | Settlement::Reject => Capabilities::SETTLES,
            Settlement::Extend => Capabilities::EXTENDS,
        }
    }

    /// The kind as a number of the contract.
    pub const fn raw(self) -> u32 {
        match self {
            Settlement::Acknowledge => abi::ACK,
            Settlement::GiveBack => abi::GIVE_BACK,
            Settlement::Reject => abi::REJECT,
            Settlement::Extend => abi::EXTEND,
        }
    }
}

/// Everything that a session is opened with.
#[derive(Debug)]
pub struct Open {
    /// When the load starts, in nanoseconds since the origin: times in options count from here.
    pub load_start_ns: u64,
    /// The core below; only a layer has one.
    pub inner: Option<Inner>,
}

/// A core or layer, made once per run. Its functions are called one at a time, on any thread, with a time
/// limit. Dropping it ends its life: join its threads there.
pub trait Core: Sized + Send + 'static {
    /// Its name: lower case letters, digits, `_`.
    const ID: &'static str;
    /// A sentence about the core, for people.
    const SUMMARY: &'static str;
    /// JSON Schema of its options: an object whose properties have descriptions and defaults.
    const OPTIONS_SCHEMA: &'static str;
    /// The most that the core can do.
    const CAPABILITIES: Capabilities;
    /// The most agents that can receive; [`abi::ALL`] = no bound.
    const RECEIVERS_MAX: u32 = abi::ALL;
    /// The engine loop's handle.
    type Session: Session;

    /// Makes the core; may connect.
    ///
    /// # Errors
    /// Whatever keeps it from working under these options.
    fn create(options: Options, run: Run, host: Host) -> Result<Self, Error>;

    /// What it really does under its options; all it can do, unless it says otherwise.
    fn capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    /// Makes queues, purges. Idempotent.
    ///
    /// # Errors
    /// Whatever keeps it from doing so.
    fn prepare(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Opens the session; returns only when every subscription is in force.
    ///
    /// # Errors
    /// Whatever keeps it from doing so.
    fn open(&mut self, open: Open) -> Result<Self::Session, Error>;

    /// Figures for the report, after the session is closed.
    ///
    /// # Errors
    /// Whatever keeps it from knowing.
    fn stats(&mut self) -> Result<Map<String, Value>, Error> {
        Ok(Map::new())
    }

    /// Removes what `prepare` made.
    ///
    /// # Errors
    /// Whatever keeps it from doing so.
    fn clean(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// The engine loop's handle: used by one thread at a time, needs no lock, never blocks. Dropping it closes it.
///
/// What is handed to `out` may borrow from the session or, in `publish`, from the messages: the host reads it
/// before it calls the session again.
pub trait Session: Send + 'static {
    /// Takes the first messages of the slice, and says how many. Fewer than all is no error: the rest is offered
    /// again. May answer at once; a simulated core answers everything here, with times that lie ahead.
    ///
    /// # Errors
    /// The session is finished.
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error>;

    /// Says what has become known.
    ///
    /// # Errors
    /// The session is finished.
    fn poll<'s>(&'s mut self, now_ns: u64, out: &mut Out<'s>) -> Result<(), Error> {
        let _ = (now_ns, out);
        Ok(())
    }

    /// The host settles the copies with these tags, or extends their leases. A tag that is settled already, or whose
    /// lease has gone, is no error. Without [`Capabilities::SETTLES`] and [`Capabilities::EXTENDS`] the host only
    /// acknowledges.
    ///
    /// # Errors
    /// The session is finished.
    fn acknowledge<'s>(
        &'s mut self,
        now_ns: u64,
        how: Settlement,
        tags: &[u64],
        out: &mut Out<'s>,
    ) -> Result<(), Error> {
        let _ = (now_ns, how, tags, out);
        Ok(())
    }

    /// No more will be generated: send what is held back. Does not wait; a poll follows.
    ///
    /// # Errors
    /// The session is finished.
    fn flush(&mut self, now_ns: u64) -> Result<(), Error> {
        let _ = now_ns;
        Ok(())
    }
}
