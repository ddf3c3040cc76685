//! `mqscript core list` and `core info`, with the real mock core and with files that are no cores.

use std::fs;
use support::compile;
use support::program::{folder, mqscript};

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
fn a_check_takes_options_by_their_paths_as_a_run_does() {
    for (option, says) in [
        ("latency=1ms", None),
        ("mock.latency=1ms", None),
        ("types.direct.latency=1ms", None),
        ("types.direct.latenzy=1ms", Some("`types.direct.latenzy`")),
        ("mock.latency=fast", Some("`latency`")),
    ] {
        let checked =
            mqscript(&["core", "check", "mock", "--core-option", option, "--test", "options_defaults"]);
        assert_eq!(checked.code, if says.is_some() { 6 } else { 0 }, "{option}: {checked:?}");
        assert!(says.is_none_or(|says| checked.stderr.contains(says)), "{option}: {checked:?}");
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

#[test]
#[cfg(target_os = "linux")]
fn a_library_that_crashes_ends_or_hangs_while_it_is_loaded_is_told_and_the_others_listed() {
    let folder = folder();
    let place = |name: &str| folder.path().join(format!("libmqscript_core_{name}.so"));
    for (name, define) in
        [("crashes", "CRASHES"), ("ends", "ENDS"), ("hangs", "HANGS"), ("stays", "LEAVES_HANGING")]
    {
        fs::copy(compile("constructor.c", &[define]), place(name)).unwrap();
    }
    fs::copy(compile("core.c", &[]), place("small")).unwrap();
    let cores = folder.path().to_str().unwrap();
    let ended = mqscript(&["core", "list", "--core-path", cores]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stdout.contains("mock ") && ended.stdout.contains("small 1.2.3"), "{ended:?}");
    assert!(!ended.stdout.contains("hello"), "{ended:?}");
    for (name, told) in [
        ("crashes", "SIGSEGV"),
        ("ends", "exit code 0"),
        ("hangs", "it did not return within"),
        ("stays", "does not let its process end"),
    ] {
        let mut paragraphs =
            ended.stderr.split("\n\n").filter(|text| text.contains(&format!("core_{name}.so")));
        assert!(paragraphs.any(|text| text.contains(told)), "{name}: {}", ended.stderr);
    }
    for (name, told) in [("crashes", "SIGSEGV"), ("ends", "exit code 0")] {
        let ended = mqscript(&["core", "info", name, "--core-path", cores]);
        assert_eq!((ended.code, ended.stdout.as_str()), (6, ""), "{ended:?}");
        assert!(ended.stderr.contains(told), "{ended:?}");
    }
    let small = mqscript(&["core", "info", "small", "--core-path", cores]);
    assert_eq!(small.code, 0, "{small:?}");
    assert!(small.stdout.contains("small"), "{small:?}");
}
