//! How texts for people are laid out.

use super::style::Palette;

/// The layout of a summary.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The number of columns.
    pub width: usize,
    /// The colours; without any if no terminal shows the summary.
    pub palette: Palette,
}

impl Look {
    /// The width of a summary that no terminal shows, and the largest width used on a terminal, in columns.
    pub const WIDTH_MAX: usize = 100;
    /// The smallest width used, in columns.
    pub const WIDTH_MIN: usize = 50;

    /// A layout for a terminal of this width, or for no terminal.
    pub fn new(terminal_width: Option<usize>, palette: Palette) -> Look {
        let width = terminal_width.unwrap_or(Look::WIDTH_MAX).clamp(Look::WIDTH_MIN, Look::WIDTH_MAX);
        Look { width, palette }
    }
}
