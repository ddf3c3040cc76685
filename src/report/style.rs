//! Colours for what is good, bad, doubtful and less important.

use super::document::Tone;
use anstyle::{AnsiColor, Style};

/// The styles of a report; all are plain if no terminal shows it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Palette {
    good: Style,
    bad: Style,
    doubt: Style,
    strong: Style,
    faint: Style,
}

impl Palette {
    /// Styles without any colour.
    pub fn plain() -> Palette {
        Palette::default()
    }

    /// Styles in the terminal's own sixteen colours, which its user has chosen to be readable.
    pub fn coloured() -> Palette {
        Palette {
            good: AnsiColor::Green.on_default(),
            bad: AnsiColor::Red.on_default().bold(),
            doubt: AnsiColor::Yellow.on_default(),
            strong: Style::new().bold(),
            faint: Style::new().dimmed(),
        }
    }

    /// The text in the colour of its tone.
    pub fn toned(&self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Good => self.good(text),
            Tone::Bad => self.bad(text),
            Tone::Doubtful => self.doubt(text),
            Tone::Faint => self.faint(text),
        }
    }

    /// The text in the colour for something good.
    pub fn good(&self, text: &str) -> String {
        paint(self.good, text)
    }

    /// The text in the colour for something bad.
    pub fn bad(&self, text: &str) -> String {
        paint(self.bad, text)
    }

    /// The text in the colour for something doubtful.
    pub fn doubt(&self, text: &str) -> String {
        paint(self.doubt, text)
    }

    /// The text shown prominently, in bold.
    pub fn strong(&self, text: &str) -> String {
        paint(self.strong, text)
    }

    /// The text shown faintly, because it is less important.
    pub fn faint(&self, text: &str) -> String {
        paint(self.faint, text)
    }
}

fn paint(style: Style, text: &str) -> String {
    if style.is_plain() { text.to_owned() } else { format!("{style}{text}{style:#}") }
}
