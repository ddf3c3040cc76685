//! The relocatable archive.

use crate::contents::Item;
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// Writes the items, below one folder, as a gzip'd tar archive. `date` is in seconds since 1970.
///
/// # Errors
/// The archive cannot be written.
pub fn write_archive(items: &[Item], folder: &str, date: u64, path: &Path) -> Result<()> {
    let context = || format!("{} cannot be written", path.display());
    let file = File::create(path).with_context(context)?;
    let mut tar = Builder::new(GzEncoder::new(file, Compression::best()));
    for above in folders(items, folder) {
        let mut header = header(EntryType::Directory, 0o755, 0, date);
        tar.append_data(&mut header, format!("{above}/"), std::io::empty()).with_context(context)?;
    }
    for item in items {
        let mode = if item.executable { 0o755 } else { 0o644 };
        let mut header = header(EntryType::Regular, mode, item.bytes.len() as u64, date);
        tar.append_data(&mut header, format!("{folder}/{}", item.path), &item.bytes[..])
            .with_context(context)?;
    }
    let written = tar.into_inner().and_then(GzEncoder::finish);
    written.and_then(|mut file| file.flush()).with_context(context)
}

fn header(kind: EntryType, mode: u32, size: u64, date: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(date);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Every folder that the items lie in, those above first.
fn folders(items: &[Item], folder: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([folder.to_owned()]);
    for item in items {
        let ends = item.path.match_indices('/').map(|(at, _)| at);
        all.extend(ends.map(|at| format!("{folder}/{}", &item.path[..at])));
    }
    all
}
