//! The program and the cores as cargo leaves them.

use crate::dist::succeeds;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The cores that are always packed.
const CORES: [&str; 5] = ["mock", "chaos", "broker", "sqlite", "exec"];

/// What a build has made.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    /// The program.
    pub program: PathBuf,
    /// The cores' libraries.
    pub cores: Vec<PathBuf>,
}

fn cores(nats: bool) -> impl Iterator<Item = &'static str> {
    CORES.into_iter().chain(nats.then_some("nats"))
}

fn library(core: &str) -> String {
    format!("{DLL_PREFIX}mqscript_core_{core}{DLL_SUFFIX}")
}

impl Built {
    /// What lies in the folder of a build (`target/release`), the newer of a file there and in its `deps/`.
    pub fn in_folder(folder: &Path, nats: bool) -> Result<Built> {
        let find = |name: String| {
            let both = [folder.join(&name), folder.join("deps").join(&name)];
            let found = both.into_iter().filter(|path| path.is_file());
            let date = |path: &PathBuf| fs::metadata(path).and_then(|meta| meta.modified()).ok();
            found.max_by_key(date).with_context(|| format!("{} has no {name}", folder.display()))
        };
        let program = find(format!("mqscript{EXE_SUFFIX}"))?;
        let cores = cores(nats).map(|core| find(library(core))).collect::<Result<_>>()?;
        Ok(Built { program, cores })
    }

    /// Builds them. *Rationale.* The nats core is built apart: together, the features that its dependencies want would
    /// build the program's anew.
    pub fn by_cargo(root: &Path, profile: &str, nats: bool) -> Result<Built> {
        let packages: Vec<String> = CORES.iter().map(|core| format!("mqscript-{core}")).collect();
        let mut files = build(root, profile, &[&["mqscript".to_owned()][..], &packages].concat())?;
        if nats {
            files.extend(build(root, profile, &["mqscript-nats".to_owned()])?);
        }
        let find = |name: String| {
            let found = files.iter().find(|path| path.file_name().is_some_and(|file| *file == *name));
            found.cloned().with_context(|| format!("cargo built no {name}"))
        };
        let program = find(format!("mqscript{EXE_SUFFIX}"))?;
        let cores = cores(nats).map(|core| find(library(core))).collect::<Result<_>>()?;
        Ok(Built { program, cores })
    }
}

/// Builds packages, and gives the files that cargo says it made.
fn build(root: &Path, profile: &str, packages: &[String]) -> Result<Vec<PathBuf>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "--profile", profile, "--message-format", "json-render-diagnostics"]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    cargo.current_dir(root).stderr(Stdio::inherit());
    // What `cargo run` tells xtask of itself is no news for build scripts, which would run again.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|about| name.starts_with(about)) {
            cargo.env_remove(name);
        }
    }
    let mut files = Vec::new();
    for line in String::from_utf8(succeeds(&mut cargo)?).context("cargo prints UTF-8")?.lines() {
        let message: Value = serde_json::from_str(line).with_context(|| format!("cargo says {line}"))?;
        let made = message["filenames"].as_array().into_iter().flatten();
        files.extend(made.filter_map(Value::as_str).map(PathBuf::from));
    }
    if files.is_empty() {
        bail!("cargo built nothing");
    }
    Ok(files)
}
