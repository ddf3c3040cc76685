//! Where things lie: the program under test, the checkout, the build's folder for temporary files.
//!
//! *Rationale.* Cargo tells tests and benches by environment variables, but not a library that they share. What they are
//! built as says the same: `target/PROFILE/deps/NAME-HASH`.

use std::path::{Path, PathBuf};

/// The folder of this build's programs and cores: `target/PROFILE`.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test's program");
    let built = test.parent().filter(|deps| deps.ends_with("deps")).and_then(Path::parent);
    built.unwrap_or_else(|| panic!("{} is in no `deps`", test.display())).to_owned()
}

/// The program `mqscript` of this build.
pub fn program() -> PathBuf {
    built().join(format!("mqscript{}", std::env::consts::EXE_SUFFIX))
}

/// The checkout.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("`tests/support` is in a checkout")
}

/// The build's folder for temporary files, `target/tmp`. It is there.
pub fn temporary() -> PathBuf {
    let folder = built().with_file_name("tmp");
    std::fs::create_dir_all(&folder).expect("the folder for temporary files");
    folder
}

/// The names of all that lies in a folder, in order.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder that can be read");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name().into_string();
    let mut names: Vec<String> = entries.map(|entry| name(entry).expect("a name in UTF-8")).collect();
    names.sort();
    names
}
