//! A core that breaks one rule of the contract on purpose: `MQSCRIPT_BAD` names the test of `mqscript core check` that
//! must catch it. Without the variable it is a good core: simulated, receiving, answering when it is polled.
//!
//! It speaks the raw ABI, as the SDK would not let it.

mod layer;
mod life;
mod session;

use mqscript_plugin::abi::{self, CoreDescriptor, CoreVtable, PluginDescriptor, Str};
use std::sync::OnceLock;

/// Whether this library was told to break the rule that the test of this name is about.
pub(crate) fn is(fault: &str) -> bool {
    static FAULT: OnceLock<String> = OnceLock::new();
    FAULT.get_or_init(|| std::env::var("MQSCRIPT_BAD").unwrap_or_default()) == fault
}

/// Whether it is a layer this time.
fn is_layer() -> bool {
    ["layer_alone", "layer_passes_on", "layer_due", "layer_failure", "a_good_layer"].into_iter().any(is)
}

/// Whether it is a live core this time.
pub(crate) fn is_live() -> bool {
    ["calls_return", "waker", "wakes", "a_good_live_core"].into_iter().any(is)
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
