//! The committed header is the contract: it is up to date, and its inline functions do what the SDK's do.

mod compile;

use compile::{C, CPP, run};
use mqscript_plugin::{Stamp, crc32c};

#[test]
fn the_committed_header_is_up_to_date() {
    let committed = std::fs::read_to_string(mqscript_header::header_path()).unwrap();
    let same = committed == mqscript_header::header_text();
    assert!(same, "the contract has changed: `cargo run -p mqscript-header` writes the header anew");
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
    assert_eq!(run("stamp_c", C, &body).as_ref(), Some(&text));
    assert!(run("stamp_cpp", CPP, &body).is_none_or(|printed| printed == text));
}
