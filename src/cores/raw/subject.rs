//! The core that is looked at: loaded and configured, not yet made.

use super::super::capabilities::combined;
use super::super::error::{CoreError, OptionFault};
use super::super::find::Finder;
use super::super::options::resolve;
use super::super::resolve::{lacking, locate};
use super::super::vet::{CoreInfo, Vetted};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

/// A core with its options; a layer with the core below it.
#[derive(Clone)]
pub struct Subject {
    pub(super) vetted: Arc<Vetted>,
    pub(super) below: Option<Arc<Subject>>,
    pub(super) trail: Arc<dyn Fn(&'static str) + Send + Sync>,
    options: Map<String, Value>,
}

impl Subject {
    /// Finds, loads and vets a core; its options come later. `trail` is told of each function before it is called.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub fn load(
        finder: &Finder,
        base_dir: &Path,
        reference: &str,
        trail: Arc<dyn Fn(&'static str) + Send + Sync>,
    ) -> Result<Subject, CoreError> {
        trail("load");
        let vetted = locate(finder, base_dir, reference)?;
        Ok(Subject { vetted, below: None, trail, options: Map::new() })
    }

    /// The same core with these options, defaults filled in.
    ///
    /// # Errors
    /// It refuses them.
    pub fn with(&self, options: &Map<String, Value>) -> Result<Subject, CoreError> {
        let options = self
            .completed(options)
            .map_err(|faults| CoreError::Options { core: self.info().id.clone(), faults })?;
        Ok(Subject { options, ..self.clone() })
    }

    /// The same layer over this core.
    #[must_use]
    pub fn over(self, below: Subject) -> Subject {
        Subject { below: Some(Arc::new(below)), ..self }
    }

    /// The core below, of a layer that has one.
    pub fn below(&self) -> Option<&Subject> {
        self.below.as_deref()
    }

    /// The facts in the descriptor of the core.
    pub fn info(&self) -> &CoreInfo {
        &self.vetted.info
    }

    /// What it declares, as far as its options leave it.
    pub fn declared(&self) -> u64 {
        self.info().capabilities & !lacking(&self.info().schema, &self.options)
    }

    /// The capabilities that the core and all below it declare together.
    pub fn declared_by_chain(&self) -> u64 {
        match &self.below {
            None => self.declared(),
            Some(below) => combined([below.declared_by_chain(), self.declared()]),
        }
    }

    /// Its options, defaults filled in.
    pub fn options(&self) -> &Map<String, Value> {
        &self.options
    }

    /// Options checked against its schema and completed.
    ///
    /// # Errors
    /// All that the schema refuses.
    pub fn completed(&self, options: &Map<String, Value>) -> Result<Map<String, Value>, Vec<OptionFault>> {
        let variable = |name: &str| std::env::var(name).ok();
        resolve(&self.info().schema, options, &variable).map(|resolved| resolved.full)
    }
}
