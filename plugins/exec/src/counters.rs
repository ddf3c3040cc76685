//! Counts how often each message was tried, in a file with one counter for each message. All processes of the processor
//! map the file, so that a retry in another process continues the count. The host only makes the file.

use std::fs::File;
use std::io;
use std::path::Path;

/// The number of counters in the file, two bytes each. After so many messages the first counter is used again.
pub const SLOTS: u32 = 1 << 25;

/// Makes the file, filled with zeros and sparse.
pub fn make(at: &Path) -> io::Result<()> {
    File::create_new(at)?.set_len(u64::from(SLOTS) * 2)
}
