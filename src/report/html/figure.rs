//! A chart with its title, its legend and its numbers.

use super::writer::Writer;
use crate::chart::{Body, Chart, ChartRows, Curve, CurveKind, escaped, rows, svg};
use crate::numbers::{count, percent};

/// Writes the chart as a figure: the numbers stand in a folded table.
pub(super) fn write(chart: &Chart, writer: &mut Writer) {
    writer.charts += 1;
    let id = writer.charts;
    let kind = match chart.body {
        Body::Plot(_) => " class=\"plot\"",
        Body::Shares(_) | Body::Intervals(_) => "",
    };
    writer.add(format_args!(
        "<figure{kind}>\n<figcaption><b id=\"c{id}\">{}</b><span id=\"d{id}\">{}</span></figcaption>\n{}\n",
        escaped(&chart.title),
        escaped(&chart.about),
        svg(chart, &format!("aria-labelledby=\"c{id}\" aria-describedby=\"d{id}\""))
    ));
    writer.text.push_str(&legend(chart));
    let named = format!("The figures of chart {id}: {}", chart.title);
    numbers(&named, &rows(chart), writer);
    writer.text.push_str("</figure>\n");
}

fn legend(chart: &Chart) -> String {
    let items: Vec<String> = match &chart.body {
        Body::Plot(plot) => {
            let curves = plot.panels.iter().flat_map(|panel| &panel.curves);
            let swatch = |curve: &Curve| match curve.kind {
                CurveKind::Filled => {
                    format!("<rect class=\"filled c{}\" width=\"22\" height=\"12\"/>", curve.colour)
                }
                _ => format!("<line class=\"c{}\" x1=\"0\" y1=\"6\" x2=\"22\" y2=\"6\"/>", curve.colour),
            };
            curves.map(|curve| item(&swatch(curve), &escaped(&curve.name))).collect()
        }
        Body::Shares(shares) => {
            let all: u128 = shares.parts.iter().map(|part| u128::from(part.value)).sum();
            let part = |part: &crate::chart::Share| {
                let share = part.value as f64 / (all as f64).max(1.0);
                let text = format!(
                    "{} <b>{}</b> <span class=\"about\">{}</span>",
                    escaped(&part.name),
                    count(part.value),
                    percent(share)
                );
                item(&format!("<rect class=\"{}\" width=\"22\" height=\"12\"/>", part.class), &text)
            };
            shares.parts.iter().filter(|part| part.value > 0).map(part).collect()
        }
        Body::Intervals(_) => Vec::new(),
    };
    if items.is_empty() { String::new() } else { format!("<ul class=\"legend\">\n{}</ul>\n", items.concat()) }
}

/// One entry of a legend; the text is HTML.
fn item(swatch: &str, text: &str) -> String {
    format!(
        "<li><svg class=\"swatch\" viewBox=\"0 0 22 12\" aria-hidden=\"true\">{swatch}</svg><span>{text}</span></li>\n"
    )
}

fn numbers(title: &str, rows: &ChartRows, writer: &mut Writer) {
    writer.add(format_args!(
        "<details><summary>{}</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr>",
        "The figures of this chart",
        escaped(title)
    ));
    for heading in &rows.columns {
        writer.add(format_args!("<th scope=\"col\" class=\"number\">{}</th>", escaped(heading)));
    }
    writer.text.push_str("</tr></thead><tbody>\n");
    for (place, texts) in &rows.rows {
        let place = place.map(|place| format!(" data-x=\"{place:.1}\"")).unwrap_or_default();
        writer.add(format_args!("<tr{place}>"));
        for text in texts {
            writer.add(format_args!("<td class=\"number\">{}", escaped(text)));
        }
        writer.text.push('\n');
    }
    writer.text.push_str("</tbody></table></div></details>\n");
}
