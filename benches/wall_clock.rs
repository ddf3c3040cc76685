//! Schedule lag on the wall clock, beside a bare spin loop paced by the same arrivals, in one run.
//!
//! `cargo bench --bench wall_clock`: 20,000 Poisson arrivals a second through the mock core. The spin loop does
//! nothing but wait for each arrival and read the clock: what is left of its lag is the machine's.

use mqscript::metrics::Histogram;
use mqscript::plan::{ClockKind, Plan};
use serde_json::json;
use std::time::Instant;
use support::engine::{S, plan, play, stories};

const RATE_PER_S: f64 = 20_000.0;
const SECONDS: u64 = 10;

fn traffic() -> Plan {
    let mut plan = plan(RATE_PER_S / 9.0, SECONDS * S, json!({}));
    plan.processor.workers = 1_000;
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
    let (_, told) = stories(&traffic());
    let arrivals: Vec<u64> = told.iter().map(|story| story.intended_ns).collect();
    for round in 1..=3 {
        let bare = spin(&arrivals).times();
        let run = play(&Plan { clock: Some(ClockKind::Wall), ..traffic() });
        let (bare_p99, own_p99) = (bare.p99_ns.unwrap_or(0), run.schedule_lag.p99_ns.unwrap_or(0));
        println!(
            "round {round}: schedule lag p99 {:.1} us, bare spin loop p99 {:.1} us, difference {:+.1} us; p50 {:.1} and {:.1} us; {} arrivals",
            own_p99 as f64 / 1e3,
            bare_p99 as f64 / 1e3,
            (own_p99 as f64 - bare_p99 as f64) / 1e3,
            run.schedule_lag.p50_ns.unwrap_or(0) as f64 / 1e3,
            bare.p50_ns.unwrap_or(0) as f64 / 1e3,
            run.ledger.counts.generated,
        );
    }
}
