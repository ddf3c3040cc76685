//! Tables as data: what is in which cell, and what is said of it.

use super::document::Tone;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Names or texts, read from the left.
    Text,
    /// Numbers, each with its unit where the heading has none.
    Number,
    /// Numbers each of which may be the best of its row, and has the sign of a verdict.
    Judged,
}

/// A column of a [`Table`].
#[derive(Debug, Clone)]
pub struct Column {
    /// What its cells are, for people.
    pub heading: String,
    /// What its cells are, for a writer.
    pub kind: ColumnKind,
    /// Columns with a higher rank are left out first where there is no room; 0 is never left out.
    pub rank: u8,
    /// The most characters of the heading where room is scarce.
    pub heading_max: usize,
}

impl Column {
    fn new(heading: &str, kind: ColumnKind, rank: u8) -> Column {
        Column { heading: heading.to_owned(), kind, rank, heading_max: usize::MAX }
    }

    /// A column of names or texts, on the left.
    pub fn texts(heading: &str, rank: u8) -> Column {
        Column::new(heading, ColumnKind::Text, rank)
    }

    /// A column of numbers, on the right.
    pub fn numbers(heading: &str, rank: u8) -> Column {
        Column::new(heading, ColumnKind::Number, rank)
    }

    /// A column of numbers that are judged.
    pub fn judged(heading: &str) -> Column {
        Column::new(heading, ColumnKind::Judged, 0)
    }

    /// The same with a heading that may have to be cut.
    pub fn heading_at_most(self, heading_max: usize) -> Column {
        Column { heading_max, ..self }
    }
}

/// What stands in one row of one column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// A value with its unit, or a text.
    pub text: String,
    /// The margin of a value: "0.30 %".
    pub margin: Option<String>,
    /// Whether no value of the row is better, and one is worse; none where nothing tells.
    pub best: Option<bool>,
    /// The sign of what is significant: "✓", "✗", "="; may be empty.
    pub sign: &'static str,
    /// How it is meant.
    pub tone: Tone,
    /// Whether there is no value; the text, if any, says why.
    pub is_missing: bool,
}

impl Cell {
    /// A cell without a value, and why it has none.
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
    /// What the row as a whole tells.
    pub tone: Tone,
}

/// Rows and columns. The first column holds names, which are shortened if nothing else helps.
#[derive(Debug, Clone)]
pub struct Table {
    /// How deep it stands.
    pub depth: usize,
    /// Its columns, from the left.
    pub columns: Vec<Column>,
    /// Its rows, from the top.
    pub rows: Vec<TableRow>,
    /// Whether its names are keys that somebody may want to copy, and are never shortened.
    pub names_in_full: bool,
    /// Whether it is worth nothing unless every column is shown, under a heading that tells it from the others.
    pub is_whole: bool,
    /// Whether rows that are not good come first for a reader who begins at the top and may not get to the end.
    pub worst_first: bool,
    /// So many rows were left out at its end.
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

    /// Adds a row that tells something as a whole.
    pub fn toned_row<C: Into<Cell>>(&mut self, tone: Tone, cells: impl IntoIterator<Item = C>) {
        let cells: Vec<Cell> = cells.into_iter().map(Into::into).collect();
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has one cell for each column");
        self.rows.push(TableRow { cells, tone });
    }
}

/// Rows of a long table before the rest is only counted; all of them if `full`.
pub(super) fn rows_max(full: bool) -> usize {
    if full { usize::MAX } else { 12 }
}
