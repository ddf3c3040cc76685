//! mqscript: stress-test a message-queue processor, and the brokers behind it, with a script.

pub mod advice;
pub mod batch;
pub mod chart;
pub mod compare;
pub mod conformance;
pub mod cores;
pub mod diagnostics;
pub mod engine;
pub mod export;
pub mod files;
pub mod fit;
pub mod judgement;
pub mod metrics;
pub mod numbers;
pub mod plan;
pub mod progress;
pub mod report;
pub mod results;
pub mod script;
pub mod session;
pub mod supervise;
