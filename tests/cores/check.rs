//! `mqscript core check`: the cores that come along hold the contract, and a core that breaks a rule is caught by the
//! test that is about it and by no other.

use std::fs;
use std::process::Command;
use support::bad::{Others, caught, check, library};
use support::compile;
use support::program::{self, folder, mqscript};

// Faults by subject: each is named like the test that must catch it, and breaks this rule.
const LIBRARY: &[(&str, &str)] = &[
    ("summary", "R7"),
    ("options_described", "R11"),
    ("options_defaults", "R12"),
    ("options_unknown_key", "R13"),
    ("options_wrong_type", "R14"),
    ("capabilities_sound", "R20"),
    ("capabilities_effective", "R21"),
];
const LIFE: &[(&str, &str)] = &[
    ("create", "R30"),
    ("open", "R31"),
    ("prepare_twice", "R32"),
    ("cut_short", "R33"),
    ("close_in_flight", "R34"),
    ("one_after_the_other", "R35"),
    ("stats", "R36"),
    ("stats_room", "R36"),
    ("clean", "R37"),
];
const SESSION: &[(&str, &str)] = &[
    ("one_message", "R50"),
    ("status_ok", "R50"),
    ("accepted_prefix", "R51"),
    ("empty_batch", "R52"),
    ("largest_batch", "R53"),
    ("appends", "R54"),
    ("small_arrays", "R55"),
    ("more_ends", "R56"),
    ("medium_empty", "R67"),
    ("due_moves_on", "R57"),
    ("progress", "R58"),
    ("back_pressure", "R59"),
    ("borrowed_messages", "R61"),
    ("borrowed_options", "R61"),
    ("any_thread", "R62"),
    ("flush", "R64"),
    ("host_texts", "R65"),
    ("only_read", "R66"),
];
const OUTCOMES: &[(&str, &str)] = &[
    ("own_tokens", "R70"),
    ("one_outcome", "R71"),
    ("every_outcome", "R72"),
    ("known_results", "R73"),
    ("reserved_fields", "R74"),
    ("not_in_the_past", "R75"),
    ("not_too_far", "R76"),
    ("reasons", "R77"),
];
const DELIVERIES: &[(&str, &str)] = &[
    ("uninvited", "R80"),
    ("stamps", "R81"),
    ("contents", "R82"),
    ("empty_contents", "R82"),
    ("large_contents", "R82"),
    ("recipients", "R83"),
    ("addressed", "R84"),
    ("confirmed", "R85"),
    ("exactly_once", "R86"),
    ("ordered", "R87"),
    ("acknowledge", "R88"),
    ("delivered_memory", "R89"),
];
const SIMULATION: &[(&str, &str)] = &[
    ("repeatable", "R90"),
    ("regrouped", "R91"),
    ("permuted", "R92"),
    ("crowd", "R93"),
    ("sender_keys", "R97"),
    ("virtual_time", "R94"),
    ("never_wakes", "R96"),
];
const LAYERS: &[(&str, &str)] = &[
    ("under_a_layer", "R110"),
    ("layer_alone", "R111"),
    ("layer_passes_on", "R112"),
    ("layer_due", "R113"),
    ("layer_failure", "R114"),
];
const CONSUMERS: &[(&str, &str)] = &[
    ("shares", "R120"),
    ("limits", "R121"),
    ("leases", "R122"),
    ("settled", "R123"),
    ("handovers", "R124"),
    ("gives_back", "R125"),
    ("rejects", "R126"),
    ("extends", "R127"),
    ("dead_letters", "R128"),
    ("late_settlements", "R129"),
    ("unsubscribed", "R130"),
];
/// Other ways to break some of these rules: a copy for an agent of another group, a lease that ends early, and so on.
const CONSUMERS_OTHERWISE: &[(&str, &str)] = &[
    ("shares", "R120"),
    ("leases", "R122"),
    ("handovers", "R124"),
    ("gives_back", "R125"),
    ("dead_letters", "R128"),
    ("late_settlements", "R129"),
];
const LIVE: &[(&str, &str)] = &[("calls_return", "R60"), ("waker", "R63"), ("wakes", "R58")];
const PROCESS: &[(&str, &str)] = &[
    ("silent", "R100"),
    ("surroundings", "R102"),
    ("ends_well", "R103"),
    ("quiet_after_destroy", "R39"),
    ("rounding", "R107"),
];
/// Found by what Linux tells of a process.
const LINUX: &[(&str, &str)] = &[
    ("signals", "R101"),
    ("leaks_memory", "R38"),
    ("leaks_descriptors", "R38"),
    ("leaks_threads", "R38"),
    ("simulated_alone", "R22"),
    ("no_sleeping", "R95"),
];

