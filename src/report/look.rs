//! How texts for people are laid out.

use super::style::Palette;

/// How a summary is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// How many columns there are.
    pub width: usize,
    /// Whether it is coloured.
    pub palette: Palette,
}

impl Look {
    /// The width of a summary that no terminal shows, and the most that it uses of a wide one.
    pub const WIDTH_MAX: usize = 100;
    /// Below this nothing is laid out any narrower.
    pub const WIDTH_MIN: usize = 50;

    /// A layout for a terminal of this width, or for no terminal.
    pub fn new(terminal_width: Option<usize>, palette: Palette) -> Look {
        let width = terminal_width.unwrap_or(Look::WIDTH_MAX).clamp(Look::WIDTH_MIN, Look::WIDTH_MAX);
        Look { width, palette }
    }
}
