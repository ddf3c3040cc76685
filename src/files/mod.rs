//! Files: read as text, written whole or not at all, and kept where no core comes to them.

mod confined;
pub mod keeper;
mod text;
mod whole;

pub use confined::note_confined;
pub use text::{Unreadable, in_words, read_text};
pub use whole::{Scratch, begin, dress_like, keep, mode_of, settle, write_whole};
