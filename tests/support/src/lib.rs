//! What the tests and benches of mqscript share: a file here has one subject, as a test has.

pub mod bad;
pub mod batch;
pub mod bench;
pub mod chain;
pub mod consumers;
pub mod elsewhere;
pub mod engine;
pub mod exec;
#[path = "../../../benches/peers/mini/mod.rs"]
pub mod mini;
pub mod nats;
pub mod pages;
pub mod place;
pub mod processes;
pub mod program;
pub mod pump;
pub mod python;
pub mod queue;
pub mod queue_laws;

pub use chain::compile;
