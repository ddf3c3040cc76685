//! `mqscript core new`: what it makes builds outside the repository, passes its own check and delivers; what it refuses,
//! it tells.

use serde_json::Value;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::program::{Ended, folder, mqscript};
use support::queue_laws::Subject;

/// `mqscript core new tube`, in a language, into `folder`.
fn made(folder: &Path, lang: &str) -> Ended {
    made_with(folder, &["--lang", lang])
}

/// `mqscript core new tube` with flags, into `folder`.
fn made_with(folder: &Path, flags: &[&str]) -> Ended {
    let ended = mqscript(&[&["core", "new", "tube", folder.to_str().unwrap()], flags].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    ended
}

fn library(folder: &Path) -> PathBuf {
    folder.join(format!("{DLL_PREFIX}mqscript_core_tube{DLL_SUFFIX}"))
}

/// Runs a command that must end well, and gives all that it said.
fn succeeds(command: &mut Command) -> String {
    let ended = command.output().unwrap();
    let said = [&ended.stdout[..], &ended.stderr].map(String::from_utf8_lossy).concat();
    assert!(ended.status.success(), "{command:?}: {said}");
    said
}

/// `make check` in the folder of a core.
fn make_check(folder: &Path) -> Command {
    let mut make = Command::new("make");
    make.arg("-C").arg(folder).arg("check").arg(concat!("MQSCRIPT=", env!("CARGO_BIN_EXE_mqscript")));
    make
}

/// Runs a script on the library: nine agents, some attempts refused by luck.
fn delivers(library: &Path, options: &[&str]) {
    let library = library.to_str().unwrap();
    let info = mqscript(&["core", "info", library]);
    assert!(info.code == 0 && info.stdout.starts_with("tube 0.1.0 · simulated"), "{info:?}");
    let mut arguments = vec!["run", "nine_agents", "-q", "--format", "json", "--core", library];
    arguments.extend(options.iter().flat_map(|option| ["--core-option", option]));
    let ended = mqscript(&arguments);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let run = &report["runs"][0];
    assert_eq!((&run["core"]["id"], &run["valid"]), (&"tube".into(), &true.into()));
    assert_eq!(run["delivery"]["min_ns"], 3_000_000);
    let ledger = &run["ledger"];
    let (attempts, refused) = (&ledger["attempts"], &ledger["attempts_by_reason"]["refused_by_luck"]);
    let share = refused.as_f64().expect("refused") / attempts.as_f64().expect("attempts");
    assert!((0.08..0.12).contains(&share), "{refused} of {attempts} refused");
}

/// The last lines of what `core new` prints: the next two commands, and no more.
fn tells_the_next_two(told: &str, build: &str, library: &Path) {
    let next =
        format!("\n\nBuild it, then check it:\n  {build}\n  mqscript core check {}\n", library.display());
    assert!(told.ends_with(&next), "{told}");
}

#[test]
fn a_core_in_rust_builds_passes_its_own_test_and_delivers() {
    let place = folder();
    let tube = place.path().join("tube");
    let told = made(&tube, "rust").stdout;
    let build = format!("cargo build --release --manifest-path {}/Cargo.toml", tube.display());
    tells_the_next_two(&told, &build, &library(&tube.join("target/release")));
    delivers(&builds_and_passes(&tube, "core_new"), &["latency=3ms", "refuse_share=0.1"]);
}

/// Builds a new core in Rust, and runs its own test; the library. `build` names a folder for what is built.
fn builds_and_passes(tube: &Path, build: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(build);
    let cargo = |subcommand: &str| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.arg(subcommand).arg("--offline").current_dir(tube).env("CARGO_TARGET_DIR", &target);
        cargo.env("RUSTFLAGS", "-D warnings").env("MQSCRIPT", env!("CARGO_BIN_EXE_mqscript"));
        cargo
    };
    succeeds(cargo("build").arg("--quiet"));
    let said = succeeds(cargo("test").args(["--test", "conformance", "--", "--nocapture"]));
    assert!(said.contains("✓ tube holds the contract") && said.contains("1 passed; 0 failed"), "{said}");
    library(&target.join("debug"))
}

#[test]
fn a_live_core_in_rust_builds_passes_its_own_test_and_keeps_the_laws_of_queues() {
    let place = folder();
    let tube = place.path().join("tube");
    let told = made_with(&tube, &["--live"]).stdout;
    let build = format!("cargo build --release --manifest-path {}/Cargo.toml", tube.display());
    tells_the_next_two(&told, &build, &library(&tube.join("target/release")));
    let library = builds_and_passes(&tube, "core_new_live");
    let live = Subject {
        core: library.to_str().unwrap().to_owned().leak(),
        options: &|more| more,
        window: ("window", 1000),
        bytes_max: 64 << 20,
        content_max: 1 << 20,
        receives: true,
        acknowledges: true,
        tells_empty: true,
    };
    live.keeps_the_laws();
}

#[test]
fn a_core_in_c_builds_passes_its_own_check_and_delivers() {
    let place = folder();
    let tube = place.path().join("tube");
    let told = made(&tube, "c").stdout;
    tells_the_next_two(&told, &format!("make -C {}", tube.display()), &library(&tube));
    let said = succeeds(&mut make_check(&tube));
    assert!(said.contains("✓ tube holds the contract"), "{said}");
    delivers(&library(&tube), &["latency_us=3000", "refuse_percent=10"]);
}

#[test]
fn a_core_in_c_that_breaks_the_contract_fails_its_own_check() {
    let place = folder();
    let tube = place.path().join("tube");
    made(&tube, "c");
    let source = tube.join("tube.c");
    let text = fs::read_to_string(&source).unwrap();
    let bent = text.replace("MQS_STR(\"tube\")", "MQS_STR(\"Tube\")");
    assert_ne!(bent, text);
    fs::write(&source, bent).unwrap();
    let ended = make_check(&tube).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(!ended.status.success() && said.contains("✗ names"), "{said}");
}

#[test]
fn what_is_there_stays_as_it_is() {
    let place = folder();
    let file = place.path().join("tube");
    fs::write(&file, "mine").unwrap();
    let ended = mqscript(&["core", "new", "tube", file.to_str().unwrap()]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("is already there, and nothing is ever overwritten"), "{ended:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let below = mqscript(&["core", "new", "tube", file.join("in").to_str().unwrap()]);
    assert!(below.code == 2 && below.stderr.contains("cannot be written"), "{below:?}");
}

#[test]
fn wrong_words_leave_nothing_behind() {
    let place = folder();
    let tube = place.path().join("tube");
    let path = tube.to_str().unwrap();
    for (arguments, told) in [
        (&["core", "new", "my-tube", path][..], "write `my_tube`"),
        (&["core", "new", "./tube", path], "the name comes first, the folder second"),
        (&["core", "new", "mock", path], "there is a core `mock` already"),
        (&["core", "new", "struct", path], "`struct` is a reserved word"),
        (&["core", "new", "tube", path, "--lang", "zig"], "[possible values: rust, c]"),
        (
            &["core", "new", "tube", path, "--lang", "c", "--sdk", "."],
            "`--sdk` has no meaning for a core in C",
        ),
        (&["core", "new", "tube", path, "--lang", "c", "--live"], "`--live` makes a core in Rust"),
        (&["core", "new", "tube", path, "--sdk", "/nowhere"], "the SDK is not there"),
    ] {
        let ended = mqscript(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(told), "{arguments:?}: {}", ended.stderr);
        assert!(!tube.exists(), "{arguments:?}");
    }
}
