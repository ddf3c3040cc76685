//! The whole of `cargo xtask dist`.

use crate::archive::write_archive;
use crate::built::Built;
use crate::contents::{self, Item};
use crate::copyright::copyright;
use crate::deb::write_deb;
use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is to be made.
#[derive(Debug, Clone)]
pub struct Dist {
    /// The checkout.
    pub root: PathBuf,
    /// The profile to build with.
    pub profile: String,
    /// The folder of a build to take things from, in place of building.
    pub built: Option<PathBuf>,
    /// Whether the nats core is packed, too.
    pub nats: bool,
    /// Where the packages go; made if need be.
    pub out: PathBuf,
    /// `Name <address>` of whoever answers for the Debian package.
    pub maintainer: String,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The archive, `mqscript-VERSION-TARGET.tar.gz`.
    pub archive: PathBuf,
    /// The Debian package, unless there is no `dpkg-deb` to make it.
    pub deb: Option<PathBuf>,
    /// The SHA-256 sums of both, for `sha256sum --check`.
    pub sums: PathBuf,
}

impl Made {
    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.archive].into_iter().chain(&self.deb).chain([&self.sums])
    }
}

/// When nothing else is known: what archives of all kinds can express.
const OLDEST: u64 = 315_532_800;

/// Builds what is missing, and makes the packages.
///
/// # Errors
/// Something does not build, is missing, or cannot be written.
pub fn dist(dist: &Dist) -> Result<Made> {
    let built = match &dist.built {
        Some(folder) => Built::in_folder(folder, dist.nats)?,
        None => Built::by_cargo(&dist.root, &dist.profile, dist.nats)?,
    };
    let version = env!("CARGO_PKG_VERSION");
    let items = contents::gather(&dist.root, &built, copyright(&dist.root, dist.nats)?)?;
    fs::create_dir_all(&dist.out).with_context(|| format!("{} cannot be made", dist.out.display()))?;
    let date = date(&dist.root);
    let name = format!("mqscript-{version}-{}", target()?);
    let archive = dist.out.join(format!("{name}.tar.gz"));
    write_archive(&items, &name, date, &archive)?;
    let deb = write_deb(&items, version, &dist.maintainer, date, &dist.out)?;
    let sums = dist.out.join("SHA256SUMS");
    let mut text = String::new();
    for path in [&archive].into_iter().chain(&deb) {
        let _ = writeln!(text, "{}  {}", sum(path)?, file_name(path));
    }
    fs::write(&sums, text).with_context(|| format!("{} cannot be written", sums.display()))?;
    Ok(Made { archive, deb, sums })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn sum(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

/// The date of everything, in seconds since 1970: `SOURCE_DATE_EPOCH`, or else the date of the commit.
fn date(root: &Path) -> u64 {
    let said = std::env::var("SOURCE_DATE_EPOCH").ok();
    let committed = || {
        let git = Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root).output().ok()?;
        String::from_utf8(git.stdout).ok()
    };
    said.or_else(committed).and_then(|text| text.trim().parse().ok()).unwrap_or(OLDEST)
}

/// The target that this machine builds for.
fn target() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let ended = Command::new(rustc).arg("-vV").output().context("rustc cannot be started")?;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    ensure!(ended.status.success() && host.is_some(), "rustc -vV names no host: {text}");
    Ok(host.unwrap_or_default().to_owned())
}

/// Runs a command that must end well, and gives what it printed.
pub(crate) fn succeeds(command: &mut Command) -> Result<Vec<u8>> {
    let ended = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    let told = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{command:?} ends with {}\n{told}", ended.status);
    Ok(ended.stdout)
}

/// Reads a file of the checkout.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// An item's path in a root folder, with the folders above it made.
pub(crate) fn placed(root: &Path, item: &Item) -> Result<PathBuf> {
    let path = root.join(&item.path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    Ok(path)
}
