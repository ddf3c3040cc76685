//! Files without names, in memory, whose contents are checked when they are read: a core may have written over them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Room is given out in pages.
const PAGE: u64 = 4096;
/// What is written is gathered before it goes into a file.
const BUFFER_BYTES: usize = 1 << 16;
/// Before each frame: its kind, its length, and the sum over its bytes.
const HEADER: usize = 24;

/// A number for these bytes: others have another, as good as certainly.
pub(super) fn sum_of(bytes: &[u8]) -> u64 {
    let mut sum = Sum::default();
    sum.add(bytes);
    sum.end()
}

/// A sum in the making.
#[derive(Debug, Default)]
struct Sum {
    value: u64,
    len: u64,
    rest: [u8; 8],
}

impl Sum {
    fn mix(&mut self, word: u64) {
        self.value = (self.value ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let held = (self.len % 8) as usize;
            if held == 0 && bytes.len() >= 8 {
                let (words, rest) = bytes.as_chunks::<8>();
                words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
                self.len += (bytes.len() - rest.len()) as u64;
                bytes = rest;
                continue;
            }
            let take = bytes.len().min(8 - held);
            self.rest[held..held + take].copy_from_slice(&bytes[..take]);
            self.len += take as u64;
            bytes = &bytes[take..];
            if held + take == 8 {
                self.mix(u64::from_le_bytes(self.rest));
            }
        }
    }

    fn end(mut self) -> u64 {
        let held = (self.len % 8) as usize;
        self.rest[held..].fill(0);
        self.mix(u64::from_le_bytes(self.rest));
        self.mix(self.len);
        self.value
    }
}

/// Pieces of a file that are written over again and again.
#[derive(Debug)]
pub(super) struct Pages {
    file: File,
    /// Held by the thread that looks for room.
    rooms: Mutex<Rooms>,
}

#[derive(Debug, Default)]
struct Rooms {
    /// Each piece's room by its owner and turn: where it is, and how long.
    of: HashMap<(usize, usize), (u64, u64)>,
    /// Behind it is nothing.
    end: u64,
}

impl Pages {
    /// # Errors
    /// The system gives no such file.
    pub(super) fn new(name: &str) -> io::Result<Pages> {
        Ok(Pages { file: nameless(name)?, rooms: Mutex::default() })
    }

    /// Nothing in it any more.
    pub(super) fn clear(&self) -> io::Result<()> {
        *self.rooms() = Rooms::default();
        self.file.set_len(0)
    }

