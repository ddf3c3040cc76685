//! Lines of text: labels on the left, and breaking what is too long.

use crate::report::document::TIGHT;
use crate::report::look::Look;
use unicode_width::UnicodeWidthStr;

/// Columns that a step of depth takes.
pub(super) const STEP: usize = 2;
/// Width of the labels on the left of a line.
const LABEL_WIDTH: usize = 11;

/// A label, padded so that what follows is aligned.
pub(super) fn label(text: &str, look: &Look) -> String {
    let padding = " ".repeat(LABEL_WIDTH.saturating_sub(text.width()).max(1));
    format!("{}{padding}", look.palette.faint(text))
}

/// Lines under a label: the text is broken at spaces, and goes on below its own beginning.
pub(super) fn labelled(heading: &str, text: &str, look: &Look) -> Vec<String> {
    let indent = STEP + LABEL_WIDTH;
    let mut lines = wrapped(text, indent, look.width);
    if let Some(first) = lines.first_mut() {
        *first = format!("  {}{}", label(heading, look), first.trim_start());
    }
    lines
}

/// Lines behind a mark: the text is broken at spaces, and goes on below its own beginning.
pub(super) fn marked(mark: &str, text: &str, depth: usize, look: &Look) -> Vec<String> {
    let mut lines = wrapped(text, (depth + 1) * STEP, look.width);
    if let Some(first) = lines.first_mut() {
        *first = format!("{}{mark} {}", " ".repeat(depth * STEP), first.trim_start());
    }
    lines
}

/// The text broken at spaces into lines of at most `width` columns, each `indent` columns in. A word that is
/// longer than a line keeps a line of its own. U+00A0 holds, and comes out as an ordinary space.
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
