//! Tables as data: their columns, rows and cells.

use super::document::Tone;

/// The content of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Names or texts, aligned on the left.
    Text,
    /// Numbers, each with its unit if the heading has none.
    Number,
    /// Numbers with the sign of a verdict; the best number of a row is marked.
    Judged,
}

/// A column of a [`Table`].
#[derive(Debug, Clone)]
pub struct Column {
    /// The heading of the column.
    pub heading: String,
    /// The content of its cells, for a writer.
    pub kind: ColumnKind,
    /// The rank by which columns are left out if there is no room, highest first; 0 is never left out.
    pub rank: u8,
    /// The most characters of the heading if there is little room.
    pub heading_max: usize,
}

impl Column {
    fn new(heading: &str, kind: ColumnKind, rank: u8) -> Column {
        Column { heading: heading.to_owned(), kind, rank, heading_max: usize::MAX }
    }

    /// A column of names or texts, aligned on the left.
    pub fn texts(heading: &str, rank: u8) -> Column {
        Column::new(heading, ColumnKind::Text, rank)
    }

    /// A column of numbers, aligned on the right.
    pub fn numbers(heading: &str, rank: u8) -> Column {
        Column::new(heading, ColumnKind::Number, rank)
    }

    /// A column of numbers with verdicts.
    pub fn judged(heading: &str) -> Column {
        Column::new(heading, ColumnKind::Judged, 0)
    }

    /// The same column with a heading that may be cut to so many characters.
    pub fn heading_at_most(self, heading_max: usize) -> Column {
        Column { heading_max, ..self }
    }
}

/// One cell of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// A value with its unit, or a text.
    pub text: String,
    /// The margin of the value, such as "0.30 %".
    pub margin: Option<String>,
    /// Whether this is the best value of the row and others are worse; none if unknown.
    pub best: Option<bool>,
    /// The sign of a significant change: "✓", "✗", "="; may be empty.
    pub sign: &'static str,
    /// Whether the cell is good or bad news.
    pub tone: Tone,
    /// Whether there is no value; the text may say why.
    pub is_missing: bool,
    /// How dark the cell is in a map of values, from 0 to 6; none outside of one.
    pub shade: Option<u8>,
    /// The page that the cell leads to, as a relative address; may be empty.
    pub link: String,
}

impl Cell {
    /// A cell without a value; `why` says why.
    pub fn missing(why: &str) -> Cell {
        Cell { text: why.to_owned(), is_missing: true, ..Cell::default() }
    }

    /// The same cell with another tone.
    pub fn toned(self, tone: Tone) -> Cell {
        Cell { tone, ..self }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, ..Cell::default() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        text.to_owned().into()
    }
}

/// A row of a [`Table`].
#[derive(Debug, Clone)]
pub struct TableRow {
    /// One cell for each column.
    pub cells: Vec<Cell>,
    /// Whether the row as a whole is good or bad news.
    pub tone: Tone,
    /// What the row is among the others.
    pub kind: RowKind,
}

/// What a row is among the others of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowKind {
    /// One of many rows of the same kind.
    #[default]
    Plain,
    /// The sum or the whole of the others, which stays at the end.
    Whole,
    /// One of many, with an outcome in one word by which rows can be chosen.
    Outcome(&'static str),
}

/// Rows and columns. The first column holds names, which are shortened if there is no other way to make room.
#[derive(Debug, Clone)]
pub struct Table {
    /// The number of steps of indentation.
    pub depth: usize,
    /// Its columns, from the left.
    pub columns: Vec<Column>,
    /// Its rows, from the top.
    pub rows: Vec<TableRow>,
    /// Whether its names are keys that a user may copy, so that they are never shortened.
    pub names_in_full: bool,
    /// Whether the table is of use only if every column is shown, under a heading that differs from the others.
    pub is_whole: bool,
    /// Whether rows that are not good come first, for readers who do not read to the end.
    pub worst_first: bool,
    /// The number of rows that were left out at the end.
    pub more: u64,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(depth: usize, columns: Vec<Column>) -> Table {
        Table {
            depth,
            columns,
            rows: Vec::new(),
            names_in_full: false,
            is_whole: false,
            worst_first: false,
            more: 0,
        }
    }

    /// Adds a row with one cell for each column.
    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.toned_row(Tone::Plain, cells);
    }

    /// Adds a row that is good or bad news as a whole.
    pub fn toned_row<C: Into<Cell>>(&mut self, tone: Tone, cells: impl IntoIterator<Item = C>) {
        let cells: Vec<Cell> = cells.into_iter().map(Into::into).collect();
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has one cell for each column");
        self.rows.push(TableRow { cells, tone, kind: RowKind::Plain });
    }

    /// Says what the last row is among the others.
    pub fn last_is(&mut self, kind: RowKind) {
        if let Some(last) = self.rows.last_mut() {
            last.kind = kind;
        }
    }
}

/// The most rows of a long table that are shown; all of them if `full`.
pub(super) fn rows_max(full: bool) -> usize {
    if full { usize::MAX } else { 12 }
}
