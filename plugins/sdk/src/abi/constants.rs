//! Numbers with a meaning: versions, results, statuses, capabilities, flags.

/// Major part of the plugin ABI described here: another major is another language.
pub const ABI_MAJOR: u32 = 1;
/// Minor part of the plugin ABI described here: a higher one only adds.
pub const ABI_MINOR: u32 = 1;
/// What `mqs_plugin_abi` returns: `(major << 16) | minor`.
pub const ABI: u32 = (ABI_MAJOR << 16) | ABI_MINOR;

/// As a recipient: every agent but the sender. As `receivers_max`: no bound.
pub const ALL: u32 = u32::MAX;
/// As a time: never; no wish.
pub const NEVER: u64 = u64::MAX;
/// How far beyond the present an `at_ns` may lie, in nanoseconds: 366 days.
pub const AHEAD_MAX_NS: u64 = 31_622_400_000_000_000;

/// Priority of a message: low.
pub const PRIORITY_LOW: u8 = 0;
/// Priority of a message: regular.
pub const PRIORITY_REGULAR: u8 = 1;
/// Priority of a message: high.
pub const PRIORITY_HIGH: u8 = 2;
/// Priority of a message: urgent.
pub const PRIORITY_URGENT: u8 = 3;

/// Result of an attempt: the message was delivered.
pub const DELIVERED: u32 = 1;
/// Result of an attempt: surely not delivered; another attempt may succeed.
pub const REFUSED: u32 = 2;
/// Result of an attempt: not delivered, and it never will be.
pub const REJECTED: u32 = 3;
/// Result of an attempt: perhaps delivered.
pub const UNCERTAIN: u32 = 4;

/// Status: all is well.
pub const OK: i32 = 0;
/// Status: the core does not do this.
pub const UNSUPPORTED: i32 = 1;
/// Status: an argument breaks the contract.
pub const INVALID: i32 = 2;
/// Status: the options make no sense.
pub const CONFIG: i32 = 3;
/// Status: there is no connection.
pub const CONNECT: i32 = 4;
/// Status: not allowed in.
pub const AUTH: i32 = 5;
/// Status: reading or writing failed.
pub const IO: i32 = 6;
/// Status: no space left.
pub const NO_SPACE: i32 = 7;
/// Status: a defect of the core.
pub const INTERNAL: i32 = 8;
/// Status: the core panicked.
pub const PANIC: i32 = 9;
/// Status: the core panicked earlier and is not called any more.
pub const POISONED: i32 = 10;

/// Capability: no real time, no input or output.
pub const SIMULATED: u64 = 1 << 0;
/// Capability: it returns deliveries.
pub const RECEIVES: u64 = 1 << 1;
/// Capability: DELIVERED means that the medium took responsibility.
pub const CONFIRMS: u64 = 1 << 2;
/// Capability: copies of one sender, recipient and priority arrive in order.
pub const ORDERED: u64 = 1 << 3;
/// Capability: no copy arrives twice.
pub const EXACTLY_ONCE: u64 = 1 << 4;
/// Capability: what was confirmed survives a restart of the medium.
pub const DURABLE: u64 = 1 << 5;
/// Capability: it reads `content` and `text`, so that the host must fill them.
pub const READS_CONTENT: u64 = 1 << 6;
/// Capability: it is a layer, which stands over another core.
pub const LAYER: u64 = 1 << 7;
/// Capability: it touches the network.
pub const TOUCHES_NETWORK: u64 = 1 << 8;
/// Capability: it touches files.
pub const TOUCHES_FILES: u64 = 1 << 9;
/// Capability: it starts processes.
pub const STARTS_PROCESSES: u64 = 1 << 10;
/// Capability: messages to one agent and messages to all come by ways of their own, so that order, with ORDERED or without,
/// is only meant among the ones and among the others.
pub const ORDER_BY_ADDRESS: u64 = 1 << 11;
/// Capability (1.1): DELIVERED means that the medium took the message over; that it arrived, its copies tell.
pub const STORES: u64 = 1 << 12;
/// Capability (1.1): it is a queue and a processor itself: the host puts no queue before it, and hands messages over at once,
/// in the order of their generation, whatever their priority.
pub const PROCESSES: u64 = 1 << 13;
/// Capability (1.1): copies come back with the sender, the type, the priority, the tags and the metadata that were sent.
pub const UNALTERED: u64 = 1 << 14;
/// Capability (1.1): the agents of a group may have one queue together: each message in it goes to one of them.
pub const SHARES: u64 = 1 << 15;
/// Capability (1.1): it keeps leases: a copy that is not settled in time is handed over again.
pub const LEASES: u64 = 1 << 16;
/// Capability (1.1): it keeps `prefetch`: no agent has more unsettled copies at a time.
pub const LIMITS: u64 = 1 << 17;
/// Capability (1.1): copies can be given back and rejected.
pub const SETTLES: u64 = 1 << 18;
/// Capability (1.1): leases can be extended.
pub const EXTENDS: u64 = 1 << 19;
/// Capability (1.1): it keeps `max_deliveries`: a copy that was handed over so often and not settled is given up.
pub const DEAD_LETTERS: u64 = 1 << 20;

