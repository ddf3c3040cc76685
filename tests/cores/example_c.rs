//! The core in C under `plugins/examples/c`: small, without a warning, and good for a run.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::program::{folder, mqscript};

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/examples/c")
}

/// Builds the example in `folder` as its Makefile says, warnings being errors.
fn built(folder: &Path) -> String {
    for name in ["steady.c", "Makefile"] {
        fs::copy(sources().join(name), folder.join(name)).unwrap();
    }
    let include = sources().join("../../sdk/include");
    let made = Command::new("make")
        .arg("-C")
        .arg(folder)
        .arg(format!("MQSCRIPT_INCLUDE={}", include.display()))
        .output()
        .expect("make");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder.join(format!("libmqscript_core_steady{}", std::env::consts::DLL_SUFFIX)).display().to_string()
}

#[test]
fn it_is_small() {
    let text = fs::read_to_string(sources().join("steady.c")).unwrap();
    assert!(text.lines().count() < 80 && text.lines().all(|line| line.len() <= 120));
}

#[test]
fn a_script_runs_on_it() {
    let folder = folder();
    let library = built(folder.path());
    let script = folder.path().join("steady.rhai");
    let text = format!(
        r#"run(
            scenario(#{{ arrival: poisson("50/s"), mix: ["direct"], duration: "20s", processor: #{{ workers: 99 }} }}),
            core("{library}", #{{ latency_us: 3000, refuse_percent: 7 }}),
        );"#
    );
    fs::write(&script, text).unwrap();
    let ended = mqscript(&["run", &script.display().to_string(), "-q", "--format", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let run = &report["runs"][0];
    assert_eq!((&run["core"]["id"], &run["valid"]), (&"steady".into(), &true.into()));
    assert_eq!(
        (&run["delivery"]["min_ns"], &run["delivery"]["max_ns"]),
        (&3_000_000.into(), &3_000_000.into())
    );
    let (refused, all) = (&run["ledger"]["failed"], &run["ledger"]["generated"]);
    let share = refused.as_f64().unwrap() / all.as_f64().unwrap();
    assert!((0.05..0.09).contains(&share), "{share}");
    assert_eq!(&run["ledger"]["by_reason"]["failed"]["refused_by_luck"], refused);
}

#[test]
fn its_options_are_held_to_their_schema() {
    let folder = folder();
    let library = built(folder.path());
    for (option, told) in
        [("latency_us=-1", "latency_us"), ("latency=5ms", "expected: one of latency_us, refuse_percent")]
    {
        let ended = mqscript(&["run", "nine_agents", "--core", &library, "--core-option", option]);
        assert_eq!(ended.code, 6, "{}", ended.stderr);
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
}
