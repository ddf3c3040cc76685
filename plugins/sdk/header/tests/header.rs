//! The committed header is the contract: it is up to date, it is plain C and C++, and a C compiler lays its
//! structs out as Rust does.

use mqscript_plugin::{Stamp, abi, crc32c};
use std::mem::{offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_committed_header_is_up_to_date() {
    let committed = std::fs::read_to_string(mqscript_header::header_path()).unwrap();
    let same = committed == mqscript_header::header_text();
    assert!(same, "the contract has changed: `cargo run -p mqscript-header` writes the header anew");
}

/// Compiles a program against the header, runs it, and returns what it prints.
fn run_c(name: &str, compiler: &[&str], body: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, program): (PathBuf, PathBuf) = (folder.join(format!("{name}.c")), folder.join(name));
    std::fs::write(&source, format!("#include \"mqscript_core.h\"\n#include <stdio.h>\n{body}\n")).unwrap();
    let output = Command::new(compiler[0])
        .args(&compiler[1..])
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(mqscript_header::header_path().parent().unwrap())
        .arg("-o")
        .arg(&program)
        .arg(&source)
        .output()
        .expect("a C compiler named `cc`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

macro_rules! layout {
    ($($rust:ident $c:literal: $($field:ident),+;)+) => {{
        let mut questions = String::new();
        let mut answers = String::new();
        $(
            questions += &format!("printf(\"{} %zu\\n\", sizeof({}));\n", $c, $c);
            answers += &format!("{} {}\n", $c, size_of::<abi::$rust>());
            $(
                questions += &format!(
                    "printf(\"{}.{} %zu\\n\", offsetof({}, {}));\n",
                    $c, stringify!($field), $c, stringify!($field)
                );
                answers += &format!("{}.{} {}\n", $c, stringify!($field), offset_of!(abi::$rust, $field));
            )+
        )+
        (questions, answers)
    }};
}

#[test]
fn a_c_compiler_lays_everything_out_alike() {
    let (questions, answers) = layout! {
        Str "mqs_str": ptr, len;
        Bytes "mqs_bytes": ptr, len;
        Pair "mqs_pair": key, value;
        Text "mqs_text": sender, recipient, message_type, tags, metadata, tags_len, metadata_len;
        Stamp "mqs_stamp": run, sender, sequence, intended_ns, checksum, type_id, attempt, flags;
        Message "mqs_message": token, stamp, sender_id, recipient_id, type_id, priority, attempt, flags,
            created_ns, expires_ns, content, text, reserved;
        Outcome "mqs_outcome": first, count, result, reason, at_ns;
        Delivery "mqs_delivery": stamp, content, at_ns, ack_tag, recipient_id, flags, text, reserved;
        Out "mqs_out": struct_size, flags, outcomes, outcomes_cap, outcomes_len, deliveries, deliveries_cap,
            deliveries_len, next_due_ns;
        ErrorBuffer "mqs_error": struct_size, code, len, cap, buf;
        TypeRow "mqs_type_row": name, wire_type, tags, tags_len, priority;
        Run "mqs_run": struct_size, run, clock_kind, agents, parties, types_len, types, party_name, host_data,
            receive, wants_content, max_in_flight;
        Host "mqs_host": struct_size, abi, data, log, now_ns, wake, event, intern, get_extension;
        Inner "mqs_inner": struct_size, handle, publish, poll, acknowledge;
        Open "mqs_open": struct_size, waker, load_start_ns, inner;
        CoreVtable "mqs_core_vtable": struct_size, create, destroy, open, close, publish, poll, acknowledge,
            flush, prepare, clean, stats, get_extension;
        CoreDescriptor "mqs_core_descriptor": struct_size, receivers_max, capabilities, id, summary,
            options_schema, vtable;
        PluginDescriptor "mqs_plugin_descriptor": struct_size, abi, flags, name, version, cores, cores_len;
    };
    let body = format!("int main(void) {{\n{questions}return 0;\n}}");
    assert_eq!(run_c("layout", &["cc", "-std=c11"], &body), answers);
}

#[test]
fn the_inline_stamp_and_checksum_are_those_of_the_sdk() {
    let stamp = Stamp {
        run: 0xdead_beef,
        sender: 8,
        sequence: 123_456_789_012,
        intended_ns: 60_000_000_001,
        checksum: crc32c(b"hello"),
        type_id: 513,
        attempt: 3,
        flags: 0b111,
    };
    let text = String::from_utf8(stamp.encode().to_vec()).unwrap();
    let body = format!(
        r#"int main(void) {{
            mqs_stamp stamp;
            char text[MQS_STAMP_TEXT_LEN];
            if (!mqs_stamp_decode("{text}", MQS_STAMP_TEXT_LEN, &stamp)) return 1;
            if (mqs_stamp_decode("{text}", 42, &stamp) || mqs_stamp_decode("=", 1, &stamp)) return 2;
            if (stamp.checksum != mqs_crc32c((const uint8_t *)"hello", 5)) return 3;
            if (stamp.sequence != 123456789012 || stamp.type_id != 513) return 4;
            mqs_stamp_encode(&stamp, text);
            printf("%.43s", text);
            return 0;
        }}"#
    );
    assert_eq!(run_c("stamp", &["cc", "-std=c11"], &body), text);
}

#[test]
fn constants_have_the_same_values() {
    let body = r#"int main(void) {
        printf("%u %u %llu %llu %d %d", (unsigned)MQS_ABI, (unsigned)MQS_ALL, (unsigned long long)MQS_NEVER,
               (unsigned long long)MQS_AHEAD_MAX_NS, MQS_STARTS_PROCESSES, MQS_POISONED);
        return 0;
    }"#;
    let expected = format!(
        "{} {} {} {} {} {}",
        abi::ABI,
        abi::ALL,
        abi::NEVER,
        abi::AHEAD_MAX_NS,
        abi::STARTS_PROCESSES,
        abi::POISONED
    );
    assert_eq!(run_c("constants", &["cc", "-std=c11"], body), expected);
}

#[test]
fn it_is_cpp_too() {
    // Only a C compiler is asked for to build mqscript.
    if Command::new("c++").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("MQSCRIPT_NO_SKIP").is_none(),
            "there is no c++, and nothing may be skipped"
        );
        println!("skipped: there is no c++ on this machine");
        return;
    }
    let body = "int main() { mqs_message message = mqs_message(); return (int)message.token; }";
    assert_eq!(run_c("cpp", &["c++", "-x", "c++", "-std=c++17"], body), "");
}
