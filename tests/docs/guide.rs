//! "Writing a core", to the letter: its files are written and its commands run, in order, in a folder of their own.
//!
//! A block whose fence reads `rust tube/src/lib.rs` is that file; with `made` behind it, `core new` has made the file,
//! and it must say the same. A block of `sh rust` or `sh c` is run.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;
use support::pages::{Block, blocks};
use support::program::{command, folder};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs the commands of a block, one by one. 9 is no failure of theirs: this machine was too slow for the load.
fn run(block: &Block, folder: &Path) {
    let program = Path::new(env!("CARGO_BIN_EXE_mqscript")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = [program.to_owned()].into_iter().chain(std::env::split_paths(&path));
    let path = std::env::join_paths(paths).unwrap();
    let mut inside = folder.to_owned();
    for line in block.text.lines() {
        if let Some(name) = line.strip_prefix("cd ") {
            inside.push(name);
            continue;
        }
        let mut shell = Command::new("sh");
        shell
            .args(["-c", line])
            .current_dir(&inside)
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("CARGO_TARGET_DIR");
        for (name, _) in command(&[]).get_envs().filter(|(_, value)| value.is_none()) {
            shell.env_remove(name);
        }
        let ended = shell.env("PATH", &path).output().unwrap();
        let good = [0, 9].contains(&ended.status.code().unwrap_or(-1));
        share_target(folder);
        let told = [&ended.stderr[..], &ended.stdout].map(String::from_utf8_lossy).concat();
        assert!(good, "line {}: `{line}` ends with {}: {told}", block.line, ended.status);
    }
}

/// Does what the blocks of one language say; gives how many files it wrote or compared, and how many blocks it ran.
fn follow(folder: &Path, languages: &[&str], shell: &str) -> (usize, usize) {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/writing-a-core.md")).unwrap();
    let (mut files, mut ran) = (0, 0);
    for block in blocks(&page) {
        let words: Vec<&str> = block.info.split(' ').collect();
        match words[..] {
            ["sh", language] if language == shell => {
                run(&block, folder);
                ran += 1;
            }
            [language, file, "made"] if languages.contains(&language) => {
                let made = fs::read_to_string(folder.join(file)).unwrap();
                assert_eq!(made, block.text, "line {}: `core new` makes another {file}", block.line);
                files += 1;
            }
            [language, file] if languages.contains(&language) => {
                fs::write(folder.join(file), &block.text).unwrap();
                files += 1;
            }
            _ => {}
        }
    }
    (files, ran)
}

/// Lets cargo build where it has built before: the crates below the core are the same each time.
fn share_target(folder: &Path) {
    let (tube, kept) = (folder.join("tube"), Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide"));
    if tube.is_dir() && !tube.join("target").exists() {
        fs::create_dir_all(&kept).unwrap();
        std::os::unix::fs::symlink(kept, tube.join("target")).unwrap();
    }
}

#[test]
fn the_core_in_rust_comes_to_work() {
    let folder = folder();
    assert_eq!(follow(folder.path(), &["rust", "json", "rhai"], "rust"), (6, 2));
    let text = fs::read_to_string(folder.path().join("tube.txt")).unwrap();
    let stamps: std::collections::BTreeSet<&str> =
        text.lines().map(|line| line.split_once(' ').unwrap().0).collect();
    assert_eq!((text.lines().count(), stamps.len()), (500, 500), "each message is there once");
}

#[test]
fn the_core_in_c_comes_to_work() {
    let folder = folder();
    let instant = folder.path().join("instant");
    fs::create_dir(&instant).unwrap();
    let header = Path::new(ROOT).join("plugins/sdk/include/mqscript_core.h");
    fs::copy(header, instant.join("mqscript_core.h")).unwrap();
    assert_eq!(follow(folder.path(), &["c"], "c"), (1, 2));
}
