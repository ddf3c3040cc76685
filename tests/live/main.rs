//! Whole runs on the wall clock.
//!
//! *Rationale.* What they end with depends on how much of its processors the machine gives them. So they are a program of
//! their own: tests of `cli` that keep all processors busy would run beside them, and a promise of so many milliseconds
//! would not hold.

mod real;
