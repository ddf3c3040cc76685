//! The collecting reader's ground: every fault is noted with its place, and reading goes on.
//!
//! While a value is read its canonical form is written beside it, defaults included, so that a plan can be shown,
//! saved and read back.

use super::fields::Fields;
use super::misplaced;
use super::syntax::Syntax;
use super::tree::{Origin, Position, TreeNode, Written, join, json_number};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, FAULTS_MAX, SourcePlace, did_you_mean, one_of};
use crate::plan::units::{
    Rate, UnitError, canonical_duration, duration_from_seconds, parse_duration, parse_rate, parse_share,
    share_from_number,
};
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::written::{Dimension, read_distribution};
use serde_json::Value;
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
            Some(entries) => Some(Fields::new(path, node, entries)),
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
