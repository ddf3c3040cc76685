//! The core holds the contract. The program that says so is `$MQSCRIPT`, else the `mqscript` on the `PATH`, else the one
//! that was built in the checkout of the SDK.

#[test]
fn it_holds_the_contract() {
    // A core with an option that must be given: `check_with(env!("CARGO_PKG_NAME"), &[("path", "/tmp/somewhere")])`.
    mqscript_plugin::conformance::check(env!("CARGO_PKG_NAME"));
}
