//! A table.

use super::writer::{Writer, class};
use crate::chart::escaped;
use crate::numbers::count;
use crate::report::table::{Cell, Column, ColumnKind, RowKind, Table};

/// From this many rows on a table can be filtered.
const SEARCHED: usize = 15;

/// A text of so many characters is not broken.
const SHORT: usize = 30;

/// Writes the table; where there is a script, it can be sorted, and filtered if it is long.
pub(super) fn write(table: &Table, writer: &mut Writer) {
    let label = table.columns.first().map_or("", |column| column.heading.as_str());
    let mut classes = Vec::new();
    classes.extend((table.rows.len() > 1).then_some("sortable"));
    classes.extend((table.rows.len() >= SEARCHED).then_some("searched"));
    writer.tables += 1;
    let number = writer.tables;
    writer.add(format_args!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"table {number}: {}\"><table class=\"{}\">\n<thead><tr>",
        escaped(label),
        classes.join(" ")
    ));
    for column in &table.columns {
        let element = if column.heading.is_empty() { "td" } else { "th scope=\"col\"" };
        let end = if column.heading.is_empty() { "td" } else { "th" };
        writer.add(format_args!("<{element}{}>{}</{end}>", numeric(column), escaped(&column.heading)));
    }
    writer.text.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        let tone = class(row.tone);
        let (whole, outcome) = match row.kind {
            RowKind::Plain => ("", String::new()),
            RowKind::Whole => ("whole", String::new()),
            RowKind::Outcome(outcome) => ("", format!(" data-outcome=\"{outcome}\"")),
        };
        let classes = format!("{whole}{tone}");
        let classes = if classes.is_empty() { classes } else { format!(" class=\"{}\"", classes.trim()) };
        writer.add(format_args!("<tr{classes}{outcome}>"));
        for (place, (cell, column)) in row.cells.iter().zip(&table.columns).enumerate() {
            cell_of(cell, column, place == 0, writer);
        }
        writer.text.push_str("</tr>\n");
    }
    writer.text.push_str("</tbody></table></div>\n");
    if table.more > 0 {
        writer.add(format_args!("<p class=\"faint\">… and {} more</p>\n", count(table.more)));
    }
}

fn numeric(column: &Column) -> &'static str {
    match column.kind {
        ColumnKind::Text => "",
        ColumnKind::Number | ColumnKind::Judged => " class=\"number\"",
    }
}

fn cell_of(cell: &Cell, column: &Column, is_name: bool, writer: &mut Writer) {
    let mut classes = Vec::new();
    classes.extend((column.kind != ColumnKind::Text).then_some("number"));
    classes.extend((cell.best == Some(true)).then_some("best"));
    let tone = class(cell.tone).trim();
    classes.extend((!tone.is_empty()).then_some(tone));
    classes.extend((cell.is_missing).then_some("faint"));
    let shade = cell.shade.map(|shade| format!("h{shade}"));
    classes.extend(shade.as_deref());
    // A short text is easier to read in one piece.
    classes.extend((cell.text.chars().count() <= SHORT).then_some("short"));
    let class = if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) };
    let margin = cell.margin.as_ref().map_or(String::new(), |margin| format!(" ±{}", escaped(margin)));
    let star = if cell.best == Some(true) { " <span title=\"the best of its row\">★</span>" } else { "" };
    let sign = if cell.sign.is_empty() { String::new() } else { format!(" {}", cell.sign) };
    let text = format!("<bdi>{}</bdi>{margin}{star}{sign}", escaped(&cell.text));
    let text = match cell.link.as_str() {
        "" => text,
        link => format!("<a href=\"{}\">{text}</a>", escaped(link)),
    };
    match is_name {
        true => writer.add(format_args!("<th scope=\"row\"{class}>{text}</th>")),
        false => writer.add(format_args!("<td{class}>{text}</td>")),
    }
}
