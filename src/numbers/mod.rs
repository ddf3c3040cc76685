//! The one room in which numbers and names are written for people. It knows no sibling but the units.
//!
//! - **Owns** how numbers and names are written for people.
//! - **May import** nothing.
//! - **Way in** [`count`], [`span`], [`rate`] and the like.
//! - **A message here** none comes here; its figures do, when they are shown.

#![forbid(unsafe_code)]

mod names;
mod quantity;
mod text;

pub use names::{listed, printable};
pub use quantity::{NEVER, Quantity};
pub use text::{NOTHING, TimeUnit, amount, count, counted, magnitude, percent, rate, rough_rate, span};
