//! Functions that make maps: arrivals, distributions, cores. Each returns the very map that YAML would hold, and
//! judges nothing; the reader does, with the place.

use super::convert::{from_node, to_node};
use super::faults::throw;
use super::locate::locate;
use super::state::{SharedState, State};
use crate::plan::read_core;
use crate::plan::tree::{TreeNode, Written};
use crate::plan::units::parse_duration;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext, Position};

/// The key that marks the session's core, which `--core` replaces.
pub(super) const SESSION: &str = "session";

fn under(key: &str, value: Dynamic) -> Map {
    Map::from([(key.into(), value)])
}

fn with_key(law: &str, key: &str, value: Dynamic) -> Map {
    under(law, under(key, value).into())
}

/// Registers arrivals, distributions and cores.
pub(super) fn register(engine: &mut Engine, shared: &SharedState) {
    engine.register_fn("poisson", |rate: Dynamic| with_key("poisson", "rate", rate));
    for law in ["burst", "ramp", "stages", "closed"] {
        engine.register_fn(law, move |value: Dynamic| under(law, value));
    }
    for law in ["all_at_once", "on_demand"] {
        engine.register_fn(law, move || under(law, Map::new().into()));
    }
    register_distributions(engine);
    register_cores(engine, shared);
}

/// Registers distributions, which callbacks have, too: as the delay of a message.
pub(super) fn register_distributions(engine: &mut Engine) {
    engine.register_fn("constant", |value: Dynamic| {
        let text = value.clone().into_immutable_string().unwrap_or_default();
        if parse_duration(&text).is_ok() {
            under("constant", value)
        } else {
            with_key("constant", "rate", value)
        }
    });
    for law in ["normal", "lognormal", "empirical"] {
        engine.register_fn(law, move |value: Dynamic| under(law, value));
    }
    engine.register_fn("uniform", |min: Dynamic, max: Dynamic| {
        under("uniform", Map::from([("min".into(), min), ("max".into(), max)]).into())
    });
    engine.register_fn("exponential", |mean: Dynamic| with_key("exponential", "mean", mean));
}

fn core_map(id: ImmutableString, options: Option<Dynamic>) -> Map {
    let mut map = under("core", id.into());
    if let Some(options) = options {
        map.insert("options".into(), options);
    }
    map
}

fn layer_map(id: ImmutableString, over: Dynamic, options: Option<Dynamic>) -> Map {
    let mut map = under("layer", id.into());
    map.insert("over".into(), over);
    if let Some(options) = options {
        map.insert("options".into(), options);
    }
    map
}

fn register_cores(engine: &mut Engine, shared: &SharedState) {
    engine.register_fn("core", |id: ImmutableString| core_map(id, None));
    engine.register_fn("core", |id: ImmutableString, options: Dynamic| core_map(id, Some(options)));
    engine.register_fn("layer", |id: ImmutableString, over: Dynamic| layer_map(id, over, None));
    engine.register_fn("layer", |id: ImmutableString, over: Dynamic, options: Dynamic| {
        layer_map(id, over, Some(options))
    });
    engine.register_fn("named", |core: Map, name: ImmutableString| {
        let mut core = core;
        core.insert("name".into(), name.into());
        core
    });
    engine.register_fn("named", |core: ImmutableString, name: ImmutableString| {
        let mut core = core_map(core, None);
        core.insert("name".into(), name.into());
        core
    });
    let state = shared.clone();
    engine.register_fn("default_core", move |id: ImmutableString| {
        let node = to_node(&core_map(id, None).into(), &mut Vec::new(), "");
        default_core(&mut state.lock(), node)
    });
    let state = shared.clone();
    engine.register_fn("default_core", move |id: ImmutableString, options: Dynamic| {
        let node = to_node(&core_map(id, Some(options)).into(), &mut Vec::new(), "");
        default_core(&mut state.lock(), node)
    });
    let state = shared.clone();
    engine.register_fn("default_core", move |context: NativeCallContext, core: Map| {
        whole_default_core(&state, &context, core)
    });
}

/// A core, or layers over one, as the session's; what is wrong with it is told here, where its places are known.
fn whole_default_core(
    shared: &SharedState,
    context: &NativeCallContext<'_>,
    core: Map,
) -> Result<Dynamic, Box<EvalAltResult>> {
    let mut state = shared.lock();
    let mut node = to_node(&Dynamic::from(core), &mut Vec::new(), "");
    unmark(&mut node);
    let (source, at) = state.call(context);
    if let Some(at) = at {
        locate(&mut node, &source.file, &source.text, at, 0);
    }
    if let Err(faults) = read_core(&node, &source) {
        if !state.checking() {
            return Err(throw(faults, Position::NONE));
        }
        state.faults.append(faults);
        state.faulty = true;
        // What has been told once is not told by every run.
        node = TreeNode::text("mock").under("core");
    }
    Ok(default_core(&mut state, node.unplaced()).into())
}

/// The session's core inside another one becomes an ordinary core: that other one is the session's now.
fn unmark(node: &mut TreeNode) {
    node.remove(SESSION);
    if let Some(over) = node.get_mut("over") {
        unmark(over);
    }
}

fn default_core(state: &mut State, mut node: TreeNode) -> Map {
    node.set(SESSION, TreeNode::new(Written::Bool(true)));
    state.default_core = Some(node);
    let session = session_core(state.overrides.core.as_ref(), state.default_core.as_ref());
    from_node(&session).try_cast::<Map>().unwrap_or_default()
}

/// The session's core: that of the flag, else the script's default, else `mock`; marked as such.
pub(super) fn session_core(flag: Option<&TreeNode>, default: Option<&TreeNode>) -> TreeNode {
    let marked = |core: &TreeNode| {
        let mut node = match &core.value {
            Written::Map(_) => core.clone(),
            _ => core.clone().under("core"),
        };
        node.set(SESSION, TreeNode::new(Written::Bool(true)));
        node
    };
    match (flag, default) {
        (Some(core), _) => marked(core),
        (None, Some(node)) => node.clone(),
        (None, None) => marked(&TreeNode::text("mock")),
    }
}

/// Puts the session's core wherever it is meant inside a core, without the mark. Returns whether it was.
pub(super) fn resolve_session(node: &mut TreeNode, session: &TreeNode) -> bool {
    if node.get(SESSION).is_some_and(|mark| mark.value == Written::Bool(true)) {
        let (at, name) = (node.at, node.get("name").cloned());
        *node = TreeNode { at, ..session.clone() };
        node.remove(SESSION);
        if let Some(name) = name {
            node.set("name", name);
        }
        return true;
    }
    node.get_mut("over").is_some_and(|over| resolve_session(over, session))
}
