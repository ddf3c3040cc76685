//! `cargo xtask dist`: what it packs works from wherever it is unpacked, and in a root folder with nothing else in it but
//! the C library.

mod archive;
mod package;
mod workflow;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use support::program::Ended;
use xtask::{Dist, Made};

/// Packs this build into a folder.
fn pack(out: &Path) -> Made {
    let built = Path::new(env!("CARGO_BIN_EXE_mqscript")).parent().map(Path::to_owned);
    let dist = Dist {
        root: env!("CARGO_MANIFEST_DIR").into(),
        profile: "none is built".into(),
        built,
        nats: false,
        out: out.to_owned(),
        maintainer: "Somebody <somebody@example.org>".into(),
    };
    xtask::dist(&dist).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The packages of this build, made once.
fn packed() -> &'static Made {
    static PACKED: OnceLock<Made> = OnceLock::new();
    PACKED.get_or_init(|| pack(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("dist")))
}

/// Says why a test is skipped; `MQSCRIPT_NO_SKIP` does not allow it.
fn skipped(why: &str) {
    assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "nothing may be skipped: {why}");
    println!("skipped: {why}");
}

/// Runs a command that must end well.
#[track_caller]
fn succeeds(command: &mut Command) -> Ended {
    let ended = Ended::from(command.stdin(Stdio::null()).output().unwrap());
    assert_eq!(ended.code, 0, "{command:?}: {ended:?}");
    ended
}

/// Unpacks the archive into a folder, and gives the one folder that is in it.
fn unpacked(into: &Path) -> PathBuf {
    succeeds(
        Command::new("tar").args(["--extract", "--gzip", "--file"]).arg(&packed().archive).current_dir(into),
    );
    let name = packed().archive.file_name().unwrap().to_str().unwrap().strip_suffix(".tar.gz").unwrap();
    let inside: Vec<_> = fs::read_dir(into).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(inside.iter().any(|there| there == name), "{inside:?}");
    into.join(name)
}

/// A program in an environment that knows nothing of this machine, in the folder `/`.
fn bare(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir("/");
    command
}

/// The cores that a program finds, each with its file.
fn cores(told: &str) -> Vec<(String, String)> {
    let names = told.lines().filter(|line| !line.starts_with(' '));
    let names = names.map(|line| line.split(' ').next().unwrap().to_owned());
    let files = told.lines().map(str::trim).filter(|line| line.starts_with('/'));
    names.zip(files.map(str::to_owned)).collect()
}

/// Every file below a folder.
fn walk(folder: &Path, seen: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, seen) } else { seen(&path) }
    }
}
