//! The committed header is the contract: it is up to date, and its inline functions do what the SDK's do.

mod compile;

use compile::{C, CPP, run};
use mqscript_plugin::random::{KeyedSource, MessageKey, text_key};
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

#[test]
fn a_failure_is_cut_before_the_character_that_does_not_fit() {
    // Every room from none to more than enough, for a text of one, two, three and four bytes a character.
    let text = "aé€𝄞z";
    let body = format!(
        r#"int main(void) {{
            uint8_t buf[16];
            unsigned cap;
            for (cap = 0; cap < 16; cap++) {{
                mqs_error error = {{sizeof error, 0, 0, cap, buf}};
                if (mqs_fail(&error, MQS_IO, "{text}") != MQS_IO || error.code != MQS_IO) return 1;
                printf("%u ", error.len);
            }}
            return 0;
        }}"#
    );
    let fits =
        |cap: usize| text.char_indices().map(|(at, c)| at + c.len_utf8()).filter(|end| *end <= cap).max();
    let expected: String = (0..16).map(|cap| format!("{} ", fits(cap).unwrap_or(0))).collect();
    assert_eq!(run("fail_c", C, &body), Some(expected.clone()));
    assert!(run("fail_cpp", CPP, &body).is_none_or(|printed| printed == expected));
}

#[test]
fn the_inline_luck_is_that_of_the_sdk() {
    let key = MessageKey { sender_key: text_key("Agent-1"), sequence: 77, attempt: 2, recipient_key: 0 };
    let mut expected = String::new();
    for recipient in ["", "Agent-2"] {
        let recipient_key = if recipient.is_empty() { 0 } else { text_key(recipient) };
        let mut stream = KeyedSource::new(42, "mine", "latency").stream(MessageKey { recipient_key, ..key });
        expected.push_str(&format!("{} {:.17} ", stream.next_u64(), stream.unit()));
    }
    let body = r#"int main(void) {
            mqs_stamp stamp;
            uint64_t source = mqs_luck_source(42, "mine", "latency"), keys[2];
            int i;
            memset(&stamp, 0, sizeof stamp);
            stamp.sequence = 77;
            keys[0] = 0;
            keys[1] = mqs_text_key("Agent-2", 7);
            for (i = 0; i < 2; i++) {
                uint64_t luck = mqs_luck(source, mqs_text_key("Agent-1", 7), &stamp, 2, keys[i]);
                unsigned long long bits = mqs_luck_next(&luck);
                printf("%llu %.17f ", bits, mqs_luck_unit(&luck));
            }
            return 0;
        }"#;
    assert_eq!(run("luck_c", C, body).as_ref(), Some(&expected));
    assert!(run("luck_cpp", CPP, body).is_none_or(|printed| printed == expected));
}
