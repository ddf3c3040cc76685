//! A document as a text: the order of lines, their depth and their colours.

use super::grid;
use super::lines::{STEP, label, labelled, marked, wrapped};
use crate::report::course;
use crate::report::document::{
    CheckLine, Commands, Document, Element, Heading, Labelled, Line, RunCourse, Section,
};
use crate::report::look::Look;
use crate::report::number::printable;
use crate::results::Warning;
use unicode_width::UnicodeWidthStr;

/// The columns that the line of a run's course needs besides its drawing.
const COURSE_TEXT: usize = 38;
/// The columns that a row of several courses needs besides its name and its drawing.
const COURSES_TEXT: usize = 40;
/// The most columns of an alternative's name beside its course.
const NAME_MAX: usize = 16;

/// The document as a text for people, with a line break at the end; empty if the document is empty.
pub fn write(document: &Document, look: &Look) -> String {
    let mut lines = Vec::new();
    write_all(&document.elements, look, &mut lines);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn write_all(elements: &[Element], look: &Look, lines: &mut Vec<String>) {
    for element in elements {
        match element {
            Element::Heading(what) => lines.extend(heading(what, look)),
            Element::Line(what) => lines.extend(line(what, look)),
            Element::Labelled(what) => lines.extend(labelled_text(what, look)),
            Element::Facts(facts) => {
                lines.extend(facts.iter().flat_map(|fact| wrapped(&printable(fact), STEP, look.width)));
            }
            Element::Checks(what) => lines.extend(checks(what, look)),
            Element::Table(table) => lines.extend(grid::lines(table, look).into_iter().flatten()),
            Element::Course(what) => lines.extend(run_course(what, look)),
            Element::Courses(courses) => {
                let room = look.width.saturating_sub(COURSES_TEXT + NAME_MAX).max(course::STRETCHES_MIN);
                let table = course::table(courses, room, NAME_MAX);
                lines.extend(table.and_then(|table| grid::lines(&table, look)).into_iter().flatten());
            }
            Element::Notes(notes) => {
                let noted = notes.iter().flat_map(|note| marked("!", &printable(note), 1, look));
                lines.extend(noted.map(|line| look.palette.doubt(&line)));
            }
            Element::Warnings(what) => lines.extend(what.iter().flat_map(|what| warning(what, look))),
            Element::Commands(what) => lines.extend(commands(what, look)),
            Element::Section(what) => section(what, look, lines),
            Element::Aligned(inner) => write_all(&inner.elements, look, lines),
            Element::OnScreen(inner) => write_all(inner, look, lines),
            Element::IfItFits { wide, narrow } => {
                write_all(if fits(wide, look) { wide } else { narrow }, look, lines);
            }
            Element::Verbatim(text) => lines.extend(text.lines().map(printable)),
            Element::InFile(_)
            | Element::OnPage(_)
            | Element::Chart(_)
            | Element::Folded(_)
            | Element::Contents(_) => {}
        }
    }
}

/// Whether all tables can be shown completely that are of use only then.
fn fits(elements: &[Element], look: &Look) -> bool {
    elements.iter().all(|element| match element {
        Element::Table(table) => grid::lines(table, look).is_some(),
        Element::Section(section) => fits(&section.elements, look),
        _ => true,
    })
}

/// Writes a section; an empty one leaves no gap.
fn section(section: &Section, look: &Look, lines: &mut Vec<String>) {
    let mut inner = Vec::new();
    write_all(&section.elements, look, &mut inner);
    if !inner.is_empty() && !lines.is_empty() {
        lines.extend(std::iter::repeat_n(String::new(), section.apart));
    }
    lines.extend(inner);
}

fn heading(heading: &Heading, look: &Look) -> Vec<String> {
    let (name, indent) = (printable(&heading.text), heading.depth * STEP);
    let text = format!("{name}{}", printable(&heading.aside));
    let lines = match heading.breaks {
        true => wrapped(&text, indent, look.width),
        false => vec![format!("{}{text}", " ".repeat(indent))],
    };
    let painted = |(place, line): (usize, String)| match line.strip_prefix(name.as_str()) {
        _ if heading.aside.is_empty() => look.palette.strong(&line),
        Some(aside) if place == 0 => {
            format!("{}{}", look.palette.strong(&name), look.palette.faint(aside))
        }
        None if place == 0 => look.palette.strong(&line),
        _ => look.palette.faint(&line),
    };
    lines.into_iter().enumerate().map(painted).collect()
}

fn line(line: &Line, look: &Look) -> Vec<String> {
    let (text, indent) = (printable(&line.text), line.depth * STEP);
    let lines = match (line.mark, line.breaks) {
        (Some(mark), true) => marked(mark, &text, line.depth, look),
        (Some(mark), false) => vec![format!("{}{mark} {text}", " ".repeat(indent))],
        (None, true) => wrapped(&text, indent, look.width),
        (None, false) => vec![format!("{}{text}", " ".repeat(indent))],
    };
    let lead = if line.lead.is_empty() { String::new() } else { format!("{}: ", printable(&line.lead)) };
    let painted = |(place, text): (usize, &String)| {
        let lead = if place == 0 { lead.as_str() } else { "" };
        format!("{lead}{}", look.palette.toned(line.tone, text))
    };
    lines.iter().enumerate().map(painted).collect()
}

fn labelled_text(what: &Labelled, look: &Look) -> Vec<String> {
    let mut text = printable(&what.text);
    if !what.excerpt.is_empty() {
        text.push_str(&format!(": {}", grid::shortened(&printable(&what.excerpt), look.width)));
    }
    labelled(&printable(&what.label), &text, look)
}

/// One line for each check, with the values aligned below each other if they fit.
fn checks(checks: &[CheckLine], look: &Look) -> Vec<String> {
    let texts: Vec<(String, String)> =
        checks.iter().map(|check| (printable(&check.expression), printable(&check.seen))).collect();
    let seen_width = texts.iter().map(|(_, seen)| seen.width()).max().unwrap_or(0);
    let room = look.width.saturating_sub(4 + 3 + seen_width);
    let fitting = texts.iter().map(|(expression, _)| expression.width()).filter(|&width| width <= room);
    let column = fitting.max().unwrap_or(0);
    let mut lines = Vec::new();
    for (check, (expression, seen)) in checks.iter().zip(&texts) {
        let mark = look.palette.toned(check.tone, check.tone.mark());
        let shown = if check.stands_out { look.palette.toned(check.tone, seen) } else { seen.clone() };
        let note = check.note.iter().flat_map(|note| wrapped(&printable(note), 3 * STEP, look.width));
        let note: Vec<String> = note.map(|line| look.palette.faint(&line)).collect();
        if expression.width() <= column {
            let padding = " ".repeat(column - expression.width());
            let line = format!("  {mark} {expression}{padding}   {shown}");
            lines.push(line.trim_end().to_owned());
        } else {
            lines.push(format!("  {mark} {expression}"));
            if !seen.is_empty() {
                lines.push(format!("      {shown}"));
            }
        }
        lines.extend(note);
    }
    lines
}

/// The deliveries and the p99 of their times while the load lasted, and the copies that were still to come.
fn run_course(what: &RunCourse, look: &Look) -> Vec<String> {
    let room = look.width.saturating_sub(COURSE_TEXT);
    let Some(drawn) = course::drawn(&what.course, room) else { return Vec::new() };
    let line =
        |heading: &str, sparks: &str, text: String| format!("  {}{sparks}  {text}", label(heading, look));
    let mut lines = vec![
        line("course", &drawn.rates, format!("{} {}", drawn.rates_text, what.done)),
        line("", &drawn.tails, format!("p99 {}", drawn.tails_text)),
    ];
    let backlog = what.backlog.as_ref().and_then(|backlog| course::backlog(backlog, room));
    lines.extend(backlog.map(|(sparks, text)| line("", &sparks, text)));
    lines
}

/// What was seen, why it matters, and what to do.
fn warning(warning: &Warning, look: &Look) -> Vec<String> {
    let seen = marked("!", &printable(&warning.seen), 0, look);
    let mut lines: Vec<String> = seen.iter().map(|line| look.palette.doubt(line)).collect();
    if !warning.why.is_empty() {
        lines.extend(wrapped(&printable(&warning.why), 2 * STEP, look.width));
    }
    if !warning.help.is_empty() {
        lines.extend(wrapped(&format!("help: {}", printable(&warning.help)), 2 * STEP, look.width));
    }
    lines
}

/// Commands, shown exactly as they are typed.
fn commands(what: &Commands, look: &Look) -> Vec<String> {
    let column = what.commands.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let line = |(place, (command, why)): (usize, &(String, String))| {
        let label = label(if place == 0 { what.label } else { "" }, look);
        match why.is_empty() {
            true => format!("  {label}{command}"),
            false => format!("  {label}{command:column$}   {}", look.palette.faint(why)),
        }
    };
    what.commands.iter().enumerate().map(line).collect()
}
