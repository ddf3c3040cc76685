//! What live cores share. Nothing here is part of the contract; a core can do without.

mod error_text;

pub use error_text::whole_chain;
