//! Results as people and programs read them. Everything here is a function of [`crate::results`].
//!
//! A report is a [`Document`] first: sections, lines, tables and notes, each with its tone. It is built once for each
//! subject; each format is a writer that writes any document.
//!
//! - **Owns** results → documents; documents → text and Markdown; results → JSON.
//! - **May import** `compare`, `judgement`, `numbers`, `plan`, `results`.
//! - **Way in** [`Summary`], [`of_comparison`], then [`text::write`] or [`markdown::write`]; [`json::document`].
//! - **A message here** it is one in a row; the first that were lost or repeated have a name there.

#![forbid(unsafe_code)]

mod aggregate;
mod compared;
mod comparison;
#[cfg(test)]
mod comparison_tests;
mod course;
mod document;
#[cfg(test)]
mod document_tests;
pub mod json;
mod look;
pub mod markdown;
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
    Backlog, CheckLine, Commands, Document, Element, Heading, Labelled, Line, RunCourse, Section, Tone,
};
pub use look::Look;
pub use style::Palette;
pub use summary::{Asked, Summary};
pub use table::{Cell, Column, ColumnKind, Table, TableRow};
pub use text::shortened;
