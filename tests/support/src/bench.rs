//! What benches of the program share: how long a call takes, and what stands for several measurements.

use crate::{mini, place};
use mqscript::results::{Environment, Stopwatch};
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

/// Nanoseconds that a message of the yardstick takes.
#[derive(Debug, Clone, Copy)]
pub struct Yardstick {
    pub cpu_ns: f64,
    pub wall_ns: f64,
}

/// Plays the yardstick once, about two million messages. Beside each figure it is measured anew: what the machine does
/// meanwhile then falls on both.
pub fn yardstick() -> Yardstick {
    let stopwatch = Stopwatch::start();
    let generated = mini::play(2e6, 1).generated;
    let Environment { cpu_s, wall_s, .. } = stopwatch.finish(generated, None);
    let ns = |seconds: f64| seconds * 1e9 / generated as f64;
    Yardstick { cpu_ns: ns(cpu_s), wall_ns: ns(wall_s) }
}
