//! Writes the contract's C header.
#![forbid(unsafe_code)]

fn main() -> std::io::Result<()> {
    std::fs::write(mqscript_header::header_path(), mqscript_header::header_text())
}
