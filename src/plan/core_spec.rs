//! Cores and layers, as a plan names them.

use crate::diagnostics::SourcePlace;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A core and the layers over it, as a plan names them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoreSpec {
    /// The name it is shown under.
    pub name: String,
    /// The core's id or its file.
    pub core: String,
    /// The core's options as written.
    pub options: Map<String, Value>,
    /// The layers, innermost first.
    pub layers: Vec<LayerSpec>,
    /// The place in the script, if there is one.
    #[serde(skip)]
    pub places: CorePlaces,
}

impl CoreSpec {
    /// The core with this id or file, with no options and no layer.
    pub fn plain(core: &str) -> CoreSpec {
        CoreSpec {
            name: core.to_owned(),
            core: core.to_owned(),
            options: Map::new(),
            layers: Vec::new(),
            places: CorePlaces::default(),
        }
    }
}

/// Where a core or layer and its options stand in a script, by the options' key paths; the core itself is at "". Two cores
/// are the same wherever they stand.
#[derive(Clone, Default)]
pub struct CorePlaces(pub BTreeMap<String, SourcePlace>);

impl std::fmt::Debug for CorePlaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CorePlaces")
    }
}

impl PartialEq for CorePlaces {
    fn eq(&self, _: &CorePlaces) -> bool {
        true
    }
}

impl CorePlaces {
    /// Where an option stands, or else the nearest that it is part of.
    pub fn of(&self, path: &str) -> Option<&SourcePlace> {
        fn shorter<'p>(path: &&'p str) -> Option<&'p str> {
            path.rfind(['.', '[']).map(|end| &path[..end])
        }
        let above = std::iter::successors(Some(path), shorter).chain([""]);
        above.flat_map(|path| self.0.get(path)).next()
    }
}

/// One layer over a core, as the plan names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerSpec {
    /// The layer's id or its file.
    pub layer: String,
    /// Its options as written.
    pub options: Map<String, Value>,
    /// The place in the script, if there is one.
    #[serde(skip)]
    pub places: CorePlaces,
}

impl LayerSpec {
    /// The layer with this id or file and these options, said by no script.
    pub fn new(layer: &str, options: Map<String, Value>) -> LayerSpec {
        LayerSpec { layer: layer.to_owned(), options, places: CorePlaces::default() }
    }
}
