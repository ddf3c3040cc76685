//! The collecting reader's ground: every fault is noted with its place, and reading goes on.
//!
//! While a value is read its canonical form is written beside it, defaults included, so that a plan can be shown,
//! saved and read back.

use super::misplaced;
use super::syntax::Syntax;
use super::tree::{MapEntry, Origin, Position, TreeNode, Written, join, json_number};
use crate::diagnostics::{
    Diagnostic, Diagnostics, Exit, FAULTS_MAX, SourcePlace, did_you_mean, one_of, one_of_near,
};
use crate::plan::units::{
    Rate, UnitError, canonical_duration, canonical_rate, duration_from_seconds, parse_duration, parse_rate,
    parse_share, share_from_number,
};
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::written::{Dimension, read_distribution, write_distribution};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The text that the positions of a tree refer to.
#[derive(Debug, Clone, Default)]
pub struct SourceText {
    /// The file as the user named it.
    pub file: String,
    /// The text that the file holds.
    pub text: String,
}

/// Collects faults and origins while a tree is read.
pub(crate) struct Reader<'a> {
    pub source: &'a SourceText,
    pub faults: Diagnostics,
    pub origins: BTreeMap<String, Origin>,
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a SourceText) -> Reader<'a> {
        Reader { source, faults: Diagnostics::new(), origins: BTreeMap::new() }
    }

    pub fn place(&self, at: Option<Position>) -> Option<SourcePlace> {
        if self.source.file.is_empty() {
            return None;
        }
        // To find a line takes as long as the text is long; those of faults that are only counted are not looked for.
        Some(match at.filter(|_| self.faults.len() < FAULTS_MAX) {
            Some(at) => SourcePlace::in_text(&self.source.file, &self.source.text, at.line, at.column),
            None => SourcePlace::file(&self.source.file),
        })
    }

    /// A fault at a node; one that a flag brought in is the flag's, without a place in the file.
    pub fn fault(&self, path: &str, node: &TreeNode, title: impl Into<String>) -> Diagnostic {
        match &node.origin {
            Origin::Flag(flag) => {
                Diagnostic::new(Exit::Usage, title).path(path).note(format!("it comes from `{flag}`"))
            }
            _ => Diagnostic::new(Exit::Contents, title).path(path).at(self.place(node.at)),
        }
    }

    /// The language in which a value is written.
    pub fn syntax(&self, node: &TreeNode) -> Syntax {
        Syntax::of(&self.source.file, node)
    }

    pub fn push(&mut self, fault: Diagnostic) {
        self.faults.push(fault);
    }

    /// A value of the wrong kind.
    pub fn wrong(&mut self, path: &str, node: &TreeNode, expected: &str) {
        self.wrong_with(path, node, expected, None);
    }

    pub fn wrong_with(&mut self, path: &str, node: &TreeNode, expected: &str, help: Option<String>) {
        let fault = self.fault(path, node, wrong_title(path));
        self.push(fault.found(node.describe()).expected(expected).help_if(help));
    }

    fn unit(&mut self, path: &str, node: &TreeNode, error: UnitError) {
        self.wrong_with(path, node, error.expected, error.help);
    }

    pub fn missing(&mut self, path: &str, map: &TreeNode, key: &str, expected: &str) {
        let path = join(path, key);
        let fault = self.fault(&path, map, format!("`{path}` is missing"));
        self.push(fault.expected(expected));
    }

    pub fn number(&mut self, path: &str, node: &TreeNode, expected: &str) -> Option<f64> {
        let number = match node.value {
            Written::Integer(whole) => whole as f64,
            Written::Float(number) => number,
            _ => {
                self.wrong(path, node, expected);
                return None;
            }
        };
        if number.is_finite() {
            return Some(number);
        }
        self.wrong(path, node, expected);
        None
    }

    pub fn whole(&mut self, path: &str, node: &TreeNode, min: u64, max: u64) -> Option<u64> {
        let found = match node.value {
            Written::Integer(whole) => u64::try_from(whole).ok(),
            Written::Float(number) if number.fract() == 0.0 && (0.0..9e15).contains(&number) => {
                Some(number as u64)
            }
            _ => None,
        };
        let found = found.filter(|whole| (min..=max).contains(whole));
        if found.is_none() {
            let number = match &node.value {
                Written::Text(text) => text.trim().replace('_', "").parse::<u64>().ok(),
                _ => None,
            };
            let help = number.filter(|number| (min..=max).contains(number));
            let help = help.map(|number| format!("write `{number}`, without quotes"));
            self.wrong_with(path, node, &format!("a whole number from {min} to {max}"), help);
        }
        found
    }

    pub fn duration(&mut self, path: &str, node: &TreeNode) -> Option<u64> {
        let parsed = match &node.value {
            Written::Text(text) => parse_duration(text),
            Written::Integer(seconds) => duration_from_seconds(*seconds as f64),
            Written::Float(seconds) => duration_from_seconds(*seconds),
            _ => {
                self.wrong(path, node, "a duration such as \"5ms\" (ns, us, ms, s, m, h, d)");
                return None;
            }
        };
        parsed.map_err(|error| self.unit(path, node, error)).ok()
    }

    pub fn rate(&mut self, path: &str, node: &TreeNode) -> Option<Rate> {
        let parsed = match &node.value {
            Written::Text(text) => parse_rate(text),
            Written::Integer(per_s) => Rate::each(*per_s as f64),
            Written::Float(per_s) => Rate::each(*per_s),
            _ => {
                self.wrong(path, node, "a rate such as \"20/s\" or \"180/s total\" (/s, /m, /h, /d)");
                return None;
            }
        };
        parsed.map_err(|error| self.unit(path, node, error)).ok()
    }

    pub fn share(&mut self, path: &str, node: &TreeNode) -> Option<f64> {
        let parsed = match &node.value {
            Written::Text(text) => parse_share(text),
            Written::Integer(share) => share_from_number(*share as f64),
            Written::Float(share) => share_from_number(*share),
            _ => {
                self.wrong(path, node, "a share such as 0.95 or \"95%\"");
                return None;
            }
        };
        parsed.map_err(|error| self.unit(path, node, error)).ok()
    }

    pub fn text(&mut self, path: &str, node: &TreeNode, expected: &str) -> Option<String> {
        // In a shell nobody puts quotes around `1.10`; in a file they say that it is no number.
        let typed = node.as_text().filter(|_| matches!(node.origin, Origin::Flag(_)));
        let text = match &node.value {
            Written::Text(text) => Some(text.clone()),
            _ => typed.map(str::to_owned),
        };
        if text.is_none() {
            self.wrong(path, node, expected);
        }
        text
    }

    pub fn truth(&mut self, path: &str, node: &TreeNode) -> Option<bool> {
        match node.value {
            Written::Bool(truth) => Some(truth),
            _ => {
                self.wrong(path, node, "true or false");
                None
            }
        }
    }

    pub fn texts(&mut self, path: &str, node: &TreeNode, expected: &str) -> Option<Vec<String>> {
        let Written::List(items) = &node.value else {
            self.wrong(path, node, expected);
            return None;
        };
        let read = |(index, item): (usize, &TreeNode)| self.text(&format!("{path}[{index}]"), item, expected);
        let texts: Vec<Option<String>> = items.iter().enumerate().map(read).collect();
        texts.into_iter().collect()
    }

    /// Whether a map that is handed on as it stands holds what can be handed on; what cannot is told.
    pub fn fit(&mut self, path: &str, map: &TreeNode) -> bool {
        let unfit = first_unfit(path, map);
        if let Some((path, node)) = &unfit {
            self.wrong(path, node, "a finite number, a text, true, false, a list or a map");
        }
        unfit.is_none()
    }

    pub fn distribution(
        &mut self,
        path: &str,
        node: &TreeNode,
        dimension: Dimension,
    ) -> Option<Distribution> {
        if let Some(inside) = first_unfit(path, node) {
            self.wrong(&inside.0, inside.1, "a finite number or a text with its unit");
            return None;
        }
        match read_distribution(&node.to_json(), dimension) {
            Ok(law) => Some(law),
            Err(error) => {
                let inside = error.path.split('.').filter(|key| !key.is_empty());
                let at = inside.clone().try_fold(node, |node, key| node.get(key)).unwrap_or(node);
                let path = inside.fold(path.to_owned(), |path, key| join(&path, key));
                let fault = self.fault(&path, at, wrong_title(&path));
                self.push(fault.found(error.found).expected(error.expected).help_if(error.help));
                None
            }
        }
    }

    /// Reads one of a few names.
    pub fn one_of<T: Copy>(
        &mut self,
        path: &str,
        node: &TreeNode,
        known: &[(&'static str, T)],
    ) -> Option<(&'static str, T)> {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let expected = one_of(names.iter().copied());
        let text = self.text(path, node, &expected)?;
        let found = known.iter().find(|(name, _)| *name == text).copied();
        if found.is_none() {
            self.wrong_with(path, node, &expected, did_you_mean(&text, names));
        }
        found
    }

    /// The keys of a map, to be taken one by one.
    pub fn fields<'n>(&mut self, path: &str, node: &'n TreeNode) -> Option<Fields<'n>> {
        match node.entries() {
            Some(entries) => {
                Some(Fields { path: path.to_owned(), node, entries, known: Vec::new(), written: Map::new() })
            }
            None => {
                let help = misplaced::map_help(path, node, self.syntax(node));
                self.wrong_with(path, node, "a map", help);
                None
            }
        }
    }
}

