//! The contract between mqscript and a messaging core, as it crosses the border: plugin ABI 1.
//!
//! Everything here is `#[repr(C)]`, of fixed width, and mirrored by `include/mqscript_core.h` (where each name
//! carries the prefix `mqs_` or `MQS_`). A core written in Rust rarely needs this module: the safe traits of the
//! crate root stand in front of it.
//!
//! **Threads.** Each function says where it is called: `[control]` on any one thread, with a time limit, never
//! while a session call of the same core runs; `[session]` by one thread at a time, without locks;
//! `[any thread]` from anywhere, also from inside a call.
//!
//! **Ownership.** Everything passed in is borrowed for the call, except where a doc comment names a longer time.
//! No memory is ever freed across the border.
//!
//! **Times** are nanoseconds since the run's origin, which is taken just before `create`.
//!
//! **Growth.** Structs that begin with `struct_size` may gain fields at their end in a minor version: a reader
//! touches a field only if it lies inside. The others never grow; their reserved fields are zero.

mod calls;
mod constants;
mod layout;
mod plugin;
mod values;

pub use calls::*;
pub use constants::*;
pub use plugin::*;
pub use values::*;
