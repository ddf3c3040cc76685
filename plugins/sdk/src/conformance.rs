//! Holding a core against the contract from its own `cargo test`.
//!
//! ```no_run
//! // tests/conformance.rs of a core's crate, whose `crate-type` is `["cdylib", "rlib"]`
//! #[test]
//! fn it_holds_the_contract() {
//!     mqscript_plugin::conformance::check(env!("CARGO_PKG_NAME"));
//! }
//! ```

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// The environment variable that names the program `mqscript`, where the one on the `PATH` is not meant.
pub const PROGRAM_VARIABLE: &str = "MQSCRIPT";

/// Runs `mqscript core check` on the core that this build has just made, and prints what it says.
///
/// `core` is the core's name or its package's: `steady`, `mqscript-core-steady` and `mqscript-steady` all mean
/// `libmqscript_core_steady.so` beside the test's executable. The program is `$MQSCRIPT`, else the `mqscript` on the
/// `PATH`, else, where the SDK lies in a checkout of mqscript, the newer of those that were built there.
///
/// # Panics
/// The core breaks the contract; or its library or the program is not found, and then the text says what to do.
pub fn check(core: &str) {
    check_with(core, &[]);
}

/// As [`check`], with options for a core that needs some: `("command", "cat")` stands for `--core-option command=cat`.
///
/// # Panics
/// As [`check`].
pub fn check_with(core: &str, options: &[(&str, &str)]) {
    let test = std::env::current_exe().expect("the path of this test's executable");
    let library = library(core, &test).unwrap_or_else(|text| panic!("{text}"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::var_os(PROGRAM_VARIABLE);
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = program(named.as_deref(), &path, &checkout).unwrap_or_else(|text| panic!("{text}"));
    println!("checked by {}", program.display());
    let mut command = Command::new(&program);
    command.args(["core", "check"]).arg(&library).stdin(Stdio::null());
    for (key, value) in options {
        command.arg("--core-option").arg(format!("{key}={value}"));
    }
    let told = match command.output() {
        Ok(told) => told,
        Err(error) => panic!("{} cannot be started: {error}", program.display()),
    };
    // Through the macros, so that the test harness shows it for a test that fails and for no other.
    print!("{}", String::from_utf8_lossy(&told.stdout));
    eprint!("{}", String::from_utf8_lossy(&told.stderr));
    assert!(
        told.status.success(),
        "{} breaks the contract, or could not be checked: `mqscript core check` ended with {}",
        library.display(),
        told.status
    );
}

/// What a core's name may be once the usual beginnings of a package's name are taken off.
fn names(core: &str) -> Vec<String> {
    let plain = core.replace('-', "_");
    let mut names = vec![plain.clone()];
    for beginning in ["mqscript_core_", "mqscript_"] {
        names.extend(plain.strip_prefix(beginning).map(str::to_owned));
    }
    names
}

/// The newest library of that core in the folder of the test's executable and the one above.
fn library(core: &str, test: &Path) -> Result<PathBuf, String> {
    let beside = test.parent().unwrap_or(Path::new("."));
    let folders = [Some(beside), beside.parent()];
    let files: Vec<PathBuf> = names(core)
        .iter()
        .flat_map(|name| {
            let file = format!("{DLL_PREFIX}mqscript_core_{name}{DLL_SUFFIX}");
            folders.into_iter().flatten().map(move |folder| folder.join(&file))
        })
        .collect();
    newest(files.clone()).ok_or_else(|| {
        let looked: String = files.iter().map(|path| format!("\n  {}", path.display())).collect();
        format!(
            "the library of the core `{core}` is not there; looked for{looked}\n\
             the crate's `[lib]` needs `name = \"mqscript_core_…\"` and `crate-type = [\"cdylib\", \"rlib\"]`, and this \
             test must stand in a file under `tests/`: only then does cargo build the library before it"
        )
    })
}

/// The program `mqscript`: as `named`; else on the `path`; else the newer that was built in `checkout`, which is where an
/// SDK that is named by its path lies.
fn program(named: Option<&OsStr>, path: &OsStr, checkout: &Path) -> Result<PathBuf, String> {
    let how = format!(
        "install mqscript, or let the environment variable {PROGRAM_VARIABLE} name the program: \
         {PROGRAM_VARIABLE}=/path/to/mqscript cargo test"
    );
    let file = format!("mqscript{EXE_SUFFIX}");
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return match named.is_file() {
            true => Ok(named),
            false => {
                Err(format!("{PROGRAM_VARIABLE} names {}, and no program is there: {how}", named.display()))
            }
        };
    }
    let on_path = std::env::split_paths(path).map(|folder| folder.join(&file)).find(|file| file.is_file());
    let built =
        || newest(["release", "debug"].map(|profile| checkout.join("target").join(profile).join(&file)));
    on_path.or_else(built).ok_or_else(|| {
        let checkout = checkout.display();
        format!("`mqscript`, which checks the core, is neither on the PATH nor built in {checkout}: {how}")
    })
}

/// The file that was changed last, of those that are there.
fn newest(files: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let modified = |path: &PathBuf| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    files.into_iter().filter(|path| path.is_file()).max_by_key(modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_and_its_core_are_one() {
        assert_eq!(names("steady"), ["steady"]);
        assert_eq!(names("mqscript-core-steady"), ["mqscript_core_steady", "steady", "core_steady"]);
        assert!(names("mqscript-mock").contains(&"mock".to_owned()));
    }

    #[test]
    fn a_library_that_is_not_built_is_told_with_what_it_takes() {
        let told = library("no-such", Path::new("/nowhere/deps/test")).unwrap_err();
        for part in ["core `no-such`", "/nowhere/deps/", "/nowhere/libmqscript_core_no_such", "cdylib"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn the_program_is_the_one_named_then_the_one_on_the_path_then_the_one_built() {
        let place = std::env::temp_dir().join(format!("mqscript-sdk-{}", std::process::id()));
        let file = format!("mqscript{EXE_SUFFIX}");
        let (on_path, built) = (place.join("bin").join(&file), place.join("target/debug").join(&file));
        for program in [&on_path, &built] {
            std::fs::create_dir_all(program.parent().unwrap()).unwrap();
            std::fs::write(program, "").unwrap();
        }
        let path = std::env::join_paths([Path::new("/nowhere"), on_path.parent().unwrap()]).unwrap();
        let nowhere = OsStr::new("/nowhere");
        assert_eq!(program(Some(built.as_os_str()), &path, &place), Ok(built.clone()));
        assert_eq!(program(Some(OsStr::new("")), &path, &place), Ok(on_path.clone()));
        assert_eq!(program(None, nowhere, &place), Ok(built));
        let told = program(None, nowhere, Path::new("/gone")).unwrap_err();
        assert!(told.contains("neither on the PATH nor built in /gone: install mqscript"), "{told}");
        let told = program(Some(nowhere), &path, &place).unwrap_err();
        assert!(told.contains("MQSCRIPT names /nowhere, and no program is there"), "{told}");
        std::fs::remove_dir_all(&place).unwrap();
    }
}
