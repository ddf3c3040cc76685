//! Results as people and programs read them. Everything here is a function of [`crate::metrics::results`].

pub mod json;
mod number;
#[cfg(test)]
mod schema;
mod style;
mod table;
#[cfg(test)]
mod tests;
pub mod text;

pub use number::{count, magnitude, printable, span};
pub use style::Palette;
pub use table::{Column, Table, shortened};
