//! Places of a scenario as `--set`, and batch settings name them: `agents[0].count`.

use super::end::ENDS;
use super::tree::{TreeNode, Written, join};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit, one_of};

/// Sets the value at a path such as `agents[0].count` or `types["sync"].priority`; maps on the way are made, unless the
/// path leads nowhere.
pub(in crate::plan) fn set_path(
    scenario: &mut TreeNode,
    path: &str,
    value: TreeNode,
    flag: &str,
) -> Result<(), Diagnostics> {
    let note = format!("it comes from `{flag}`");
    let Some(parts) = split_set_path(path) else {
        return Err(Diagnostic::new(Exit::Usage, format!("`{path}` is not a place in a scenario"))
            .expected("a path such as processor.workers or agents[0].count")
            .note(note)
            .into());
    };
    if let Err(fault) = follow(scenario, &parts, &value) {
        return Err(fault.note(note).into());
    }
    let mut node = scenario;
    for part in parts {
        node = match part {
            PathPart::Key(key) => {
                if node.get(&key).is_none() {
                    let empty = TreeNode::new(Written::Map(Vec::new()));
                    node.set(&key, empty.said_by(&value.origin));
                }
                node.get_mut(&key).expect("just set")
            }
            PathPart::Index(index) => match &mut node.value {
                Written::List(items) => &mut items[index],
                _ => unreachable!("what has an item is a list"),
            },
        };
    }
    *node = value;
    Ok(())
}

/// Whether every index of a path is that of an item, before anything is changed.
fn follow(scenario: &TreeNode, parts: &[PathPart], value: &TreeNode) -> Result<(), Box<Diagnostic>> {
    let mut node = Some(scenario);
    let mut reached = String::new();
    for (depth, part) in parts.iter().enumerate() {
        match part {
            PathPart::Key(key) => {
                node = node.and_then(|node| node.get(key));
                reached = join(&reached, key);
            }
            PathPart::Index(index) => {
                let items = match node.map(|node| &node.value) {
                    Some(Written::List(items)) => items.as_slice(),
                    _ => &[],
                };
                let Some(item) = items.get(*index) else {
                    let last = depth + 1 == parts.len();
                    return Err(no_item(&reached, node, *index, last.then_some(value)).into());
                };
                node = Some(item);
                reached = format!("{reached}[{index}]");
            }
        }
    }
    Ok(())
}

/// An index into what is no list, or into one that is too short; `value` would have been that item.
fn no_item(path: &str, node: Option<&TreeNode>, index: usize, value: Option<&TreeNode>) -> Diagnostic {
    let found = node.map_or_else(|| "nothing".to_owned(), TreeNode::describe);
    let usage = |title: String| Diagnostic::new(Exit::Usage, title).path(path).found(found.clone());
    match node.map_or(&Written::Null, |node| &node.value) {
        Written::List(items) if !items.is_empty() => {
            let expected = match items.len() {
                1 => format!("`{path}[0]`, the only one"),
                many => format!("an index from 0 to {}", many - 1),
            };
            usage(format!("there is no `{path}[{index}]`")).expected(expected)
        }
        Written::Map(entries) if !entries.is_empty() => {
            let names = entries.iter().map(|entry| entry.key.as_str());
            usage(format!("`{path}` is a map, and has no `[{index}]`"))
                .expected(one_of(names))
                .help(format!("type `--set {}=VALUE`", join(path, &entries[0].key)))
        }
        _ if path == "agents" => usage("there is no list of groups of agents".to_owned())
            .help("`--agents 3` says how many agents there are")
            .help("`--set 'agents=[{name: worker, count: 3}]'` makes a list of groups"),
        _ => {
            let item = value.map(|value| value.to_json().to_string());
            let item = item.filter(|item| index == 0 && !item.contains('\''));
            let help = item.map(|item| format!("`--set '{path}=[{item}]'` makes the list"));
            usage(format!("there is no list `{path}`")).help_if(help)
        }
    }
}

/// Whether setting two places of a scenario, one after the other, lets one of them be laid over the other: one lies
/// within the other, or only one of the two can be said at all.
pub fn same_place(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (split_set_path(one), split_set_path(other)) else { return false };
    let common = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    if common == one.len() || common == other.len() {
        return true;
    }
    let end = |parts: &[PathPart]| matches!(&parts[0], PathPart::Key(key) if ENDS.contains(&key.as_str()));
    let one_of = |parts: &[PathPart]| matches!(parts.last(), Some(PathPart::Key(key)) if key == "arrival");
    (common == 0 && end(&one) && end(&other)) || one_of(&one[..common])
}

#[derive(Debug, PartialEq, Eq)]
enum PathPart {
    Key(String),
    Index(usize),
}

fn split_set_path(path: &str) -> Option<Vec<PathPart>> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (word, after) = inside.split_once(']')?;
            let quoted = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
            parts.push(match quoted {
                Some(name) => PathPart::Key(name.to_owned()),
                None => PathPart::Index(word.parse().ok()?),
            });
            rest = after.strip_prefix('.').unwrap_or(after);
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return None;
        }
        parts.push(PathPart::Key(word.to_owned()));
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    (!parts.is_empty()).then_some(parts)
}
