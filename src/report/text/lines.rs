//! Lines of text: labels on the left, and breaking what is too long.

use super::super::look::Look;
use unicode_width::UnicodeWidthStr;

/// Width of the labels on the left of a line.
const LABEL_WIDTH: usize = 11;

/// A label, padded so that what follows is aligned.
pub fn label(text: &str, look: &Look) -> String {
    let padding = " ".repeat(LABEL_WIDTH.saturating_sub(text.width()).max(1));
    format!("{}{padding}", look.palette.faint(text))
}

/// Lines under a label: the text is broken at spaces, and goes on below its own beginning.
pub fn labelled(heading: &str, text: &str, look: &Look) -> Vec<String> {
    let indent = 2 + LABEL_WIDTH;
    let mut lines = wrapped(text, indent, look.width);
    if let Some(first) = lines.first_mut() {
        *first = format!("  {}{}", label(heading, look), first.trim_start());
    }
    lines
}

/// A space at which no line is broken.
pub const TIGHT: char = '\u{a0}';

/// The text broken at spaces into lines of at most `width` columns, each `indent` columns in. A word that is
/// longer than a line keeps a line of its own. `TIGHT` spaces hold, and come out as ordinary ones.
pub fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && indent + line.width() + 1 + word.width() > width {
            lines.push(format!("{}{line}", " ".repeat(indent)));
            line.clear();
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(format!("{}{line}", " ".repeat(indent)));
    lines.iter().map(|line| line.replace(TIGHT, " ")).collect()
}
