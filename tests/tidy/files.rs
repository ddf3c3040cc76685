//! Files: no large circles of imports, no code in `mod.rs`, short files and functions, none that no `mod` leads to.

use crate::none;
use crate::sources::{Imports, Source, crates, declared, is_cfg_test};
use std::collections::{BTreeMap, BTreeSet};
use syn::Item;
use syn::spanned::Spanned;
use syn::visit::Visit;

/// No circle of files may be larger.
const CIRCLE_MAX: usize = 2;
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// Circles of files that are too large, in one crate.
fn large_circles(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    let imports = Imports::of(sources);
    for circle in imports.circles().iter().filter(|circle| circle.len() > CIRCLE_MAX) {
        let arrows = circle.iter().flat_map(|from| {
            let to = imports.arrows.get(from).into_iter().flatten().filter(|to| circle.contains(to));
            to.map(|to| format!("{} → {}", imports.shown(*from), imports.shown(*to)))
        });
        faults.push(format!("{} files: {}", circle.len(), arrows.collect::<Vec<_>>().join(", ")));
    }
    faults
}

#[test]
fn no_circle_of_files_is_larger_than_two() {
    let faults: Vec<String> = crates().iter().flat_map(|sources| large_circles(sources)).collect();
    none(&faults, "files that import each other in a circle");
}

/// Files `mod.rs` with code, or without documentation.
fn mod_files_with_code(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| source.path.ends_with("mod.rs")) {
        let other = source.syntax.items.iter().find(|item| match item {
            Item::Mod(module) => module.content.is_some(),
            Item::Use(_) => false,
            _ => true,
        });
        if let Some(item) = other {
            faults.push(format!("{}:{}", source.shown(), item.span().start().line));
        }
        if !source.text.starts_with("//!") {
            faults.push(format!("{} begins without documentation", source.shown()));
        }
    }
    faults
}

#[test]
fn mod_files_hold_documentation_and_hand_names_on() {
    let faults: Vec<String> = crates().iter().flat_map(|sources| mod_files_with_code(sources)).collect();
    none(&faults, "a mod.rs with code: move it into a file of its own");
}

/// Counts the lines of functions.
struct Functions(Vec<(String, usize, usize)>);

impl Functions {
    fn add(&mut self, name: &syn::Ident, span: proc_macro2::Span) {
        self.0.push((name.to_string(), span.start().line, span.end().line - span.start().line + 1));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig.ident, item.block.span());
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig.ident, item.block.span());
        syn::visit::visit_impl_item_fn(self, item);
    }
}

/// Files that are longer than they should be, with their lines now. May only become fewer and shorter.
const LONG_FILES: [(&str, usize); 4] = [
    ("src/conformance/player.rs", 434),
    ("src/cores/border.rs", 442),
    ("src/cores/vitals.rs", 492),
    ("src/script/words.rs", 498),
];

/// Functions that are longer than they should be, with their lines now. May only become fewer and shorter.
const LONG_FUNCTIONS: [(&str, &str, usize); 7] = [
    ("plugins/sdk/src/distribution.rs", "normal_quantile", 75),
    ("src/conformance/player.rs", "play_on", 71),
    ("src/judgement/warnings/cause.rs", "seen", 88),
    ("src/judgement/warnings/cause.rs", "why_and_help", 124),
    ("src/plan/read/messages.rs", "read_layer", 75),
    ("src/plan/read/scenario.rs", "read_fields", 76),
    ("src/script/words.rs", "of_parsing", 129),
];

/// Lines of a file before its tests.
fn lines_of(source: &Source) -> usize {
    let tests = source.syntax.items.iter().find_map(|item| match item {
        Item::Mod(module) if module.content.is_some() && is_cfg_test(&module.attrs) => {
            Some(module.attrs.first().map_or(module.span(), Spanned::span).start().line - 1)
        }
        _ => None,
    });
    tests.unwrap_or_else(|| source.text.lines().count())
}

