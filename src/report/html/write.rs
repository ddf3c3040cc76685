//! The parts of a document as elements of HTML.

use super::writer::{Writer, class};
use super::{figure, table};
use crate::chart::{AxisScale, AxisUnit, COLOURS, ChartAxis, escaped};
use crate::chart::{Body, Chart, Curve, CurveKind, Panel, Plot};
use crate::report::document::{
    CheckLine, Commands, ContentsEntry, Document, Element, Folded, Heading, Line, TIGHT, Tone,
};
use crate::results::Warning;
use crate::results::comparisons::CoarseSeries;

/// The heading of a document with all before the next heading, and the rest.
pub(super) fn parts(document: &Document) -> (String, String) {
    let is_title = |element: &Element| matches!(element, Element::Heading(heading) if heading.level == 1);
    let titles = document.elements.iter().take_while(|element| is_title(element)).count();
    let mut writer = Writer::default();
    writer.elements(&document.elements[..titles]);
    let head = std::mem::take(&mut writer.text);
    writer.elements(&document.elements[titles..]);
    (head, writer.text)
}

impl Writer {
    fn elements(&mut self, elements: &[Element]) {
        let mut rest = elements;
        while let Some((first, others)) = rest.split_first() {
            let labelled = rest.iter().take_while(|element| matches!(element, Element::Labelled(_))).count();
            if labelled > 0 {
                self.facts(&rest[..labelled]);
                rest = &rest[labelled..];
            } else {
                self.element(first);
                rest = others;
            }
        }
    }

    fn element(&mut self, element: &Element) {
        match element {
            Element::Heading(what) => self.heading(what),
            Element::Line(what) => self.line(what),
            Element::Labelled(_) => self.facts(std::slice::from_ref(element)),
            Element::Facts(facts) => self.list("plain", facts),
            Element::Checks(checks) => self.checks(checks),
            Element::Table(what) => table::write(what, self),
            Element::Course(what) => {
                self.courses(&[(what.done.to_owned(), what.course.clone())]);
            }
            Element::Courses(courses) => self.courses(courses),
            Element::Notes(notes) => self.list("notes", notes),
            Element::Warnings(warnings) => warnings.iter().for_each(|warning| self.warning(warning)),
            Element::Commands(what) => self.commands(what),
            Element::Section(section) => self.elements(&section.elements),
            Element::Aligned(inner) => self.elements(&inner.elements),
            Element::IfItFits { wide, .. } => self.elements(wide),
            Element::InFile(inner) | Element::OnPage(inner) => self.elements(inner),
            Element::Chart(chart) => figure::write(chart, self),
            Element::Folded(folded) => self.folded(folded),
            Element::Verbatim(text) => {
                self.add(format_args!("<pre tabindex=\"0\">{}</pre>\n", escaped_lines(text)))
            }
            Element::Contents(entries) => self.contents(entries),
            Element::OnScreen(_) => {}
        }
    }

    fn heading(&mut self, heading: &Heading) {
        let level = heading.level.clamp(1, 6);
        let aside = match heading.aside.as_str() {
            "" => String::new(),
            aside => format!(" <span class=\"aside\">{}</span>", escaped(aside)),
        };
        let id =
            if heading.id.is_empty() { String::new() } else { format!(" id=\"{}\"", escaped(&heading.id)) };
        self.add(format_args!("<h{level}{id}><bdi>{}</bdi>{aside}</h{level}>\n", escaped(&heading.text)));
    }

    fn line(&mut self, line: &Line) {
        let class = class(line.tone);
        let lead = match line.lead.as_str() {
            "" => String::new(),
            lead => format!("<b>{}</b>: ", escaped(lead)),
        };
        // The verdict stands out: it is the only line with a sign and without a step to the right.
        let is_verdict = line.mark.is_some() && line.depth == 0;
        let role = if is_verdict { "verdict" } else { "line" };
        let mark = line.mark.map(|mark| format!("{mark} ")).unwrap_or_default();
        self.add(format_args!("<p class=\"{role}{class}\">{lead}{mark}{}</p>\n", escaped(&line.text)));
    }

    /// Texts with labels, as a list of terms.
    fn facts(&mut self, facts: &[Element]) {
        self.text.push_str("<dl>\n");
        for fact in facts {
            let Element::Labelled(fact) = fact else { continue };
            if !fact.label.is_empty() {
                self.add(format_args!("<dt>{}</dt>", escaped(&fact.label)));
            }
            let parts = [&fact.text, &fact.excerpt].into_iter().filter(|part| !part.is_empty());
            let text = parts
                .map(|part| with_code(&escaped(part)))
                .collect::<Vec<_>>()
                .join(": ")
                .replace(TIGHT, "&nbsp;");
            self.add(format_args!("<dd>{text}</dd>\n"));
        }
        self.text.push_str("</dl>\n");
    }

    fn list(&mut self, class: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.add(format_args!("<ul class=\"{class}\">\n"));
        items.iter().for_each(|item| self.add(format_args!("<li>{}</li>\n", with_code(&escaped(item)))));
        self.text.push_str("</ul>\n");
    }

