//! From what was asked for to cores that are found, loaded, vetted and configured, but not yet made.

use super::capabilities::{MAY_LACK, capability_named, combined};
use super::chain::Chain;
use super::error::CoreError;
use super::find::{Finder, nearest};
use super::limits::CHAIN_MAX;
use super::links::Recipe;
use super::load::load;
use super::options::resolve;
use super::own::OWN_CORES;
use super::run_config::RunConfig;
use super::services::HostServices;
use super::vet::{CoreInfo, Vetted};
use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A core or layer that somebody asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreRequest {
    /// A name, or a path with `/`; `PATH#NAME` picks one of several cores in a file.
    pub reference: String,
    /// Its options, as written.
    pub options: Map<String, Value>,
}

/// A core or layer that is ready to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedCore {
    /// The name of the core.
    pub id: String,
    /// The version of its library.
    pub version: String,
    /// The path of its library.
    pub path: PathBuf,
    /// What it declares, as far as these options leave it: bits of [`abi`](mqscript_plugin::abi).
    pub capabilities: u64,
    /// Its options, defaults filled in, secrets shown as `***`: to be printed and saved.
    pub options: Map<String, Value>,
    /// The option written that makes no sense unless copies are received, if any.
    pub receives_for: Option<String>,
}

/// A chain that can be made for a run, as often as wanted.
#[derive(Clone)]
pub struct ResolvedChain {
    /// The cores of the chain, the innermost first.
    pub cores: Vec<ResolvedCore>,
    /// The same, with options that may hold secrets.
    recipes: Vec<(Arc<Vetted>, String)>,
}

impl fmt::Debug for ResolvedChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedChain").field("cores", &self.cores).finish_non_exhaustive()
    }
}

impl ResolvedChain {
    /// What the chain can do at most, by its descriptors.
    pub fn declared_capabilities(&self) -> u64 {
        combined(self.cores.iter().map(|core| core.capabilities))
    }

    /// Makes the cores for one run, inner cores first.
    ///
    /// # Errors
    /// The chain does not fit the run, or a core failed or did not return in time.
    pub fn create(&self, run: RunConfig, services: HostServices) -> Result<Chain, CoreError> {
        let recipes: Vec<Recipe<'_>> =
            self.recipes.iter().map(|(vetted, options)| Recipe { vetted, options }).collect();
        Chain::create(&recipes, run, services)
    }
}

/// The cores of this project, of those that are found, that have all of these capabilities.
pub fn own_cores_with(finder: &Finder, base_dir: &Path, capabilities: u64) -> Vec<&'static str> {
    let has = |core: &&str| {
        locate(finder, base_dir, core).is_ok_and(|core| core.info.capabilities & capabilities == capabilities)
    };
    OWN_CORES.iter().copied().filter(has).collect()
}

/// Finds, loads, vets and configures a chain, innermost first. Paths are relative to `base_dir`.
///
/// # Errors
/// The first core that cannot be used, with everything wrong about its options.
pub fn plan_chain(
    finder: &Finder,
    base_dir: &Path,
    requests: &[CoreRequest],
) -> Result<ResolvedChain, CoreError> {
    let bad = |core: &str, reason: String| Err(CoreError::BadChain { core: core.to_owned(), reason });
    if requests.is_empty() {
        return bad("", "a chain needs a core".to_owned());
    }
    if requests.len() > CHAIN_MAX {
        let reason = format!("the chain has {} cores, at most {CHAIN_MAX} are allowed", requests.len());
        return bad(&requests[CHAIN_MAX].reference, reason);
    }
    let mut chain = ResolvedChain { cores: Vec::new(), recipes: Vec::new() };
    for (depth, request) in requests.iter().enumerate() {
        let vetted = locate(finder, base_dir, &request.reference)?;
        let info = &vetted.info;
        match (depth, info.is_layer()) {
            (0, true) => return bad(&info.id, "it is a layer and stands only over another core".to_owned()),
            (1.., false) => {
                return bad(&info.id, "it is no layer, so it cannot stand over another".to_owned());
            }
            _ => {}
        }
        let variable = |name: &str| std::env::var(name).ok();
        let resolved = resolve(&info.schema, &request.options, &variable)
            .map_err(|faults| CoreError::Options { core: info.id.clone(), faults })?;
        chain.cores.push(ResolvedCore {
            id: info.id.clone(),
            version: info.version.clone(),
            path: info.path.clone(),
            capabilities: info.capabilities & !lacking(&info.schema, &resolved.full),
            options: resolved.shown,
            receives_for: needing(&info.schema, &request.options, "RECEIVES"),
        });
        chain.recipes.push((vetted, Value::Object(resolved.full).to_string()));
    }
    Ok(chain)
}

/// The first option written that needs a capability of the whole chain: its rule names it under `needs`.
fn needing(schema: &Value, written: &Map<String, Value>, capability: &str) -> Option<String> {
    let needs = |key: &&String| {
        let needed = schema["properties"][key.as_str()]["needs"].as_array();
        needed.is_some_and(|names| names.iter().any(|name| name == capability))
    };
    written.keys().find(needs).cloned()
}

