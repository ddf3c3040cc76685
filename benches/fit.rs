//! How far a fitted mock is from the core that it was fitted to, on runs that the fit has not seen.
//!
//! `cargo bench --bench fit` plays a live core (sqlite, and NATS where its library and server are there) ten times, the
//! runs that are fitted and the held-out ones in turns (A B B A …), so that whatever drifts strikes both alike. It prints
//! how far the mock's `delivery` is from the held-out runs, figure by figure, beside the 95 % interval of the core's own
//! mean over those five; then the same at half the rate, which the fit knows nothing of. Some two minutes a core.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const RUNS: u64 = 5;
const RATE_PER_S: u32 = 50;
const FIGURES: [(&str, &str); 3] = [("mean", "mean_ns"), ("p50", "p50_ns"), ("p99", "p99_ns")];
/// The 97.5 % quantile of Student's t with four degrees of freedom.
const T_OF_FIVE: f64 = 2.776;

/// One core, and the folder for its files.
struct Bench<'a> {
    folder: &'a Path,
    core: &'a str,
    core_path: PathBuf,
}

impl Bench<'_> {
    fn mqscript(&self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_mqscript"))
            .args(arguments)
            .env("MQSCRIPT_CORE_PATH", &self.core_path)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .output()
            .expect("starts");
        // Doubts about the load, as a machine shared with others gives, are the results' own matter.
        let fine = matches!(output.status.code(), Some(0 | 9));
        assert!(fine, "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The times of delivery in one run: of the live core, or of the mock fitted to it.
    fn delivery(&self, core: &str, rate: u32, seed: u64, file: &str) -> Value {
        let script = format!(
            "run(scenario(#{{ agents: 9, arrival: poisson(\"{rate}/s\"), mix: [\"direct\"], duration: \"6s\", \
             receive: false, max_schedule_lag: \"5ms\", processor: #{{ workers: 16 }} }}), {core});"
        );
        std::fs::write(self.folder.join("fit.rhai"), script).expect("written");
        let seed = seed.to_string();
        self.mqscript(&["run", "fit.rhai", "-q", "--seed", &seed, "-o", file, "--force"]);
        let report = std::fs::read(self.folder.join(file)).expect("results");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        report["runs"][0]["delivery"].clone()
    }

    fn print(&self, heading: &str, live: &[Value], simulated: &[Value]) {
        for (name, key) in FIGURES {
            let values =
                |runs: &[Value]| runs.iter().map(|run| run[key].as_f64().expect("samples")).collect();
            let (live, simulated): (Vec<f64>, Vec<f64>) = (values(live), values(simulated));
            let (live_mean, live_sd) = mean_and_sd(&live);
            let (simulated_mean, _) = mean_and_sd(&simulated);
            let margin = T_OF_FIVE * live_sd / (live.len() as f64).sqrt() / live_mean;
            println!(
                "  {heading}: delivery.{name} {:.3} ms live (±{:.1} %), {:.3} ms simulated: {:+.1} %",
                live_mean / 1e6,
                margin * 100.0,
                simulated_mean / 1e6,
                (simulated_mean / live_mean - 1.0) * 100.0
            );
        }
    }

    fn play(&self) {
        println!("{}", self.core);
        let fitted: Vec<String> = (0..RUNS).map(|place| format!("fitted_{place}.json")).collect();
        let mut held_out = Vec::new();
        for place in 0..RUNS {
            let fit = || drop(self.delivery(self.core, RATE_PER_S, 1 + place, &fitted[place as usize]));
            let mut hold = || {
                let seed = 101 + place;
                held_out.push(self.delivery(self.core, RATE_PER_S, seed, "held_out.json"));
            };
            if place % 2 == 0 {
                fit();
                hold();
            } else {
                hold();
                fit();
            }
        }
        let mut arguments = vec!["fit", "-o", "mock.json", "--force"];
        arguments.extend(fitted.iter().map(String::as_str));
        self.mqscript(&arguments);
        let mock = "core(\"mock\", load(\"mock.json\"))";
        let simulate = |rate: u32| -> Vec<Value> {
            (0..RUNS).map(|place| self.delivery(mock, rate, 101 + place, "simulated.json")).collect()
        };
        self.print("same rate", &held_out, &simulate(RATE_PER_S));
        let half = RATE_PER_S / 2;
        let live: Vec<Value> =
            (0..RUNS).map(|place| self.delivery(self.core, half, 101 + place, "half.json")).collect();
        self.print("half the rate", &live, &simulate(half));
    }
}

fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt())
}

/// A server that ends with the benchmark.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn nats(folder: &Path, port: u16) -> Option<Server> {
    let child = Command::new("nats-server")
        .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
        .arg(folder.join("jetstream"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = Server(child.ok()?);
    (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    })?;
    Some(server)
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let core_path = Path::new(env!("CARGO_BIN_EXE_mqscript")).parent().expect("a folder").to_path_buf();
    let bench = |core| Bench { folder: folder.path(), core, core_path: core_path.clone() };
    bench("core(\"sqlite\")").play();
    if !core_path.join("libmqscript_core_nats.so").exists() {
        println!("nats: skipped, its library is not there (cargo build --release -p mqscript-nats)");
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let Some(_server) = nats(folder.path(), port) else {
        println!("nats: skipped, nats-server does not start");
        return;
    };
    bench(&format!("core(\"nats\", #{{ url: \"nats://127.0.0.1:{port}\" }})")).play();
}
