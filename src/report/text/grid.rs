//! Writes tables that stay aligned with any content, and that leave out columns on a narrow terminal.

use super::lines::STEP;
use crate::report::document::Tone;
use crate::report::look::Look;
use crate::report::number::{count, printable};
use crate::report::style::Palette;
use crate::report::table::{Cell, Column, ColumnKind, Table, TableRow};
use std::collections::HashSet;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const GAP: usize = 2;
const FIRST_WIDTH_MIN: usize = 8;
/// A name takes at most one part in this many of the width, so that a long name leaves room for the numbers.
const FIRST_SHARE: usize = 3;
/// The layouts of a table that is shown completely or not at all, widest first: whether margins are shown, and the
/// width of a heading.
const LAYOUTS: [(bool, usize); 3] = [(true, usize::MAX), (false, usize::MAX), (false, 8)];
/// The text of a cell without a value.
const MISSING: &str = "·";

/// The lines of a table, not wider than the terminal if possible. None for a table that is shown completely or not at
/// all, if it does not fit.
pub(super) fn lines(table: &Table, look: &Look) -> Option<Vec<String>> {
    let grid = match table.is_whole {
        true => LAYOUTS.into_iter().find_map(|(margins, heading)| whole(table, margins, heading, look))?,
        false => Grid::of(table, true, usize::MAX),
    };
    let mut lines = grid.lines(look);
    if table.more > 0 {
        let more = format!("{}… and {} more", " ".repeat(grid.indent), count(table.more));
        lines.push(look.palette.faint(&more));
    }
    Some(lines)
}

/// A layout that shows every column under its own heading; none if there is none.
fn whole(table: &Table, margins: bool, heading: usize, look: &Look) -> Option<Grid> {
    let grid = Grid::of(table, margins, heading);
    let distinct = grid.headings.iter().collect::<HashSet<_>>().len() == grid.headings.len();
    (distinct && grid.fits(look.width)).then_some(grid)
}

/// A table with all its texts as they will be shown.
struct Grid {
    indent: usize,
    headings: Vec<(String, Tone)>,
    rows: Vec<Vec<(String, Tone)>>,
    /// The rank of each column, and whether it is aligned on the left.
    columns: Vec<(u8, bool)>,
    names_in_full: bool,
}

impl Grid {
    fn of(table: &Table, margins: bool, heading_max: usize) -> Grid {
        let mut rows: Vec<&TableRow> = table.rows.iter().collect();
        if table.worst_first {
            rows.sort_by_key(|row| row.tone == Tone::Good);
        }
        let row = |row: &TableRow| {
            let cells = row.cells.iter().zip(&table.columns);
            cells.map(|(cell, column)| (shown(cell, column.kind, margins), cell.tone)).collect()
        };
        let headings = table.columns.iter().map(|column| (heading(column, heading_max), Tone::Plain));
        Grid {
            indent: table.depth * STEP,
            headings: headings.collect(),
            rows: rows.into_iter().map(row).collect(),
            columns: table.columns.iter().map(|c| (c.rank, c.kind == ColumnKind::Text)).collect(),
            names_in_full: table.names_in_full,
        }
    }

    /// Whether all columns fit, without any being shortened.
    fn fits(&self, width: usize) -> bool {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let widths: Vec<usize> = all.iter().map(|&column| self.width_of(column)).collect();
        self.indent + needed(&all, &widths) <= width
    }

    fn lines(&self, look: &Look) -> Vec<String> {
        let available = look.width.saturating_sub(self.indent);
        let mut shown: Vec<usize> =
            (0..self.columns.len()).filter(|&column| self.has_content(column)).collect();
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width_of(column)).collect();
        if !self.names_in_full {
            widths[0] = widths[0].min((available / FIRST_SHARE).max(FIRST_WIDTH_MIN));
        }
        while needed(&shown, &widths) > available {
            let last = shown.iter().copied().max_by_key(|&column| (self.columns[column].0, column));
            match last {
                Some(column) if self.columns[column].0 > 0 => shown.retain(|&kept| kept != column),
                _ => break,
            }
        }
        if !self.names_in_full {
            let excess = needed(&shown, &widths).saturating_sub(available);
            widths[0] = widths[0].saturating_sub(excess).max(FIRST_WIDTH_MIN.min(widths[0]));
        }

