//! A comparison in Markdown, for an issue or a change request.

use super::comparison::{Shown, best_mark, change, heading, in_words, interval, method, verdict, within};
use super::course;
use super::number::printable;
use super::overview;
use crate::results::comparisons::{Aggregate, Comparison};

/// The most characters that a course is drawn in.
const COURSE_MAX: usize = 50;

/// The comparison as Markdown tables, with a line break at its end.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let mut text = format!("## {}\n\n", escaped(&heading(comparison)));
    for line in [method(comparison), within(comparison)].concat() {
        text.push_str(&format!("- {}\n", escaped(&line)));
    }
    let baseline = escaped(&comparison.alternatives[0].name);
    let overview = overview::is_wanted(comparison);
    if overview {
        text.push_str(&side_by_side(comparison));
    }
    for contender in &comparison.contenders {
        let name = escaped(&contender.name);
        text.push_str(&format!("\n### {name} against {baseline}\n\n"));
        if overview {
            text.push_str("| figure | change | interval | verdict |\n|---|--:|--:|---|\n");
        } else {
            text.push_str(&format!("| figure | {baseline} | {name} | change | interval | verdict |\n"));
            text.push_str("|---|--:|--:|--:|--:|---|\n");
        }
        for row in &contender.rows {
            if overview {
                let cells = [row.figure.clone(), change(row), interval(row), verdict(row)];
                text.push_str(&format!("| {} |\n", cells.map(|cell| escaped(&cell)).join(" | ")));
                continue;
            }
            let cells = [
                row.figure.clone(),
                Shown::baseline(row).value() + best_mark(row, Shown::baseline(row)).trim_end(),
                Shown::contender(row).value() + best_mark(row, Shown::contender(row)).trim_end(),
                change(row),
                interval(row),
                verdict(row),
            ];
            let cells = cells.map(|cell| escaped(&cell));
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text.push_str(&format!("\n{}\n", escaped(&in_words(contender))));
    }
    text.push_str(&courses(comparison));
    text.push_str(&noted(&comparison.notes));
    for warning in &comparison.warnings {
        let parts = [&warning.seen, &warning.why, &warning.help].map(|part| escaped(part));
        text.push_str(&format!("\n> **{}**: {}. Help: {}.\n", parts[0], parts[1], parts[2]));
    }
    text
}

/// All alternatives in one table, for three or more.
fn side_by_side(comparison: &Comparison) -> String {
    let names: Vec<String> = comparison.alternatives.iter().map(|a| escaped(&a.name)).collect();
    let mut text = format!("\n| figure | {} |\n|---|{}\n", names.join(" | "), "--:|".repeat(names.len()));
    for (figure, cells) in overview::rows(comparison, true) {
        let cells = cells.iter().map(|cell| {
            let star = if cell.best { " *" } else { "" };
            let gap = if cell.mark().is_empty() { "" } else { " " };
            escaped(&format!("{}{star}{gap}{}", cell.value, cell.mark()))
        });
        text.push_str(&format!("| {} | {} |\n", escaped(figure), cells.collect::<Vec<_>>().join(" | ")));
    }
    text.push_str(&format!("\n{}\n", escaped(&overview::legend(comparison))));
    text
}

/// How all alternatives went over time, on one scale; empty if none has a course.
fn courses(comparison: &Comparison) -> String {
    let rows = course::of_alternatives(comparison, COURSE_MAX);
    if rows.is_empty() {
        return String::new();
    }
    let mut text = "\n| course | | on one scale | least … most |\n|---|---|---|---|\n".to_owned();
    for row in rows {
        text.push_str(&format!("| {} |\n", row.map(|cell| escaped(&cell)).join(" | ")));
    }
    text
}

/// The figures over several seeds as a Markdown table.
pub(super) fn aggregate_markdown(aggregate: &Aggregate, rows: &[[String; 5]]) -> String {
    let mut text = format!("## {} on {}\n\n", escaped(&aggregate.scenario), escaped(&aggregate.core));
    text.push_str(&format!("{} seeds\n\n", aggregate.seeds.len()));
    text.push_str(
        "| figure | mean | 95 % interval of the mean | smallest | largest |\n|---|--:|--:|--:|--:|\n",
    );
    for row in rows {
        text.push_str(&format!("| {} |\n", row.clone().map(|cell| escaped(&cell)).join(" | ")));
    }
    text.push_str(&noted(&aggregate.notes));
    text
}

/// The notes, a paragraph each, after an empty line if there are any.
fn noted(notes: &[String]) -> String {
    let paragraphs: Vec<String> = notes.iter().map(|note| format!("> {}\n", escaped(note))).collect();
    if notes.is_empty() { String::new() } else { format!("\n{}", paragraphs.join(">\n")) }
}

/// A text that Markdown shows as it is, on one line and within one cell of a table.
pub fn escaped(text: &str) -> String {
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
