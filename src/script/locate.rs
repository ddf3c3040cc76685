//! Where the keys of a map stand in a script: found by scanning from a call's position to its closing parenthesis, and
//! the `let` of a name that stands there. What was built elsewhere is not found, and keeps the place of the call.

use super::scanner::{LocatedLiteral, Placed, Scanner};
use crate::plan::Callback;
use crate::plan::tree::{MapEntry, Position, TreeNode, Written};
use std::cell::OnceCell;
use std::collections::HashMap;

/// Gives the node that is argument number `argument` of the call at `call` its places, and those of all below it.
pub(super) fn locate(node: &mut TreeNode, file: &str, text: &str, call: Position, argument: usize) {
    inherit(node, Some(call));
    let Some(mut scanner) = Scanner::at_line(text, call.line) else { return };
    while scanner.at < call {
        if scanner.next().is_none() {
            return;
        }
    }
    while let Some(c) = scanner.chars.peek() {
        if *c == '(' {
            break;
        }
        scanner.next();
    }
    let arguments = scanner.arguments();
    if let Some(placed) = arguments.get(argument) {
        place(node, placed, &In { file, text, lets: OnceCell::new() });
    }
}

/// The script that is looked at.
struct In<'t> {
    file: &'t str,
    text: &'t str,
    /// What stands behind `let NAME =`, in order; looked for once, and only if a name is met.
    lets: OnceCell<Vec<(String, Placed)>>,
}

impl In<'_> {
    /// The value in the last `let NAME = …` before a place, as if scripts knew no blocks: a guess that is nearly always
    /// right.
    fn defined(&self, name: &str, before: Position) -> Option<&Placed> {
        let lets = self.lets.get_or_init(|| lets(self.text));
        let earlier = lets.iter().rev().find(|(defined, value)| defined == name && value.at < before);
        earlier.map(|(_, value)| value)
    }
}

/// All values that a text gives names to, in order.
fn lets(text: &str) -> Vec<(String, Placed)> {
    let Some(mut scanner) = Scanner::at_line(text, 1) else { return Vec::new() };
    let (mut found, mut lets) = (Vec::new(), false);
    loop {
        scanner.space();
        match scanner.peek() {
            None => return found,
            Some(quote @ ('"' | '\'' | '`')) => {
                scanner.quoted(quote);
                lets = false;
            }
            Some(c) if c.is_alphanumeric() || c == '_' => {
                let word = scanner.word();
                scanner.space();
                if lets && scanner.peek() == Some('=') {
                    scanner.next();
                    scanner.space();
                    found.push((word, scanner.value()));
                    lets = false;
                } else {
                    lets = word == "let" || word == "const";
                }
            }
            Some(_) => {
                scanner.next();
                lets = false;
            }
        }
    }
}

/// Where functions with one of these names are called, in order; what stands in comments and texts is no call.
pub(super) fn calls(text: &str, names: &[&str]) -> Vec<Position> {
    let Some(mut scanner) = Scanner::at_line(text, 1) else { return Vec::new() };
    let mut calls = Vec::new();
    let mut defines = false;
    loop {
        scanner.space();
        let at = scanner.at;
        match scanner.peek() {
            None => return calls,
            Some(quote @ ('"' | '\'' | '`')) => {
                scanner.quoted(quote);
            }
            Some(c) if c.is_alphanumeric() || c == '_' => {
                let word = scanner.word();
                scanner.space();
                if scanner.peek() == Some('(') && names.contains(&word.as_str()) && !defines {
                    calls.push(at);
                }
                defines = word == "fn";
                continue;
            }
            Some(_) => {
                scanner.next();
            }
        }
        defines = false;
    }
}

fn inherit(node: &mut TreeNode, at: Option<Position>) {
    node.at = at;
    match &mut node.value {
        Written::List(items) => items.iter_mut().for_each(|item| inherit(item, at)),
        Written::Map(entries) => {
            for entry in entries {
                entry.at = at;
                inherit(&mut entry.node, at);
            }
        }
        _ => {}
    }
}

