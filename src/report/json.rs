//! The results as one JSON document.

use crate::results::Report;

/// The results as indented JSON, with a line break at the end.
pub fn document(report: &Report) -> String {
    // Results hold texts, numbers and maps with text keys only: writing them to memory cannot fail.
    let mut text = serde_json::to_string_pretty(report).expect("results are plain data");
    text.push('\n');
    text
}
