//! The help is what people read first: every change of it is a visible diff. `UPDATE_GOLDEN=1` accepts one.

use support::program::{golden, mqscript};

#[test]
fn help_is_golden() {
    let pages: [(&str, &[&str]); 16] = [
        ("mqscript", &["--help"]),
        ("run", &["run", "--help"]),
        ("check", &["check", "--help"]),
        ("batch", &["batch", "--help"]),
        ("compare", &["compare", "--help"]),
        ("report", &["report", "--help"]),
        ("fit", &["fit", "--help"]),
        ("list", &["list", "--help"]),
        ("core_list", &["core", "list", "--help"]),
        ("core_info", &["core", "info", "--help"]),
        ("core_new", &["core", "new", "--help"]),
        ("core_check", &["core", "check", "--help"]),
        ("new", &["new", "--help"]),
        ("completions", &["completions", "--help"]),
        ("man", &["man", "--help"]),
        ("schema", &["schema", "--help"]),
    ];
    for (name, arguments) in pages {
        let ended = mqscript(arguments);
        assert_eq!(ended.code, 0, "{ended:?}");
        golden(&format!("help/{name}.txt"), &ended.stdout);
    }
}

#[test]
fn help_ends_with_the_five_examples() {
    let help = mqscript(&["run", "--help"]).stdout;
    let (_, examples) = help.split_once("Examples:\n").expect("examples");
    assert_eq!(examples.lines().filter(|line| line.starts_with("  mqscript run")).count(), 5, "{examples}");
}

#[test]
fn the_scripts_that_come_along_are_listed() {
    let listed = mqscript(&["list"]);
    assert_eq!(listed.code, 0);
    for name in ["nine_agents", "urgent_mix", "tune_processor"] {
        assert!(listed.stdout.lines().any(|line| line.starts_with(&format!("{name} "))), "{}", listed.stdout);
    }
}

#[test]
fn without_a_command_help_says_what_there_is() {
    let ended = mqscript(&[]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("Usage: mqscript <COMMAND>"), "{ended:?}");
}

#[test]
fn an_unknown_flag_is_refused_with_the_nearest() {
    let ended = mqscript(&["run", "--duraton", "5"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("--duration"), "{ended:?}");
    assert!(ended.stdout.is_empty());
}

#[test]
fn schemas_are_printed_as_they_are_committed() {
    for (arguments, file) in [
        (&["schema"][..], "batch.schema.json"),
        (&["schema", "batch"], "batch.schema.json"),
        (&["schema", "report"], "report.schema.json"),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(file);
        assert_eq!(mqscript(arguments).stdout, std::fs::read_to_string(path).unwrap());
    }
    assert_eq!(mqscript(&["schema", "bacth"]).code, 2);
}
