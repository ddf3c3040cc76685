//! What a test is given, and how it ends.

use super::rules::Rule;
use super::tests_library::broken_rule;
use crate::cores::raw::Subject;
use crate::cores::{CoreError, Finder};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// The core that is to be checked, as it was asked for.
#[derive(Debug, Clone)]
pub struct CoreUnderTest {
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
pub enum TestStop {
    /// The core broke this rule: what was seen.
    Broken(Rule, String),
    /// The test says nothing about this core.
    Inapplicable(String),
    /// The core broke another rule first, which is another test's affair.
    Blocked(String),
}

/// The result of a test.
pub type Judged = Result<(), TestStop>;

/// The core under test, in the process of one test.
pub struct Bench {
    /// Finds cores by their names.
    pub finder: Finder,
    /// The core; a layer stands over a mock. Or why there is none.
    pub loaded: Result<Arc<Subject>, CoreError>,
    /// The rule that is broken, where that is why there is none.
    pub broken: Option<Rule>,
    /// The seed of every random choice.
    pub seed: u64,
}

impl Bench {
    /// Loads the core that is to be checked.
    pub fn new(asked: &CoreUnderTest, trail: Arc<dyn Fn(&'static str) + Send + Sync>) -> Bench {
        let finder = Finder::new(&asked.core_path).trusting(&asked.reference);
        let here = PathBuf::new();
        let load = |reference: &str| Subject::load(&finder, &here, reference, trail.clone());
        let mut broken = None;
        let loaded = load(&asked.reference).and_then(|subject| {
            let subject = subject.with(&asked.options).inspect_err(|error| {
                broken = bad_default(error, &subject, &asked.options).then_some(Rule::Defaults);
            })?;
            match subject.info().is_layer() {
                true => Ok(subject.over(load("mock")?.with(&Map::new())?)),
                false => Ok(subject),
            }
        });
        let broken = broken.or(loaded.as_ref().err().and_then(broken_rule));
        Bench { finder, loaded: loaded.map(Arc::new), broken, seed: asked.seed }
    }

    /// Returns the core that was loaded.
    ///
    /// # Errors
    /// It could not be loaded.
    pub fn subject(&self) -> Result<&Arc<Subject>, TestStop> {
        self.loaded.as_ref().map_err(|error| TestStop::Blocked(error.to_string()))
    }
}

/// Whether options are refused for a default that nobody wrote.
fn bad_default(error: &CoreError, subject: &Subject, written: &Map<String, Value>) -> bool {
    let CoreError::Options { faults, .. } = error else { return false };
    faults.iter().any(|fault| {
        let key = fault.key_path.split(['.', '[']).next().unwrap_or_default();
        !written.contains_key(key) && !subject.info().schema["properties"][key]["default"].is_null()
    })
}

/// Breaks `rule` unless `holds`.
///
/// # Errors
/// It does not hold.
pub fn ensure(holds: bool, rule: Rule, seen: impl FnOnce() -> String) -> Judged {
    if holds { Ok(()) } else { Err(TestStop::Broken(rule, seen())) }
}
