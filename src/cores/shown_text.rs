//! Texts in memory that another process reads, made of atomics.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// A text of at most `N` bytes that is written once and read from elsewhere.
#[repr(C)]
pub struct Text<const N: usize> {
    len: AtomicU32,
    bytes: [AtomicU8; N],
}

impl<const N: usize> Text<N> {
    /// A place without a text.
    pub fn empty() -> Text<N> {
        Text { len: AtomicU32::new(0), bytes: std::array::from_fn(|_| AtomicU8::new(0)) }
    }

    /// Writes the text, cut to its room. Safe in a signal handler.
    pub fn set(&self, text: &[u8]) {
        for (to, from) in self.bytes.iter().zip(text) {
            to.store(*from, Ordering::Relaxed);
        }
        self.len.store(text.len().min(N) as u32, Ordering::Release);
    }

    /// The length of the text in bytes, as it was written; 0 if there is none.
    pub fn length(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    /// The text that was written; empty if there is none.
    ///
    /// Whoever wrote it may not be trusted: what is longer than its room is cut, what is no text replaced.
    pub fn get(&self) -> String {
        let len = (self.length() as usize).min(N);
        let bytes: Vec<u8> = self.bytes[..len].iter().map(|byte| byte.load(Ordering::Relaxed)).collect();
        String::from_utf8_lossy(&bytes).replace(char::is_control, "\u{fffd}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_to_their_room() {
        let text: Text<4> = Text::empty();
        assert_eq!(text.get(), "");
        text.set(b"abcdef");
        assert_eq!(text.get(), "abcd");
    }
}
