//! Any document in Markdown, for an issue, a change request or a file that is opened later.

use super::course;
use super::document::{Document, Element, Heading, Labelled, Line, RunCourse, TIGHT};
use super::look::Look;
use super::number::{count, printable};
use super::style::Palette;
use super::table::{Cell, Column, ColumnKind, Table};
use super::text;
use crate::results::Warning;

/// Longer than any row of backticks that a text is likely to have.
const FENCE: &str = "`````";
/// The most characters of a drawn course.
const COURSE_MAX: usize = 50;

/// The document in Markdown, with a line break at the end; empty if the document is empty.
pub fn write(document: &Document) -> String {
    let mut blocks = Vec::new();
    write_all(&document.elements, &mut blocks);
    blocks.join("\n")
}

/// Adds each element as a block of whole lines; blocks are separated by an empty line.
fn write_all(elements: &[Element], blocks: &mut Vec<String>) {
    for element in elements {
        match element {
            Element::Heading(what) => blocks.push(heading(what)),
            Element::Line(what) => blocks.push(line(what)),
            Element::Labelled(what) => blocks.push(labelled(what)),
            Element::Facts(facts) => blocks.push(list(facts.iter().map(|fact| escaped(fact)))),
            Element::Checks(checks) => blocks.push(list(checks.iter().map(|check| {
                let note = check.note.iter().map(|note| format!(" ({})", escaped(note)));
                let (expression, seen) = (escaped(&check.expression), escaped(&check.seen));
                format!("{} {expression}: {seen}{}", check.tone.mark(), note.collect::<String>())
            }))),
            Element::Table(what) => blocks.push(table(what)),
            Element::Course(what) => blocks.extend(run_course(what)),
            Element::Courses(courses) => {
                blocks.extend(course::table(courses, COURSE_MAX, usize::MAX).map(|drawn| table(&drawn)));
            }
            Element::Notes(notes) => {
                let paragraphs: Vec<String> =
                    notes.iter().map(|note| format!("> {}\n", escaped(note))).collect();
                blocks.extend((!notes.is_empty()).then(|| paragraphs.join(">\n")));
            }
            Element::Warnings(warnings) => blocks.extend(warnings.iter().map(warning)),
            Element::Commands(what) => blocks.push(list(what.commands.iter().map(|(command, why)| {
                let why = if why.is_empty() { String::new() } else { format!(" ({})", escaped(why)) };
                format!("{}: {}{why}", what.label, escaped(command))
            }))),
            Element::Section(section) => write_all(&section.elements, blocks),
            Element::Aligned(inner) => {
                let text = text::write(inner, &Look::new(None, Palette::plain()));
                blocks.push(format!("```text\n{text}```\n"));
            }
            Element::IfItFits { wide, .. } => write_all(wide, blocks),
            Element::InFile(inner) => write_all(inner, blocks),
            Element::Folded(folded) => {
                blocks.push(format!("<details><summary>{}</summary>\n", escaped(&folded.title)));
                write_all(&folded.elements, blocks);
                blocks.push("</details>\n".to_owned());
            }
            Element::Verbatim(text) => {
                let lines: Vec<String> = text.lines().map(printable).collect();
                blocks.push(format!("{FENCE}\n{}\n{FENCE}\n", lines.join("\n")));
            }
            Element::OnScreen(_) | Element::OnPage(_) | Element::Chart(_) | Element::Contents(_) => {}
        }
    }
}

fn heading(heading: &Heading) -> String {
    let level = "#".repeat(heading.level);
    format!("{level} {}{}\n", escaped(&heading.text), escaped(&heading.aside))
}

fn line(line: &Line) -> String {
    let lead = if line.lead.is_empty() { String::new() } else { format!("**{}**: ", escaped(&line.lead)) };
    let mark = line.mark.map_or(String::new(), |mark| format!("{mark} "));
    format!("{lead}{mark}{}\n", escaped(&line.text))
}

fn labelled(what: &Labelled) -> String {
    let parts = [&what.label, &what.text, &what.excerpt];
    let shown: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).map(|p| escaped(p)).collect();
    list([shown.join(": ").replace(TIGHT, " ")])
}

fn run_course(what: &RunCourse) -> Option<String> {
    let drawn = course::drawn(&what.course, COURSE_MAX)?;
    let backlog = what.backlog.as_ref().and_then(|backlog| course::backlog(backlog, COURSE_MAX));
    let lines = [
        format!("{} {} {}", drawn.rates, drawn.rates_text, what.done),
        format!("{} p99 {}", drawn.tails, drawn.tails_text),
    ];
    Some(list(lines.into_iter().chain(backlog.map(|(sparks, text)| format!("{sparks} {text}")))))
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().map(|item| format!("- {item}\n")).collect()
}

fn table(table: &Table) -> String {
    let rule = |column: &Column| match column.kind {
        ColumnKind::Text => "|---",
        ColumnKind::Number | ColumnKind::Judged => "|--:",
    };
    let headings: String = table.columns.iter().map(|column| boxed(&escaped(&column.heading))).collect();
    let rules: String = table.columns.iter().map(rule).collect();
    let mut text = format!("{headings}|\n{rules}|\n");
    for row in &table.rows {
        let cells: String = row.cells.iter().map(cell).collect();
        text.push_str(&format!("{cells}|\n"));
    }
    if table.more > 0 {
        text.push_str(&format!("\n… and {} more\n", count(table.more)));
    }
    text
}

fn cell(cell: &Cell) -> String {
    let margin = cell.margin.as_ref().map_or(String::new(), |margin| format!(" ±{margin}"));
    let star = if cell.best == Some(true) { " *" } else { "" };
    let gap = if cell.sign.is_empty() { "" } else { " " };
    match cell.is_missing {
        true => boxed(&escaped(&cell.text)),
        false => {
            let text = escaped(&format!("{}{margin}{star}{gap}{}", cell.text, cell.sign));
            format!("| {text} ")
        }
    }
}

/// The text of one cell of a table, without padding if it is empty.
fn boxed(text: &str) -> String {
    if text.is_empty() { "| ".to_owned() } else { format!("| {text} ") }
}

fn warning(warning: &Warning) -> String {
    let parts = [&warning.seen, &warning.why, &warning.help].map(|part| escaped(part));
    format!("> **{}**: {}. Help: {}.\n", parts[0], parts[1], parts[2])
}

/// The text escaped, so that Markdown shows it unchanged, on one line and within one cell of a table.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_name_breaks_out_of_its_cell() {
        assert_eq!(escaped("a|b"), "a\\|b");
        assert_eq!(escaped("<script>&"), "&lt;script&gt;&amp;");
        assert_eq!(escaped("two\nlines"), "two\\\\nlines");
        assert_eq!(escaped("\u{202e}evil"), "\\\\u{202e}evil");
        assert_eq!(escaped("☂ שלום 漢字"), "☂ שלום 漢字");
        assert_eq!(escaped("`*_[x](y)_*`"), "\\`\\*\\_\\[x\\](y)\\_\\*\\`");
    }
}
