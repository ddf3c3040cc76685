//! A C and a C++ compiler lay the header's structs out as Rust does, and its constants have Rust's values.
//!
//! Everything is named once, in the two lists below; that the lists are complete is held against the header itself.

mod compile;

use compile::{C, CPP, run};
use mqscript_plugin::{STAMP_NAME, STAMP_PREFIX, STAMP_TEXT_LEN, abi};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::mem::{offset_of, size_of};

/// What a compiler is asked, as lines of C, and the answers that Rust gives, line by line.
#[derive(Default)]
struct Probe {
    names: BTreeSet<String>,
    questions: String,
    answers: String,
}

impl Probe {
    fn ask(&mut self, name: &str, expression: &str, answer: u64) {
        let question = format!("printf(\"{name} %llu\\n\", (unsigned long long)({expression}));");
        writeln!(self.questions, "{question}").unwrap();
        writeln!(self.answers, "{name} {answer}").unwrap();
    }

    fn field(&mut self, of: &str, field: &str, offset: usize, size: usize) {
        self.names.insert(format!("{of}.{field}"));
        self.ask(&format!("{of}.{field} at"), &format!("offsetof({of}, {field})"), offset as u64);
        self.ask(&format!("{of}.{field} size"), &format!("sizeof((({of} *)0)->{field})"), size as u64);
    }

    fn holds(&self, name: &str) {
        let body = format!("int main(void) {{\n{}return 0;\n}}", self.questions);
        assert_eq!(run(&format!("{name}_c"), C, &body).as_ref(), Some(&self.answers));
        let cpp = run(&format!("{name}_cpp"), CPP, &body);
        assert!(cpp.is_none_or(|printed| printed == self.answers), "C++ differs from C");
    }
}

fn size<T, F>(_: impl Fn(&T) -> &F) -> usize {
    size_of::<F>()
}

macro_rules! structs {
    ($($rust:ident $c:literal: $($field:ident),+;)+) => {{
        let mut probe = Probe::default();
        $(
            probe.ask(concat!($c, " size"), concat!("sizeof(", $c, ")"), size_of::<abi::$rust>() as u64);
            $(probe.field($c, stringify!($field), offset_of!(abi::$rust, $field),
                size(|whole: &abi::$rust| &whole.$field));)+
        )+
        probe
    }};
}

fn structs() -> Probe {
    structs! {
        Str "mqs_str": ptr, len;
        Bytes "mqs_bytes": ptr, len;
        Pair "mqs_pair": key, value;
        Text "mqs_text": sender, recipient, message_type, tags, metadata, tags_len, metadata_len, reserved;
        Stamp "mqs_stamp": run, sender, sequence, intended_ns, checksum, type_id, attempt, flags;
        Message "mqs_message": token, stamp, sender_id, recipient_id, type_id, priority, attempt, flags,
            created_ns, expires_ns, content, text, sender_key, reserved;
        Outcome "mqs_outcome": first, count, result, reason, reserved, at_ns, reserved_tail;
        Delivery "mqs_delivery": stamp, content, at_ns, ack_tag, recipient_id, flags, text, reason, attempt,
            reserved;
        Out "mqs_out": struct_size, flags, outcomes, outcomes_cap, outcomes_len, deliveries, deliveries_cap,
            deliveries_len, next_due_ns;
        ErrorBuffer "mqs_error": struct_size, code, len, cap, buf;
        TypeRow "mqs_type_row": name, wire_type, tags, tags_len, priority, reserved;
        Run "mqs_run": struct_size, run, clock_kind, agents, parties, types_len, types, party_name, host_data,
            receive, wants_content, max_in_flight, reserved, groups, groups_len, reserved_tail;
        GroupRow "mqs_group_row": name, first_agent, agents, queue, prefetch, lease_ns, max_deliveries,
            redelivery_len, redelivery_ns, reserved;
        Host "mqs_host": struct_size, abi, data, log, now_ns, wake, event, intern, get_extension;
        Inner "mqs_inner": struct_size, reserved, handle, publish, poll, acknowledge;
        Open "mqs_open": struct_size, reserved, waker, load_start_ns, inner;
        CoreVtable "mqs_core_vtable": struct_size, reserved, create, destroy, open, close, publish, poll,
            acknowledge, flush, prepare, clean, stats, get_extension;
        CoreDescriptor "mqs_core_descriptor": struct_size, receivers_max, capabilities, id, summary,
            options_schema, vtable;
        PluginDescriptor "mqs_plugin_descriptor": struct_size, abi, flags, name, version, cores, cores_len,
            reserved;
    }
}

macro_rules! constants {
    ($($name:ident),+ $(,)?) => {{
        let mut probe = Probe::default();
        $(
            probe.names.insert(concat!("MQS_", stringify!($name)).to_owned());
            probe.ask(concat!("MQS_", stringify!($name)), concat!("MQS_", stringify!($name)), abi::$name as u64);
        )+
        probe
    }};
}

