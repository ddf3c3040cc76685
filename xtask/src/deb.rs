//! The Debian package.

use crate::contents::Item;
use crate::depends::depends;
use crate::dist::{placed, succeeds};
use anyhow::{Context, Result, bail};
use flate2::{Compression, GzBuilder};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes the items, below `/usr`, as `mqscript_VERSION_ARCHITECTURE.deb` in a folder; nothing without `dpkg-deb`.
/// `date` is in seconds since 1970.
///
/// # Errors
/// It cannot be written, or this machine's architecture is none of Debian's.
pub fn write_deb(
    items: &[Item],
    version: &str,
    maintainer: &str,
    date: u64,
    out: &Path,
) -> Result<Option<PathBuf>> {
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        return Ok(None);
    }
    let architecture = architecture()?;
    let staged = tempfile::tempdir().context("no temporary folder")?;
    let root = staged.path();
    let mut size = 0;
    let items: Vec<Item> = items.iter().map(as_debian_has_it).collect::<Result<_>>()?;
    for item in &items {
        size += item.bytes.len();
        put(root, item)?;
    }
    let control = format!(
        "Package: mqscript\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: {maintainer}\n\
         Installed-Size: {}\nDepends: {}\nRecommends: man-db\nSuggests: python3\nSection: utils\nPriority: optional\n\
         Description: stress-test message-queue processors and brokers by script\n \
         A script says which agents send which messages, how they are delivered and what\n \
         must hold; mqscript plays it against a core (a simulation, a durable queue, a\n \
         program of yours, with faults over any of them) and accounts for every message.\n",
        size.div_ceil(1024),
        depends(&items)?.join(", "),
    );
    put(root, &Item { path: "DEBIAN/control".into(), executable: false, bytes: control.into_bytes() })?;
    open_folders(root)?;
    let path = out.join(format!("mqscript_{version}_{architecture}.deb"));
    let mut build = Command::new("dpkg-deb");
    build.args(["--build", "--root-owner-group", "-Zxz"]).arg(root).arg(&path);
    succeeds(build.env("SOURCE_DATE_EPOCH", date.to_string()))?;
    Ok(Some(path))
}

/// Below `/usr`, manual pages gzip'd, and zsh's completions where Debian's zsh looks.
fn as_debian_has_it(item: &Item) -> Result<Item> {
    let mut item = item.clone();
    if item.path.starts_with("share/man/") {
        item.path += ".gz";
        // Without a date and a name, so that the same page gives the same bytes.
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        gzip.write_all(&item.bytes)?;
        item.bytes = gzip.finish()?;
    }
    item.path = format!("usr/{}", item.path.replace("zsh/site-functions", "zsh/vendor-completions"));
    Ok(item)
}

fn put(root: &Path, item: &Item) -> Result<()> {
    let path = placed(root, item)?;
    let mode = if item.executable { 0o755 } else { 0o644 };
    let written = fs::write(&path, &item.bytes);
    let written = written.and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)));
    written.with_context(|| format!("{} cannot be written", path.display()))
}

/// Makes folders what they are in every package, whatever the umask.
fn open_folders(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            open_folders(&path)?;
        }
    }
    Ok(())
}

/// What Debian calls this machine's architecture.
fn architecture() -> Result<&'static str> {
    Ok(match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "i386",
        "arm" => "armhf",
        "riscv64" => "riscv64",
        "powerpc64" => "ppc64el",
        "s390x" => "s390x",
        "loongarch64" => "loong64",
        other => bail!("Debian has no architecture for {other}"),
    })
}
