//! A core that breaks one rule of the contract on purpose: `MQSCRIPT_BAD` names the test of `mqscript core check` that
//! must catch it. Without the variable it is a good core: simulated, receiving, answering when it is polled.
//!
//! It speaks the raw ABI, as the SDK would not let it.

mod consumers;
mod layer;
mod life;
mod session;

use mqscript_plugin::abi::{self, CoreDescriptor, CoreVtable, PluginDescriptor, Str};
use std::sync::OnceLock;

/// What the environment asks for.
fn asked() -> &'static str {
    static FAULT: OnceLock<String> = OnceLock::new();
    FAULT.get_or_init(|| std::env::var("MQSCRIPT_BAD").unwrap_or_default())
}

/// Follows the fault of a core with leases that is to be a live one.
const LIVE: &str = "_on_the_wall_clock";

/// Whether this library was told to break the rule that the test of this name is about.
pub(crate) fn is(fault: &str) -> bool {
    asked().strip_suffix(LIVE).unwrap_or(asked()) == fault
}

/// Whether it is a layer this time.
fn is_layer() -> bool {
    ["layer_alone", "layer_passes_on", "layer_due", "layer_failure", "a_good_layer"].into_iter().any(is)
}

/// Whether it is a live core this time.
pub(crate) fn is_live() -> bool {
    ["calls_return", "waker", "wakes", "a_good_live_core"].into_iter().any(is)
}

/// Whether it is a core with leases this time.
fn has_leases() -> bool {
    const FAULTS: [&str; 11] = [
        "shares",
        "limits",
        "leases",
        "settled",
        "handovers",
        "gives_back",
        "rejects",
        "extends",
        "dead_letters",
        "late_settlements",
        "unsubscribed",
    ];
    // What breaks a rule in another way is named after the rule's test.
    let known = |fault: &str| is(fault) || is(&format!("{fault}_otherwise"));
    is("a_good_core_with_leases") || FAULTS.into_iter().any(known)
}

/// What it declares.
pub(crate) fn capabilities() -> u64 {
    let mut bits = abi::SIMULATED
        | abi::RECEIVES
        | abi::CONFIRMS
        | abi::ORDERED
        | abi::EXACTLY_ONCE
        | abi::READS_CONTENT;
    if is_live() {
        bits = 0;
    }
    if has_leases() {
        bits = consumers::CAPABILITIES;
        if asked().ends_with(LIVE) {
            bits &= !abi::SIMULATED;
        }
    }
    if is_layer() {
        bits |= abi::LAYER;
    }
    if is("capabilities_sound") {
        bits |= abi::TOUCHES_FILES;
    }
    if is("delivered_memory") {
        bits &= !abi::READS_CONTENT;
    }
    bits
}

fn schema() -> &'static str {
    let faults = [
        (
            "options_described",
            r#"{"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}"#,
        ),
        (
            "options_defaults",
            r#"{"type": "object", "properties": {"n": {"type": "integer", "description": "A number", "default": "one"}}}"#,
        ),
        (
            "options_unknown_key",
            r#"{"type": "object", "additionalProperties": true, "properties": {"n": {"type": "integer", "description": "A number", "default": 1}}}"#,
        ),
        (
            "options_wrong_type",
            r#"{"type": "object", "properties": {"n": {"description": "Anything", "default": 1}}}"#,
        ),
    ];
    let good = r#"{"type": "object", "properties": {"n": {"type": "integer", "description": "A number", "default": 1}}}"#;
    faults.into_iter().find(|(fault, _)| is(fault)).map_or(good, |(_, schema)| schema)
}

fn vtable() -> CoreVtable {
    let mut table = CoreVtable {
        struct_size: size_of::<CoreVtable>() as u32,
        reserved: 0,
        create: Some(life::create),
        destroy: Some(life::destroy),
        open: Some(life::open),
        close: Some(life::close),
        publish: Some(session::publish),
        poll: Some(session::poll),
        acknowledge: Some(session::acknowledge),
        flush: Some(session::flush),
        prepare: Some(life::prepare),
        clean: Some(life::clean),
        stats: Some(life::stats),
        get_extension: None,
    };
    if is("acknowledge") {
        table.acknowledge = None;
    }
    if has_leases() {
        table.open = Some(consumers::open);
        table.close = Some(consumers::close);
        table.publish = Some(consumers::publish);
        table.poll = Some(consumers::poll);
        table.acknowledge = Some(consumers::acknowledge);
        table.flush = None;
    }
    if is_layer() {
        table.open = Some(layer::open);
        table.close = Some(layer::close);
        table.publish = Some(layer::publish);
        table.poll = Some(layer::poll);
        table.acknowledge = None;
        table.flush = None;
    }
    table
}

/// "Asked first, frozen for ever."
#[unsafe(no_mangle)]
pub extern "C" fn mqs_plugin_abi() -> u32 {
    abi::ABI
}

/// The one core.
#[unsafe(no_mangle)]
pub extern "C" fn mqs_plugin_entry_v1(_host: *const abi::Host) -> *const PluginDescriptor {
    let summary = if is("summary") { "" } else { "Breaks one rule" };
    let core: &'static CoreDescriptor = Box::leak(Box::new(CoreDescriptor {
        struct_size: size_of::<CoreDescriptor>() as u32,
        receivers_max: abi::ALL,
        capabilities: capabilities(),
        id: Str::new("bad"),
        summary: Str::new(summary),
        options_schema: Str::new(schema()),
        vtable: Box::leak(Box::new(vtable())),
    }));
    let cores: &'static [*const CoreDescriptor; 1] = Box::leak(Box::new([std::ptr::from_ref(core)]));
    Box::leak(Box::new(PluginDescriptor {
        struct_size: size_of::<PluginDescriptor>() as u32,
        abi: abi::ABI,
        flags: 0,
        name: Str::new("mqscript-bad"),
        version: Str::new(env!("CARGO_PKG_VERSION")),
        cores: cores.as_ptr(),
        cores_len: 1,
        reserved: 0,
    }))
}
