//! What each program of the model is told, `PROGRAM MESSAGES SEED`, and what it tells: one line of JSON.

use rustix::time::{ClockId, clock_gettime};

/// About how many messages are to arrive; a million without an argument.
pub fn messages() -> f64 {
    std::env::args().nth(1).map_or(1e6, |text| text.parse().expect("a number of messages"))
}

/// The seed; 1 without an argument.
pub fn seed() -> u64 {
    std::env::args().nth(2).map_or(1, |text| text.parse().expect("a seed"))
}

/// Processor seconds of this process so far.
pub fn cpu_s() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 * 1e-9
}

/// Prints the figures that `compare.py` reads.
pub fn tell(generated: u64, delivered: u64, mean_wait_ns: f64, cpu_s: f64) {
    let mean_wait_ms = mean_wait_ns / 1e6;
    println!(
        r#"{{"generated": {generated}, "delivered": {delivered}, "mean_wait_ms": {mean_wait_ms}, "cpu_s": {cpu_s}}}"#
    );
}
