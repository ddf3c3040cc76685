//! Lines over an axis, in panels one below the other.

use super::axis::{ChartAxis, STEPS_ALONG, STEPS_UP};
use super::drawing::{Anchor, Drawing, WIDTH, number};
use super::kinds::{Curve, CurveKind, Panel, Plot, ShadeKind};
use std::fmt::Write;

/// Room for the labels of vertical axes.
const LEFT: f64 = 92.0;
const RIGHT: f64 = WIDTH - 16.0;
/// Room for the label above a panel.
const ABOVE: f64 = 30.0;
const PANEL: f64 = 132.0;
/// Room for the labels below the last panel.
const BELOW: f64 = 58.0;
/// About the width of a character, to see whether a label has room.
const CHARACTER: f64 = 7.0;

/// Draws the plot; its height.
pub(super) fn draw(plot: &Plot, drawing: &mut Drawing) -> f64 {
    let bottom = plot.panels.len() as f64 * (ABOVE + PANEL);
    for (place, panel) in plot.panels.iter().enumerate() {
        let top = place as f64 * (ABOVE + PANEL) + ABOVE;
        shades(plot, top, drawing);
        grid(plot, panel, top, drawing);
        // The first line is drawn last, over the others.
        panel.curves.iter().rev().for_each(|line| draw_line(plot, &panel.y, line, top, drawing));
        for mark in &plot.marks {
            let x = along(&plot.x, mark.at);
            drawing.rect("mark", (x - 1.0, top), (2.0, PANEL), &mark.label);
        }
        drawing.text("name", (0.0, top - 10.0), Anchor::Start, &panel.y.label);
    }
    for (place, tick) in plot.x.ticks(STEPS_ALONG).into_iter().enumerate() {
        let class = if place % 2 == 0 { "tick" } else { "tick odd" };
        drawing.text(class, (along(&plot.x, tick.value), bottom + 20.0), Anchor::Middle, &tick.label);
    }
    drawing.text("name", (RIGHT, bottom + BELOW - 12.0), Anchor::End, &plot.x.label);
    drawing.line("cursor", (LEFT, ABOVE), (LEFT, bottom));
    bottom + BELOW
}

/// Where a value lies from the left.
pub(super) fn along(x: &ChartAxis, value: f64) -> f64 {
    LEFT + x.place(value) * (RIGHT - LEFT)
}

fn up(y: &ChartAxis, value: f64, top: f64) -> f64 {
    top + (1.0 - y.place(value)) * PANEL
}

fn shades(plot: &Plot, top: f64, drawing: &mut Drawing) {
    let mut phases = 0;
    for shade in &plot.shades {
        let (from, to) = (along(&plot.x, shade.from), along(&plot.x, shade.to));
        let class = match shade.kind {
            ShadeKind::Outage => "outage",
            ShadeKind::Phase => {
                phases += 1;
                if phases % 2 == 1 { "phase" } else { "phase even" }
            }
        };
        // Also what is short is seen.
        drawing.rect(class, (from, top), ((to - from).max(1.5), PANEL), &shade.label);
        let room = to - from > shade.label.chars().count() as f64 * CHARACTER + 8.0;
        if shade.kind == ShadeKind::Phase && room && top <= ABOVE {
            drawing.text("tick wide", ((from + to) / 2.0, top + 14.0), Anchor::Middle, &shade.label);
        }
    }
}

fn grid(plot: &Plot, panel: &Panel, top: f64, drawing: &mut Drawing) {
    for tick in plot.x.ticks(STEPS_ALONG) {
        let x = along(&plot.x, tick.value);
        drawing.line("grid", (x, top), (x, top + PANEL));
    }
    for (place, tick) in panel.y.ticks(STEPS_UP).into_iter().enumerate() {
        let y = up(&panel.y, tick.value, top);
        drawing.line(if place == 0 { "grid axis" } else { "grid" }, (LEFT, y), (RIGHT, y));
        let class = if place % 2 == 0 { "tick" } else { "tick odd" };
        drawing.text(class, (LEFT - 8.0, y + 4.0), Anchor::End, &tick.label);
    }
}

fn draw_line(plot: &Plot, y: &ChartAxis, line: &Curve, top: f64, drawing: &mut Drawing) {
    let mut commands = String::new();
    let mut is_drawing = false;
    let ends = plot.xs.iter().skip(1).copied().chain([plot.x.most]);
    for ((x, end), value) in plot.xs.iter().zip(ends).zip(&line.values) {
        let Some(value) = value else {
            is_drawing = false;
            continue;
        };
        let [x, end, y] = [along(&plot.x, *x), along(&plot.x, end), up(y, *value, top)].map(number);
        let written = match (line.kind, is_drawing) {
            (CurveKind::Straight, false) => write!(commands, "M{x} {y}"),
            (CurveKind::Straight, true) => write!(commands, "L{x} {y}"),
            (CurveKind::Steps, false) => write!(commands, "M{x} {y}H{end}"),
            (CurveKind::Steps, true) => write!(commands, "V{y}H{end}"),
            (CurveKind::Filled, _) => {
                let floor = number(top + PANEL);
                write!(commands, "M{x} {floor}V{y}H{end}V{floor}")
            }
        };
        written.expect("a text takes everything");
        is_drawing = true;
    }
    if !commands.is_empty() {
        let filled = if line.kind == CurveKind::Filled { " filled" } else { "" };
        drawing.path(&format!("line c{}{filled}", line.colour), &commands);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AxisScale, AxisUnit};
    use super::*;

    fn axis(most: f64) -> ChartAxis {
        ChartAxis {
            label: "load".to_owned(),
            unit: AxisUnit::Count,
            scale: AxisScale::Linear,
            least: 0.0,
            most,
        }
    }

    /// The commands of the only line of a plot of four values.
    fn commands(kind: CurveKind, values: [Option<f64>; 4]) -> String {
        let line = Curve { name: "n".to_owned(), kind, colour: 2, values: values.to_vec() };
        let panels = vec![Panel { y: axis(100.0), curves: vec![line] }];
        let plot = Plot { x: axis(4.0), xs: vec![0.0, 1.0, 2.0, 3.0], panels, shades: vec![], marks: vec![] };
        let mut drawing = Drawing::default();
        let line = plot.panels[0].curves[0].clone();
        draw_line(&plot, &plot.panels[0].y, &line, 30.0, &mut drawing);
        format!("{drawing:?}")
            .split("d=\\\"")
            .nth(1)
            .unwrap_or_default()
            .split('\\')
            .next()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn lines_go_through_their_values_and_stop_where_there_is_none() {
        let values = [Some(0.0), Some(50.0), None, Some(100.0)];
        assert_eq!(commands(CurveKind::Straight, values), "M92 162L245 96M551 30");
        assert_eq!(commands(CurveKind::Steps, values), "M92 162H245V96H398M551 30H704");
        assert_eq!(commands(CurveKind::Filled, [None, Some(50.0), None, None]), "M245 162V96H398V162");
        assert_eq!(commands(CurveKind::Steps, [None; 4]), "");
    }
}