/// Flag in `Out::flags`: more is ready; poll again before sleeping.
pub const OUT_MORE: u32 = 1;
/// Flag in `Out::flags` of a `poll` (1.1): the medium holds nothing more of this run: no copy will follow those told by now.
pub const OUT_EMPTY: u32 = 2;
/// Flag in `Out::flags` (1.1): a sign of work: something of this run was worked on since the last call.
pub const OUT_WORKING: u32 = 4;
/// Flag in `Delivery::flags`: the medium says that it delivered this copy before.
pub const DELIVERY_REDELIVERED: u32 = 1;
/// Flag in `Delivery::flags` (1.1): this copy is not as it was sent; `reason` names the fields, such as "sender, type".
pub const DELIVERY_ALTERED: u32 = 2;
/// Flag in `Delivery::flags` (1.1): this copy bears no stamp, and its content is one that was sent in this run.
pub const DELIVERY_UNSTAMPED: u32 = 4;
/// Flag in `Delivery::flags` (1.1): no copy, but a call of a processor that tried to deliver this message and failed; `reason`
/// says how, `attempt` the how-manieth call for this message it was.
pub const DELIVERY_FAILED_CALL: u32 = 8;
/// Flag in `Delivery::flags` (1.1): no copy: a processor says that it never will deliver this message; `reason` says why.
pub const DELIVERY_GIVEN_UP: u32 = 16;
/// The flags of what is no copy.
pub const DELIVERY_NO_COPY: u32 = DELIVERY_FAILED_CALL | DELIVERY_GIVEN_UP;
/// In `Delivery::flags` (1.1): the bits that hold the how-manieth hand-over of this copy it is, from 1; 0 = not known, 255 = the
/// 255th or a later one.
pub const DELIVERY_HANDOVERS: u32 = 0xff00;
/// How far the bits of DELIVERY_HANDOVERS lie to the left.
pub const DELIVERY_HANDOVERS_SHIFT: u32 = 8;
/// Kind of acknowledgement: the copies were taken, and never come again.
pub const ACK: u32 = 0;
/// Kind of acknowledgement (1.1, with SETTLES): the copies are given back, to be handed over again after the delay for that.
pub const GIVE_BACK: u32 = 1;
/// Kind of acknowledgement (1.1, with SETTLES): the copies are refused for good; the medium gives them up.
pub const REJECT: u32 = 2;
/// Kind of acknowledgement (1.1, with EXTENDS): the leases of the copies begin anew.
pub const EXTEND: u32 = 3;

