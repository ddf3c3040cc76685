//! What cores and chains can do: bits of the contract, their names, and how a chain gets them from its parts.

use mqscript_plugin::abi;

/// Capabilities that a chain has only if all of it has them.
pub(super) const BY_AND: u64 =
    abi::SIMULATED | abi::RECEIVES | abi::CONFIRMS | abi::ORDERED | abi::EXACTLY_ONCE | abi::DURABLE;
/// Capabilities that a chain has if any part has them.
pub(super) const BY_OR: u64 = abi::READS_CONTENT
    | abi::TOUCHES_NETWORK
    | abi::TOUCHES_FILES
    | abi::STARTS_PROCESSES
    | abi::ORDER_BY_ADDRESS
    | abi::STORES
    | abi::PROCESSES
    | abi::UNALTERED
    | CONSUMING;

/// What a medium can do for agents that take their time.
pub const CONSUMING: u64 =
    abi::SHARES | abi::LEASES | abi::LIMITS | abi::SETTLES | abi::EXTENDS | abi::DEAD_LETTERS;

/// Capabilities that options may take away: nothing that a core touches is.
pub(super) const MAY_LACK: u64 = BY_AND | abi::STORES | abi::PROCESSES | abi::UNALTERED | CONSUMING;

/// What a chain can do whose parts, innermost first, can do this.
pub(super) fn combined(capabilities: impl IntoIterator<Item = u64>) -> u64 {
    let mut parts = capabilities.into_iter();
    let first = parts.next().unwrap_or(0);
    parts.fold(first, |inner, layer| (inner & layer & BY_AND) | ((inner | layer) & BY_OR))
}

/// The bit of the capability of this name; none if there is no such capability.
pub fn capability_named(name: &str) -> u64 {
    abi::CAPABILITY_NAMES.iter().find(|(_, known)| *known == name).map_or(0, |(bit, _)| *bit)
}

/// The names of capability bits; a bit unknown to this host is told by its number.
pub fn capability_names(bits: u64) -> Vec<String> {
    let mut names = Vec::new();
    let mut unknown = bits;
    for (bit, name) in abi::CAPABILITY_NAMES {
        if bits & bit != 0 {
            names.push(name.to_owned());
        }
        unknown &= !bit;
    }
    names.extend((0..64).filter(|bit| unknown >> bit & 1 == 1).map(|bit| format!("unknown bit {bit}")));
    names
}
