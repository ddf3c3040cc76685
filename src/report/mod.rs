//! Results as people and programs read them. Everything here is a function of [`crate::results`].
//!
//! A report is a [`Document`] first: sections, lines, tables and notes, each with its tone. It is built once for each
//! subject; each format is a writer that writes any document.
//!
//! - **Owns** results → documents; documents → text, Markdown and HTML; results → JSON.
//! - **May import** `chart`, `compare`, `judgement`, `metrics`, `numbers`, `plan`, `results`.
//! - **Way in** [`Summary`], [`of_comparison`], then [`text::write`], [`markdown::write`] or [`html::page`]; [`json::document`].
//! - **A message here** it is one in a row; the first that were lost or repeated have a name there.

#![forbid(unsafe_code)]

mod aggregate;
mod compared;
mod comparison;
mod comparison_charts;
#[cfg(test)]
mod comparison_tests;
mod course;
mod document;
#[cfg(test)]
mod document_tests;
pub mod html;
mod index;
pub mod json;
mod look;
pub mod markdown;
mod picture;
mod results_page;
mod run;
#[cfg(test)]
pub(crate) mod schema;
mod side_by_side;
mod style;
mod summary;
mod table;
#[cfg(test)]
mod tests;
pub mod text;

use crate::numbers as number;
pub use crate::numbers::{count, counted, listed, magnitude, percent, printable, rate, rough_rate, span};
pub use compared::{change, in_words, interval};
pub use comparison::of_comparison;
pub use document::{
    Backlog, CheckLine, Commands, ContentsEntry, Document, Element, Folded, Heading, Labelled, Line,
    RunCourse, Section, Tone,
};
pub use index::{Indexed, index};
pub use look::Look;
pub use picture::{ChartOfRun, picture};
pub use results_page::ResultsPage;
pub use style::Palette;
pub use summary::{Asked, Summary};
pub use table::{Cell, Column, ColumnKind, RowKind, Table, TableRow};
pub use text::shortened;
