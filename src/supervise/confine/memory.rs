//! Looking into a process that waits for an answer.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// The longest path that the kernel takes, its end included.
const PATH_BYTES_MAX: usize = 4096;

/// A process's memory, to be read while one of its threads waits.
#[derive(Debug)]
pub(super) struct Memory(File);

impl Memory {
    pub fn of(process: i32) -> std::io::Result<Memory> {
        File::open(format!("/proc/{process}/mem")).map(Memory)
    }

    /// The path at an address; none if the address is wrong or no end is in sight.
    pub fn path(&self, address: u64) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStringExt;
        let mut bytes = vec![0; PATH_BYTES_MAX];
        let mut length = 0;
        while length < bytes.len() {
            // Not beyond the page: the next one may not be there.
            let page_end = 4096 - ((address as usize + length) & 4095);
            let end = bytes.len().min(length + page_end);
            let read = self.0.read_at(&mut bytes[length..end], address.checked_add(length as u64)?).ok()?;
            let text = &bytes[length..length + read];
            if let Some(at) = text.iter().position(|byte| *byte == 0) {
                bytes.truncate(length + at);
                return Some(std::ffi::OsString::from_vec(bytes).into());
            }
            if read == 0 {
                return None;
            }
            length += read;
        }
        None
    }

    /// The number at an address.
    pub fn word(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, address).ok()?;
        Some(u64::from_ne_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_up_to_its_end_across_pages() {
        let memory = Memory::of(std::process::id() as i32).unwrap();
        let long = format!("/{}\0", "a".repeat(4000));
        for start in 0..3 {
            let text = &long[start..];
            let read = memory.path(text.as_ptr() as u64).unwrap();
            assert_eq!(read.to_str().unwrap(), text.trim_end_matches('\0'));
        }
        let endless = vec![b'x'; 3 * PATH_BYTES_MAX];
        assert_eq!(memory.path(endless.as_ptr() as u64), None);
        assert_eq!((memory.path(8), memory.word(8)), (None, None));
        let number = 77_u64;
        assert_eq!(memory.word(&raw const number as u64), Some(77));
    }
}
