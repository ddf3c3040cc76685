//! Faults as text: `file:line:column`, the source line with a caret, then found, expected, notes and help.

use super::{CalledFrom, Diagnostic, Diagnostics, SourcePlace, printable, printable_lines};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;
use std::path::Path;
use unicode_width::UnicodeWidthStr;

/// Longer source lines are cut around the place by the renderer, at this many columns.
const WIDTH_COLUMNS: usize = 120;
/// A terminal that is narrower is treated as if it were as wide as this.
const WIDTH_MIN_COLUMNS: usize = 40;

impl Diagnostics {
    /// All of them as text for people, one after the other with an empty line between; ends with a line end
    /// unless empty. With `colour` for terminals.
    pub fn render(&self, colour: bool) -> String {
        self.render_within(colour, None)
    }

    /// As [`Diagnostics::render`], with long lines broken between words so that they fit into a terminal of this width.
    pub fn render_within(&self, colour: bool, width: Option<usize>) -> String {
        let mut text = String::new();
        for (index, diagnostic) in self.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            text.push_str(&diagnostic.render_within(colour, width));
        }
        match (self.len(), self.untold()) {
            (0 | 1, _) => {}
            (all, 0) => text.push_str(&format!("\n{all} faults in all\n")),
            (all, untold) => {
                text.push_str(&format!("\n{all} faults in all; {untold} of them are not shown\n"));
            }
        }
        text
    }
}

impl Diagnostic {
    /// As text for people, ending with a line end.
    pub fn render(&self, colour: bool) -> String {
        self.render_within(colour, None)
    }

    /// As [`Diagnostic::render`], with long lines broken between words so that they fit into a terminal of this width.
    pub fn render_within(&self, colour: bool, width: Option<usize>) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        // Foreign text may stand anywhere: what a core said, what stands in a file, the name of one.
        let shown = self.printable();
        let this = &shown;
        let columns = width.unwrap_or(WIDTH_COLUMNS).clamp(WIDTH_MIN_COLUMNS, WIDTH_COLUMNS);
        let renderer = renderer.term_width(columns).decor_style(DecorStyle::Ascii);
        // What stands before a text: the frame's edge, which is as wide as the line's number, and the name.
        let edge = this.place.as_ref().map_or(1, |place| place.line.to_string().len()) + " = ".len();
        let fit = |name: &str, text: &str| match width {
            Some(_) => wrapped(text, columns.saturating_sub(edge + name.len() + ": ".len() + 1)),
            None => text.to_owned(),
        };
        let mut group = Group::with_title(Level::ERROR.primary_title(&this.title));
        if let Some(place) = &this.place {
            group = group.element(place_element(place, this.path.as_deref(), true));
        }
        for called in &this.called_from {
            group = group.element(called_from(called));
        }
        let named = |name, text: &str| Level::NOTE.with_name(Some(name)).message(fit(name, text));
        let at = this.path.as_deref().filter(|_| !this.place.as_ref().is_some_and(has_source));
        group = group
            .elements(at.map(|path| named("at", path)))
            .elements(this.found.as_deref().map(|text| named("found", text)))
            .elements(this.expected.as_deref().map(|text| named("expected", text)))
            .elements(this.notes.iter().map(|text| named("note", text)))
            .elements(this.help.iter().map(|text| Level::HELP.message(fit("help", text))));
        let mut text = renderer.render(&[group]);
        text.push('\n');
        text
    }

    /// The same with all control characters written out. In a source line each stays one column wide.
    fn printable(&self) -> Diagnostic {
        let shown = |text: &String| printable_lines(text);
        let place = |place: &SourcePlace| SourcePlace {
            file: printable(&place.file),
            source: place.source.as_ref().map(|line| line.chars().map(in_one_column).collect()),
            ..place.clone()
        };
        Diagnostic {
            exit: self.exit,
            title: printable_lines(&self.title),
            place: self.place.as_ref().map(place),
            path: self.path.as_deref().map(printable),
            found: self.found.as_ref().map(shown),
            expected: self.expected.as_ref().map(shown),
            help: self.help.iter().map(shown).collect(),
            notes: self.notes.iter().map(shown).collect(),
            called_from: self
                .called_from
                .iter()
                .map(|called| CalledFrom {
                    function: printable(&called.function),
                    place: place(&called.place),
                })
                .collect(),
        }
    }
}

/// A character of a source line; what is none that can be seen is shown by its picture.
fn in_one_column(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        c if printable(c.encode_utf8(&mut [0; 4])).chars().eq([c]) => c,
        _ => '\u{fffd}',
    }
}

/// Breaks a text between its words; a word that is longer than a line stays whole.
fn wrapped(text: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

fn has_source(place: &SourcePlace) -> bool {
    place.source.is_some() && place.column > 0
}

fn called_from(called: &CalledFrom) -> Element<'_> {
    let place = &called.place;
    let at = match (place.line, place.column) {
        (0, _) => place.file.clone(),
        (line, column) => format!("{}:{line}:{column}", place.file),
    };
    let text = match called.function.strip_prefix("import ") {
        Some(file) => format!("{} was imported from {at}", short(file)),
        None => format!("`{}` was called from {at}", called.function),
    };
    Level::NOTE.message(text).into()
}

