//! Foreign text on its way to a terminal.

/// A name from a script or a core, safe to print: control characters and those that turn the direction of
/// text are written out, so that no name can move the cursor or disguise the rest of its line.
pub fn printable(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if is_harmless(c) {
            text.push(c);
        } else {
            text.extend(c.escape_default());
        }
    }
    text
}

/// The same for what has several lines: their ends stay, and so do tabs.
pub fn printable_lines(text: &str) -> String {
    let kept = |c: char| c == '\n' || c == '\t' || is_harmless(c);
    if text.chars().all(kept) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if kept(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    shown
}

fn is_harmless(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !(c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}'))
}