        let indent = " ".repeat(self.indent);
        let heading = self.line(&self.headings, &shown, &widths, &look.palette);
        let rows = self.rows.iter().map(|row| self.line(row, &shown, &widths, &look.palette));
        std::iter::once(look.palette.faint(&heading))
            .chain(rows)
            .map(|line| format!("{indent}{line}"))
            .collect()
    }

    /// Whether some row has content in this column; other columns are left out.
    fn has_content(&self, column: usize) -> bool {
        self.columns[column].0 == 0 || self.rows.iter().any(|row| !row[column].0.is_empty())
    }

    fn width_of(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].0.width());
        cells.max().unwrap_or(0).max(self.headings[column].0.width())
    }

    fn line(&self, cells: &[(String, Tone)], shown: &[usize], widths: &[usize], palette: &Palette) -> String {
        let mut line = String::new();
        for (place, &column) in shown.iter().enumerate() {
            if place > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let (text, tone) = &cells[column];
            let text = shortened(text, widths[column]);
            let padding = " ".repeat(widths[column].saturating_sub(text.width()));
            let (before, after) = if self.columns[column].1 { ("", &*padding) } else { (&*padding, "") };
            // Spaces at the end of a cell are not coloured, so that they can be cut off a line.
            let kept = text.trim_end();
            let painted = palette.toned(*tone, kept);
            line.extend([before, &painted, &text[kept.len()..], after]);
        }
        line.trim_end().to_owned()
    }
}

/// A cell as it is shown in its column. In a judged column, the star and the sign have places of their own.
fn shown(cell: &Cell, kind: ColumnKind, margins: bool) -> String {
    if cell.is_missing {
        return MISSING.to_owned();
    }
    let mut text = printable(&cell.text);
    if let Some(margin) = cell.margin.as_ref().filter(|_| margins) {
        text.push_str(&format!(" ±{margin}"));
    }
    let star = match (cell.best, kind) {
        (Some(true), _) => " *",
        (Some(false), _) | (None, ColumnKind::Judged) => "  ",
        (None, _) => "",
    };
    let sign = if kind == ColumnKind::Judged { format!(" {:1}", cell.sign) } else { String::new() };
    format!("{text}{star}{sign}")
}

/// The heading of a column. In a judged column it ends where the values end, before the star and the sign.
fn heading(column: &Column, heading_max: usize) -> String {
    let text = shortened(&printable(&column.heading), column.heading_max.min(heading_max));
    if column.kind == ColumnKind::Judged { text + "    " } else { text }
}

fn needed(shown: &[usize], widths: &[usize]) -> usize {
    let cells: usize = shown.iter().map(|&column| widths[column]).sum();
    cells + GAP * shown.len().saturating_sub(1)
}

/// The text if it is at most `width` columns wide, else its beginning and "…".
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

    fn laid(depth: usize, width: usize) -> Vec<String> {
        let mut table = Table::new(
            depth,
            vec![
                Column::texts("type", 0),
                Column::numbers("messages", 0),
                Column::numbers("p50", 2),
                Column::numbers("max", 1),
            ],
        );
        for (name, messages) in [("direct", "8,900"), ("漢字", "7"), ("👩‍👩‍👧 family", "12"), ("שלום", "3")]
        {
            table.row([name, messages, "5.21", "38.2"]);
        }
        lines(&table, &Look { width, palette: Palette::plain() }).unwrap()
    }

    #[test]
    fn every_line_ends_in_the_same_column() {
        let lines = laid(1, 80);
        let widths: Vec<usize> = lines.iter().map(|line| line.width()).collect();
        assert!(widths.iter().all(|&width| width == widths[0]), "{lines:#?}");
    }

    #[test]
    fn columns_go_by_rank_and_names_are_shortened_last() {
        let narrow = laid(0, 28);
        assert!(narrow[0].contains("max") && !narrow[0].contains("p50"), "{narrow:#?}");
        let narrower = laid(0, 18);
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
