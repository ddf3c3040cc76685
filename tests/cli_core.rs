//! `mqscript core list` and `core info`, with the real mock core and with files that are no cores.

mod cli_support;

use cli_support::{folder, mqscript};
use std::fs;

#[test]
fn the_mock_core_is_listed() {
    let ended = mqscript(&["core", "list"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let line = ended.stdout.lines().find(|line| line.starts_with("mock ")).expect("a line for the mock core");
    assert!(line.contains(env!("CARGO_PKG_VERSION")) && line.contains("simulated"), "{line}");
    assert!(ended.stdout.contains("mqscript_core_mock"), "its file is named: {}", ended.stdout);
}

#[test]
fn every_option_of_a_core_is_shown_with_its_default() {
    let ended = mqscript(&["core", "info", "mock"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for part in ["latency = 1ms..10ms", "success_rate = 0.95", "SIMULATED", "plugin ABI 1."] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn a_core_that_is_not_there_is_told_with_the_nearest() {
    let ended = mqscript(&["core", "info", "mok"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (6, ""));
    for part in ["there is no core `mok`", "looked in", "did you mean `mock`?"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
}

#[test]
fn files_that_are_no_cores_are_told_and_the_others_listed() {
    let folder = folder();
    fs::write(folder.path().join("libmqscript_core_broken.so"), "not a library").unwrap();
    let ended = mqscript(&["core", "list", "--core-path", folder.path().to_str().unwrap()]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stdout.contains("mock"), "{ended:?}");
    assert!(ended.stderr.contains("libmqscript_core_broken.so cannot be loaded"), "{ended:?}");
    let one = mqscript(&["core", "info", "./Cargo.toml"]);
    assert_eq!(one.code, 6, "{one:?}");
}