fn place(node: &mut TreeNode, placed: &Placed, script: &In<'_>) {
    inherit(node, Some(placed.at));
    match (&mut node.value, &placed.literal) {
        (Written::Map(entries), LocatedLiteral::Map(keys)) => {
            let keys: HashMap<&str, (&Position, &Placed)> =
                keys.iter().map(|(key, at, value)| (key.as_str(), (at, value))).collect();
            for MapEntry { key, at, node } in entries {
                if let Some((key_at, value)) = keys.get(key.as_str()) {
                    *at = Some(**key_at);
                    place(node, value, script);
                }
            }
        }
        (Written::List(items), LocatedLiteral::List(values)) if items.len() == values.len() => {
            for (item, value) in items.iter_mut().zip(values) {
                place(item, value, script);
            }
        }
        (Written::Map(_) | Written::List(_), LocatedLiteral::Name(name)) => {
            if let Some(value) = script.defined(name, placed.at) {
                place(node, value, script);
            }
        }
        // `run(scenario(#{ … }))`: `scenario` gives back the very map.
        (Written::Map(_), LocatedLiteral::Call(name, arguments)) if name == "scenario" => {
            if let [argument] = arguments.as_slice() {
                place(node, argument, script);
            }
        }
        (Written::Map(entries), LocatedLiteral::Call(name, arguments))
            if matches!(name.as_str(), "core" | "layer") =>
        {
            let keys = ["core", "options"];
            let keys = if name == "core" { &keys[..] } else { &["layer", "over", "options"] };
            for (key, argument) in keys.iter().zip(arguments) {
                if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *key) {
                    entry.at = Some(argument.at);
                    place(&mut entry.node, argument, script);
                }
            }
        }
        (Written::Map(entries), LocatedLiteral::Call(name, arguments)) => {
            if let ([entry], [argument]) = (entries.as_mut_slice(), arguments.as_slice())
                && entry.key == *name
            {
                place_argument(&mut entry.node, argument, script);
            }
        }
        (Written::Function(Callback::Closure { place, .. }), _) => {
            *place = format!("{}:{}", script.file, placed.at.line);
        }
        _ => {}
    }
}

/// `poisson("20/s")` makes `#{ rate: "20/s" }`: a single argument stands for the only key that is no map itself.
fn place_argument(node: &mut TreeNode, argument: &Placed, script: &In<'_>) {
    match (&mut node.value, &argument.literal) {
        (Written::Map(entries), LocatedLiteral::Other | LocatedLiteral::Name(_)) if entries.len() == 1 => {
            inherit(&mut entries[0].node, Some(argument.at));
            entries[0].at = Some(argument.at);
        }
        _ => place(node, argument, script),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn calls_are_found_where_they_are_code() {
        let text = "// run(a)\nlet t = \"run(b)\"; /* run(c) */\nfn run(d) { }\nfn f() { run (e); }\nrerun(f); x.run(g);";
        let at = |line, column| Position { line, column };
        assert_eq!(calls(text, &["run"]), [at(4, 10), at(5, 13)]);
        assert_eq!(calls("", &["run"]), []);
    }

    #[test]
    fn keys_and_values_have_their_places() {
        let text = "let a = 1; // run(\nrun(scenario(#{\n  name: \"x, y\", /* #{ */ arrival: poisson(\"20\"),\n  mix: [\"a\", #{ \"b\": 2 }],\n  processor: #{ retry: #{ attempts: 3 } } }));";
        let mut node = TreeNode::from_json(&json!({
            "name": "x, y", "arrival": { "poisson": { "rate": "20" } }, "mix": ["a", { "b": 2 }],
            "processor": { "retry": { "attempts": 3 } }, "elsewhere": 1,
        }));
        let call = Position { line: 2, column: 5 };
        locate(&mut node, "a.rhai", text, call, 0);
        let at = |path: &[&str]| {
            let found = path.iter().fold(&node, |node, key| node.get(key).unwrap());
            (found.at.unwrap().line, found.at.unwrap().column)
        };
        assert_eq!(at(&["name"]), (3, 9));
        assert_eq!(at(&["arrival", "poisson", "rate"]), (3, 43));
        assert_eq!(at(&["processor", "retry", "attempts"]), (5, 37));
        assert_eq!(at(&["elsewhere"]), (2, 14));
        let Written::List(items) = &node.get("mix").unwrap().value else { panic!() };
        assert_eq!(items[1].get("b").unwrap().at.unwrap(), Position { line: 4, column: 22 });
    }
}
