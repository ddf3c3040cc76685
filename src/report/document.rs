//! A report before it has a format: what it says, in which order, and what of it is good or bad.
//!
//! Texts are unchanged: a writer escapes what its format cannot show. Depths count from the left in steps, for formats
//! that indent.

use super::table::Table;
use crate::chart::Chart;
use crate::results::Warning;
use crate::results::comparisons::CoarseSeries;

/// A space at which no line may be broken.
pub(super) const TIGHT: char = '\u{a0}';

/// A report as data, from which every format is written.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The parts of the report, from the top down.
    pub elements: Vec<Element>,
}

/// Whether a part of a report is good or bad news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// The part is neither good nor bad.
    #[default]
    Plain,
    /// The part is good news.
    Good,
    /// The part is bad news.
    Bad,
    /// The part makes the numbers doubtful.
    Doubtful,
    /// The part is less important and may be skipped.
    Faint,
}

impl Tone {
    /// The sign for something that holds, that does not hold, or that is unknown.
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
    /// One or two sentences on a line of their own.
    Line(Line),
    /// A text with a label of one or two words.
    Labelled(Labelled),
    /// A list of short texts, one step deep.
    Facts(Vec<String>),
    /// Checks, each with the values that were seen.
    Checks(Vec<CheckLine>),
    /// Rows and columns of cells.
    Table(Table),
    /// One run over time, drawn.
    Course(RunCourse),
    /// Several alternatives over time, drawn on one scale, each with its name.
    Courses(Vec<(String, CoarseSeries)>),
    /// Remarks that a reader of the numbers must know.
    Notes(Vec<String>),
    /// Warnings: what makes the numbers doubtful, why, and what helps.
    Warnings(Vec<Warning>),
    /// Commands that the user can type next.
    Commands(Commands),
    /// Parts that belong together.
    Section(Section),
    /// Parts that need their alignment, which most formats would lose; these may show them as plain text.
    Aligned(Document),
    /// Two forms of the same content: one with tables that are of use only if they fit completely, and one without
    /// them.
    IfItFits {
        /// The form for enough room.
        wide: Vec<Element>,
        /// The form for too little room.
        narrow: Vec<Element>,
    },
    /// Parts only for a user at a terminal.
    OnScreen(Vec<Element>),
    /// Parts only for a file or a page that is read later.
    InFile(Vec<Element>),
    /// Parts only for a page, which has room for everything.
    OnPage(Vec<Element>),
    /// A chart, in formats that can draw.
    Chart(Box<Chart>),
    /// Parts that are read only by who asks for them, in formats that can fold.
    Folded(Folded),
    /// A text of many lines, as it stands.
    Verbatim(String),
    /// Links to headings further down, in formats that have links.
    Contents(Vec<ContentsEntry>),
}

/// A heading and its level in the outline.
#[derive(Debug, Clone, Default)]
pub struct Heading {
    /// Its level in the outline; 1 is the title of the report.
    pub level: usize,
    /// The number of steps of indentation.
    pub depth: usize,
    /// The text of the heading.
    pub text: String,
    /// A less important text directly after the heading; may be empty.
    pub aside: String,
    /// Whether the heading may continue on a second line.
    pub breaks: bool,
    /// The name under which it can be linked to; may be empty.
    pub id: String,
}

/// One or two sentences on a line of their own.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// The number of steps of indentation.
    pub depth: usize,
    /// A sign before the text: a tick, a cross, an exclamation mark.
    pub mark: Option<&'static str>,
    /// The subject of the text, before a colon; may be empty.
    pub lead: String,
    /// The text of the line.
    pub text: String,
    /// Whether the line is good or bad news.
    pub tone: Tone,
    /// Whether the line may continue on a second one.
    pub breaks: bool,
}

impl Line {
    /// A line that must not be broken.
    pub fn whole(depth: usize, text: impl Into<String>) -> Line {
        Line { depth, text: text.into(), ..Line::default() }
    }

    /// A line that may continue on a second one.
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
    /// The label; empty if the text belongs to the label above.
    pub label: String,
    /// The text; may hold spaces at which no line is broken (U+00A0).
    pub text: String,
    /// A further text of any length; a format may show only one line of it.
    pub excerpt: String,
}

impl Labelled {
    /// A label and its text.
    pub fn new(label: &str, text: impl Into<String>) -> Labelled {
        Labelled { label: label.to_owned(), text: text.into(), excerpt: String::new() }
    }
}

/// One check with the values that were seen.
#[derive(Debug, Clone)]
pub struct CheckLine {
    /// The condition that was checked.
    pub expression: String,
    /// The values that were seen.
    pub seen: String,
    /// A remark about the check, if there is one.
    pub note: Option<String>,
    /// Good if the check passes, bad if it fails, else doubtful.
    pub tone: Tone,
    /// Whether the values are to be shown prominently.
    pub stands_out: bool,
}

/// One run over time.
#[derive(Debug, Clone)]
pub struct RunCourse {
    /// The deliveries and the p99 of their times.
    pub course: CoarseSeries,
    /// The word for the counted messages: "delivered" or "received".
    pub done: &'static str,
    /// The copies that were still to come, over time; none if unknown.
    pub backlog: Option<Backlog>,
}

/// The number of copies that wait, or that were accepted and not received, over time.
#[derive(Debug, Clone)]
pub struct Backlog {
    /// The largest number in each interval.
    pub most: Vec<u64>,
    /// The number of intervals in one stretch of the course.
    pub intervals: usize,
}

/// Commands to type, each kept in one piece.
#[derive(Debug, Clone)]
pub struct Commands {
    /// The purpose of the commands.
    pub label: &'static str,
    /// Each command, and what it would show; the latter may be empty.
    pub commands: Vec<(String, String)>,
}

/// Parts that are read only by who asks for them.
#[derive(Debug, Clone)]
pub struct Folded {
    /// What the parts are about.
    pub title: String,
    /// The parts themselves, in order.
    pub elements: Vec<Element>,
}

/// A link to a heading.
#[derive(Debug, Clone)]
pub struct ContentsEntry {
    /// The name of the heading, as [`Heading::id`] has it.
    pub id: String,
    /// The text of the link.
    pub text: String,
    /// What is to be found there, in a few words.
    pub about: String,
    /// Whether that is good or bad news.
    pub tone: Tone,
}

/// Parts that belong together.
#[derive(Debug, Clone)]
pub struct Section {
    /// The number of empty lines before the section, in formats that count lines.
    pub apart: usize,
    /// The parts that belong together.
    pub elements: Vec<Element>,
}

impl Section {
    /// A section with one empty line before it.
    pub fn of(elements: Vec<Element>) -> Element {
        Element::Section(Section { apart: 1, elements })
    }
}
