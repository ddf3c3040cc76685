//! `cargo xtask dist`: everything that users need, as a relocatable archive and as a Debian package.
//!
//! What goes in is gathered as a list of [`Item`]s below one prefix; the [archive](write_archive) and the
//! [package](write_deb) are two ways to write it down. Both are reproducible: entries are sorted, owned by root and of one
//! date, so that the same files give the same bytes.
//!
//! `cargo xtask instructions`: what a message takes, held against bounds.

mod archive;
mod built;
mod contents;
mod copyright;
mod deb;
mod depends;
mod dist;
mod instructions;

pub use archive::write_archive;
pub use contents::Item;
pub use deb::write_deb;
pub use depends::depends;
pub use dist::{Dist, Made, dist};
pub use instructions::{Measured, instructions};
