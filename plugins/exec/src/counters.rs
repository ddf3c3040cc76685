//! How often each message was tried: a counter each in a file that every process of the processor maps, so that a retry
//! in another process counts on. The host only makes the file.

use std::fs::File;
use std::io;
use std::path::Path;

/// Counters of two bytes; the file is sparse. After so many messages the first is counted on.
pub const SLOTS: u32 = 1 << 25;

/// Makes the file.
pub fn make(at: &Path) -> io::Result<()> {
    File::create_new(at)?.set_len(u64::from(SLOTS) * 2)
}
