//! The program as it is typed.

use std::process::{Command, Stdio};
use std::time::Instant;

/// Wall seconds of one call, which must succeed.
pub fn seconds(arguments: &[&str]) -> f64 {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_mqscript"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("starts");
    let seconds = start.elapsed().as_secs_f64();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    seconds
}
