//! Results as people and programs read them. Everything here is a function of [`crate::results`].
//!
//! - **Owns** results → text, JSON and Markdown.
//! - **May import** `compare`, `judgement`, `numbers`, `plan`, `results`.
//! - **Way in** [`Summary`], [`json::document`].
//! - **A message here** it is one in a row; the first that were lost or repeated have a name there.

#![forbid(unsafe_code)]

mod comparison;
mod comparison_markdown;
#[cfg(test)]
mod comparison_tests;
mod course;
pub mod json;
mod look;
mod overview;
#[cfg(test)]
pub(crate) mod schema;
mod style;
mod summary;
mod table;
#[cfg(test)]
mod tests;
pub mod text;

use crate::numbers as number;
pub use crate::numbers::{count, counted, listed, magnitude, percent, printable, rate, rough_rate, span};
pub use comparison::{aggregate_text, change, comparison_text, in_words, interval};
pub use comparison_markdown::{comparison_markdown, escaped as escaped_for_markdown};
pub use look::Look;
pub use style::Palette;
pub use summary::Summary;
pub use table::{Column, Table, shortened};