/// A file below the working folder by its short name.
fn short(file: &str) -> String {
    let here = std::env::current_dir().ok();
    let below =
        here.and_then(|here| Path::new(file).strip_prefix(here).ok().map(|path| path.display().to_string()));
    below.unwrap_or_else(|| file.to_owned())
}

fn place_element<'a>(place: &'a SourcePlace, label: Option<&'a str>, primary: bool) -> Element<'a> {
    let Some(source) = place.source.as_deref().filter(|_| has_source(place)) else {
        let origin = Origin::path(&place.file);
        return match (place.line, place.column) {
            (0, _) => origin.into(),
            (line, 0) => origin.line(line).into(),
            (line, column) => origin.line(line).char_column(column).into(),
        };
    };
    let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let annotation = kind.span(byte_span(source, place)).label(label);
    Snippet::source(source).line_start(place.line).path(&place.file).annotation(annotation).into()
}

/// The bytes of the line that the place's characters take.
fn byte_span(source: &str, place: &SourcePlace) -> Range<usize> {
    let byte = |chars: usize| source.char_indices().nth(chars).map_or(source.len(), |(at, _)| at);
    let start = byte(place.column - 1);
    start..byte(place.column - 1 + place.length.max(1)).max(start)
}

#[cfg(test)]
mod tests {
    use super::super::Exit;
    use super::*;

    #[test]
    fn a_fault_shows_place_finding_expectation_and_help() {
        let text = "run(scenario(#{\n    arrival: poisson(\"20\"),\n}));\n";
        let fault = Diagnostic::new(Exit::Contents, "`arrival.poisson.rate` is not a rate")
            .at(SourcePlace::in_text("nine.rhai", text, 2, 22))
            .path("arrival.poisson.rate")
            .found("the text \"20\"")
            .expected("a rate such as \"20/s\"")
            .help("20 per what? write \"20/s\"");
        let expected = "\
error: `arrival.poisson.rate` is not a rate
 --> nine.rhai:2:22
  |
2 |     arrival: poisson(\"20\"),
  |                      ^^^^ arrival.poisson.rate
  |
  = found: the text \"20\"
  = expected: a rate such as \"20/s\"
  = help: 20 per what? write \"20/s\"
";
        assert_eq!(fault.render(false), expected);
        assert!(fault.render(true).contains("\u{1b}["));
    }

    #[test]
    fn foreign_text_never_moves_the_cursor() {
        let text = "run(\"\u{1b}[2J\");";
        let fault = Diagnostic::new(Exit::Usage, "a \u{1b}]0;title\u{7}")
            .at(SourcePlace::in_text("a\u{1b}.rhai", text, 1, 5))
            .path("a.\u{9b}b")
            .found("\u{1b}[31mred\r and\nmore\u{202e}")
            .expected("\u{1b}")
            .note("\u{8}")
            .help("\u{7f}");
        let shown = fault.render(false);
        let is_plain = |c: char| c == '\n' || printable(&c.to_string()) == c.to_string();
        assert!(shown.chars().all(is_plain), "{shown:?}");
        assert!(shown.contains(r"found: \u{1b}[31mred\r and"), "{shown}");
    }

    #[test]
    fn a_long_list_is_broken_between_its_words() {
        let names: Vec<String> = (0..30).map(|number| format!("name_{number}")).collect();
        let fault =
            Diagnostic::new(Exit::Contents, "unknown name").expected(format!("one of {}", names.join(", ")));
        let text = fault.render_within(false, Some(60));
        assert!(text.lines().count() > 4, "{text}");
        assert!(text.lines().all(|line| line.width() <= 60), "{text}");
        for name in &names {
            assert!(text.split([',', ' ', '\n']).any(|word| word == name), "{name} is broken:\n{text}");
        }
        assert_eq!(fault.render(false).lines().count(), 3);
    }

    #[test]
    fn of_very_many_faults_the_rest_is_counted() {
        let all: Diagnostics =
            (0..1_000).map(|number| Diagnostic::new(Exit::Contents, format!("fault {number}"))).collect();
        assert_eq!((all.len(), all.iter().count(), all.exit()), (1_000, 100, Exit::Contents));
        assert!(all.render(false).ends_with("\n1000 faults in all; 900 of them are not shown\n"));
    }

    #[test]
    fn a_fault_without_a_place_shows_its_path() {
        let fault = Diagnostic::new(Exit::Usage, "`--rate` has no meaning here")
            .path("arrival")
            .found("its arrival is `stages`")
            .help("use `--set arrival.stages`");
        let expected = "\
error: `--rate` has no meaning here
 |
 = at: arrival
 = found: its arrival is `stages`
 = help: use `--set arrival.stages`
";
        assert_eq!(fault.render(false), expected);
    }
}
