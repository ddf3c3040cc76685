//! A folder with a script and a batch file, and what a batch leaves there.

use crate::program::{Ended, command, folder};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// A run of some hundred messages.
pub const SCRIPT: &str = r#"
let rate = param("rate", "20/s", "each agent's");
run(scenario(#{ arrival: rate, mix: ["direct"], duration: "5s", processor: #{ workers: 8 } }));
"#;

/// A folder with a script and a batch file.
pub struct Batch(pub tempfile::TempDir);

impl Batch {
    /// With this batch file, and [`SCRIPT`].
    pub fn of(file: &str) -> Batch {
        let batch = Batch(folder());
        batch.write("script.rhai", SCRIPT);
        batch.write("batch.yaml", file);
        batch
    }

    /// Writes a file there.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Where a file is there.
    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// `mqscript batch` on it, not started yet.
    pub fn command(&self, more: &[&str]) -> std::process::Command {
        let file = self.path("batch.yaml");
        command(&[&["batch", &file], more].concat())
    }

    /// Plays it to its end.
    pub fn play(&self, more: &[&str]) -> Ended {
        Ended::from(self.command(more).output().unwrap())
    }

    /// A file of the newest folder of results.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join("results/latest").join(name)).unwrap()
    }

    /// Outcomes by cell.
    pub fn outcomes(&self) -> BTreeMap<String, Value> {
        let of = |line: &str| {
            let outcome: Value = serde_json::from_str(line).unwrap();
            (outcome["cell"].as_str().unwrap().to_owned(), outcome)
        };
        self.read("results.ndjson").lines().map(of).collect()
    }

    /// How often each cell has ended, by the journal.
    pub fn ends(&self) -> BTreeMap<String, u32> {
        let mut ends = BTreeMap::new();
        for line in self.read("journal.ndjson").lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            if event["event"] == "ended" {
                *ends.entry(event["cell"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        ends
    }

    /// The folder of the cell whose number, and name, begins so.
    pub fn cell(&self, start: &str) -> PathBuf {
        let cells = fs::read_dir(self.0.path().join("results/latest/cells")).unwrap();
        let mut paths = cells.map(|entry| entry.unwrap().path());
        paths.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).unwrap()
    }
}
