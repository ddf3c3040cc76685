//! What the two sides hand each other to work with: buffers, the run, host services, the inner core.

use super::values::{Delivery, Message, Outcome, Str};
use std::ffi::c_void;

/// Where a call leaves what is known. The memory is the host's; the core appends and never rewinds.
#[repr(C)]
#[derive(Debug)]
pub struct Out {
    /// Size of this struct in bytes, as the host knows it.
    pub struct_size: u32,
    /// Out: OUT_MORE = more is ready, poll again before sleeping.
    pub flags: u32,
    /// Room for `outcomes_cap` outcomes.
    pub outcomes: *mut Outcome,
    /// Room, in outcomes. On `publish` at least `n` are free, on `poll` at least one, on `acknowledge` perhaps none.
    pub outcomes_cap: u32,
    /// How many are there: raised by the core for each one appended.
    pub outcomes_len: u32,
    /// Room for `deliveries_cap` deliveries. Not to be looked at where that is 0.
    pub deliveries: *mut Delivery,
    /// Room, in deliveries: none without `receive`, and perhaps none with it. What does not fit stays with the core,
    /// which sets MORE.
    pub deliveries_cap: u32,
    /// How many are there: raised by the core for each one appended.
    pub deliveries_len: u32,
    /// Out: call `poll` no later than this, in nanoseconds since the origin; NEVER (as given) = no wish. A wish
    /// stands until the next `poll`; calls before it can only bring it forward.
    pub next_due_ns: u64,
}

/// Where a call that fails says why. The memory is the caller's. The pointer to it is never NULL. Nothing of it is read
/// where the call returns OK.
#[repr(C)]
#[derive(Debug)]
pub struct ErrorBuffer {
    /// Size of this struct in bytes.
    pub struct_size: u32,
    /// Out: the status, as returned.
    pub code: i32,
    /// Out: bytes written, at most `cap`.
    pub len: u32,
    /// Room in bytes; may be 0, from a layer that calls. The host's own have room for 512 or more.
    pub cap: u32,
    /// Where to write: UTF-8, cut at a character's border, not terminated by NUL.
    pub buf: *mut u8,
}

/// One message type of the run.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct TypeRow {
    /// Its name in the mix, such as "hard_onboard".
    pub name: Str,
    /// Its wire type, such as "ONBOARDING".
    pub wire_type: Str,
    /// First of `tags_len` tags.
    pub tags: *const Str,
    /// The number of tags.
    pub tags_len: u32,
    /// 0 low, 1 regular, 2 high, 3 urgent.
    pub priority: u32,
    /// Reserved, and always zero.
    pub reserved: [u64; 2],
}

/// What a core may know of the run it is created for. Valid, with all it points to, until `destroy` returns.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Size of this struct in bytes, as the host knows it.
    pub struct_size: u32,
    /// The run's number, as in every stamp.
    pub run: u32,
    /// The clock of the run: CLOCK_VIRTUAL or CLOCK_WALL.
    pub clock_kind: u32,
    /// Number of agents: parties 0 … agents − 1.
    pub agents: u32,
    /// Number of parties: the agents, then other named senders and recipients.
    pub parties: u32,
    /// Number of message types.
    pub types_len: u32,
    /// The first of the message types.
    pub types: *const TypeRow,
    /// `[any thread]` Writes up to `cap` bytes of a party's name (UTF-8, not terminated) to `buf` and returns
    /// the name's full length in bytes; 0 if there is no such party. `run` is this struct.
    pub party_name: Option<unsafe extern "C" fn(run: *const Run, id: u32, buf: *mut u8, cap: u32) -> u32>,
    /// The host's own; pass nothing through it.
    pub host_data: *const c_void,
    /// 1 = the host wants deliveries (each agent is one subscriber).
    pub receive: u32,
    /// 1 = agents read what arrives: texts and contents are wanted even where the medium need not carry them. A
    /// content that the medium did carry is returned always: the host holds it against the stamp's checksum.
    pub wants_content: u32,
    /// The most tokens that are ever unanswered at once.
    pub max_in_flight: u32,
    /// Reserved, and always zero.
    pub reserved: u32,
    /// The first of the groups of agents that receive, in order of their agents (1.1). NULL = nothing is said about them.
    pub groups: *const GroupRow,
    /// Number of groups (1.1).
    pub groups_len: u32,
    /// Reserved, and always zero.
    pub reserved_tail: u32,
}

