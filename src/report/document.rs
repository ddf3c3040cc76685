//! A report before any format has it: what is said, in which order, and what is good or bad about it.
//!
//! Texts are as they came: a writer escapes what its format cannot show. Depths count from the left, a step each, and
//! are for formats that indent.

use super::table::Table;
use crate::results::Warning;
use crate::results::comparisons::CoarseSeries;

/// A space at which no line is broken.
pub(super) const TIGHT: char = '\u{a0}';

/// A report as data, from which each format is written.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// All that is said, from the top down.
    pub elements: Vec<Element>,
}

/// What a part of a report tells of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// It judges nothing.
    #[default]
    Plain,
    /// What it tells is good.
    Good,
    /// What it tells is bad.
    Bad,
    /// It casts doubt on the numbers.
    Doubtful,
    /// It may be skipped by whoever is in a hurry.
    Faint,
}

impl Tone {
    /// The sign of what holds, of what does not, and of what nobody knows.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Tone::Good => "✓",
            Tone::Bad => "✗",
            _ => "?",
        }
    }
}

/// A part of a report.
#[derive(Debug, Clone)]
pub enum Element {
    /// The heading of what follows.
    Heading(Heading),
    /// A sentence or two.
    Line(Line),
    /// A text with a label of one or two words.
    Labelled(Labelled),
    /// A list of short texts, one step deep.
    Facts(Vec<String>),
    /// What was checked, with what was seen.
    Checks(Vec<CheckLine>),
    /// Rows and columns of cells.
    Table(Table),
    /// How one run went over time.
    Course(RunCourse),
    /// How several alternatives went over time, on one scale, each with its name.
    Courses(Vec<(String, CoarseSeries)>),
    /// What has to be known beside the numbers.
    Notes(Vec<String>),
    /// What makes the numbers doubtful, why, and what helps.
    Warnings(Vec<Warning>),
    /// What can be typed next.
    Commands(Commands),
    /// Parts that belong together.
    Section(Section),
    /// Parts that are read by their alignment, which most formats would lose: they may show them as a text does.
    Aligned(Document),
    /// Two ways to tell the same: with tables that are worth nothing unless all of them is seen, or without them.
    IfItFits {
        /// What is told where there is room for it.
        wide: Vec<Element>,
        /// What is told where there is none.
        narrow: Vec<Element>,
    },
    /// Only for whoever waits for it at a terminal.
    OnScreen(Vec<Element>),
    /// Only for whoever opens it later, in a file or on a page.
    InFile(Vec<Element>),
}

/// A heading, with its place in the outline.
#[derive(Debug, Clone, Default)]
pub struct Heading {
    /// Its level in the outline; 1 is the title of all.
    pub level: usize,
    /// How deep it stands.
    pub depth: usize,
    /// What it says to readers.
    pub text: String,
    /// What follows it at once and is less important; may be empty.
    pub aside: String,
    /// Whether it may go on in a second line.
    pub breaks: bool,
}

/// A sentence or two on a line of their own.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// How deep it stands.
    pub depth: usize,
    /// A sign before the text: a tick, a cross, an exclamation mark.
    pub mark: Option<&'static str>,
    /// What the text is about, before a colon; may be empty.
    pub lead: String,
    /// What it says to readers.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// Whether it may go on in a second line.
    pub breaks: bool,
}

impl Line {
    /// A line that is kept in one piece.
    pub fn whole(depth: usize, text: impl Into<String>) -> Line {
        Line { depth, text: text.into(), ..Line::default() }
    }

    /// A line that may go on in a second one.
    pub fn broken(depth: usize, text: impl Into<String>) -> Line {
        Line { breaks: true, ..Line::whole(depth, text) }
    }

    /// The same line with another tone.
    pub fn toned(self, tone: Tone) -> Line {
        Line { tone, ..self }
    }
}

/// A text with a label.
#[derive(Debug, Clone, Default)]
pub struct Labelled {
    /// The label; empty where the text belongs to the label above.
    pub label: String,
    /// What it says; may hold spaces at which no line is broken (U+00A0).
    pub text: String,
    /// A text of any length that follows, of which a line is enough.
    pub excerpt: String,
}

impl Labelled {
    /// A label and its text.
    pub fn new(label: &str, text: impl Into<String>) -> Labelled {
        Labelled { label: label.to_owned(), text: text.into(), excerpt: String::new() }
    }
}

/// One check with what was seen.
#[derive(Debug, Clone)]
pub struct CheckLine {
    /// What was to hold.
    pub expression: String,
    /// The values that were seen.
    pub seen: String,
    /// What has to be known beside it.
    pub note: Option<String>,
    /// Good if it holds, bad if it does not, else doubtful.
    pub tone: Tone,
    /// Whether the values seen are to catch the eye.
    pub stands_out: bool,
}

/// How one run went over time.
#[derive(Debug, Clone)]
pub struct RunCourse {
    /// Deliveries and the p99 of their times.
    pub course: CoarseSeries,
    /// What became of the messages that are counted: "delivered", "received".
    pub done: &'static str,
    /// How many copies were still to come; none where that is not known.
    pub backlog: Option<Backlog>,
}

/// How many copies wait or were accepted and not received, over time.
#[derive(Debug, Clone)]
pub struct Backlog {
    /// The most in each interval.
    pub most: Vec<u64>,
    /// So many intervals are one stretch of the course.
    pub intervals: usize,
}

/// Things to type, each in one piece.
#[derive(Debug, Clone)]
pub struct Commands {
    /// What they are for.
    pub label: &'static str,
    /// Each as it is typed, and what it would show; the latter may be empty.
    pub commands: Vec<(String, String)>,
}

/// Parts that belong together.
#[derive(Debug, Clone)]
pub struct Section {
    /// Empty lines before it where lines are counted.
    pub apart: usize,
    /// The parts that belong together.
    pub elements: Vec<Element>,
}

impl Section {
    /// A section one empty line below what stands above it.
    pub fn of(elements: Vec<Element>) -> Element {
        Element::Section(Section { apart: 1, elements })
    }
}