fn constants() -> Probe {
    constants! {
        ABI_MAJOR, ABI_MINOR, ABI, ALL, NEVER, AHEAD_MAX_NS,
        PRIORITY_LOW, PRIORITY_REGULAR, PRIORITY_HIGH, PRIORITY_URGENT,
        DELIVERED, REFUSED, REJECTED, UNCERTAIN,
        OK, UNSUPPORTED, INVALID, CONFIG, CONNECT, AUTH, IO, NO_SPACE, INTERNAL, PANIC, POISONED,
        SIMULATED, RECEIVES, CONFIRMS, ORDERED, EXACTLY_ONCE, DURABLE, READS_CONTENT, LAYER, TOUCHES_NETWORK,
        TOUCHES_FILES, STARTS_PROCESSES, ORDER_BY_ADDRESS, STORES, PROCESSES, UNALTERED,
        SHARES, LEASES, LIMITS, SETTLES, EXTENDS, DEAD_LETTERS,
        OUT_MORE, OUT_EMPTY, OUT_WORKING, DELIVERY_REDELIVERED, DELIVERY_ALTERED, DELIVERY_UNSTAMPED, DELIVERY_FAILED_CALL, DELIVERY_GIVEN_UP,
        DELIVERY_NO_COPY, DELIVERY_HANDOVERS, DELIVERY_HANDOVERS_SHIFT, ACK, GIVE_BACK, REJECT, EXTEND, NO_QUEUE, PLUGIN_PANIC_ABORTS, CLOCK_VIRTUAL, CLOCK_WALL,
        LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, STAMP_PRIORITY, STAMP_CHECKSUM,
        INTERNED_MAX, INTERNED_BYTES_MAX,
    }
}

fn header() -> String {
    std::fs::read_to_string(mqscript_header::header_path()).unwrap()
}

/// The name that a declaration of a field declares: `uint64_t reserved[4];`, `int32_t (*poll)(void *handle, …`.
fn declared(line: &str) -> Option<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some((_, rest)) = line.split_once("(*") {
        return rest.split(')').next();
    }
    let before = line.split(['[', ';']).next()?;
    before.rsplit(|c: char| !is_word(c)).next().filter(|name| !name.is_empty())
}

/// Every field of every struct in the header: "mqs_str.len". A declaration may take several lines, of which the
/// later ones are indented further.
fn fields_in(header: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for body in header.split("\ntypedef struct ").skip(1) {
        let Some((name, rest)) = body.split_once(" {\n") else { continue };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let lines = rest.lines().take_while(|line| !line.starts_with('}'));
        let first = lines.filter(|line| !line.starts_with("   ") && !line.trim_start().starts_with("//"));
        found.extend(first.filter_map(declared).map(|field| format!("{name}.{field}")));
    }
    found
}

/// Every constant in the header that the generator made; those of the inline part follow the structs.
fn constants_in(header: &str) -> BTreeSet<String> {
    let (generated, _) = header.split_once("/* What every core needs").expect("the inline part");
    let lines = generated.lines().filter_map(|line| line.strip_prefix("#define "));
    let names = lines.filter_map(|line| line.split_once(' ')).map(|(name, _)| name.to_owned());
    names.filter(|name| name.starts_with("MQS_")).collect()
}

#[test]
fn every_struct_is_laid_out_alike() {
    structs().holds("structs");
}

#[test]
fn every_constant_has_the_same_value() {
    let mut probe = constants();
    probe.ask("MQS_STAMP_TEXT_LEN", "MQS_STAMP_TEXT_LEN", STAMP_TEXT_LEN as u64);
    for (name, text) in [("MQS_STAMP_NAME", STAMP_NAME), ("MQS_STAMP_PREFIX", STAMP_PREFIX)] {
        probe.ask(name, &format!("strcmp({name}, {text:?}) == 0"), 1);
    }
    probe.holds("constants");
}

#[test]
fn nothing_in_the_header_is_left_out() {
    let text = header();
    assert_eq!(structs().names, fields_in(&text));
    assert_eq!(constants().names, constants_in(&text));
}

#[test]
fn what_is_new_in_the_header_is_seen() {
    let text = header();
    let grown = text.replace(
        "} mqs_inner;",
        "  uint64_t (*novel)(void *handle,\n                    int x);\n} mqs_inner;",
    );
    let fields: Vec<String> = fields_in(&grown).difference(&fields_in(&text)).cloned().collect();
    assert_eq!(fields, ["mqs_inner.novel"]);
    let grown = text.replace("#define MQS_OK 0", "#define MQS_OK 0\n#define MQS_NOVEL 5");
    let constants: Vec<String> = constants_in(&grown).difference(&constants_in(&text)).cloned().collect();
    assert_eq!(constants, ["MQS_NOVEL"]);
}