/// How the agents of a group receive, and what the medium is asked to do for them (1.1). What a core does not do, by its
/// capabilities, it is not asked for.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct GroupRow {
    /// The name of the group.
    pub name: Str,
    /// Its first agent; the others follow.
    pub first_agent: u32,
    /// Number of its agents.
    pub agents: u32,
    /// The queue that its agents have together: a party beyond the agents, to which messages are addressed; each goes to one of
    /// them. NO_QUEUE = an inbox each.
    pub queue: u32,
    /// With LIMITS: the most unsettled copies that an agent has at a time; 0 = the medium's own.
    pub prefetch: u32,
    /// With LEASES: how long the medium waits for the settlement of a copy before it hands it over again, in nanoseconds
    /// from the hand-over or the last EXTEND; 0 = the medium's own, NEVER = for ever.
    pub lease_ns: u64,
    /// With DEAD_LETTERS: the most hand-overs of a copy; 0 = the medium's own.
    pub max_deliveries: u32,
    /// The number of delays.
    pub redelivery_len: u32,
    /// The delays before the 2nd, the 3rd and each later hand-over of a copy, in nanoseconds; the last one stands for all
    /// that follow. NULL = none.
    pub redelivery_ns: *const u64,
    /// Reserved, and always zero.
    pub reserved: [u64; 2],
}

/// Services of the host. Given to `mqs_plugin_entry_v1` (valid for ever; there `log` alone has an effect) and,
/// for one core of one run, to `create` (valid until `destroy` returns).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Size of this struct in bytes, as the host knows it.
    pub struct_size: u32,
    /// The ABI that the host speaks: `(major << 16) | minor`. A core of a newer minor stays within it.
    pub abi: u32,
    /// A pointer that belongs to the host.
    pub data: *const c_void,
    /// `[any thread]` Says something to the user, at a LOG level. Copied.
    pub log: Option<unsafe extern "C" fn(host: *const Host, level: u32, text: Str)>,
    /// `[any thread]` The present on the run's clock, in nanoseconds since the origin.
    pub now_ns: Option<unsafe extern "C" fn(host: *const Host) -> u64>,
    /// `[any thread]` At least one `poll` begins after this. Sticky and coalescing; `waker` is the one given to
    /// `open`; without effect after `close`.
    pub wake: Option<unsafe extern "C" fn(host: *const Host, waker: u64)>,
    /// `[any thread]` Notes that something happened: an interned kind, when, and a text. Copied.
    pub event: Option<unsafe extern "C" fn(host: *const Host, kind: u32, at_ns: u64, text: Str)>,
    /// `[any thread]` The id of a text that names a reason or a kind of event: the same text has the same id
    /// throughout the run. Cut at 200 bytes; after 4,096 texts all further ones are "other". Never 0.
    pub intern: Option<unsafe extern "C" fn(host: *const Host, text: Str) -> u32>,
    /// `[any thread]` A named extension such as "mqs.metrics/1", or NULL.
    pub get_extension: Option<unsafe extern "C" fn(host: *const Host, name: Str) -> *const c_void>,
}

/// The core below a layer. Its functions are the host's: they check and name every border. Valid until the
/// layer's `close` returns; `[session]`, only from inside the layer's own session calls.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Inner {
    /// Size of this struct in bytes, as the host knows it.
    pub struct_size: u32,
    /// Reserved, and always zero.
    pub reserved: u32,
    /// The pointer to pass as first argument.
    pub handle: *mut c_void,
    /// The same as in the vtable.
    pub publish: Option<
        unsafe extern "C" fn(
            handle: *mut c_void,
            now_ns: u64,
            messages: *const Message,
            n: u32,
            accepted: *mut u32,
            out: *mut Out,
            error: *mut ErrorBuffer,
        ) -> i32,
    >,
    /// The same as in the vtable.
    pub poll: Option<
        unsafe extern "C" fn(handle: *mut c_void, now_ns: u64, out: *mut Out, error: *mut ErrorBuffer) -> i32,
    >,
    /// The same as in the vtable.
    pub acknowledge: Option<
        unsafe extern "C" fn(
            handle: *mut c_void,
            now_ns: u64,
            tags: *const u64,
            n: u32,
            kind: u32,
            out: *mut Out,
            error: *mut ErrorBuffer,
        ) -> i32,
    >,
}

/// What `open` is told.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Open {
    /// Size of this struct in bytes, as the host knows it.
    pub struct_size: u32,
    /// Reserved, and always zero.
    pub reserved: u32,
    /// What to pass to the host's `wake` for this session.
    pub waker: u64,
    /// When the load starts, in nanoseconds since the origin; 0 on the virtual clock. Times in options
    /// ("an outage at 20s") count from here.
    pub load_start_ns: u64,
    /// The core below, for a layer; NULL otherwise. The struct itself is only borrowed for the call: copy it.
    pub inner: *const Inner,
}
