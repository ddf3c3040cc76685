//! What limits a run: where messages spend their time, by Little's law, what holds them there, and what to try.

mod find;
mod machinery;

pub use find::limits;
pub use machinery::Machinery;
