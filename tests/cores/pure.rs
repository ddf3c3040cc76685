//! `run --pure`: a core that says it is simulated, and lies, is stopped by the kernel and named.
#![cfg(target_os = "linux")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use support::compile;
use support::program::{Ended, command, folder, mqscript};

/// The core that tries what it is told to.
static LIAR: LazyLock<PathBuf> = LazyLock::new(|| compile("violations.c", &[]));

const SCRIPT: &str = r#"run(scenario(#{ arrival: poisson("50/s"), mix: ["direct"], duration: "10s", processor: #{ workers: 9 } }));"#;

/// A folder with a script, and the arguments that run it `--pure` on the liar.
struct Run {
    folder: tempfile::TempDir,
    arguments: Vec<String>,
}

impl Run {
    fn of(violation: &str, place: &str) -> Run {
        let folder = folder();
        let script = folder.path().join("script.rhai");
        fs::write(&script, SCRIPT).unwrap();
        let [script, liar] = [&script, &*LIAR].map(|path| path.to_str().unwrap().to_owned());
        let mut arguments = ["run", &script, "-q", "--pure", "--core", &liar].map(str::to_owned).to_vec();
        for option in [format!("violation={violation}"), format!("where={place}")] {
            arguments.extend(["--core-option".to_owned(), option]);
        }
        Run { folder, arguments }
    }

