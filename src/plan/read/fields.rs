//! A map while it is read: keys are taken one by one, and those that nobody took are faults.

use super::misplaced;
use super::reader::{Reader, WHOLE_MAX, duration_json, json, note_origins};
use super::tree::{MapEntry, Origin, TreeNode, join};
use crate::diagnostics::{did_you_mean, one_of_near};
use crate::plan::units::{Rate, canonical_rate};
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::written::{Dimension, write_distribution};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A map being read: every key asked for is known, and what was read is written down.
pub(crate) struct Fields<'n> {
    pub path: String,
    pub node: &'n TreeNode,
    entries: &'n [MapEntry],
    known: Vec<&'static str>,
    pub written: Map<String, Value>,
}

impl<'n> Fields<'n> {
    /// Nothing of the map at `path` has been read yet.
    pub(super) fn new(path: &str, node: &'n TreeNode, entries: &'n [MapEntry]) -> Fields<'n> {
        Fields { path: path.to_owned(), node, entries, known: Vec::new(), written: Map::new() }
    }

    pub fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The value at a key; null is as if it were not there.
    pub fn take(&mut self, key: &'static str) -> Option<&'n TreeNode> {
        self.known.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        (!entry.is_nothing()).then_some(&entry.node)
    }

    /// Writes a key down with its origin.
    pub fn write(&mut self, reader: &mut Reader<'_>, key: &str, value: Value, origin: Origin) {
        note_origins(reader, &self.at(key), &value, origin);
        self.written.insert(key.to_owned(), value);
    }

    /// Reads a key if it is there, and writes it down.
    pub fn read<T>(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'_>, &str, &TreeNode) -> Option<T>,
        write: impl FnOnce(&T) -> Value,
    ) -> Option<T> {
        let node = self.take(key)?;
        let value = read(reader, &self.at(key), node)?;
        self.write(reader, key, write(&value), node.origin.clone());
        Some(value)
    }

    /// Reads a key, or takes and writes down its default.
    pub fn read_or<T>(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        default: T,
        read: impl FnOnce(&mut Reader<'_>, &str, &TreeNode) -> Option<T>,
        write: impl Fn(&T) -> Value,
    ) -> T {
        if let Some(value) = self.read(reader, key, read, &write) {
            return value;
        }
        self.write(reader, key, write(&default), Origin::Default);
        default
    }

    pub fn duration(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<u64> {
        self.read(reader, key, |r, p, n| r.duration(p, n), |ns| duration_json(*ns))
    }

    pub fn duration_or(&mut self, reader: &mut Reader<'_>, key: &'static str, default_ns: u64) -> u64 {
        self.read_or(reader, key, default_ns, |r, p, n| r.duration(p, n), |ns| duration_json(*ns))
    }

    pub fn rate(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Rate> {
        self.read(reader, key, |r, p, n| r.rate(p, n), |rate| Value::String(canonical_rate(*rate)))
    }

    pub fn whole_or(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        default: u64,
        min: u64,
        max: u64,
    ) -> u64 {
        self.read_or(reader, key, default, |r, path, node| r.whole(path, node, min, max), |n| json(*n))
    }

    pub fn whole(&mut self, reader: &mut Reader<'_>, key: &'static str, min: u64) -> Option<u64> {
        self.read(reader, key, |r, path, node| r.whole(path, node, min, WHOLE_MAX), |n| json(*n))
    }

    pub fn one_of_or<T: Copy>(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        default: (&'static str, T),
        known: &[(&'static str, T)],
    ) -> T {
        let read = |r: &mut Reader<'_>, path: &str, node: &TreeNode| r.one_of(path, node, known);
        self.read_or(reader, key, default, read, |(name, _)| Value::String((*name).to_owned())).1
    }

    pub fn distribution(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        dimension: Dimension,
    ) -> Option<Distribution> {
        self.read(
            reader,
            key,
            |r, path, node| r.distribution(path, node, dimension),
            |law| write_distribution(law, dimension),
        )
    }

    /// A key that must be there; its lack is a fault.
    pub fn required(&mut self, reader: &mut Reader<'_>, key: &'static str, expected: &str) -> bool {
        let there = self.entries.iter().any(|entry| entry.key == key && !entry.is_nothing());
        if !there {
            self.known.push(key);
            reader.missing(&self.path, self.node, key, expected);
        }
        there
    }

    /// Tells every key that nobody asked for.
    pub fn finish(self, reader: &mut Reader<'_>) -> Map<String, Value> {
        self.finish_with(reader, |_| None)
    }

    /// As [`Fields::finish`], for a map that is no scenario.
    pub fn finish_in(self, reader: &mut Reader<'_>, whole: &str) {
        self.tell_unknown(reader, whole, |_| None);
    }

    /// As [`Fields::finish`], with help for keys that are known elsewhere.
    pub fn finish_with(
        self,
        reader: &mut Reader<'_>,
        elsewhere: impl Fn(&str) -> Option<String>,
    ) -> Map<String, Value> {
        let place = |entry: &MapEntry| match self.path.starts_with("core") || self.path.starts_with("compare")
        {
            true => None,
            false => misplaced::help(&self.path, &entry.key, &entry.node, reader.syntax(&entry.node)),
        };
        let places: BTreeMap<&str, String> =
            self.unknown().filter_map(|entry| Some((entry.key.as_str(), place(entry)?))).collect();
        self.tell_unknown(reader, "a scenario", |key| elsewhere(key).or_else(|| places.get(key).cloned()));
        self.written
    }

    fn unknown(&self) -> impl Iterator<Item = &'n MapEntry> {
        self.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str()))
    }

    fn tell_unknown(
        &self,
        reader: &mut Reader<'_>,
        outermost: &str,
        elsewhere: impl Fn(&str) -> Option<String>,
    ) {
        for entry in self.unknown() {
            let place = TreeNode { at: entry.at.or(entry.node.at), ..entry.node.clone() };
            let whole = if self.path.is_empty() { outermost.to_owned() } else { format!("`{}`", self.path) };
            let fault =
                reader.fault(&self.at(&entry.key), &place, format!("unknown key `{}` in {whole}", entry.key));
            let mut known = self.known.clone();
            known.dedup();
            let scenario = self.path.is_empty() && outermost == "a scenario";
            let all = if scenario { "all stand in the guide, in scripts.md" } else { "" };
            let help = elsewhere(&entry.key).or_else(|| did_you_mean(&entry.key, known.iter().copied()));
            reader.push(fault.expected(one_of_near(&entry.key, known.iter().copied(), all)).help_if(help));
        }
    }
}
