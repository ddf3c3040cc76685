//! Elements of SVG, as text.

use std::fmt::Write;

/// The width of every chart, in units of its own; a page makes it as wide as it likes.
pub(super) const WIDTH: f64 = 720.0;

/// The text escaped, so that it is text in HTML and in SVG, also within an attribute.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in crate::numbers::printable(text).chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

/// Where a text stands beside its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The elements of a drawing, one after the other.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    /// The elements, as they were added.
    pub text: String,
}

impl Drawing {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        self.text.write_fmt(element).expect("a text takes everything");
    }

    /// A straight line between two places.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        self.add(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    /// A rectangle with what a reader sees who points at it; nothing if that is empty.
    pub fn rect(&mut self, class: &str, from: (f64, f64), size: (f64, f64), about: &str) {
        let [x, y, width, height] = [from.0, from.1, size.0, size.1].map(number);
        let start =
            format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
        match about {
            "" => self.add(format_args!("{start}/>")),
            about => self.add(format_args!("{start}><title>{}</title></rect>", escaped(about))),
        }
    }

    /// A text at its place.
    pub fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let [x, y] = [at.0, at.1].map(number);
        let text = escaped(text);
        self.add(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>"));
    }

    /// A disc around its place.
    pub fn disc(&mut self, class: &str, at: (f64, f64), radius: f64) {
        let [x, y, radius] = [at.0, at.1, radius].map(number);
        self.add(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"));
    }

    /// A path, by its commands.
    pub fn path(&mut self, class: &str, commands: &str) {
        self.add(format_args!("<path class=\"{class}\" d=\"{commands}\"/>"));
    }
}

/// A coordinate with one decimal at most.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!([0.0, -0.04, 12.04, 12.06, 700.0].map(number), ["0", "0", "12", "12.1", "700"]);
    }

    #[test]
    fn no_text_leaves_its_place() {
        let mut drawing = Drawing::default();
        drawing.text("t", (1.0, 2.0), Anchor::End, "</text><script>'\"&");
        let seen = "<text class=\"t\" x=\"1\" y=\"2\" text-anchor=\"end\">&lt;/text&gt;&lt;script&gt;&#39;&quot;&amp;</text>";
        assert_eq!(drawing.text, seen);
    }
}
