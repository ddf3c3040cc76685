//! Charts as data, and as SVG that needs no script.
//!
//! A [`Chart`] has a title, a sentence about it, and what is drawn; [`svg`] draws it, [`rows`] gives the same numbers as
//! rows for a table. Colours are classes of a style sheet, so that a page decides on light and dark.
//!
//! - **Owns** how a text is written in HTML and SVG, scales and their ticks, lines over an axis, shares of a whole, intervals beside a line.
//! - **May import** `diagnostics`, `numbers`.
//! - **Way in** [`Chart`], then [`svg`] and [`rows`].
//! - **A message here** it is one in a count.

#![forbid(unsafe_code)]

mod axis;
mod drawing;
mod intervals;
mod kinds;
mod plot;
mod rows;
mod shares;
mod svg;

pub use axis::{AxisScale, AxisUnit, ChartAxis};
pub use drawing::escaped;
pub use kinds::{
    Body, COLOURS, Chart, Curve, CurveKind, Estimate, Intervals, Mark, Panel, Plot, Shade, ShadeKind, Share,
    Shares,
};
pub use rows::{ChartRows, rows};
pub use svg::svg;
