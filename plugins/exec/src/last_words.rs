//! Keeps the last lines that a process has written to standard error.

use std::collections::VecDeque;

/// The most lines that are kept.
const LINES_MAX: usize = 8;
/// The most bytes that are kept of a line.
const LINE_BYTES_MAX: usize = 200;

/// The last lines of a stream, in bounded memory.
#[derive(Debug, Default)]
pub struct LastWords {
    lines: VecDeque<String>,
    open: Vec<u8>,
}

impl LastWords {
    /// Takes in bytes that were read. Calls `told` with each complete line.
    pub fn take_in(&mut self, bytes: &[u8], mut told: impl FnMut(&str)) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    if let Some(line) = self.close_line() {
                        told(&line);
                        self.lines.push_back(line);
                        if self.lines.len() > LINES_MAX {
                            self.lines.pop_front();
                        }
                    }
                }
                _ if self.open.len() < LINE_BYTES_MAX => self.open.push(*byte),
                _ => {}
            }
        }
    }

    fn close_line(&mut self) -> Option<String> {
        let line = String::from_utf8_lossy(&self.open).trim_end().to_owned();
        self.open.clear();
        (!line.is_empty()).then_some(line)
    }

    /// The very last line, for places with little room; empty if there is none.
    pub fn last_line(&self) -> &str {
        self.lines.back().map_or("", String::as_str)
    }

    /// The last lines in words, for the end of a sentence.
    pub fn in_words(&mut self) -> String {
        let open = self.close_line();
        self.lines.extend(open);
        self.lines.drain(..self.lines.len().saturating_sub(LINES_MAX));
        if self.lines.is_empty() {
            return "it wrote nothing to standard error".to_owned();
        }
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        format!("its last words on standard error:\n    {}", lines.join("\n    "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept_and_cut() {
        let mut words = LastWords::default();
        assert_eq!(words.in_words(), "it wrote nothing to standard error");
        let mut told = 0;
        for i in 0..30 {
            words.take_in(format!("line {i}\r\n\n").as_bytes(), |_| told += 1);
        }
        words.take_in(&[b'x'; 5000], |_| told += 1);
        let text = words.in_words();
        assert_eq!(told, 30);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(lines.len(), 1 + LINES_MAX);
        assert_eq!((lines[1], lines[7], lines[8].len()), ("line 23", "line 29", LINE_BYTES_MAX));
        assert_eq!(words.last_line(), lines[8]);
    }
}
