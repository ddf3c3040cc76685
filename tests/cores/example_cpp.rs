//! The core in C++ under `plugins/examples/cpp`: a live one, with a thread of its own, built without a warning.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::program::{Ended, folder, mqscript};

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/examples/cpp")
}

/// Builds the example in `folder` as its Makefile says, warnings being errors. `None`: there is no C++ compiler.
fn built(folder: &Path) -> Option<String> {
    if Command::new("c++").arg("--version").output().is_err() {
        assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "no c++, and nothing may be skipped");
        println!("skipped: there is no c++ on this machine");
        return None;
    }
    for name in ["journal.cpp", "Makefile"] {
        fs::copy(sources().join(name), folder.join(name)).unwrap();
    }
    let include = sources().join("../../sdk/include");
    let made = Command::new("make")
        .arg("-C")
        .arg(folder)
        .args([format!("MQSCRIPT_INCLUDE={}", include.display()), "CXX=c++".to_owned()])
        .output()
        .expect("make");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let library = format!("libmqscript_core_journal{}", std::env::consts::DLL_SUFFIX);
    Some(folder.join(library).display().to_string())
}

fn run(library: &str, path: &str) -> Ended {
    let option = format!("path={path}");
    let short = ["--messages", "2000", "--rate", "2000/s", "--set", "warm_up=0", "-q", "--format", "json"];
    let core = ["run", "nine_agents", "--core", library, "--core-option", &option];
    mqscript(&[&core[..], &short].concat())
}

#[test]
fn it_is_small() {
    let text = fs::read_to_string(sources().join("journal.cpp")).unwrap();
    assert!(text.lines().count() < 120 && text.lines().all(|line| line.len() <= 120));
}

#[test]
fn every_message_stands_in_the_file() {
    let folder = folder();
    let Some(library) = built(folder.path()) else { return };
    let journal = folder.path().join("journal.txt");
    let ended = run(&library, journal.to_str().unwrap());
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let ledger = &report["runs"][0]["ledger"];
    assert_eq!((&ledger["generated"], &ledger["delivered"]), (&2000.into(), &2000.into()));
    let text = fs::read_to_string(journal).unwrap();
    let mut stamps = BTreeSet::new();
    for line in text.lines() {
        let [stamp, length, content] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert_eq!(length.parse(), Ok(content.len()), "{line}");
        let stamp = mqscript_plugin::Stamp::decode(stamp.as_bytes()).expect("a stamp");
        assert_eq!(stamp.checksum, mqscript_plugin::crc32c(content.as_bytes()), "{line}");
        stamps.insert((stamp.sender, stamp.sequence));
    }
    assert_eq!(stamps.len(), 2000);
}

#[test]
fn what_it_throws_is_told_and_ends_nothing_else() {
    let folder = folder();
    let Some(library) = built(folder.path()) else { return };
    for (path, told) in [("/nowhere/at/all", "cannot append to /nowhere/at/all"), ("a\"b", "no quotes")] {
        let ended = run(&library, path);
        assert_eq!(ended.code, 6, "{ended:?}");
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_its_messages_uncertain() {
    let folder = folder();
    let Some(library) = built(folder.path()) else { return };
    let ended = run(&library, "/dev/full");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let ledger = &report["runs"][0]["ledger"];
    assert_eq!((&ledger["delivered"], &ledger["uncertain"]), (&0.into(), &2000.into()));
}
