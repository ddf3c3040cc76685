//! Rhai's values as trees, and back.

use super::duration::Duration;
use super::words::a_value_of;
use crate::plan::Callback;
use crate::plan::tree::{MapEntry, TreeNode, Written};
use crate::plan::units::canonical_duration;
use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};
use serde_json::Value;

/// The tree of a value. Closures go into `closures`; `place` says where they stand unless that is found out later.
pub(super) fn to_node(value: &Dynamic, closures: &mut Vec<FnPtr>, place: &str) -> TreeNode {
    let value = value.clone().flatten();
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return TreeNode::text(text.as_str());
    }
    if let Some(map) = value.read_lock::<Map>() {
        let entry = |(key, value): (&_, &Dynamic)| MapEntry {
            key: ToString::to_string(key),
            at: None,
            node: to_node(value, closures, place),
        };
        return TreeNode::new(Written::Map(map.iter().map(entry).collect()));
    }
    if let Some(array) = value.read_lock::<Array>() {
        return TreeNode::new(Written::List(
            array.iter().map(|item| to_node(item, closures, place)).collect(),
        ));
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        if !function.is_anonymous() && !function.is_curried() {
            return TreeNode::new(Written::Function(Callback::Named(function.fn_name().to_owned())));
        }
        closures.push(function.clone());
        let index = closures.len() - 1;
        return TreeNode::new(Written::Function(Callback::Closure { index, place: place.to_owned() }));
    }
    if let Some(duration) = value.read_lock::<Duration>() {
        let text = duration.0.map_or_else(|| "none".to_owned(), |ns| canonical_duration(ns.round() as u64));
        return TreeNode::text(text);
    }
    TreeNode::new(
        match (value.as_unit(), value.as_bool(), value.as_int(), value.as_float(), value.as_char()) {
            (Ok(()), ..) => Written::Null,
            (_, Ok(truth), ..) => Written::Bool(truth),
            (_, _, Ok(whole), ..) => Written::Integer(whole),
            (_, _, _, Ok(number), _) => Written::Float(number),
            (.., Ok(letter)) => Written::Text(letter.to_string()),
            _ => Written::Other(a_value_of(value.type_name())),
        },
    )
}

/// The value of a tree.
pub(super) fn from_node(node: &TreeNode) -> Dynamic {
    match &node.value {
        Written::Null | Written::Function(_) | Written::Other(_) => Dynamic::UNIT,
        Written::Bool(truth) => (*truth).into(),
        Written::Integer(whole) => (*whole).into(),
        Written::Float(number) => (*number).into(),
        Written::Text(text) => text.clone().into(),
        Written::List(items) => items.iter().map(from_node).collect::<Array>().into(),
        Written::Map(entries) => {
            let map: Map = entries.iter().map(|e| (e.key.as_str().into(), from_node(&e.node))).collect();
            map.into()
        }
    }
}

/// The value of JSON.
pub(super) fn from_json(value: &Value) -> Dynamic {
    from_node(&TreeNode::from_json(value))
}