fn wrong_title(path: &str) -> String {
    if path.is_empty() { "wrong value".to_owned() } else { format!("wrong value for `{path}`") }
}

/// A value that JSON cannot say: NaN, an infinity, a function, a range.
fn first_unfit<'n>(path: &str, node: &'n TreeNode) -> Option<(String, &'n TreeNode)> {
    match &node.value {
        Written::Float(number) if !number.is_finite() => Some((path.to_owned(), node)),
        Written::Function(_) | Written::Other(_) => Some((path.to_owned(), node)),
        Written::Map(entries) => entries.iter().find_map(|e| first_unfit(&join(path, &e.key), &e.node)),
        Written::List(items) => {
            items.iter().enumerate().find_map(|(i, item)| first_unfit(&format!("{path}[{i}]"), item))
        }
        _ => None,
    }
}

/// A map being read: every key asked for is known, and what was read is written down.
pub(crate) struct Fields<'n> {
    pub path: String,
    pub node: &'n TreeNode,
    entries: &'n [MapEntry],
    known: Vec<&'static str>,
    pub written: Map<String, Value>,
}

impl<'n> Fields<'n> {
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

/// The largest count anywhere: what a JSON number holds exactly.
pub(super) const WHOLE_MAX: u64 = (1 << 53) - 1;

pub(super) fn json(whole: u64) -> Value {
    Value::from(whole)
}

pub(super) fn number_json(number: &f64) -> Value {
    json_number(*number)
}

pub(super) fn duration_json(ns: u64) -> Value {
    Value::String(canonical_duration(ns))
}

/// The origin of every leaf below a path.
pub(super) fn note_origins(reader: &mut Reader<'_>, path: &str, value: &Value, origin: Origin) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                note_origins(reader, &join(path, key), value, origin.clone());
            }
        }
        _ => {
            reader.origins.entry(path.to_owned()).or_insert(origin);
        }
    }
}
