//! `mqscript core check` on live cores: a database, programs, a broker, a file.

use std::path::Path;
use std::process::Command;
use support::nats::server::Server;
use support::program::{folder, mqscript};

/// Checks a core, which must hold; gives what was said.
fn holds(core: &str, options: &[String]) -> String {
    let mut arguments = vec!["core", "check", core];
    arguments.extend(options.iter().flat_map(|option| ["--core-option", option]));
    let ended = mqscript(&arguments);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    // What is asked of live cores alone was asked, and what is asked of simulated ones was not.
    for part in ["✓ wakes", "✓ calls_return", "✓ leaks_threads", "– repeatable"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    ended.stdout
}

/// Says why a test is skipped, unless nothing may be.
fn skipped(why: &str) {
    assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "{why}, and MQSCRIPT_NO_SKIP is set");
    println!("skipped: {why}");
}

#[test]
fn the_sqlite_core_holds_the_contract() {
    holds("sqlite", &[]);
}

#[test]
fn the_exec_core_holds_the_contract() {
    if Command::new("python3").arg("--version").output().is_err() {
        return skipped("there is no python3");
    }
    holds("exec", &["command=python3 plugins/exec/examples/send_message.py".to_owned()]);
}

#[test]
fn the_nats_core_holds_the_contract() {
    let built = mqscript(&["core", "info", "nats"]);
    if built.code != 0 {
        return skipped("the core nats is not built: cargo build -p mqscript-nats");
    }
    let Some(server) = Server::start() else { return };
    let url = format!("url={}", server.url());
    let told = holds("nats", std::slice::from_ref(&url));
    assert!(told.contains("✓ confirmed"), "{told}");
    let told = holds("nats", &[url, "mode=core".to_owned()]);
    assert!(told.contains("– confirmed"), "without JetStream nothing is confirmed: {told}");
}

#[test]
fn the_example_in_cpp_holds_the_contract() {
    if Command::new("c++").arg("--version").output().is_err() {
        return skipped("there is no c++");
    }
    let (folder, sources) = (folder(), Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/examples/cpp"));
    for name in ["journal.cpp", "Makefile"] {
        std::fs::copy(sources.join(name), folder.path().join(name)).unwrap();
    }
    let include = sources.join("../../sdk/include");
    let made = Command::new("make")
        .arg("-C")
        .arg(folder.path())
        .arg("check")
        .arg(format!("MQSCRIPT_INCLUDE={}", include.display()))
        .args(["CXX=c++", concat!("MQSCRIPT=", env!("CARGO_BIN_EXE_mqscript"))])
        .output()
        .expect("make");
    let told = String::from_utf8_lossy(&made.stdout);
    assert!(made.status.success() && told.contains("✓ journal holds the contract"), "{told}");
}
