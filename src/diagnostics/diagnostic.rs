//! One thing that is wrong, and many.

use super::Exit;

/// A place in a file, with the line that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlace {
    /// The file as the user named it, or what stands in for one ("--set").
    pub file: String,
    /// The line, from 1; 0 if only the file is known.
    pub line: usize,
    /// The column in characters, from 1; 0 if only the line is known.
    pub column: usize,
    /// How many characters are meant; at least 1 is marked.
    pub length: usize,
    /// The text of the line, where it is known.
    pub source: Option<String>,
}

impl SourcePlace {
    /// A place that is a whole file.
    pub fn file(file: impl Into<String>) -> SourcePlace {
        SourcePlace { file: file.into(), line: 0, column: 0, length: 0, source: None }
    }

    /// A line and column of `text`, the whole content of the file; the word that stands there is what is meant.
    pub fn in_text(file: impl Into<String>, text: &str, line: usize, column: usize) -> SourcePlace {
        let source = line.checked_sub(1).and_then(|index| text.lines().nth(index));
        let word = source.map_or(1, |source| word_length(source, column));
        SourcePlace { file: file.into(), line, column, length: word, source: source.map(str::to_owned) }
    }
}

/// The length in characters of the word, or quoted text, that starts at `column`.
fn word_length(source: &str, column: usize) -> usize {
    let mut rest = source.chars().skip(column.saturating_sub(1)).peekable();
    if let Some(&quote @ ('"' | '\'' | '`')) = rest.peek() {
        let inside = rest.skip(1).take_while(|c| *c != quote).count();
        let closed = source.chars().nth(column.saturating_sub(1) + 1 + inside) == Some(quote);
        return inside + 1 + usize::from(closed);
    }
    rest.take_while(|c| c.is_alphanumeric() || *c == '_').count().max(1)
}

/// One step of how the script came to the place of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledFrom {
    /// The function that was called.
    pub function: String,
    /// Where the value comes from.
    pub place: SourcePlace,
}

/// A fault, with everything the user needs to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The exit code that it leads to.
    pub exit: Exit,
    /// What is wrong, in one line.
    pub title: String,
    /// Where the fault was found.
    pub place: Option<SourcePlace>,
    /// The key path in a scenario: `processor.retry.attempts`.
    pub path: Option<String>,
    /// What was found there.
    pub found: Option<String>,
    /// The value that was expected.
    pub expected: Option<String>,
    /// What the user can do about it, a line each.
    pub help: Vec<String>,
    /// Further facts that are worth knowing.
    pub notes: Vec<String>,
    /// How the script came here, innermost call first.
    pub called_from: Vec<CalledFrom>,
}

impl Diagnostic {
    /// A fault with nothing but its title.
    pub fn new(exit: Exit, title: impl Into<String>) -> Diagnostic {
        Diagnostic {
            exit,
            title: title.into(),
            place: None,
            path: None,
            found: None,
            expected: None,
            help: Vec::new(),
            notes: Vec::new(),
            called_from: Vec::new(),
        }
    }

    /// Adds the place of the fault.
    #[must_use]
    pub fn at(mut self, place: impl Into<Option<SourcePlace>>) -> Diagnostic {
        self.place = place.into();
        self
    }

    /// With the key path of what is meant.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Diagnostic {
        let path = path.into();
        self.path = (!path.is_empty()).then_some(path);
        self
    }

    /// With what was found.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Diagnostic {
        self.found = Some(found.into());
        self
    }

    /// With what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Diagnostic {
        self.expected = Some(expected.into());
        self
    }

    /// With something to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    /// With something to do, where there is something.
    #[must_use]
    pub fn help_if(mut self, help: Option<String>) -> Diagnostic {
        self.help.extend(help);
        self
    }

    /// With something else worth knowing.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }
}

/// A list of diagnostics, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    /// The number of diagnostics that are only counted.
    more: usize,
    /// The worst exit code of those.
    worst: Option<Exit>,
}

/// As many faults as are kept and told; whoever has mended these looks again.
pub const FAULTS_MAX: usize = 100;

impl Diagnostics {
    /// Nothing wrong so far.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds a diagnostic; the very same one is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.items.contains(&diagnostic) {
            return;
        }
        if self.items.len() < FAULTS_MAX {
            self.items.push(diagnostic);
            return;
        }
        self.more += 1;
        self.worst = Some(self.worst.map_or(diagnostic.exit, |worst| worst.worst(diagnostic.exit)));
    }

    /// Appends all diagnostics of another list.
    pub fn append(&mut self, other: Diagnostics) {
        let (more, worst) = (other.more, other.worst);
        other.items.into_iter().for_each(|item| self.push(item));
        self.more += more;
        self.worst = self.worst.into_iter().chain(worst).reduce(Exit::worst);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many things are wrong, with those that are only counted.
    pub fn len(&self) -> usize {
        self.items.len() + self.more
    }

    /// The number of diagnostics that are only counted.
    pub fn untold(&self) -> usize {
        self.more
    }

    /// Goes through all diagnostics in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Each of them, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.items.iter_mut()
    }

    /// The worst exit code of all; success if nothing is wrong.
    pub fn exit(&self) -> Exit {
        let exits = self.items.iter().map(|item| item.exit).chain(self.worst);
        exits.fold(Exit::Success, Exit::worst)
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics { items: vec![diagnostic], ..Diagnostics::default() }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(items: T) -> Self {
        let mut all = Diagnostics::new();
        items.into_iter().for_each(|item| all.push(item));
        all
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
