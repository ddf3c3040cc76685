//! The house rules that a machine can hold, checked on the sources themselves. `MQSCRIPT_UPDATE=1` writes the table of
//! rooms into CONTRIBUTING.md and their picture into the architecture; the lists of exceptions may only become shorter.
//!
//! Each rule is a function from sources to faults. One test applies it to the repository, another to a small made-up
//! copy that breaks it.

mod files;
mod rooms;
mod sources;
mod words;

/// Fails with the rule and what breaks it.
#[track_caller]
fn none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}
