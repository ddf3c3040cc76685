//! A batch of 200 simulated cells, against nothing but the simulations in it.
//!
//! `cargo bench --bench batch` plays 200 cells of nine agents (20/s each, 60 s, 64 workers) one at a time and on all
//! processors, each cell in a process of its own as always, and the same 200 runs one after the other in a process that
//! has all loaded. It prints the share of perfect scaling, and what a cell costs beside its simulation.

use mqscript::plan::Plan;
use serde_json::json;
use std::path::Path;
use std::time::Instant;
use support::bench::median;
use support::engine::{S, plan, play};

const CELLS: u64 = 200;
const ROUNDS: usize = 5;

/// Wall seconds of the program, with so many cells at a time.
fn batch(folder: &Path, parallel: usize) -> f64 {
    let file = folder.join(format!("batch_{parallel}.yaml"));
    let cells: Vec<String> = (1..=CELLS).map(|cell| cell.to_string()).collect();
    let text = format!(
        "script: cell.rhai\nrepeats: 1\nparallel: {parallel}\nmatrix:\n  params:\n    cell: [{}]\noutput: results\n",
        cells.join(", ")
    );
    std::fs::write(&file, text).expect("written");
    support::bench::seconds(&["batch", "-q", file.to_str().expect("UTF-8")])
}

/// Wall seconds of all runs in a row, in this process.
fn simulate() -> f64 {
    let start = Instant::now();
    for seed in 1..=CELLS {
        let mut plan = Plan { seed, ..plan(20.0, 60 * S, json!({})) };
        plan.processor.workers = 64;
        assert!(play(&plan).ledger.balanced);
    }
    start.elapsed().as_secs_f64()
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let text = r#"let cell = param("cell", 1);
        run(scenario(#{ name: "nine", agents: 9, arrival: poisson("20/s"), mix: ["direct"], duration: "60s",
            processor: #{ workers: 64 } }));"#;
    std::fs::write(folder.path().join("cell.rhai"), text).expect("written");
    let rounds: Vec<[f64; 3]> = (0..ROUNDS)
        .map(|_| [batch(folder.path(), processors), batch(folder.path(), 1), simulate()])
        .collect();
    let [all, one, bare] = [0, 1, 2].map(|column| median(rounds.iter().map(|round| round[column])));
    let scaling = median(rounds.iter().map(|[all, one, _]| one / all / processors as f64));
    let cell_ms = |seconds: f64| seconds / CELLS as f64 * 1e3;
    println!(
        "{CELLS} cells: {all:.2} s on {processors} processors, {one:.2} s one at a time, {bare:.2} s of simulation"
    );
    println!(
        "{scaling:.2} of perfect scaling; {:.1} ms a cell beside its simulation",
        cell_ms(one) - cell_ms(bare)
    );
}
