//! The Python adapter, put where the program's `import` finds it.

use mqscript_plugin::prelude::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The adapter's files. *Rationale.* They are part of the core, so that program and core always speak the same
/// protocol, and nobody has to install or copy anything.
const FILES: [(&str, &str); 2] = [
    ("mqscript_adapter.py", include_str!("../python/mqscript_adapter.py")),
    ("mqscript_processor.py", include_str!("../python/mqscript_processor.py")),
];

/// A temporary folder with the adapter; dropping it removes it.
#[derive(Debug)]
pub struct Adapter(TempDir);

impl Adapter {
    /// Writes it.
    pub fn write() -> Result<Adapter, Error> {
        let failed = |error: std::io::Error| {
            let at = std::env::temp_dir();
            Error::new(
                Status::IO,
                format!(
                    "the Python adapter cannot be written in {}: {error}; set TMPDIR to a folder that can \
                         be written to",
                    at.display()
                ),
            )
        };
        let folder = tempfile::Builder::new().prefix("mqscript-exec-").tempdir().map_err(failed)?;
        for (name, text) in FILES {
            fs::write(folder.path().join(name), text).map_err(failed)?;
        }
        Ok(Adapter(folder))
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Removes it.
    pub fn remove(self) -> Result<(), Error> {
        let at = self.0.path().display().to_string();
        self.0.close().map_err(|error| Error::new(Status::IO, format!("{at} cannot be removed: {error}")))
    }
}
