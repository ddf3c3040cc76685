//! Splits bytes that arrive in pieces into lines.

/// The most memory that is kept for later lines, in bytes.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// Bytes that were read and not yet returned as a line.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// The index of the first byte of the next line.
    start: usize,
    /// The index before which there is no line feed.
    looked: usize,
}

impl Lines {
    /// Adds bytes that were read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next complete line, without its line feed.
    pub fn next_line(&mut self) -> Option<&[u8]> {
        let Some(found) = self.bytes[self.looked..].iter().position(|byte| *byte == b'\n') else {
            self.bytes.drain(..self.start);
            self.start = 0;
            if self.bytes.capacity() > KEPT_BYTES_MAX && self.bytes.len() < KEPT_BYTES_MAX {
                // A long line was taken out; its memory is given back.
                self.bytes.shrink_to(KEPT_BYTES_MAX);
            }
            self.looked = self.bytes.len();
            return None;
        };
        let (from, end) = (self.start, self.looked + found);
        (self.start, self.looked) = (end + 1, end + 1);
        let line = &self.bytes[from..end];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The bytes after the last complete line.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_were_cut() {
        let text = b"one\r\n\nthree is longer\nfour";
        for piece in 1..text.len() {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            for bytes in text.chunks(piece) {
                lines.push(bytes);
                while let Some(line) = lines.next_line() {
                    found.push(String::from_utf8(line.to_vec()).unwrap());
                }
            }
            assert_eq!(found, ["one", "", "three is longer"], "{piece}");
            assert_eq!(lines.rest(), b"four");
        }
    }
}
