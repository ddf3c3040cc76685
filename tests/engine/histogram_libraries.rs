//! The histograms of results are read by the libraries that people read them with: Python's `hdrhistogram` and
//! JavaScript's `hdr-histogram-js`, as their registries have them.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::program::{folder, mqscript};

/// The figures of every histogram as a library sees them: one JSON object, figure → `[count, p50, p99, max]`.
const PYTHON: &str = r#"
import json, sys
from hdrh.histogram import HdrHistogram
all = json.load(open(sys.argv[1]))["runs"][0]["histograms"]["all"]
def figures(text):
    seen = HdrHistogram.decode(text)
    return [seen.get_total_count(), *(seen.get_value_at_percentile(p) for p in (50, 99, 100))]
print(json.dumps({name: figures(text) for name, text in all.items()}))
"#;
const JAVASCRIPT: &str = r#"
const hdr = require("hdr-histogram-js");
const all = JSON.parse(require("fs").readFileSync(process.argv[2])).runs[0].histograms.all;
const figures = text => {
    const seen = hdr.decodeFromCompressedBase64(text);
    return [seen.totalCount, ...[50, 99, 100].map(p => seen.getValueAtPercentile(p))];
};
console.log(JSON.stringify(Object.fromEntries(Object.entries(all).map(([name, text]) => [name, figures(text)]))));
"#;

/// Whether `command` ends well; if not, the test is skipped and says why, which `MQSCRIPT_NO_SKIP` does not allow.
fn works(command: &mut Command) -> bool {
    let done = command.stdin(Stdio::null()).output();
    if done.as_ref().is_ok_and(|done| done.status.success()) {
        return true;
    }
    let why = format!("{command:?}: {done:?}");
    assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "nothing may be skipped: {why}");
    println!("skipped: {why}");
    false
}

/// Saves results with times from microseconds to hours, and failures; and holds what `library` reads against them.
fn agrees_with(library: impl Fn(&Path) -> Command) {
    let folder = folder();
    let script = folder.path().join("script.rhai");
    let scenario = r#"run(scenario(#{
        agents: 3, arrival: poisson("1/s"), mix: ["direct"], duration: "3h", processor: #{ workers: 1 },
    }), core("mock", #{ latency: "1us..1s", success_rate: 0.9 }));"#;
    fs::write(&script, scenario).unwrap();
    let results = folder.path().join("results.json");
    let paths = [&script, &results].map(|path| path.to_str().unwrap().to_owned());
    let ended = mqscript(&["run", &paths[0], "--quiet", "--output", &paths[1]]);
    assert_eq!(ended.code, 0, "{ended:?}");

    let read = library(&results).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    let saved: Value = serde_json::from_str(&fs::read_to_string(&results).unwrap()).unwrap();
    for figure in ["queue_wait", "delivery", "total", "gave_up"] {
        let times = &saved["runs"][0][figure];
        let seen: Vec<f64> = read[figure].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
        assert_eq!(seen[0], times["count"].as_f64().unwrap(), "{figure}");
        assert!(seen[0] > 1_000.0, "{figure}: {seen:?}");
        for (place, name) in [(1, "p50_ns"), (2, "p99_ns"), (3, "max_ns")] {
            let expected = times[name].as_f64().unwrap();
            assert!(
                (seen[place] / expected - 1.0).abs() < 0.001,
                "{figure}.{name}: {seen:?}, not {expected}"
            );
        }
    }
    let longest = saved["runs"][0]["total"]["max_ns"].as_f64().unwrap();
    assert!(longest > 3_600e9, "{longest}: beyond an hour, where earlier histograms ended");
}

#[test]
fn python_reads_the_histograms() {
    let packages = folder();
    let mut install = Command::new("python3");
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
    if !works(install.arg(packages.path()).arg("hdrhistogram")) {
        return;
    }
    agrees_with(|results| {
        let mut python = Command::new("python3");
        python.args(["-c", PYTHON]).arg(results).env("PYTHONPATH", packages.path());
        python
    });
}

#[test]
fn javascript_reads_the_histograms() {
    let packages = folder();
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(packages.path());
    if !works(install.arg("hdr-histogram-js")) {
        return;
    }
    let program = packages.path().join("read.js");
    fs::write(&program, JAVASCRIPT).unwrap();
    agrees_with(|results| {
        let mut node = Command::new("node");
        node.arg(&program).arg(results);
        node
    });
}
