//! What goes into the packages, and where.

use crate::built::Built;
use crate::dist::{read, succeeds};
use anyhow::{Context, Result};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One file of the packages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// Where it goes, below the prefix: `bin/mqscript`.
    pub path: String,
    /// Whether it is a program.
    pub executable: bool,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Item {
    fn plain(path: impl Into<String>, bytes: Vec<u8>) -> Item {
        Item { path: path.into(), executable: false, bytes }
    }
}

/// The files in these folders of the checkout, each with the folder that it goes to.
const FOLDERS: [(&str, &str); 7] = [
    ("plugins/sdk/include", "include/mqscript"),
    ("scripts", "share/mqscript/scripts"),
    ("schemas", "share/mqscript/schemas"),
    ("docs", "share/doc/mqscript/docs"),
    ("plugins/examples", "share/doc/mqscript/plugins/examples"),
    ("plugins/exec/examples", "share/doc/mqscript/plugins/exec/examples"),
    ("plugins/exec/python", "share/doc/mqscript/plugins/exec/python"),
];
/// What a checkout makes inside these folders, and no package holds: folders and files of these names or endings.
const MADE: [&str; 4] = ["target", "__pycache__", "Cargo.lock", ".so"];
/// Where the guide's links into a checkout lead in the packages, seen from the folder of the guide.
const LINKS: [(&str, &str); 3] = [
    ("](../scripts/", "](../../../mqscript/scripts/"),
    ("](../schemas/", "](../../../mqscript/schemas/"),
    ("](../plugins/sdk/include/", "](../../../../include/mqscript/"),
];
/// Files of the checkout that go beside the documentation.
const DOCUMENTS: [&str; 3] = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"];
/// For each shell, where its completions go.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/mqscript"),
    ("zsh", "share/zsh/site-functions/_mqscript"),
    ("fish", "share/fish/vendor_completions.d/mqscript.fish"),
];

/// Everything, sorted by path.
pub(crate) fn gather(root: &Path, built: &Built, copyright: String) -> Result<Vec<Item>> {
    let mut items =
        vec![Item { path: "bin/mqscript".into(), executable: true, bytes: stripped(&built.program)? }];
    for core in &built.cores {
        let name = name(core)?;
        items.push(Item::plain(format!("lib/mqscript/cores/{name}"), stripped(core)?));
    }
    for (from, to) in FOLDERS {
        add_folder(&mut items, &root.join(from), to)?;
    }
    items.iter_mut().filter(|item| item.path.starts_with("share/doc/mqscript/docs/")).for_each(relink);
    for document in DOCUMENTS {
        items.push(Item::plain(format!("share/doc/mqscript/{document}"), read(&root.join(document))?));
    }
    items.push(Item::plain("share/doc/mqscript/copyright", copyright.into_bytes()));
    for (shell, path) in COMPLETIONS {
        let made = succeeds(Command::new(&built.program).args(["completions", shell]))?;
        items.push(Item::plain(path, made));
    }
    let pages = tempfile::tempdir().context("no temporary folder")?;
    succeeds(Command::new(&built.program).args(["man", "--out"]).arg(pages.path()))?;
    add_folder(&mut items, pages.path(), "share/man/man1")?;
    items.sort();
    Ok(items)
}

fn name(path: &Path) -> Result<&str> {
    path.file_name()
        .and_then(OsStr::to_str)
        .with_context(|| format!("{} has no name in UTF-8", path.display()))
}

/// Lets a page's links lead to where the packages have what they name.
fn relink(page: &mut Item) {
    if let Ok(text) = std::str::from_utf8(&page.bytes) {
        page.bytes =
            LINKS.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).into_bytes();
    }
}

/// Adds all files of a folder, and of those in it, but for what a checkout makes there.
fn add_folder(items: &mut Vec<Item>, from: &Path, to: &str) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))?;
    for entry in entries {
        let path: PathBuf = entry.with_context(|| format!("{} cannot be read", from.display()))?.path();
        let name = name(&path)?;
        if MADE.iter().any(|made| name.ends_with(made)) {
            continue;
        }
        let to = format!("{to}/{name}");
        if path.is_dir() {
            add_folder(items, &path, &to)?;
        } else {
            items.push(Item::plain(to, read(&path)?));
        }
    }
    Ok(())
}

/// A program or a library without what only debuggers read. Its symbols stay, for backtraces.
fn stripped(path: &Path) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let copy = folder.path().join("stripped");
    // `-S` is what binutils, LLVM and macOS all know.
    succeeds(Command::new("strip").arg("-S").arg("-o").arg(&copy).arg(path))?;
    read(&copy)
}
