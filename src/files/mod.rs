//! Files: read as text, written whole or not at all, and kept where no core comes to them.
//!
//! - **Owns** files as text, files that are written whole or not at all, and the thread that keeps what is the
//!   user's from cores.
//! - **May import** `numbers`.
//! - **Way in** [`read_text`], [`keep`], [`keeper::at`].
//! - **A message here** none comes here; the line that an events file has for each does.

mod confined;
pub mod keeper;
mod text;
mod whole;

pub use confined::note_confined;
pub use text::{Unreadable, in_words, read_text};
pub use whole::{Scratch, begin, dress_like, keep, mode_of, settle, write_whole};
