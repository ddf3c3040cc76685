//! The workflow that `mqscript new` writes, with the archive.

use super::{packed, skipped, succeeds};
use std::fs;
use std::process::Command;
use support::program::Ended;

/// The steps of the workflow that `mqscript new` writes, in their order, as GitHub would run them.
#[test]
fn the_workflow_of_a_new_folder_runs_on_the_archive() {
    let place = tempfile::tempdir().unwrap();
    succeeds(Command::new(env!("CARGO_BIN_EXE_mqscript")).args(["new", "shop"]).current_dir(place.path()));
    let shop = place.path().join("shop");
    let workflow = fs::read_to_string(shop.join(".github/workflows/mqscript.yml")).unwrap();
    let temporary = place.path().join("runner");
    let (path, summary) = (place.path().join("path"), place.path().join("summary"));
    let sums = fs::read_to_string(&packed().sums).unwrap();
    let sum = sums.split_whitespace().next().unwrap();
    let mut steps = 0;
    let run = |script: &str, archive: &str, sum: &str| {
        let more = fs::read_to_string(&path).unwrap_or_default();
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", script]).current_dir(&shop).env("RUNNER_TEMP", &temporary);
        bash.env("GITHUB_PATH", &path).env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_WORKSPACE", &shop);
        bash.env("PATH", format!("{}:/usr/bin:/bin", more.trim().replace('\n', ":")))
            .env("ARCHIVE", archive)
            .env("SHA256", sum);
        Ended::from(bash.output().unwrap())
    };
    let scripts = run_scripts(&workflow);
    let fresh = || {
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir(&temporary).unwrap();
    };
    // Without an archive it says what to do; a wrong sum is noticed.
    fresh();
    let ended = run(&scripts[0], "", "");
    assert!(ended.code == 1 && ended.stdout.contains("set the variable MQSCRIPT_ARCHIVE"), "{ended:?}");
    fs::copy(&packed().archive, shop.join("tool.tar.gz")).unwrap();
    assert_ne!(run(&scripts[0], "tool.tar.gz", &"0".repeat(64)).code, 0);
    assert!(!path.exists());
    let address = format!("file://{}", packed().archive.display());
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    if !has_curl {
        skipped("there is no curl here: no archive is fetched");
    }
    for archive in ["tool.tar.gz"].into_iter().chain(has_curl.then_some(address.as_str())) {
        fresh();
        for script in &scripts {
            let ended = run(script, archive, sum);
            assert_eq!(ended.code, 0, "{script}\n{ended:?}");
            steps += 1;
        }
    }
    assert!(steps >= 4, "{workflow}");
    let shown = fs::read_to_string(summary).unwrap();
    assert!(shown.contains("shop · mock · rate=10/s"), "{shown}");
    assert!(shop.join("results/latest/junit.xml").is_file());
}

/// The texts of all `run:` keys.
fn run_scripts(workflow: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(text) = line.strip_prefix("        run: ") else { continue };
        if text != "|" {
            scripts.push(text.to_owned());
            continue;
        }
        let mut script = String::new();
        while let Some(line) = lines.next_if(|line| line.is_empty() || line.starts_with("          ")) {
            script += &format!("{}\n", line.trim_start_matches("          "));
        }
        scripts.push(script);
    }
    scripts
}
