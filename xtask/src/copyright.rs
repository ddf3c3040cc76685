//! The file that says whose work is in the packages.

use crate::dist::succeeds;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// mqscript's own licence, as far as the checkout states one, and those of every crate that is linked in.
pub(crate) fn copyright(root: &Path, nats: bool) -> Result<String> {
    let own = ["LICENSE", "LICENSE.md", "LICENSE.txt", "COPYING"];
    let own = own.iter().find_map(|name| std::fs::read_to_string(root.join(name)).ok());
    let mut text = "mqscript, made from its source code by `cargo xtask dist`.\n\n".to_owned();
    text += own
        .as_deref()
        .unwrap_or("Its source code states no licence: ask its authors before you pass it on.\n");
    text += "\nLinked into the program and the cores are these crates, each with its licence:\n\n";
    for line in crates(root, nats)? {
        let _ = writeln!(text, "  {line}");
    }
    text += "\nThe sqlite core contains SQLite, which is in the public domain.\n";
    Ok(text)
}

/// `name version: licence`, sorted.
fn crates(root: &Path, nats: bool) -> Result<BTreeSet<String>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--no-dedupe"]);
    cargo.args(["--format", "{p}: {l}", "--package", "mqscript"]);
    cargo.args(nats.then_some(["--package", "mqscript-nats"]).into_iter().flatten());
    let printed = String::from_utf8(succeeds(cargo.current_dir(root))?).context("cargo prints UTF-8")?;
    // A crate of the checkout is named with its folder, a macro with what it is.
    let foreign = printed.lines().map(|line| line.replace(" (proc-macro)", ""));
    Ok(foreign
        .filter(|line| !line.is_empty() && !line.contains(" ("))
        .map(|line| line.replacen(" v", " ", 1))
        .collect())
}