    fn and(&self, more: &[&str]) -> Ended {
        let all: Vec<&str> = self.arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        mqscript(&all)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// Whether the kernel can do all of it here; without, the tests below have nothing to see.
fn kernel_confines() -> bool {
    let run = Run::of("nothing", "nowhere");
    let ended = run.and(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    if ended.stderr.contains("--pure: the kernel") {
        assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "skipped: {}", ended.stderr);
        eprintln!("skipped: {}", ended.stderr);
        return false;
    }
    true
}

#[test]
fn each_deed_ends_the_run_and_is_named() {
    if !kernel_confines() {
        return;
    }
    for (violation, named) in [
        ("read", "tried to open `/etc/passwd` (`openat`)"),
        ("write", "tried to write to `/tmp/mqscript_was_here` (`openat`)"),
        ("remove", "tried to remove `/tmp/mqscript_was_here` (`unlink"),
        ("socket", "tried to open a socket to the network (`socket`)"),
        ("connect", "tried to use a socket (`connect`)"),
        ("local socket", "tried to open a socket to other programs (`socket`)"),
        ("fork", "tried to start a process (`"),
        ("spawn", "tried to start a process (`"),
        ("shell", "tried to start a process (`"),
        ("exec", "tried to run `/bin/true` (`execve`)"),
        ("ptrace", "tried to reach into a process (`ptrace`)"),
        ("kill", "tried to send a signal to process 1 (`kill`)"),
        ("io_uring", "tried to do input and output behind the program's back (`io_uring_setup`)"),
        ("memory file", "tried to make a file in memory (`memfd_create`)"),
    ] {
        let run = Run::of(violation, "publish");
        let results = run.path("results.json");
        let ended = run.and(&["-o", &results]);
        assert_eq!(ended.code, 6, "{violation}: {ended:?}");
        let line = format!("error: core `liar` {named}");
        assert!(
            ended.stderr.starts_with(&line) && ended.stderr.contains(") in `publish`"),
            "{}",
            ended.stderr
        );
        let report: Value = serde_json::from_slice(&fs::read(&results).unwrap()).unwrap();
        let saved = &report["runs"][0];
        assert!(saved["partial"].as_str().unwrap().contains(named), "{violation}: {}", saved["partial"]);
        assert_eq!(saved["valid"], Value::Null, "{violation}");
        // The first hundred were delivered before: they are not lost with the core.
        assert!(saved["ledger"]["delivered"].as_u64().unwrap() >= 90, "{violation}: {}", saved["ledger"]);
        assert_eq!(saved["ledger"]["balanced"], true, "{violation}");
        assert_eq!(saved["environment"]["confined"], "full");
    }
    assert!(!Path::new("/tmp/mqscript_was_here").exists());
}

#[test]
fn a_deed_is_found_wherever_it_is_tried() {
    if !kernel_confines() {
        return;
    }
    for (place, named) in [
        ("create", "in `create`"),
        ("open", "in `open`"),
        ("poll", "in `poll`"),
        ("flush", "in `flush`"),
        ("stats", "in `stats`"),
        ("close", "in `close`"),
        ("destroy", "in `destroy`"),
        ("a thread", "in `open`"),
    ] {
        let ended = Run::of("read", place).and(&[]);
        let line = format!("error: core `liar` tried to open `/etc/passwd` (`openat`) {named}\n");
        assert_eq!((ended.code, ended.stderr.starts_with(&line)), (6, true), "{place}: {ended:?}");
    }
    let run = Run::of("nothing", "nowhere");
    let loading = command(&run.arguments.iter().map(String::as_str).collect::<Vec<_>>())
        .env("MQSCRIPT_TEST_VIOLATION", "socket")
        .output();
    let loading = Ended::from(loading.expect("starts"));
    let named = "tried to open a socket to the network (`socket`) while it was loaded\n";
    assert!(loading.code == 6 && loading.stderr.contains(named), "{loading:?}");
}

#[test]
fn the_core_is_named_and_not_the_layer_over_it() {
    if !kernel_confines() {
        return;
    }
    for violation in ["read", "fork"] {
        let ended = Run::of(violation, "publish").and(&["--chaos"]);
        let named = ended.stderr.starts_with("error: core `liar` tried to ");
        assert_eq!((ended.code, named), (6, true), "{ended:?}");
    }
}

#[test]
fn a_layer_answers_for_its_own_deeds_and_not_the_core_below() {
    if !kernel_confines() {
        return;
    }
    let layer = compile("violations.c", &["LAYER"]);
    let folder = folder();
    let script = folder.path().join("script.rhai");
    for place in ["publish", "after publish", "poll", "close"] {
        let over = format!(
            r#"), layer("{}", core("mock"), #{{ violation: "read", where: "{place}" }}));"#,
            layer.display()
        );
        fs::write(&script, SCRIPT.replace("));", &over)).unwrap();
        let cores = layer.parent().unwrap().to_str().unwrap();
        let ended = mqscript(&["run", script.to_str().unwrap(), "-q", "--pure", "--core-path", cores]);
        let function = place.trim_start_matches("after ");
        let line =
            format!("error: core `liar_layer` tried to open `/etc/passwd` (`openat`) in `{function}`\n");
        assert_eq!((ended.code, ended.stderr.starts_with(&line)), (6, true), "{place}: {ended:?}");
    }
}

#[test]
fn side_by_side_whoever_tried_is_named() {
    if !kernel_confines() {
        return;
    }
    for order in [[0, 1], [1, 0]] {
        let cores = [LIAR.to_str().unwrap(), "mock"];
        let compared = format!("--compare={}", order.map(|index| cores[index]).join(","));
        let folder = folder();
        let script = folder.path().join("script.rhai");
        fs::write(&script, SCRIPT).unwrap();
        let words = ["run", script.to_str().unwrap(), "-q", "--pure", "--repeats", "3", &compared];
        let calm = mqscript(&words);
        assert_eq!(calm.code, 0, "{calm:?}");
        let tried = Ended::from(command(&words).env("MQSCRIPT_TEST_PUBLISH", "read").output().unwrap());
        let named = tried.stderr.starts_with("error: core `liar` tried to open `/etc/passwd`");
        assert_eq!((tried.code, named), (6, true), "{tried:?}");
    }
}

#[test]
fn a_core_that_dies_in_a_pure_run_leaves_what_was_measured() {
    if !kernel_confines() {
        return;
    }
    let run = Run::of("die", "publish");
    let results = run.path("results.json");
    let ended = run.and(&["-o", &results]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("core `liar` died in `publish`: SIGABRT"), "{}", ended.stderr);
    let report: Value = serde_json::from_slice(&fs::read(&results).unwrap()).unwrap();
    let saved = &report["runs"][0];
    assert_eq!(
        (&saved["environment"]["confined"], &saved["ledger"]["balanced"]),
        (&"full".into(), &true.into())
    );
    assert!(saved["ledger"]["delivered"].as_u64().unwrap() >= 90, "{}", saved["ledger"]);
    let library = format!("core {}", saved["core"]["id"].as_str().unwrap());
    assert_eq!(saved["environment"]["sha256"][&library].as_str().unwrap().len(), 64);
}

#[test]
fn in_one_process_nobody_watches_and_the_run_says_so() {
    let ended = Run::of("read", "publish").and(&["--in-process", "--format", "json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let said = "--pure: the kernel cannot confine this run: nobody watches it";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["runs"][0]["environment"]["confined"], "none");
}

#[test]
fn without_pure_nobody_looks() {
    let mut run = Run::of("read", "publish");
    run.arguments.retain(|argument| argument != "--pure");
    let ended = run.and(&["--format", "json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["runs"][0]["environment"]["confined"], Value::Null);
}

#[test]
fn a_pure_run_reads_and_writes_what_it_needs() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir(path("lib")).unwrap();
    fs::write(path("lib/common.rhai"), "fn rate() { \"50/s\" }").unwrap();
    fs::write(path("a.yaml"), "arrival: { poisson: { rate: 50/s } }\nmix: [direct]\nduration: 2s\n").unwrap();
    fs::write(
        path("all.rhai"),
        r#"import "lib/common" as common;
           let live = run(load("a.yaml"));
           let other = run(scenario(#{ arrival: poisson(common::rate()), mix: ["direct"], duration: "2s" }),
                           layer("chaos", core("mock")));
           other.save("other.json");"#,
    )
    .unwrap();
    let arguments = ["run", &path("all.rhai"), "-o", &path("all.json"), "--events", &path("events.jsonl")];
    // What a killed run has left stays where it is: to ask after other processes is nothing that a pure run does.
    fs::write(path(".other.json.999999999.tmp"), "").unwrap();
    let pure = mqscript(&[&arguments[..], &["--pure"]].concat());
    assert_eq!(pure.code, 0, "{pure:?}");
    let digests = || -> Vec<Value> {
        let report: Value = serde_json::from_slice(&fs::read(path("all.json")).unwrap()).unwrap();
        report["runs"].as_array().unwrap().iter().map(|run| run["digest"].clone()).collect()
    };
    let confined = digests();
    assert_eq!(confined.len(), 2);
    assert!(Path::new(&path("other.json")).exists() && fs::metadata(path("events.jsonl")).unwrap().len() > 0);
    // What it measures does not depend on it.
    assert_eq!(mqscript(&[&arguments[..], &["--force"]].concat()).code, 0);
    assert_eq!(digests(), confined);
    // What is wrong is told as ever: a name that is nowhere is looked for in folders that are not there.
    let mut nowhere = command(&["run", "nine_agents", "--pure", "--core", "mok"]);
    let missing = Ended::from(nowhere.env("MQSCRIPT_CORE_PATH", "/nowhere").output().unwrap());
    assert!(missing.code == 6 && missing.stderr.contains("there is no core `mok`"), "{missing:?}");
}

#[test]
fn a_core_outside_of_what_the_run_reads_is_refused_with_what_to_do() {
    if !kernel_confines() {
        return;
    }
    let (scripts, libraries) = (folder(), folder());
    let library = libraries.path().join("libx.so");
    fs::copy(&*LIAR, &library).unwrap();
    let script = scripts.path().join("script.rhai");
    let core = format!(r#"core("{}"));"#, library.display());
    fs::write(&script, SCRIPT.replace("));", &format!("), {core}"))).unwrap();
    let run = ["run", script.to_str().unwrap(), "-q", "--pure"];
    let ended = mqscript(&run);
    assert_eq!(ended.code, 6, "{ended:?}");
    for part in ["libx.so is not loaded: it lies outside of what a pure run reads", "`--core-path "] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let told = mqscript(&[&run[..], &["--core-path", libraries.path().to_str().unwrap()]].concat());
    assert_eq!(told.code, 0, "{told:?}");
}

/// The file that a run is to leave, once it is whole or while it is written: no core comes to either.
#[test]
fn what_the_run_leaves_behind_is_out_of_a_cores_reach() {
    if !kernel_confines() {
        return;
    }
    let with = |violation: &str, victim: &str, saves: bool| {
        let run = Run::of(violation, "publish");
        let (results, events) = (run.path("results.json"), run.path("events.ndjson"));
        fs::write(&results, "old").unwrap();
        if saves {
            let script = run.path("script.rhai");
            fs::write(&script, SCRIPT.replace("));", ")).save(\"saved.json\");")).unwrap();
        }
        let mut command = command(&run.arguments.iter().map(String::as_str).collect::<Vec<_>>());
        command.args(["--force", "-o", &results, "--events", &events]);
        command.env("MQSCRIPT_TEST_VICTIM", run.path(victim));
        let ended = Ended::from(command.output().unwrap());
        (ended, run)
    };
    for (violation, tried) in
        [("remove the victim", "tried to remove `"), ("rewrite the victim", "tried to write to `")]
    {
        for (victim, saves) in [("results.json", false), ("results.json", true), ("saved.json", true)] {
            let (ended, run) = with(violation, victim, saves);
            assert_eq!(ended.code, 6, "{violation} {victim}: {ended:?}");
            assert!(ended.stderr.contains(tried), "{violation} {victim}: {ended:?}");
            let report: Value = serde_json::from_slice(&fs::read(run.path("results.json")).unwrap()).unwrap();
            assert_eq!(report["runs"].as_array().unwrap().len(), 1);
        }
    }
    let (ended, run) = with("write into descriptors", "results.json", true);
    assert_eq!(ended.code, 0, "{ended:?}");
    for name in ["results.json", "saved.json"] {
        let report: Value = serde_json::from_slice(&fs::read(run.path(name)).unwrap()).unwrap();
        assert_eq!(report["runs"][0]["valid"], true, "{name}");
    }
    let events = fs::read_to_string(run.path("events.ndjson")).unwrap();
    assert!(events.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}
