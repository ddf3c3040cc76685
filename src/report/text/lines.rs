//! Lines of text: puts labels on the left, and breaks long lines.

use crate::report::document::TIGHT;
use crate::report::look::Look;
use unicode_width::UnicodeWidthStr;

/// The width of one step of indentation, in columns.
pub(super) const STEP: usize = 2;
/// The width of the labels on the left, in columns.
const LABEL_WIDTH: usize = 11;

/// A label, padded so that the text after it is aligned.
pub(super) fn label(text: &str, look: &Look) -> String {
    let padding = " ".repeat(LABEL_WIDTH.saturating_sub(text.width()).max(1));
    format!("{}{padding}", look.palette.faint(text))
}

/// Lines with a label: the text is broken at spaces, and continues below its beginning.
pub(super) fn labelled(heading: &str, text: &str, look: &Look) -> Vec<String> {
    let indent = STEP + LABEL_WIDTH;
    let mut lines = wrapped(text, indent, look.width);
    if let Some(first) = lines.first_mut() {
        *first = format!("  {}{}", label(heading, look), first.trim_start());
    }
    lines
}

/// Lines with a mark: the text is broken at spaces, and continues below its beginning.
pub(super) fn marked(mark: &str, text: &str, depth: usize, look: &Look) -> Vec<String> {
    let mut lines = wrapped(text, (depth + 1) * STEP, look.width);
    if let Some(first) = lines.first_mut() {
        *first = format!("{}{mark} {}", " ".repeat(depth * STEP), first.trim_start());
    }
    lines
}

/// The text broken at spaces into lines of at most `width` columns, indented by `indent` columns. A word that is longer
/// than a line has a line of its own. U+00A0 is not broken, and is written as an ordinary space.
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
