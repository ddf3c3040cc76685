//! The cores with leases under `plugins/examples`, in Rust and in C: small, without a warning, and as the contract says.

use serde_json::Value;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::program::{folder, mqscript};

const LINES_MAX: usize = 400;

fn sources(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/examples").join(example)
}

fn library(folder: &Path) -> PathBuf {
    folder.join(format!("{DLL_PREFIX}mqscript_core_leases{DLL_SUFFIX}"))
}

/// Copies these files of an example into `folder`.
fn copied(example: &str, names: &[&str], folder: &Path) {
    for name in names {
        let to = folder.join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(sources(example).join(name), to).unwrap();
    }
}

/// Builds the example in C as its Makefile says, warnings being errors.
fn built_in_c(folder: &Path) -> PathBuf {
    copied("leases-c", &["leases.c", "Makefile"], folder);
    let include = sources("leases-c").join("../../sdk/include");
    let made = Command::new("make")
        .arg("-C")
        .arg(folder)
        .arg(format!("MQSCRIPT_INCLUDE={}", include.display()))
        .output()
        .expect("make");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    library(folder)
}

/// Builds the example in Rust, warnings being errors, with the SDK of this checkout.
fn built_in_rust(folder: &Path) -> PathBuf {
    let names = ["Cargo.toml", "src/lib.rs", "src/queues.rs", "src/options.json", "tests/conformance.rs"];
    copied("leases", &names, folder);
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/sdk");
    let manifest = manifest.replace("../../sdk", sdk.to_str().unwrap());
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("example_leases");
    let cargo = |arguments: &[&str]| {
        let ended = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", &target)
            .env("RUSTFLAGS", "-D warnings")
            .env("MQSCRIPT", env!("CARGO_BIN_EXE_mqscript"))
            .output()
            .expect("cargo");
        let told = [&ended.stdout[..], &ended.stderr].map(String::from_utf8_lossy).concat();
        assert!(ended.status.success(), "{arguments:?}: {told}");
        told
    };
    cargo(&["build", "--offline"]);
    // Its own test holds it against the contract.
    let told = cargo(&["test", "--offline", "--test", "conformance", "--", "--nocapture"]);
    assert!(told.contains("✓ leases holds the contract"), "{told}");
    library(&target.join("debug"))
}

/// Nothing of what is asked for consumers is left out.
fn holds(library: &Path) {
    let ended = mqscript(&["core", "check", library.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let (_, consumers) = ended.stdout.split_once("\nConsumers\n").expect("the group");
    let marks = consumers.lines().take_while(|line| !line.is_empty()).map(|line| line.trim().chars().next());
    let marks: Vec<_> = marks.collect();
    assert_eq!(marks, [Some('✓'); 11], "{consumers}");
}

/// Work that often takes longer than the lease, by workers who fail now and then, on one queue: all that is sent is done or
/// given up, and some of it is done twice.
fn works(library: &Path, folder: &Path) {
    let script = folder.join("leases.rhai");
    let text = format!(
        r#"run(
            scenario(#{{
                agents: [
                    #{{ name: "Planner", count: 3, arrival: poisson("2/s"), mix: #{{ task: 100 }} }},
                    #{{ name: "Worker", count: 20, arrival: on_demand(), consumer: #{{
                        queue: "shared", prefetch: 2, service: exponential("1s"), lease: "3s",
                        max_deliveries: 3, redelivery: ["1s"], fails: "20%",
                    }} }},
                ],
                types: #{{ task: #{{ wire_type: "TASK", recipient: "Worker" }} }},
                duration: "100s",
                receive: true,
            }}),
            core("{}", #{{}}),
        );"#,
        library.display()
    );
    fs::write(&script, text).unwrap();
    let ended = mqscript(&["run", &script.display().to_string(), "--seed", "7", "-q", "--format", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let run = &report["runs"][0];
    assert_eq!((&run["core"]["id"], &run["valid"]), (&"leases".into(), &true.into()));
    let consumers = &run["consumers"];
    assert_eq!(consumers["unfinished"], 0, "{consumers}");
    for moved in ["failed", "lease_expired", "redelivered", "duplicate_executions", "dead_letters"] {
        assert!(consumers[moved].as_u64() > Some(0), "{moved}: {consumers}");
    }
}

#[test]
fn they_are_small() {
    for (example, names) in [("leases-c", &["leases.c"][..]), ("leases", &["src/lib.rs", "src/queues.rs"])] {
        let texts = names.iter().map(|name| fs::read_to_string(sources(example).join(name)).unwrap());
        let lines: Vec<String> =
            texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        assert!(lines.len() < LINES_MAX, "{example}: {}", lines.len());
        assert!(lines.iter().all(|line| line.len() <= 120), "{example}");
    }
}

#[test]
fn the_one_in_c_holds_the_contract_and_works() {
    let folder = folder();
    let library = built_in_c(folder.path());
    holds(&library);
    works(&library, folder.path());
}

#[test]
fn the_one_in_rust_holds_the_contract_and_works() {
    let folder = folder();
    let library = built_in_rust(folder.path());
    holds(&library);
    works(&library, folder.path());
}
