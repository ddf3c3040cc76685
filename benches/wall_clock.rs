//! Schedule lag on the wall clock, beside a bare spin loop paced by the same arrivals, in one run; and the share of a
//! processor that the run takes.
//!
//! `cargo bench --bench wall_clock`: Poisson arrivals through the mock core at rising rates. The spin loop does nothing but
//! wait for each arrival and read the clock: what is left of its lag is the machine's. It takes a whole processor.

use mqscript::metrics::Histogram;
use mqscript::plan::{ClockKind, Plan};
use serde_json::json;
use std::time::Instant;
use support::engine::{S, plan, play, stories};

const RATES_PER_S: [f64; 4] = [1_000.0, 5_000.0, 20_000.0, 100_000.0];
const SECONDS: u64 = 5;

fn traffic(rate_per_s: f64) -> Plan {
    let mut plan = plan(rate_per_s / 9.0, SECONDS * S, json!({}));
    plan.processor.workers = 10_000;
    plan
}

/// How late a loop is that only spins until each of `arrivals`.
fn spin(arrivals: &[u64]) -> Histogram {
    let mut lag = Histogram::default();
    let start = Instant::now();
    for &arrival in arrivals {
        let now = loop {
            let now = start.elapsed().as_nanos() as u64;
            if now >= arrival {
                break now;
            }
            std::hint::spin_loop();
        };
        lag.record(now - arrival);
    }
    lag
}

fn main() {
    let us = |ns: Option<u64>| ns.unwrap_or(0) as f64 / 1e3;
    for rate_per_s in RATES_PER_S {
        let (_, told) = stories(&traffic(rate_per_s));
        let arrivals: Vec<u64> = told.iter().map(|story| story.intended_ns).collect();
        for round in 1..=3 {
            let bare = spin(&arrivals).times();
            let run = play(&Plan { clock: Some(ClockKind::Wall), ..traffic(rate_per_s) });
            let lag = &run.schedule_lag;
            println!(
                "{rate_per_s}/s, round {round}: lag p50 {:.1}, p99 {:.1}, p99.9 {:.1} us; bare spin loop {:.1}, {:.1}, {:.1} us; {:.0} % of a processor",
                us(lag.p50_ns),
                us(lag.p99_ns),
                us(lag.p999_ns),
                us(bare.p50_ns),
                us(bare.p99_ns),
                us(bare.p999_ns),
                100.0 * run.environment.cpu_s / (run.duration_ns as f64 / 1e9),
            );
        }
    }
}