/// Files and functions that are too long, with exceptions; and exceptions that are not needed.
fn too_long(
    sources: &[Source],
    long_files: &[(&str, usize)],
    long_functions: &[(&str, &str, usize)],
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut files: BTreeMap<&str, usize> = long_files.iter().copied().collect();
    let mut functions: BTreeMap<(&str, String), usize> =
        long_functions.iter().map(|(path, name, lines)| ((*path, (*name).to_owned()), *lines)).collect();
    for source in sources.iter().filter(|source| !source.is_test) {
        let (path, lines) = (source.path.to_str().unwrap(), lines_of(source));
        if lines > FILE_LINES_MAX && lines > files.remove(path).unwrap_or(FILE_LINES_MAX) {
            faults.push(format!("{path}: {lines} lines, tests apart; at most {FILE_LINES_MAX}"));
        }
        let mut found = Functions(Vec::new());
        found.visit_file(&source.syntax);
        for (name, line, lines) in found.0 {
            let mut allowed = || functions.remove(&(path, name.clone())).unwrap_or(FUNCTION_LINES_MAX);
            if lines > FUNCTION_LINES_MAX && lines > allowed() {
                faults.push(format!("{path}:{line}: {name} has {lines} lines, at most {FUNCTION_LINES_MAX}"));
            }
        }
    }
    faults.extend(files.keys().map(|path| format!("{path} is an exception that is not needed any more")));
    faults.extend(
        functions.keys().map(|(path, name)| format!("{path}: {name} is an exception that is not needed")),
    );
    faults
}

#[test]
fn files_and_functions_are_short() {
    let sources: Vec<Source> = crates().into_iter().flatten().collect();
    none(&too_long(&sources, &LONG_FILES, &LONG_FUNCTIONS), "too long");
}

/// Files of one crate that no `mod` leads to.
fn unreached(sources: &[Source]) -> Vec<String> {
    let mut reached: BTreeSet<Vec<String>> = BTreeSet::from([vec![], vec!["main".to_owned()]]);
    let mut open: Vec<Vec<String>> = reached.iter().cloned().collect();
    while let Some(module) = open.pop() {
        for source in sources.iter().filter(|source| source.module == module) {
            for (name, _) in declared(&source.syntax.items) {
                let inner = source.inner(name);
                if reached.insert(inner.clone()) {
                    open.push(inner);
                }
            }
        }
    }
    let missed = sources.iter().filter(|source| !reached.contains(&source.module));
    missed.map(|source| format!("{} (of {})", source.shown(), source.home.display())).collect()
}

#[test]
fn every_file_is_reached() {
    let faults: Vec<String> = crates().iter().flat_map(|sources| unreached(sources)).collect();
    none(&faults, "no `mod` leads to it");
}

/// Each rule, broken once in a small made-up copy.
mod broken {
    use super::*;
    use crate::sources::made;

    #[test]
    fn a_circle_of_three_is_seen() {
        let circle = |last: &'static str| {
            made(&[
                ("r/a.rs", "use super::b::B; pub struct A;"),
                ("r/b.rs", "use super::c::C; pub struct B;"),
                ("r/c.rs", last),
            ])
        };
        assert_eq!(large_circles(&circle("use super::b::B; pub struct C;")), [""; 0]);
        let found = large_circles(&circle("use super::a::A; pub struct C;"));
        assert!(found.len() == 1 && found[0].starts_with("3 files: "), "{found:?}");
    }

    #[test]
    fn code_in_a_mod_file_is_seen() {
        assert_eq!(
            mod_files_with_code(&made(&[("r/mod.rs", "//! A room.\nmod a;\npub use a::A;\n")])),
            [""; 0]
        );
        let found = mod_files_with_code(&made(&[("r/mod.rs", "mod a;\nfn code() {}\n")]));
        assert_eq!(found, ["src/r/mod.rs:2", "src/r/mod.rs begins without documentation"]);
    }

    #[test]
    fn what_is_too_long_is_seen() {
        let long = format!("fn long() {{\n{}}}\n", "    ();\n".repeat(FUNCTION_LINES_MAX));
        let file = "// A line.\n".repeat(FILE_LINES_MAX + 1);
        let sources = made(&[("a.rs", &long), ("b.rs", &file)]);
        let found = too_long(&sources, &[], &[]);
        assert_eq!(
            found,
            [
                "src/a.rs:1: long has 72 lines, at most 70".to_owned(),
                "src/b.rs: 401 lines, tests apart; at most 400".to_owned()
            ]
        );
        assert_eq!(too_long(&sources, &[("src/b.rs", 401)], &[("src/a.rs", "long", 72)]), [""; 0]);
        let unneeded = too_long(&made(&[]), &[("src/b.rs", 401)], &[("src/a.rs", "long", 72)]);
        assert_eq!(unneeded.len(), 2, "{unneeded:?}");
    }

    #[test]
    fn a_file_without_a_mod_is_seen() {
        let with = |lib| made(&[("lib.rs", lib), ("main.rs", "mod b;"), ("a.rs", ""), ("b/mod.rs", "")]);
        assert_eq!(unreached(&with("mod a;")), [""; 0]);
        assert_eq!(unreached(&with("")), ["src/a.rs (of src)"]);
    }
}
