//! What a test is given, and how it ends.

use super::rules::Rule;
use crate::cores::raw::Subject;
use crate::cores::{CoreError, Finder};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// The core that is to be checked, as it was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its name, or its file.
    pub reference: String,
    /// Its options, as written.
    pub options: Map<String, Value>,
    /// Folders to look in first.
    pub core_path: Vec<PathBuf>,
    /// The seed of every random choice.
    pub seed: u64,
}

/// Why a test did not come to "it holds".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The core broke this rule: what was seen.
    Broken(Rule, String),
    /// The test says nothing about this core.
    Inapplicable(String),
    /// The core broke another rule first, which is another test's affair.
    Blocked(String),
}

/// How a test ends.
pub type Judged = Result<(), Stop>;

/// The core under test, in the process of one test.
pub struct Bench {
    /// Where cores are found.
    pub finder: Finder,
    /// The core; a layer stands over a mock. Or why there is none.
    pub loaded: Result<Arc<Subject>, CoreError>,
    /// The seed of every random choice.
    pub seed: u64,
}

impl Bench {
    /// Loads the core.
    pub fn new(asked: &Asked, trail: Arc<dyn Fn(&'static str) + Send + Sync>) -> Bench {
        let finder = Finder::new(&asked.core_path);
        let here = PathBuf::new();
        let load = |reference: &str, options: &Map<String, Value>| {
            Subject::load(&finder, &here, reference, options, trail.clone())
        };
        let loaded =
            load(&asked.reference, &asked.options).and_then(|subject| match subject.info().is_layer() {
                true => Ok(subject.over(load("mock", &Map::new())?)),
                false => Ok(subject),
            });
        Bench { finder, loaded: loaded.map(Arc::new), seed: asked.seed }
    }

    /// The core.
    ///
    /// # Errors
    /// It could not be loaded.
    pub fn subject(&self) -> Result<&Arc<Subject>, Stop> {
        self.loaded.as_ref().map_err(|error| Stop::Blocked(error.to_string()))
    }
}

/// Breaks `rule` unless `holds`.
///
/// # Errors
/// It does not hold.
pub fn ensure(holds: bool, rule: Rule, seen: impl FnOnce() -> String) -> Judged {
    if holds { Ok(()) } else { Err(Stop::Broken(rule, seen())) }
}