    /// Closes the file in this process. Nobody may use it afterwards.
    pub(super) fn close(&self) {
        close(&self.file);
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a piece in place of what its owner wrote there before; where it stands: offset, length, and sum.
    pub(super) fn write(
        &self,
        owner: usize,
        turn: usize,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<(u64, u64, u64)> {
        let (at, cap) = self.rooms().of.get(&(owner, turn)).copied().unwrap_or_default();
        let mut piece = SnapshotWriter { pages: self, owner, turn, at, cap, len: 0, sum: Sum::default() };
        let mut buffer = BufWriter::with_capacity(BUFFER_BYTES, &mut piece);
        write(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        Ok((piece.at, piece.len, piece.sum.end()))
    }

    /// A piece is not needed any more: its room is kept, the memory given back.
    pub(super) fn forget(&self, owner: usize, turn: usize) {
        if let Some((at, cap)) = self.rooms().of.get(&(owner, turn)).copied() {
            self.punch(at, cap);
        }
    }

    fn punch(&self, at: u64, len: u64) {
        // Small pieces are not worth the call.
        if len > 64 * PAGE {
            #[cfg(target_os = "linux")]
            let _ = {
                use rustix::fs::{FallocateFlags, fallocate};
                fallocate(&self.file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, at, len)
            };
        }
    }

    /// More room for a piece: at least `len` bytes, behind all others.
    fn make_room(&self, owner: usize, turn: usize, len: u64) -> (u64, u64) {
        let mut rooms = self.rooms();
        let cap = len.max(16 * PAGE).next_multiple_of(PAGE);
        let at = rooms.end;
        rooms.end += cap;
        rooms.of.insert((owner, turn), (at, cap));
        (at, cap)
    }

    /// # Errors
    /// There is nothing there, or no memory for it.
    pub(super) fn read(&self, at: u64, len: u64) -> io::Result<Vec<u8>> {
        read(&self.file, at, len)
    }
}

/// A piece that is being written.
struct SnapshotWriter<'a> {
    pages: &'a Pages,
    owner: usize,
    turn: usize,
    at: u64,
    cap: u64,
    len: u64,
    sum: Sum,
}

impl Write for SnapshotWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.len + bytes.len() as u64;
        if needed > self.cap {
            let before = (self.at, self.cap);
            (self.at, self.cap) = self.pages.make_room(self.owner, self.turn, needed * 2);
            copy(&self.pages.file, before.0, self.at, self.len)?;
            self.pages.punch(before.0, before.1);
        }
        write_at(&self.pages.file, self.at + self.len, bytes)?;
        self.sum.add(bytes);
        self.len = needed;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn copy(file: &File, from: u64, to: u64, len: u64) -> io::Result<()> {
    let mut done = 0;
    while done < len {
        let step = (len - done).min(1 << 20);
        write_at(file, to + done, &read(file, from + done, step)?)?;
        done += step;
    }
    Ok(())
}

/// A file to which pieces are appended, each with its length and sum before it.
#[derive(Debug)]
pub(super) struct Frames {
    file: File,
    /// Where the next one begins; held by the thread that appends.
    end: Mutex<u64>,
}

impl Frames {
    /// # Errors
    /// The system gives no such file.
    pub(super) fn new(name: &str) -> io::Result<Frames> {
        Ok(Frames { file: nameless(name)?, end: Mutex::default() })
    }

    /// Closes the file in this process. Nobody may use it afterwards.
    pub(super) fn close(&self) {
        close(&self.file);
    }

    fn end(&self) -> MutexGuard<'_, u64> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing in it any more.
    pub(super) fn clear(&self) -> io::Result<()> {
        *self.end() = 0;
        self.file.set_len(0)
    }

    /// # Errors
    /// There is no room.
    pub(super) fn append(&self, kind: u64, bytes: &[u8]) -> io::Result<()> {
        let mut end = self.end();
        let mut header = [0; HEADER];
        for (place, word) in header.chunks_exact_mut(8).zip([kind, bytes.len() as u64, sum_of(bytes)]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        write_at(&self.file, *end + HEADER as u64, bytes)?;
        // Last: without it the frame does not count.
        write_at(&self.file, *end, &header)?;
        *end += (HEADER + bytes.len()) as u64;
        Ok(())
    }

    /// All frames from the start on, as far as they are whole: their kinds and bytes.
    pub(super) fn read(&self) -> Vec<(u64, Vec<u8>)> {
        let (mut frames, mut at) = (Vec::new(), 0);
        while let Ok(header) = read(&self.file, at, HEADER as u64) {
            let word = |index: usize| {
                let (words, _) = header.as_chunks::<8>();
                u64::from_le_bytes(words[index])
            };
            let (kind, len, sum) = (word(0), word(1), word(2));
            let Ok(bytes) = read(&self.file, at + HEADER as u64, len) else { break };
            if kind == 0 || sum_of(&bytes) != sum {
                break;
            }
            at += HEADER as u64 + len;
            frames.push((kind, bytes));
        }
        frames
    }
}

#[cfg(target_os = "linux")]
fn nameless(name: &str) -> io::Result<File> {
    Ok(rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::CLOEXEC)?.into())
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &str) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn close(file: &File) {
    use std::os::fd::AsRawFd;
    // SAFETY: the callers' promise: the file is used by nobody any more, and never dropped.
    unsafe { libc::close(file.as_raw_fd()) };
}

#[cfg(not(unix))]
fn close(_: &File) {}

#[cfg(unix)]
fn write_at(file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

/// Reads so much, if so much was ever written: a length that somebody made up asks for no memory.
#[cfg(unix)]
fn read(file: &File, at: u64, len: u64) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::{FileExt, MetadataExt};
    let metadata = file.metadata()?;
    let there =
        at.checked_add(len).is_some_and(|end| end <= metadata.len()) && len <= metadata.blocks() * 512;
    if !there {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len as usize)?;
    bytes.resize(len as usize, 0);
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

#[cfg(not(unix))]
fn write_at(_: &File, _: u64, _: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn read(_: &File, _: u64, _: u64) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_does_not_depend_on_how_bytes_come() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * 7) as u8).collect();
        for step in [1, 3, 8, 13, 999] {
            let mut sum = Sum::default();
            bytes.chunks(step).for_each(|chunk| sum.add(chunk));
            assert_eq!(sum.end(), sum_of(&bytes), "{step}");
        }
        assert_ne!(sum_of(b"ab"), sum_of(b"ab\0"));
        assert_ne!(sum_of(&[0; 8]), sum_of(&[0; 16]));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_journal_ends_where_somebody_wrote_over_it() {
        let frames = Frames::new("test").unwrap();
        for text in ["one", "two", "three"] {
            frames.append(1, text.as_bytes()).unwrap();
        }
        assert_eq!(frames.read().len(), 3);
        // Into the second's bytes, then its length.
        for (place, garbage) in [(HEADER as u64 * 2 + 4, b"X"), (HEADER as u64 + 3 + 15, b"\xff")] {
            write_at(&frames.file, place, garbage).unwrap();
            assert_eq!(frames.read(), [(1, b"one".to_vec())]);
        }
        frames.file.set_len(5).unwrap();
        assert_eq!(frames.read(), []);
    }
}
