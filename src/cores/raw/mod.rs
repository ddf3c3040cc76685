//! One core, called as it is: for the conformance kit, which must see what a [`Session`](super::Session) would mend,
//! hide or stop at.
//!
//! Nothing here judges. A [`Subject`] is a core that is loaded and configured; on a [`RawHost`] (a run, and a host that
//! takes notes) it becomes a [`Probe`], and that opens [`ProbeSession`]s, which fill [`Arrays`]. All calls are made on
//! the calling thread and may hang or crash: a process of its own is the place for them.

pub use super::load::changed_while_loading;

mod arrays;
mod heap;
mod inner;
mod page;
mod probe;
mod session;
mod stage;
mod subject;

pub use arrays::{Appended, Arrays, CallFault, Copied};
pub use heap::allocated_bytes;
pub use inner::{Below, Interference};
pub use page::{PAGE_WORDS, map_page};
pub use probe::{Probe, Refusal, StatsAnswer};
pub use session::{Called, ProbeSession};
pub use stage::{Notes, RawHost};
pub use subject::Subject;
