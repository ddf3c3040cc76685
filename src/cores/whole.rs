//! Whether a library's file is whole.
//!
//! *Rationale.* The loader maps a file without looking at its length: to touch a page beyond the end of a
//! truncated one is SIGBUS, which nobody can catch. So the length is held against what the file says of itself.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

const PROGRAM_HEADER_BYTES: usize = 56;
const LOADABLE: u32 = 1;

/// The number that ELF files for this processor bear (`e_machine`), where it is known.
const MACHINE: Option<u16> = match () {
    () if cfg!(target_arch = "x86_64") => Some(62),
    () if cfg!(target_arch = "aarch64") => Some(183),
    () if cfg!(target_arch = "riscv64") => Some(243),
    () => None,
};

/// Why the file at `path` cannot be loaded here, or cannot be whole, if so. *Rationale.* Of a file for another
/// processor the loader says that there is no such file. Looks at 64-bit little-endian ELF files; others are left to
/// the loader.
pub(super) fn unfit(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let mut head = [0u8; 64];
    if len < 4 || read_at(&mut file, 0, &mut head[..4]).is_err() || &head[..4] != b"\x7fELF" {
        return Ok(None);
    }
    if len < 64 {
        return Ok(Some(told(len, 64)));
    }
    read_at(&mut file, 0, &mut head)?;
    let little_endian_64 = head[4] == 2 && head[5] == 1;
    let (start, size, count) = (u64_at(&head, 32), u16_at(&head, 54) as usize, u64::from(u16_at(&head, 56)));
    if !little_endian_64 || size != PROGRAM_HEADER_BYTES {
        return Ok(None);
    }
    let machine = u16_at(&head, 18);
    if MACHINE.is_some_and(|own| own != machine) {
        let arch = std::env::consts::ARCH;
        return Ok(Some(format!("it is for another processor (ELF machine {machine}); this is {arch}")));
    }
    let mut needed = start.saturating_add(count * PROGRAM_HEADER_BYTES as u64);
    if needed <= len {
        for index in 0..count {
            let mut header = [0u8; PROGRAM_HEADER_BYTES];
            read_at(&mut file, start + index * PROGRAM_HEADER_BYTES as u64, &mut header)?;
            if u32_at(&header, 0) == LOADABLE {
                needed = needed.max(u64_at(&header, 8).saturating_add(u64_at(&header, 32)));
            }
        }
    }
    Ok((needed > len).then(|| told(len, needed)))
}

fn told(len: u64, needed: u64) -> String {
    format!("the file is truncated: it has {len} bytes of at least {needed}")
}

fn read_at(file: &mut File, at: u64, bytes: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}
