//! Any document as one HTML page that needs nothing else: no network, no script, no second file.
//!
//! The page forbids by its own policy whatever does not come with it. Its script adds what is only pleasant: values beside
//! the pointer, sorting, filtering.

mod figure;
mod page;
mod table;
mod write;
mod writer;

pub use page::{HtmlPage, page};
