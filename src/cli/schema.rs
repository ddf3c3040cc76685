//! `schema`: the JSON Schemas of what is written and read, for editors and programs.

use super::arguments::{Schema, SchemaFlags};
use mqscript::diagnostics::Exit;
use mqscript::session::terminal;

/// The JSON Schema of batch files.
pub(super) const BATCH: &str = include_str!("../../schemas/batch.schema.json");
const REPORT: &str = include_str!("../../schemas/report.schema.json");

/// Prints the JSON Schema that was asked for.
pub fn command(flags: &SchemaFlags) -> Exit {
    let text = match flags.of {
        Schema::Batch => BATCH,
        Schema::Report => REPORT,
    };
    match terminal::print(text) {
        Ok(()) => Exit::Success,
        Err(wrong) => {
            terminal::complain(&wrong);
            wrong.exit()
        }
    }
}
