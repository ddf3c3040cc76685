//! Tables that stay aligned whatever is in them, and that shed columns on a narrow terminal.

use super::number::printable;
use super::style::Palette;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const GAP: usize = 2;
const FIRST_WIDTH_MIN: usize = 8;
/// A name takes no more than this share of the width, so that one long name does not push out the numbers.
const FIRST_SHARE: usize = 3;

/// A column of a [`Table`].
#[derive(Debug, Clone)]
pub struct Column {
    heading: String,
    /// Columns with a higher rank are left out first; 0 is never left out.
    rank: u8,
    left: bool,
}

impl Column {
    /// A column of names, on the left.
    pub fn names(heading: &str) -> Column {
        Column { heading: heading.to_owned(), rank: 0, left: true }
    }

    /// A column of texts. With a rank above 0 it may be left out on a narrow terminal, highest first.
    pub fn texts(heading: &str, rank: u8) -> Column {
        Column { heading: heading.to_owned(), rank, left: true }
    }

    /// A column of numbers. With a rank above 0 it may be left out on a narrow terminal, highest first.
    pub fn numbers(heading: &str, rank: u8) -> Column {
        Column { heading: heading.to_owned(), rank, left: false }
    }
}

/// What is said of a cell in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It is good.
    Good,
    /// It is bad.
    Bad,
}

/// A table under construction. Its first column holds names and is shortened if nothing else helps.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    /// The coloured cells: row, column, colour.
    tones: Vec<(usize, usize, Tone)>,
    names_in_full: bool,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(columns: Vec<Column>) -> Table {
        Table { columns, rows: Vec::new(), tones: Vec::new(), names_in_full: false }
    }

    /// Adds a row with one cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has one cell for each column");
        self.rows.push(cells.iter().map(|cell| printable(cell)).collect());
    }

    /// Colours a cell of the last row.
    pub fn tone(&mut self, column: usize, tone: Tone) {
        self.tones.push((self.rows.len().saturating_sub(1), column, tone));
    }

    /// Whether all columns fit into `width`, `indent` spaces in, without any being shortened.
    pub fn fits(&self, indent: usize, width: usize) -> bool {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let widths: Vec<usize> = all.iter().map(|&column| self.width_of(column)).collect();
        indent + needed(&all, &widths) <= width
    }

    /// Never shortens the first column: its texts are keys that somebody may want to copy.
    pub fn name_in_full(&mut self) {
        self.names_in_full = true;
    }

    /// The lines of the table, each `indent` spaces in, none wider than `width` columns.
    pub fn lines(&self, indent: usize, width: usize, palette: &Palette) -> Vec<String> {
        let available = width.saturating_sub(indent);
        let mut shown: Vec<usize> =
            (0..self.columns.len()).filter(|&column| self.has_content(column)).collect();
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width_of(column)).collect();
        if !self.names_in_full {
            widths[0] = widths[0].min((available / FIRST_SHARE).max(FIRST_WIDTH_MIN));
        }
        while needed(&shown, &widths) > available {
            let last = shown.iter().copied().max_by_key(|&column| (self.columns[column].rank, column));
            match last {
                Some(column) if self.columns[column].rank > 0 => shown.retain(|&kept| kept != column),
                _ => break,
            }
        }
        if !self.names_in_full {
            let excess = needed(&shown, &widths).saturating_sub(available);
            widths[0] = widths[0].saturating_sub(excess).max(FIRST_WIDTH_MIN.min(widths[0]));
        }

        let headings: Vec<String> = self.columns.iter().map(|column| column.heading.clone()).collect();
        let as_it_is = |_: usize, text: &str| text.to_owned();
        let heading = self.line(&headings, &shown, &widths, as_it_is);
        let indent = " ".repeat(indent);
        let mut lines = vec![format!("{indent}{}", palette.faint(&heading))];
        lines.extend(self.rows.iter().enumerate().map(|(place, row)| {
            let paint = |column: usize, text: &str| self.painted(place, column, text, palette);
            format!("{indent}{}", self.line(row, &shown, &widths, paint))
        }));
        lines
    }

    /// A column in which no row says anything is left out.
    fn has_content(&self, column: usize) -> bool {
        self.columns[column].rank == 0 || self.rows.iter().any(|row| !row[column].is_empty())
    }

    fn width_of(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].width());
        cells.max().unwrap_or(0).max(self.columns[column].heading.width())
    }

    /// Spaces at the end of a cell stay plain, so that they can be cut off a line.
    fn painted(&self, row: usize, column: usize, text: &str, palette: &Palette) -> String {
        let Some((.., tone)) = self.tones.iter().find(|(r, c, _)| (*r, *c) == (row, column)) else {
            return text.to_owned();
        };
        let shown = text.trim_end();
        let painted = match tone {
            Tone::Good => palette.good(shown),
            Tone::Bad => palette.bad(shown),
        };
        format!("{painted}{}", &text[shown.len()..])
    }

    fn line(
        &self,
        cells: &[String],
        shown: &[usize],
        widths: &[usize],
        paint: impl Fn(usize, &str) -> String,
    ) -> String {
        let mut line = String::new();
        for (place, &column) in shown.iter().enumerate() {
            if place > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let cell = shortened(&cells[column], widths[column]);
            let padding = " ".repeat(widths[column].saturating_sub(cell.width()));
            let (before, after) =
                if self.columns[column].left { ("", padding) } else { (&*padding, String::new()) };
            line.push_str(before);
            line.push_str(&paint(column, &cell));
            line.push_str(&after);
        }
        line.trim_end().to_owned()
    }
}

