//! A few words of a file, as memory: what a process writes there is seen by others at once, and outlives it.

use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;

/// Words of a page.
pub const PAGE_WORDS: usize = 8;

/// The first words of this file, for as long as the process lives. The file is made as long as they are.
///
/// # Errors
/// The system cannot map files, or not this one.
#[cfg(unix)]
pub fn map_page(file: &File) -> io::Result<&'static [AtomicU64; PAGE_WORDS]> {
    use rustix::mm::{MapFlags, ProtFlags, mmap};
    let bytes = size_of::<[AtomicU64; PAGE_WORDS]>();
    file.set_len(bytes as u64)?;
    // SAFETY: a new mapping that is never removed, of a file that is as long.
    let start = unsafe {
        let both = ProtFlags::READ | ProtFlags::WRITE;
        mmap(std::ptr::null_mut(), bytes, both, MapFlags::SHARED, file, 0)?
    };
    // SAFETY: the mapping begins at a page, is long enough and never goes away; any bytes are atomics' values.
    Ok(unsafe { &*start.cast() })
}

/// There are no such files on this system.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn map_page(_file: &File) -> io::Result<&'static [AtomicU64; PAGE_WORDS]> {
    Err(io::ErrorKind::Unsupported.into())
}
