//! The nats core with a real server.

mod agreement;
mod consumers;
mod consumers_run;
mod credentials;
mod direct;
mod faults;
mod jetstream;
mod kill;
mod kill_run;
mod laws;
mod plain;
