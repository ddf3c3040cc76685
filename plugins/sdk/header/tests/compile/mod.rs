//! Programs compiled against the committed header, in C and in C++.

use std::path::Path;
use std::process::Command;

/// C11.
pub const C: &[&str] = &["cc", "-std=c11"];
/// C++17.
pub const CPP: &[&str] = &["c++", "-x", "c++", "-std=c++17"];

/// Compiles a program, every warning being an error, runs it, and returns what it prints. `None`: there is no such
/// compiler, which only C++ may lack.
pub fn run(name: &str, compiler: &[&str], body: &str) -> Option<String> {
    let no_skip = std::env::var_os("MQSCRIPT_NO_SKIP").is_some();
    if compiler != C && !no_skip && Command::new(compiler[0]).arg("--version").output().is_err() {
        println!("skipped: there is no {} on this machine", compiler[0]);
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (folder.join(format!("{name}.c")), folder.join(name));
    std::fs::write(&source, format!("#include \"mqscript_core.h\"\n#include <stdio.h>\n{body}\n")).unwrap();
    let output = Command::new(compiler[0])
        .args(&compiler[1..])
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(mqscript_header::header_path().parent().unwrap())
        .arg("-o")
        .arg(&program)
        .arg(&source)
        .output()
        .unwrap_or_else(|error| panic!("no compiler {}: {error}", compiler[0]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success(), "{name} ends with {}", output.status);
    Some(String::from_utf8(output.stdout).unwrap())
}
