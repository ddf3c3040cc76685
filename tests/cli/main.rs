//! The program on the command line: a test starts it as its users do.

mod bad_cores;
mod bad_input;
mod baselines;
mod batch;
mod batch_faults;
mod chaos;
mod compare;
mod consumers;
mod cores;
mod deaths;
mod digests;
mod fit;
mod generated;
mod help;
mod left_behind;
mod new;
mod report;
mod run;
mod terminal;
mod validity;

#[test]
fn the_program_under_test_is_the_one_that_was_just_built() {
    let just_built = std::path::Path::new(env!("CARGO_BIN_EXE_mqscript")).canonicalize().unwrap();
    assert_eq!(support::place::program().canonicalize().unwrap(), just_built);
    assert_eq!(support::place::repository(), std::path::Path::new(env!("CARGO_MANIFEST_DIR")));
    let temporary = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).canonicalize().unwrap();
    assert_eq!(support::place::temporary().canonicalize().unwrap(), temporary);
}