/// In a container, the leader of the session and the parent may be processes of the outside, which have no number here.
#[test]
#[cfg(target_os = "linux")]
fn the_check_works_in_a_container() {
    let contained = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", program]);
        command
    };
    if !contained("true").output().is_ok_and(|ended| ended.status.success()) {
        eprintln!("skipped: this system gives no namespace for a container");
        return;
    }
    let mut command = contained(env!("CARGO_BIN_EXE_mqscript"));
    let ended = command.args(["core", "check", "mock", "--test", "surroundings"]).output().unwrap();
    assert!(ended.status.success(), "{}{}", shown(&ended.stdout), shown(&ended.stderr));
}

#[cfg(target_os = "linux")]
fn shown(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[test]
fn the_cores_that_come_along_hold_the_contract() {
    for core in ["mock", "chaos", "broker"] {
        let ended = mqscript(&["core", "check", core]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        let last = ended.stdout.lines().last().unwrap_or_default();
        assert!(
            last.starts_with(&format!("✓ {core} holds the contract: ")) && last.contains(" 0 failed"),
            "{last}"
        );
        assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ended.stdout);
    }
}

#[test]
fn files_that_are_no_cores_are_named_by_the_rule_they_break() {
    let folder = folder();
    let text = folder.path().join("libmqscript_core_text.so");
    fs::write(&text, "not a library").unwrap();
    let half = folder.path().join("libmqscript_core_half.so");
    let whole = fs::read(compile("core.c", &[])).unwrap();
    fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    let elsewhere = folder.path().join("libmqscript_core_elsewhere.so");
    let mut foreign = whole;
    foreign[18] = 0x15; // e_machine: PowerPC64
    fs::write(&elsewhere, foreign).unwrap();
    for (file, test, rule) in [
        (text, "file", "R1"),
        (half, "file", "R1"),
        (elsewhere, "file", "R1"),
        (compile("core.c", &["NO_ENTRY"]), "symbols", "R2"),
        (compile("core.c", &["ABI=(9<<16)"]), "version", "R3"),
        (compile("core.c", &["NULL_ENTRY"]), "descriptor", "R4"),
        (compile("core.c", &["ID=\"Not A Name\""]), "names", "R5"),
        (compile("core.c", &["ID=\"\\xff\\xfe\""]), "names", "R5"),
        (compile("core.c", &["NO_PUBLISH"]), "functions", "R6"),
        (compile("core.c", &["NO_VTABLE"]), "functions", "R6"),
        (compile("core.c", &["SCHEMA=\"nonsense\""]), "schema", "R10"),
        (compile("constructor.c", &[]), "file", "R103"),
    ] {
        let failures = check(&file, "", &[]);
        let names: Vec<_> =
            failures.iter().map(|failure| (failure.test.as_str(), failure.rule.as_str())).collect();
        assert_eq!(names, [(test, rule)], "{}: {failures:?}", file.display());
    }
}

#[test]
fn a_constructor_that_crashes_is_told_with_its_signal() {
    let failures = check(&compile("constructor.c", &[]), "", &[]);
    assert_eq!(failures[0].seen, "the process died of SIGSEGV while it was loaded");
}

#[test]
fn the_good_cores_among_the_bad_hold_the_contract() {
    for good in ["", "a_good_layer", "a_good_live_core", "a_good_core_with_leases"] {
        assert_eq!(check(&library(), good, &[]), [], "{good}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_only_linux_tells_is_caught() {
    caught(LINUX, Others::Some);
}

/// All tests on all faults. It takes minutes; the tests above ask a part of it.
#[test]
#[ignore = "exhaustive: cargo test --test cores -- --ignored check::every_fault"]
fn every_fault_is_caught_by_its_own_test_and_no_other() {
    for faults in [LIBRARY, LIFE, SESSION, OUTCOMES, DELIVERIES, SIMULATION, LAYERS, CONSUMERS, LIVE, PROCESS]
    {
        caught(faults, Others::All);
    }
    if cfg!(target_os = "linux") {
        caught(LINUX, Others::All);
    }
}

#[test]
fn a_bad_library_or_schema_is_caught() {
    caught(LIBRARY, Others::Some);
}

#[test]
fn a_bad_life_is_caught() {
    caught(LIFE, Others::Some);
}

#[test]
fn a_bad_session_is_caught() {
    caught(SESSION, Others::Some);
}

#[test]
fn a_bad_outcome_is_caught() {
    caught(OUTCOMES, Others::Some);
}

#[test]
fn a_bad_delivery_is_caught() {
    caught(DELIVERIES, Others::Some);
}

#[test]
fn a_bad_simulation_is_caught() {
    caught(SIMULATION, Others::Some);
}

#[test]
fn a_bad_layer_is_caught() {
    caught(LAYERS, Others::Some);
}

#[test]
fn a_core_that_treats_consumers_badly_is_caught() {
    caught(CONSUMERS, Others::Some);
}

#[test]
fn a_core_that_treats_consumers_badly_in_another_way_is_caught() {
    for (test, rule) in CONSUMERS_OTHERWISE {
        let failures = check(&library(), &format!("{test}_otherwise"), &["--test", test]);
        let names: Vec<_> =
            failures.iter().map(|failure| (failure.test.as_str(), failure.rule.as_str())).collect();
        assert_eq!(names, [(*test, *rule)], "{failures:?}");
    }
}

/// The same on the wall clock, where the leases are short.
#[test]
fn a_live_core_that_treats_consumers_badly_is_caught() {
    let all: Vec<&str> = CONSUMERS.iter().flat_map(|(test, _)| ["--test", *test]).collect();
    assert_eq!(check(&library(), "a_good_core_with_leases_on_the_wall_clock", &all), []);
    for (test, rule) in CONSUMERS {
        let failures = check(&library(), &format!("{test}_on_the_wall_clock"), &["--test", test]);
        let names: Vec<_> =
            failures.iter().map(|failure| (failure.test.as_str(), failure.rule.as_str())).collect();
        assert_eq!(names, [(*test, *rule)], "{failures:?}");
    }
}

#[test]
fn a_bad_live_core_is_caught() {
    caught(LIVE, Others::Some);
}

#[test]
fn a_core_that_does_harm_to_its_process_is_caught() {
    caught(PROCESS, Others::Some);
}

#[test]
fn whoever_crashes_hangs_leaves_or_devours_is_told_with_the_place() {
    for (fault, test, rule, seen) in [
        ("null_core", "create", "R30", "it returned OK, but no core"),
        ("aborts", "one_message", "R103", "the process died of SIGABRT in `publish`"),
        ("exits", "one_message", "R103", "the process was ended with code 3 in `publish`"),
        ("blocks_in_publish", "one_message", "R60", "it hangs in `publish`"),
        ("spins_in_poll", "one_message", "R60", "it hangs in `poll`"),
        ("allocates", "one_message", "R104", "it takes memory without end in `publish`"),
    ] {
        let failures = check(&library(), fault, &[]);
        assert_eq!(failures.len(), 1, "{fault}: {failures:?}");
        assert_eq!((failures[0].test.as_str(), failures[0].rule.as_str()), (test, rule), "{failures:?}");
        assert!(failures[0].seen.contains(seen), "{failures:?}");
    }
}

#[test]
fn a_failure_says_the_rule_what_was_seen_and_how_to_see_it_again() {
    let library = library().display().to_string();
    let arguments = ["core", "check", &library, "--test", "stamps", "--seed", "7", "--core-option", "n=2"];
    let ended: program::Ended =
        program::command(&arguments).env("MQSCRIPT_BAD", "stamps").output().unwrap().into();
    assert_eq!(ended.code, 6, "{ended:?}");
    for part in [
        "✗ stamps  Stamps come back bit for bit",
        "breaks R81 A stamp comes back bit for bit",
        "seen   sent Stamp {",
        &format!("again  mqscript core check {library} --core-option n=2 --test stamps --seed 7"),
        "✗ bad breaks the contract: 0 passed, 1 failed, 0 not applicable",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn what_is_not_there_cannot_be_checked() {
    for (arguments, code, part) in [
        (&["core", "check", "mok"][..], 6, "did you mean `mock`?"),
        (&["core", "check", "exec"], 6, "`command`"),
        (&["core", "check", "mock", "--core-option", "latenzy=5ms"], 6, "latenzy"),
        (&["core", "check", "mock", "--test", "leeks_memory"], 2, "did you mean `leaks_memory`?"),
        (&["core", "check", "mock", "--seed", "many"], 2, "--seed"),
        (&["core", "check"], 2, "<NAME|PATH>"),
    ] {
        let ended = mqscript(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{ended:?}");
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
}

/// What a core's own `cargo test` does: here for the core `bad`, in a process that the test below starts.
#[test]
#[ignore = "started by `a_core_is_checked_by_its_own_tests`"]
fn as_in_a_cores_own_tests() {
    mqscript_plugin::conformance::check_with("mqscript-bad", &[("n", "2")]);
}

#[test]
fn a_core_is_checked_by_its_own_tests() {
    let program = env!("CARGO_BIN_EXE_mqscript");
    for (named, path, fault, part) in [
        (program, "", "", None),
        (program, "", "stamps", Some("breaks the contract")),
        (
            "/there/is/no/program",
            "",
            "",
            Some("MQSCRIPT names /there/is/no/program, and no program is there"),
        ),
        // The one that was built beside the SDK is found all the same.
        ("", "/nowhere", "", None),
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "check::as_in_a_cores_own_tests"])
            .env("MQSCRIPT", named)
            .env("MQSCRIPT_BAD", fault)
            .env("PATH", path)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.success(), part.is_none(), "{told}");
        assert!(part.is_none_or(|part| told.contains(part)), "{told}");
        // What the program said is there for whoever reads the failure.
        assert_eq!(told.contains("✗ stamps"), fault == "stamps", "{told}");
    }
}
