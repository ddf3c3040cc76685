//! Writes any document as a text for people: aligned, broken at the width of its terminal, with few colours.

mod grid;
mod lines;
mod write;

pub use grid::shortened;
pub use lines::wrapped;
pub use write::write;