/// What the core lacks under these options: an option's rule names, under `lacks`, what each of its values takes away.
pub(super) fn lacking(schema: &Value, options: &Map<String, Value>) -> u64 {
    let taken = |(key, value): (&String, &Value)| {
        let names = schema["properties"][key.as_str()]["lacks"][value.as_str()?].as_array()?;
        Some(names.iter().filter_map(Value::as_str).map(capability_named).fold(0, |all, bit| all | bit))
    };
    options.iter().filter_map(taken).fold(0, |all, bits| all | bits) & MAY_LACK
}

/// What a reference means: a name to be found, or a file and perhaps the name of a core within.
pub(super) fn locate(finder: &Finder, base_dir: &Path, reference: &str) -> Result<Arc<Vetted>, CoreError> {
    let bad = |reason: &str| {
        Err(CoreError::BadReference { reference: reference.to_owned(), reason: reason.to_owned() })
    };
    if reference.contains('/') || (cfg!(windows) && reference.contains('\\')) {
        let (path, id) = match reference.rsplit_once('#') {
            Some((path, id)) if !id.contains('/') => (path, Some(id)),
            _ => (reference, None),
        };
        let path = base_dir.join(path);
        if path.is_dir() {
            return bad("it is a folder");
        }
        if !path.exists() {
            return bad(&format!("there is no file {}", path.display()));
        }
        finder.admit(&path, finder.word_for(&path))?;
        return pick(&path, id);
    }
    if reference.is_empty() {
        return bad("it is empty");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !reference.chars().all(plain) {
        return bad("a name has letters, digits, `_` and `-`");
    }
    let (path, word) = finder.find(reference)?;
    finder.admit(&path, word)?;
    pick(&path, Some(reference))
}

/// One core of a library: that of the name asked for, or the only one.
fn pick(path: &Path, id: Option<&str>) -> Result<Arc<Vetted>, CoreError> {
    let loaded = load(path)?;
    let named = |vetted: &&Arc<Vetted>| Some(vetted.info.id.as_str()) == id;
    match (loaded.cores.iter().find(named), loaded.cores.as_slice()) {
        (Some(vetted), _) => Ok(Arc::clone(vetted)),
        (None, [only]) if id.is_none() => Ok(Arc::clone(only)),
        (None, cores) => {
            let mut offers: Vec<String> = cores.iter().map(|vetted| vetted.info.id.clone()).collect();
            let near = id.map(|id| nearest(id, offers.iter().map(String::as_str))).unwrap_or_default();
            offers.sort_by_key(|offer| near.iter().position(|name| name == offer).unwrap_or(usize::MAX));
            Err(CoreError::NoSuchCore {
                path: path.to_owned(),
                name: id.unwrap_or_default().to_owned(),
                offers,
            })
        }
    }
}

/// Everything about one core.
///
/// # Errors
/// It cannot be found or loaded.
pub fn core_info(finder: &Finder, base_dir: &Path, reference: &str) -> Result<CoreInfo, CoreError> {
    Ok(locate(finder, base_dir, reference)?.info.clone())
}

/// A library file in a list of cores.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedFile<E = CoreError> {
    /// The name that its file name stands for.
    pub name: String,
    /// The path of the library's file.
    pub path: PathBuf,
    /// The file that wins over this one; then this one is not loaded.
    pub hidden_by: Option<PathBuf>,
    /// Its cores, or why it cannot be loaded; empty if hidden.
    pub cores: Result<Vec<CoreInfo>, E>,
}

/// All cores in the finder's folders, in the order in which they would be found.
pub fn list_cores(finder: &Finder) -> Vec<ListedFile> {
    list_cores_by(finder, |_, load| load())
}

/// The same where `by` calls what loads a file, in its own way.
pub fn list_cores_by<E>(
    finder: &Finder,
    mut by: impl FnMut(&Path, &dyn Fn() -> Result<Vec<CoreInfo>, CoreError>) -> Result<Vec<CoreInfo>, E>,
) -> Vec<ListedFile<E>> {
    let look = |file: super::find::FoundFile| {
        let loaded = || {
            let loaded = finder.admit(&file.path, file.word).and_then(|()| load(&file.path))?;
            Ok(loaded.cores.iter().map(|vetted| vetted.info.clone()).collect())
        };
        let cores = match &file.hidden_by {
            Some(_) => Ok(Vec::new()),
            None => by(&file.path, &loaded),
        };
        ListedFile { name: file.name, path: file.path, hidden_by: file.hidden_by, cores }
    };
    finder.files().into_iter().map(look).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqscript_plugin::abi;
    use serde_json::json;

    #[test]
    fn a_choice_takes_away_what_a_core_can_but_nothing_that_it_touches() {
        let send = ["RECEIVES", "CONFIRMS", "STORES", "PROCESSES", "STARTS_PROCESSES", "NO_SUCH"];
        let lacks = json!({ "send": send, "both": [] });
        let schema = json!({ "properties": { "mode": { "lacks": lacks } } });
        let lacking = |options: Value| lacking(&schema, options.as_object().unwrap());
        let taken = abi::RECEIVES | abi::CONFIRMS | abi::STORES | abi::PROCESSES;
        assert_eq!(lacking(json!({ "mode": "send" })), taken);
        for options in
            [json!({ "mode": "both" }), json!({ "mode": 7 }), json!({ "other": "send" }), json!({})]
        {
            assert_eq!(lacking(options), 0);
        }
    }
}