/// As the queue of a group: its agents have an inbox each.
pub const NO_QUEUE: u32 = u32::MAX;
/// Flag in `PluginDescriptor::flags`: a panic in this library aborts the process.
pub const PLUGIN_PANIC_ABORTS: u64 = 1;

/// Clock of a run: time jumps from event to event.
pub const CLOCK_VIRTUAL: u32 = 0;
/// Clock of a run: real time.
pub const CLOCK_WALL: u32 = 1;

/// Log level: an error.
pub const LOG_ERROR: u32 = 1;
/// Log level: a warning.
pub const LOG_WARN: u32 = 2;
/// Log level: something that is good to know.
pub const LOG_INFO: u32 = 3;
/// Log level: details for debugging.
pub const LOG_DEBUG: u32 = 4;

/// In `Stamp::flags`: the bits that hold the priority.
pub const STAMP_PRIORITY: u8 = 0b011;
/// Flag in `Stamp::flags`: `checksum` is set.
pub const STAMP_CHECKSUM: u8 = 0b100;

/// Interned texts of one run: no more than so many; what comes after is "other".
pub const INTERNED_MAX: u32 = 4096;
/// Interned texts are cut at so many bytes.
pub const INTERNED_BYTES_MAX: u32 = 200;

/// What became of one attempt, as a checked value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum OutcomeResult {
    /// The message was delivered.
    Delivered = DELIVERED,
    /// Surely not delivered; another attempt may succeed.
    Refused = REFUSED,
    /// Not delivered, and it never will be.
    Rejected = REJECTED,
    /// Nobody knows whether the message was delivered.
    Uncertain = UNCERTAIN,
}

impl OutcomeResult {
    /// The result that `raw` stands for; `None` if the contract knows no such result.
    #[inline]
    pub const fn from_raw(raw: u32) -> Option<OutcomeResult> {
        Some(match raw {
            DELIVERED => OutcomeResult::Delivered,
            REFUSED => OutcomeResult::Refused,
            REJECTED => OutcomeResult::Rejected,
            UNCERTAIN => OutcomeResult::Uncertain,
            _ => return None,
        })
    }
}

/// The names of all known capability bits, lowest first.
pub const CAPABILITY_NAMES: [(u64, &str); 21] = [
    (SIMULATED, "SIMULATED"),
    (RECEIVES, "RECEIVES"),
    (CONFIRMS, "CONFIRMS"),
    (ORDERED, "ORDERED"),
    (EXACTLY_ONCE, "EXACTLY_ONCE"),
    (DURABLE, "DURABLE"),
    (READS_CONTENT, "READS_CONTENT"),
    (LAYER, "LAYER"),
    (TOUCHES_NETWORK, "TOUCHES_NETWORK"),
    (TOUCHES_FILES, "TOUCHES_FILES"),
    (STARTS_PROCESSES, "STARTS_PROCESSES"),
    (ORDER_BY_ADDRESS, "ORDER_BY_ADDRESS"),
    (STORES, "STORES"),
    (PROCESSES, "PROCESSES"),
    (UNALTERED, "UNALTERED"),
    (SHARES, "SHARES"),
    (LEASES, "LEASES"),
    (LIMITS, "LIMITS"),
    (SETTLES, "SETTLES"),
    (EXTENDS, "EXTENDS"),
    (DEAD_LETTERS, "DEAD_LETTERS"),
];

/// The contract's name of a status; a status unknown here is told by its number.
pub fn status_name(status: i32) -> String {
    let name = match status {
        OK => "OK",
        UNSUPPORTED => "UNSUPPORTED",
        INVALID => "INVALID",
        CONFIG => "CONFIG",
        CONNECT => "CONNECT",
        AUTH => "AUTH",
        IO => "IO",
        NO_SPACE => "NO_SPACE",
        INTERNAL => "INTERNAL",
        PANIC => "PANIC",
        POISONED => "POISONED",
        _ => return format!("status {status}"),
    };
    name.to_owned()
}
