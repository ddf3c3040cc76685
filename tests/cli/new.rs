//! `mqscript new`: what it makes works at once; what it refuses, it tells.

use std::fs;
use std::path::Path;
use support::program::{Ended, command, folder, mqscript};

/// Runs the program in a folder; it must end well.
fn succeeds(place: &Path, arguments: &[&str]) -> Ended {
    let ended = Ended::from(command(arguments).current_dir(place).output().unwrap());
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
    ended
}

#[test]
fn what_it_makes_works_at_once() {
    let place = folder();
    let told = succeeds(place.path(), &["new", "shop"]).stdout;
    let shop = place.path().join("shop");
    let (head, next) = told.split_once("\n\n").unwrap();
    let listed: Vec<&str> = head.lines().skip(1).map(str::trim).collect();
    assert_eq!(
        listed,
        [
            "shop.rhai",
            "batch.yaml",
            "README.md",
            ".github/workflows/mqscript.yml",
            ".gitignore",
            "batch.schema.json"
        ]
    );
    for file in listed {
        assert!(shop.join(file).is_file(), "{file}");
    }
    let batch = fs::read_to_string(shop.join("batch.yaml")).unwrap();
    assert!(batch.starts_with("# yaml-language-server: $schema=batch.schema.json\n"), "{batch}");
    let schema = fs::read_to_string(shop.join("batch.schema.json")).unwrap();
    assert_eq!(schema, mqscript(&["schema", "batch"]).stdout);
    // The commands that it names, as they stand.
    let commands: Vec<&str> = next.lines().filter_map(|line| line.trim().strip_prefix("mqscript ")).collect();
    assert_eq!(commands, ["check shop/batch.yaml", "run shop/shop.rhai", "batch shop/batch.yaml"]);
    for command in commands {
        succeeds(place.path(), &command.split(' ').collect::<Vec<_>>());
    }
    let junit = fs::read_to_string(shop.join("results/latest/junit.xml")).unwrap();
    assert!(junit.contains("tests=\"6\"") && junit.contains("failures=\"0\""), "{junit}");
    let ignored = fs::read_to_string(shop.join(".gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "/results"), "{ignored}");
    // Those of its README, in the folder itself.
    let readme = fs::read_to_string(shop.join("README.md")).unwrap();
    let mut tried = 0;
    for line in readme.lines().filter_map(|line| line.strip_prefix("mqscript ")) {
        let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
        let ended = Ended::from(command(&words).current_dir(&shop).output().unwrap());
        // Another seed and another rate may break a check, which is what they are for.
        let broken = words.contains(&"random") && ended.code == 7;
        assert!(ended.code == 0 || broken, "{words:?}: {ended:?}");
        tried += 1;
    }
    assert_eq!(tried, 5, "{readme}");
}

#[test]
fn its_checks_hold_on_every_seed_and_can_fail() {
    let place = folder();
    succeeds(place.path(), &["new", "shop"]);
    succeeds(place.path(), &["batch", "shop/batch.yaml", "-q", "--repeats", "40"]);
    for (flags, failed) in [
        (&["--success-rate", "0.6"][..], "✗ success_rate"),
        (&["--min-latency", "20ms", "--max-latency", "40ms"], "✗ total.p99"),
        (&["--param", "workers=1", "--rate", "40"], "✗ by_type.order.queue_wait.p99"),
    ] {
        let words = [&["run", "shop/shop.rhai", "-q"], flags].concat();
        let ended = Ended::from(command(&words).current_dir(place.path()).output().unwrap());
        assert!(ended.code == 7 && ended.stdout.contains(failed), "{words:?}: {ended:?}");
    }
}

#[test]
fn the_folder_may_have_another_name() {
    let place = folder();
    let told = succeeds(place.path(), &["new", "shop", "load/the shop"]).stdout;
    assert!(told.contains("mqscript run 'load/the shop/shop.rhai'"), "{told}");
    succeeds(place.path(), &["check", "load/the shop/batch.yaml"]);
}

#[test]
fn wrong_words_leave_nothing_behind() {
    let place = folder();
    let shop = place.path().join("shop");
    let path = shop.to_str().unwrap();
    for (arguments, told) in [
        (&["new"][..], "<NAME>"),
        (&["new", "", path], "this is no name"),
        (&["new", "my shop", path], "write `my_shop`"),
        (&["new", "load/shop", path], "the name comes first, the folder second"),
        (&["new", "..", path], "is a path, not a name"),
        (&["new", "2shop", path], "a letter, then letters"),
        (&["new", "shop\u{1b}[2J", path], "\\u{1b}"),
    ] {
        let ended = mqscript(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(told), "{arguments:?}: {}", ended.stderr);
        assert!(!shop.exists(), "{arguments:?}");
    }
}

#[test]
fn what_is_there_stays_as_it_is() {
    let place = folder();
    let file = place.path().join("shop");
    fs::write(&file, "mine").unwrap();
    for (folder, told) in [
        (file.clone(), "is already there, and nothing is ever overwritten"),
        (file.join("in"), "cannot be written"),
        (place.path().to_owned(), "is already there"),
        ("/proc/shop".into(), "cannot be written"),
    ] {
        let ended = mqscript(&["new", "shop", folder.to_str().unwrap()]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        assert!(ended.stderr.contains(told), "{ended:?}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}