    fn checks(&mut self, checks: &[CheckLine]) {
        if checks.is_empty() {
            return;
        }
        self.text.push_str("<ul class=\"checks\">\n");
        for check in checks {
            let (tone, mark) = (class(check.tone), check.tone.mark());
            let in_words = match check.tone {
                Tone::Good => "holds",
                Tone::Bad => "does not hold",
                _ => "undecided",
            };
            let note = check.note.iter().map(|note| format!(" ({})", escaped(note))).collect::<String>();
            let strong = if check.stands_out { " strong" } else { "" };
            self.add(format_args!(
                "<li><span class=\"sign{tone}\" role=\"img\" aria-label=\"{in_words}\">{mark}</span><code>{}</code>\
                 <span class=\"seen{strong}\">{}{note}</span></li>\n",
                escaped(&check.expression),
                escaped(&check.seen)
            ));
        }
        self.text.push_str("</ul>\n");
    }

    fn warning(&mut self, warning: &Warning) {
        let [seen, why, help] =
            [&warning.seen, &warning.why, &warning.help].map(|part| with_code(&escaped(part)));
        self.add(format_args!(
            "<div class=\"warning\"><p><b>{seen}</b></p><p>{why}.</p><p>Help: {help}.</p></div>\n"
        ));
    }

    fn commands(&mut self, what: &Commands) {
        if what.commands.is_empty() {
            return;
        }
        self.add(format_args!("<dl><dt>{}</dt>", escaped(what.label)));
        for (command, why) in &what.commands {
            let why = if why.is_empty() { String::new() } else { format!("<div>{}</div>", escaped(why)) };
            self.add(format_args!("<dd><pre class=\"command\">{}</pre>{why}</dd>\n", escaped(command)));
        }
        self.text.push_str("</dl>\n");
    }

    fn folded(&mut self, folded: &Folded) {
        self.add(format_args!("<details><summary>{}</summary>\n", escaped(&folded.title)));
        self.elements(&folded.elements);
        self.text.push_str("</details>\n");
    }

    fn contents(&mut self, entries: &[ContentsEntry]) {
        self.text.push_str("<nav class=\"contents\" aria-label=\"Contents\"><ol>\n");
        for entry in entries {
            let (id, text, about) = (escaped(&entry.id), escaped(&entry.text), escaped(&entry.about));
            let tone = class(entry.tone).trim();
            self.add(format_args!(
                "<li><a href=\"#{id}\"><bdi>{text}</bdi></a> <span class=\"{tone}\">{about}</span></li>\n"
            ));
        }
        self.text.push_str("</ol></nav>\n");
    }

    /// How alternatives went over time, on the same axes.
    fn courses(&mut self, courses: &[(String, CoarseSeries)]) {
        if let Some(chart) = chart_of(courses) {
            figure::write(&chart, self);
        }
    }
}

/// The deliveries of alternatives over time, and the p99 of their times; none if none has as much as two stretches.
fn chart_of(courses: &[(String, CoarseSeries)]) -> Option<Chart> {
    let stretch_ns = courses.iter().map(|(_, course)| course.stretch_ns).max()?;
    let courses: Vec<(&str, CoarseSeries)> =
        courses.iter().map(|(name, course)| (name.as_str(), course.coarser(stretch_ns))).collect();
    let stretches = courses.iter().map(|(_, course)| course.delivered_per_s.len()).max()?;
    if stretches < 2 {
        return None;
    }
    let padded =
        |values: Vec<Option<f64>>| (0..stretches).map(|at| values.get(at).copied().flatten()).collect();
    let curve = |(place, name, values): (usize, String, Vec<Option<f64>>)| Curve {
        name,
        kind: CurveKind::Steps,
        colour: place % COLOURS,
        values: padded(values),
    };
    let named =
        |what: &str, name: &str| if courses.len() == 1 { what.to_owned() } else { format!("{name}: {what}") };
    let rates = courses.iter().enumerate().map(|(place, (name, course))| {
        curve((place, named("delivered", name), course.delivered_per_s.iter().copied().map(Some).collect()))
    });
    let tails = courses
        .iter()
        .enumerate()
        .map(|(place, (name, course))| curve((place, named("p99", name), course.total_p99_ns.clone())));
    let (rates, tails): (Vec<Curve>, Vec<Curve>) = (rates.collect(), tails.collect());
    let most = |curves: &[Curve]| {
        curves.iter().flat_map(|curve| curve.values.iter().flatten()).copied().fold(0.0, f64::max)
    };
    let end_ns = stretch_ns as f64 * stretches as f64;
    Some(Chart {
        title: "The course over time".to_owned(),
        about: "Messages delivered a second, and the 99th percentile of their times.".to_owned(),
        body: Body::Plot(Plot {
            x: ChartAxis {
                label: "time since the start".to_owned(),
                unit: AxisUnit::Time,
                scale: AxisScale::Linear,
                least: 0.0,
                most: end_ns,
            },
            xs: (0..stretches).map(|at| at as f64 * stretch_ns as f64).collect(),
            panels: vec![
                Panel {
                    y: ChartAxis::from_zero("delivered", AxisUnit::PerSecond, most(&rates)),
                    curves: rates,
                },
                Panel {
                    y: ChartAxis::from_zero("p99 of the total time", AxisUnit::Time, most(&tails)),
                    curves: tails,
                },
            ],
            shades: Vec::new(),
            marks: Vec::new(),
        }),
    })
}

/// What stands between backticks, as code.
fn with_code(escaped: &str) -> String {
    let mut parts = escaped.split('`');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(inside) = parts.next() {
        match parts.next() {
            Some(after) => text.push_str(&format!("<code>{inside}</code>{after}")),
            None => text.push_str(&format!("`{inside}")),
        }
    }
    text
}

/// A text of several lines, escaped.
fn escaped_lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}
