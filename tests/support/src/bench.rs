//! What benches of the program share: how long a call takes, and what stands for several measurements.

use crate::place;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Wall seconds of one call of the program, which must succeed.
pub fn seconds(arguments: &[&str]) -> f64 {
    let start = Instant::now();
    let output =
        Command::new(place::program()).args(arguments).stdin(Stdio::null()).output().expect("starts");
    let seconds = start.elapsed().as_secs_f64();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    seconds
}

/// The median of at least one value; the upper of two.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
