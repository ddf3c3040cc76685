//! Callbacks per second: one that reads two fields and calls one native function for each message.
//!
//! `cargo bench --bench callbacks` runs one script through the program twice, with and without its callback.

use std::path::Path;
use std::process::Command;
use support::bench::yardstick;

const SCRIPT: &str = r#"
fn count(me, message, outcome) {
    if message.type == "direct" && outcome.attempts > 0 { me.random(); }
}

let callback = param("callback", true, "whether agents are told what became of their messages");
let agents = #{ name: "Agent", count: 9, arrival: poisson("1000/s"), mix: ["direct"] };
if callback { agents.on_outcome = "count"; }
run(scenario(#{ name: "callbacks", agents: [agents], duration: "60s", processor: #{ workers: 64 } }));
"#;

/// Messages generated and wall seconds.
fn run(script: &Path, callback: bool) -> (f64, f64, Option<f64>) {
    let output = Command::new(env!("CARGO_BIN_EXE_mqscript"))
        .args(["run", "--format", "json", "-q", "--param", &format!("callback={callback}")])
        .arg(script)
        .output()
        .expect("the program starts");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("no report: {}", String::from_utf8_lossy(&output.stderr));
    });
    let run = &report["runs"][0];
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let environment = &run["environment"];
    (
        number(&run["ledger"]["generated"]),
        number(&environment["wall_s"]),
        environment["script_share"].as_f64(),
    )
}

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let script = folder.join("callbacks.rhai");
    std::fs::write(&script, SCRIPT).expect("the script is written");
    for _ in 0..3 {
        let mini_per_s = 1e9 / yardstick().wall_ns;
        let (plain, plain_s, _) = run(&script, false);
        let (called, called_s, share) = run(&script, true);
        println!(
            "with a callback for each message: {:.0} messages/s ({:.1} % of the time in the script), {:.4} of mini; without: {:.0} messages/s, {:.3} of mini",
            called / called_s,
            share.unwrap_or(0.0) * 100.0,
            called / called_s / mini_per_s,
            plain / plain_s,
            plain / plain_s / mini_per_s,
        );
    }
}
