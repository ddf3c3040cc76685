//! The machine's side of a run: wall time, processor time, memory.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Instant;

/// What depends on the machine, a path or the wall clock.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    /// The version of mqscript that made the results.
    pub version: String,
    /// The machine: system, architecture, number of processors.
    pub host: String,
    /// When the load began: every time of the run counts from then. UTC, as RFC 3339 with nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// Wall time of the run in seconds.
    pub wall_s: f64,
    /// Processor time of the process during the run, in seconds.
    pub cpu_s: f64,
    /// Largest resident memory of the process so far.
    pub max_rss_bytes: u64,
    /// Messages generated per wall second.
    pub messages_per_wall_s: f64,
    /// Share of the wall time spent in the script's callbacks; null without callbacks.
    pub script_share: Option<f64>,
    /// The files that took part: the script, the libraries.
    pub files: BTreeMap<String, String>,
    /// SHA-256 of the libraries as they were loaded, in hexadecimal, under the same names; in saved results only.
    #[serde(default)]
    pub sha256: BTreeMap<String, String>,
    /// How far the kernel confined the run: `full`, `partial` or `none`; null without `--pure`.
    #[serde(default)]
    pub confined: Option<String>,
}

impl Environment {
    /// Whether nothing is known of it: then it is no part of the results.
    pub(super) fn is_blank(&self) -> bool {
        self.version.is_empty()
    }
}

/// Measures a run from outside its own clock.
#[derive(Debug)]
pub struct Stopwatch {
    wall: Instant,
    cpu_s: f64,
}

impl Stopwatch {
    /// Starts a stopwatch at this moment.
    pub fn start() -> Stopwatch {
        Stopwatch { wall: Instant::now(), cpu_s: cpu_s() }
    }

    /// What the run cost until now. `script_s` are the seconds spent in callbacks.
    pub fn finish(&self, generated: u64, script_s: Option<f64>) -> Environment {
        let wall_s = self.wall.elapsed().as_secs_f64();
        Environment {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: host().to_owned(),
            started_at: None,
            wall_s,
            cpu_s: cpu_s() - self.cpu_s,
            max_rss_bytes: max_rss_bytes(),
            messages_per_wall_s: generated as f64 / wall_s.max(1e-9),
            script_share: script_s.map(|seconds| (seconds / wall_s.max(1e-9)).min(1.0)),
            files: Default::default(),
            sha256: Default::default(),
            confined: None,
        }
    }
}

/// The moment so many nanoseconds from now, as results show it.
pub fn in_utc(ahead_ns: u64) -> String {
    let moment = chrono::Utc::now() + std::time::Duration::from_nanos(ahead_ns);
    moment.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true)
}

/// The machine, looked at once: the system reads four files to tell how many processors there are.
fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        format!("{} {}, {processors} processors", std::env::consts::OS, std::env::consts::ARCH)
    })
}

/// Processor seconds of this process so far.
fn cpu_s() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 * 1e-9
}

/// The largest resident memory of this process so far; 0 where the system does not tell.
pub fn max_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
