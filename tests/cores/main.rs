//! The cores and what they owe: those that come along, those that lie, and those that people write.

mod broker;
mod chaos;
mod check;
mod check_live;
mod example_c;
mod example_cpp;
mod example_leases;
mod first_minor;
mod loading;
mod misbehaving;
mod mock;
mod new;
mod pure;
mod sqlite;
mod sqlite_consumers;
mod sqlite_faults;
mod sqlite_kill;
mod sqlite_laws;
mod trust;

#[test]
#[ignore = "the other process of the tests of sqlite"]
fn elsewhere() {
    support::elsewhere::serve();
}