fn needed(shown: &[usize], widths: &[usize]) -> usize {
    let cells: usize = shown.iter().map(|&column| widths[column]).sum();
    cells + GAP * shown.len().saturating_sub(1)
}

/// The text itself if it is no wider than `width`, else its beginning and "…".
pub fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let next = c.width().unwrap_or(0);
        if used + next + 1 > width {
            break;
        }
        kept.push(c);
        used += next;
    }
    // Cutting inside a joined emoji can leave a text that is wider than the sum of its parts.
    while kept.width() + 1 > width && kept.pop().is_some() {}
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(vec![
            Column::names("type"),
            Column::numbers("messages", 0),
            Column::numbers("p50", 2),
            Column::numbers("max", 1),
        ]);
        for (name, messages) in [("direct", "8,900"), ("漢字", "7"), ("👩‍👩‍👧 family", "12"), ("שלום", "3")]
        {
            table.row(vec![name.to_owned(), messages.to_owned(), "5.21".to_owned(), "38.2".to_owned()]);
        }
        table
    }

    #[test]
    fn every_line_ends_in_the_same_column() {
        let lines = table().lines(2, 80, &Palette::plain());
        let widths: Vec<usize> = lines.iter().map(|line| line.width()).collect();
        assert!(widths.iter().all(|&width| width == widths[0]), "{lines:#?}");
    }

    #[test]
    fn columns_go_by_rank_and_names_are_shortened_last() {
        let narrow = table().lines(0, 28, &Palette::plain());
        assert!(narrow[0].contains("max") && !narrow[0].contains("p50"), "{narrow:#?}");
        let narrower = table().lines(0, 18, &Palette::plain());
        assert!(!narrower[0].contains("max"), "{narrower:#?}");
        assert!(narrower.iter().all(|line| line.width() <= 18), "{narrower:#?}");
        assert!(narrower[3].contains('…'), "{narrower:#?}");
    }

    #[test]
    fn a_cut_never_exceeds_its_width() {
        for text in ["漢字漢字", "👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", "plain text", "e\u{301}e\u{301}e\u{301}"]
        {
            for width in 1..12 {
                assert!(shortened(text, width).width() <= width, "{text} in {width}");
            }
        }
    }
}
