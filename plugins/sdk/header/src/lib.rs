//! Writes `plugins/sdk/include/mqscript_core.h` out of the SDK's types.
//!
//! A crate of its own, so that building mqscript does not compile cbindgen. After a change of the contract:
//! `cargo run -p mqscript-header`; a test fails as long as that is forgotten.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

const HEAD: &str = "\
/* The contract between mqscript and a messaging core: plugin ABI 1.
 *
 * Generated from the crate mqscript-plugin; do not edit. `cargo run -p mqscript-header` writes it anew.
 *
 * Threads. [control]: on any one thread, with a time limit, never while a session call of the same core runs.
 * [session]: by one thread at a time. [any thread]: from anywhere, also from inside a call.
 * Ownership. Everything passed in is borrowed for the call, except where a comment names a longer time. No
 * memory is ever freed across the border.
 * Times are nanoseconds since the run's origin, which is taken just before `create`.
 * Growth. Structs that begin with `struct_size` may gain fields at their end: touch a field only if it lies
 * inside (MQS_HAS). The others never grow; their reserved fields are zero.
 * Rules. `docs/core-contract.md` numbers every rule as `mqscript core check` cites it: the library R1 to R7,
 * options R10 to R14, capabilities R20 to R22, lifecycle R30 to R40, session calls R50 to R67, outcomes R70 to
 * R77, deliveries R80 to R89, simulation R90 to R97, the process R100 to R109, layers R110 to R114, consumers R120
 * to R130.
 * Names. Comments leave out the prefixes `mqs_` and `MQS_`.
 */";

/// Where the header is kept.
pub fn header_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/mqscript_core.h")
}

/// The header's text.
pub fn header_text() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(here.join("cbindgen.toml")).expect("cbindgen.toml is ours");
    config.header = Some(HEAD.to_owned());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in ["constants", "values", "calls", "plugin"] {
        builder = builder.with_src(here.join(format!("../src/abi/{file}.rs")));
    }
    let mut text = Vec::new();
    builder.generate().expect("the contract's types have a C form").write(&mut text);
    finish(&String::from_utf8(text).expect("cbindgen writes UTF-8"))
}

/// Leaves out what is of use to Rust alone, and puts the inline functions inside the include guard.
fn finish(generated: &str) -> String {
    let (types, guard) = generated.rsplit_once("#endif").expect("an include guard");
    let mut lines: Vec<&str> = Vec::new();
    for line in types.lines() {
        // Values of whole structs, such as `Stamp::NONE`: constants of this kind are no C.
        if line.starts_with("#define mqs_") {
            while lines.last().is_some_and(|line| line.starts_with("//")) {
                lines.pop();
            }
        } else {
            lines.push(line);
        }
    }
    let inline = include_str!("inline.h").trim_end();
    format!("{}\n\n{inline}\n\n#endif{guard}", lines.join("\n").trim_end())
}
