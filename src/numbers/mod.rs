//! The one room in which numbers and names are written for people. It knows no sibling but the units.

#![forbid(unsafe_code)]

mod names;
mod quantity;
mod text;

pub use names::{listed, printable};
pub use quantity::{NEVER, Quantity};
pub use text::{NOTHING, TimeUnit, amount, count, counted, magnitude, percent, rate, rough_rate, span};
