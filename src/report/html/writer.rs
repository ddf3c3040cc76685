//! The text of a page while it is written.

use crate::report::document::Tone;
use std::fmt::Write;

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub text: String,
    /// How many charts there are: each needs names of its own.
    pub charts: usize,
    /// How many tables there are: each has a name of its own for readers who do not see it.
    pub tables: usize,
}

impl Writer {
    /// Adds a text to the page, as it stands.
    pub fn add(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("a text takes everything");
    }
}

/// The class of a tone, with the space before it; nothing for what is plain.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => " good",
        Tone::Bad => " bad",
        Tone::Doubtful => " doubtful",
        Tone::Faint => " faint",
    }
}
