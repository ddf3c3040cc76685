//! Pages in a real browser, and exports read by public readers of their formats.
//!
//! The programs in Python stand beside this file; what each holds is written in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::place::repository;
use support::program::{folder, mqscript};
use support::python::{done, environment, skipped};

/// A script whose every name tries to leave its place in the page.
const HOSTILE: &str = r#"
let long = "";
for i in 0..300 { long += "x"; }
run(scenario(#{
    name: "<script>alert('1')</script> \"q\" & </title> \u202eevil",
    agents: [
        #{ name: "<b>bold</b>", count: 2 }, #{ name: "שלום", count: 2 }, #{ name: "🐇 it's", count: 2 }, #{ name: long, count: 1 },
    ],
    arrival: stages([
        #{ name: "</svg><script>alert(2)</script>", duration: "5s", rate: "40/s" },
        #{ name: "calm", duration: "5s", rate: "10/s" },
    ]),
    mix: ["direct"], checks: ["success_rate > 99%"],
}), core("mock", #{ success_rate: 0.8 }));
"#;
/// Outages, and copies that are lost: the run is not valid.
const INVALID: &str = r#"
run(scenario(#{
    name: "outages", agents: 9, mix: ["direct", "broadcast"], arrival: "20/s", duration: "30s",
    processor: #{ retry: #{ attempts: 3, backoff: "500ms" } }, checks: ["success_rate > 99.9%"],
}), layer("chaos", core("mock"), #{ outage: #{ every: "15s", lasts: "2s" }, drop: "1%" }));
"#;
const MANY: &str =
    r#"run(scenario(#{ name: "many", agents: 300, arrival: "1/s", mix: ["direct"], duration: "10s" }));"#;
const NOTHING: &str =
    r#"run(scenario(#{ name: "nothing", agents: 3, arrival: "1/h", mix: ["direct"], duration: "1s" }));"#;

/// The folder of an environment's programs; none where one is missing, which is said.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let made = PYTHON.get_or_init(|| environment(&place, &repository().join("tests/python/pages.txt")));
    made.as_ref().map_err(|why| skipped(why)).ok().map(PathBuf::as_path)
}

/// Plays a script, which makes its page in this folder.
fn page(place: &Path, name: &str, script: &str, more: &[&str]) -> PathBuf {
    let (file, page) = (place.join(format!("{name}.rhai")), place.join(format!("{name}.html")));
    let bundled = script.is_empty();
    if !bundled {
        fs::write(&file, script).unwrap();
    }
    let script = if bundled { name } else { file.to_str().unwrap() };
    let ended = mqscript(&[&["run", script, "-q", "--report", page.to_str().unwrap()], more].concat());
    // Checks that do not hold are part of what is shown.
    assert!([0, 7, 8].contains(&ended.code), "{name}: {} {}", ended.code, ended.stderr);
    page
}

#[test]
fn pages_hold_in_a_browser() {
    let Some(bin) = python() else { return };
    if done(Command::new("chromium").arg("--version")).is_err() {
        return skipped("there is no chromium here");
    }
    let folder = folder();
    let place = folder.path();
    page(place, "nine_agents", "", &[]);
    page(place, "hostile", HOSTILE, &[]);
    page(place, "invalid", INVALID, &[]);
    page(place, "many", MANY, &[]);
    page(place, "nothing", NOTHING, &[]);
    page(place, "lease_too_short", "", &[]);
    page(
        place,
        "compared",
        "run(scenario(#{ arrival: \"20/s\", duration: \"10s\", mix: [\"direct\"] }));",
        &["--compare=mock,broker"],
    );
    done(Command::new(bin.join("python3")).arg(repository().join("tests/pages/browse.py")).arg(place))
        .unwrap();
}

#[test]
fn pages_are_small_and_of_the_same_bytes() {
    let folder = folder();
    let made = |name: &str, script: &str| {
        fs::read_to_string(page(folder.path(), name, script, &["--force"])).unwrap()
    };
    // What the machine and the clock on the wall say.
    let steady = |text: &str| {
        let told = |line: &&str| {
            !["speed", "host", "started"].iter().any(|what| line.contains(&format!("<dt>{what}</dt>")))
        };
        text.lines().filter(told).collect::<Vec<_>>().join("\n")
    };
    let first = made("nine_agents", "");
    assert!(first.len() < 300_000, "{}", first.len());
    assert_eq!(steady(&first), steady(&made("nine_agents", "")));
    assert!(
        first.contains("all 3 checks hold") && !first.contains("http://") && !first.contains(" style=\"")
    );
    // Of very many agents the worst are told.
    let many = MANY.replace("300", "100000");
    let many = made("very_many", &many);
    assert!(many.len() < 300_000, "{}", many.len());
}

#[test]
fn public_readers_read_what_is_exported() {
    let Some(bin) = python() else { return };
    let folder = folder();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let exports =
        ["--hdr", &at("run.hlog"), "--metrics", &at("run.prom"), "--csv", &at("csv"), "-o", &at("run.json")];
    let ended = mqscript(&[&["run", "nine_agents", "-q"], &exports[..]].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let read = |folder: &Path| {
        done(Command::new(bin.join("python3")).arg(repository().join("tests/pages/readers.py")).arg(folder))
            .unwrap();
    };
    read(folder.path());
    // Saved results give the same files.
    let again = ["--hdr", &at("again.hlog"), "--metrics", &at("again.prom"), "--csv", &at("again")];
    let ended = mqscript(&[&["report", &at("run.json")], &again[..]].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let same = |one: &str, other: &str| {
        assert_eq!(fs::read(at(one)).unwrap(), fs::read(at(other)).unwrap(), "{one}")
    };
    same("run.hlog", "again.hlog");
    same("run.prom", "again.prom");
    same("csv/figures.csv", "again/figures.csv");
    same("csv/series.csv", "again/series.csv");
}
