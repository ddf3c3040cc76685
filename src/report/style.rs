//! Colours, sparingly: what is good, what is bad, what is doubtful, and what is less important.

use anstyle::{AnsiColor, Style};

/// The styles of a report; all plain where no terminal reads it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Palette {
    good: Style,
    bad: Style,
    doubt: Style,
    strong: Style,
    faint: Style,
}

impl Palette {
    /// No colours.
    pub fn plain() -> Palette {
        Palette::default()
    }

    /// The terminal's own sixteen colours, which its user has chosen to be readable.
    pub fn coloured() -> Palette {
        Palette {
            good: AnsiColor::Green.on_default(),
            bad: AnsiColor::Red.on_default().bold(),
            doubt: AnsiColor::Yellow.on_default(),
            strong: Style::new().bold(),
            faint: Style::new().dimmed(),
        }
    }

    /// What holds.
    pub fn good(&self, text: &str) -> String {
        paint(self.good, text)
    }

    /// What does not.
    pub fn bad(&self, text: &str) -> String {
        paint(self.bad, text)
    }

    /// What casts doubt.
    pub fn doubt(&self, text: &str) -> String {
        paint(self.doubt, text)
    }

    /// What catches the eye.
    pub fn strong(&self, text: &str) -> String {
        paint(self.strong, text)
    }

    /// What the eye may skip.
    pub fn faint(&self, text: &str) -> String {
        paint(self.faint, text)
    }
}

fn paint(style: Style, text: &str) -> String {
    if style.is_plain() { text.to_owned() } else { format!("{style}{text}{style:#}") }
}
