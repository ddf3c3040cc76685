//! Programs and processors of the user's own: the exec core, driven as the engine does it, and whole runs through it.

mod calls;
mod contact;
mod durability;
mod faults;
mod laws;
mod processor;
mod processor_flag;
mod runs;
mod send;
mod verdicts;
