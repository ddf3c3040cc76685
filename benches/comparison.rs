//! A comparison as it is typed, against nothing but the simulations in it.
//!
//! `cargo bench --bench comparison` prints the wall time of comparing two cores over ten replications each (nine agents,
//! 20/s each, 64 workers), the wall time of the same twenty runs one after the other in a process that has all loaded,
//! and the ratio of the first to the second divided by the processors: for 60 and for 6,000 simulated seconds.

use mqscript::plan::Plan;
use serde_json::json;
use std::time::Instant;
use support::bench::median;
use support::engine::{S, plan, play};

const REPLICATIONS: u64 = 10;

/// Wall seconds of all runs in a row, in this process.
fn simulate(duration_s: u64) -> f64 {
    let start = Instant::now();
    for side in 0..2 {
        for seed in 1..=REPLICATIONS {
            let plain = plan(20.0, duration_s * S, json!({}));
            let mut plan = Plan { seed, core_seed: Some(seed + 100 * side), ..plain };
            plan.processor.workers = 64;
            assert!(play(&plan).ledger.balanced);
        }
    }
    start.elapsed().as_secs_f64()
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64;
    for (duration_s, rounds) in [(60, 31), (6_000, 3)] {
        let script = folder.path().join(format!("{duration_s}.rhai"));
        let text = format!(
            r#"let s = scenario(#{{ name: "nine", agents: 9, arrival: poisson("20/s"), mix: ["direct"],
                   duration: "{duration_s}s", processor: #{{ workers: 64 }} }});
               compare(#{{ scenario: s, variants: [#{{}}, #{{ core_seed: 5 }}], repeats: {REPLICATIONS} }});"#
        );
        std::fs::write(&script, text).expect("written");
        let arguments = ["run", "-q", script.to_str().expect("UTF-8")];
        simulate(1);
        let turns: Vec<(f64, f64)> = (0..rounds)
            .map(|_| (support::bench::seconds(&arguments), simulate(duration_s) / processors))
            .collect();
        let [whole, bare] = [median(turns.iter().map(|t| t.0)), median(turns.iter().map(|t| t.1))];
        let ratio = median(turns.iter().map(|(whole, bare)| whole / bare));
        println!(
            "{duration_s} s: {:.1} ms against {:.1} ms of simulation a processor: {ratio:.2} times",
            whole * 1e3,
            bare * 1e3
        );
    }
}
