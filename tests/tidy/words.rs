//! Words: what the documentation names exists, and comments on public items are sentences.

use crate::none;
use crate::sources::{Source, crates, is_cfg_test, root};
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Item, Visibility};

/// Pages that name what lies in the sources.
const PAGES_ABOUT_SOURCES: [&str; 3] = ["CONTRIBUTING.md", "README.md", "docs/architecture.md"];

/// The texts between back-ticks of a page, fenced blocks apart.
fn quoted(page: &str) -> Vec<String> {
    let mut inside_fence = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            inside_fence = !inside_fence;
        } else if !inside_fence {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// What pages (each with its path and text) name that does not exist; names of the sources are looked for in `sources`.
fn names_missing(
    pages: &[(String, String)],
    sources: &[Source],
    exists: impl Fn(&str) -> bool,
) -> Vec<String> {
    let words: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.text.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut faults = Vec::new();
    for (page, text) in pages {
        for quoted in quoted(text) {
            let places =
                ["src/", "tests/", "plugins/", "benches/", "docs/", "scripts/", "schemas/", "xtask/", ".ci/"];
            let is_place = places.iter().any(|place| quoted.starts_with(place))
                && quoted.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c))
                // `NAME` stands for any name.
                && !quoted.split(['/', '.']).any(|part| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase()));
            if is_place && !exists(&quoted) {
                faults.push(format!("{page}: `{quoted}` is not there"));
            }
            let is_name = quoted.len() > 2
                && quoted.chars().next().is_some_and(char::is_uppercase)
                && quoted.chars().any(char::is_lowercase)
                && quoted.chars().all(|c| c.is_alphanumeric() || c == ':' || c == '_');
            if is_name && PAGES_ABOUT_SOURCES.contains(&page.as_str()) {
                let missing = quoted.split("::").find(|part| !part.is_empty() && !words.contains(part));
                faults.extend(missing.map(|part| format!("{page}: no `{part}` in the sources")));
            }
        }
    }
    faults
}

#[test]
fn places_and_names_in_the_documentation_exist() {
    let mut paths: Vec<String> = ["CONTRIBUTING.md", "README.md", "CHANGELOG.md"].map(str::to_owned).to_vec();
    for entry in std::fs::read_dir(root().join("docs")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        paths.extend(name.ends_with(".md").then(|| format!("docs/{name}")));
    }
    let read = |path: String| {
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        (path, text)
    };
    let pages: Vec<(String, String)> = paths.into_iter().map(read).collect();
    let sources: Vec<Source> = crates().into_iter().flatten().collect();
    let faults = names_missing(&pages, &sources, |place| root().join(place).exists());
    none(&faults, "documentation that names what is not there");
}

/// The fewest words of a sentence that says something.
const SENTENCE_WORDS_MIN: usize = 4;

/// What is wrong with the first paragraph of a documentation comment; none without one.
fn fault_of_sentence(attributes: &[Attribute]) -> Option<(String, &'static str)> {
    let lines =
        attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
            match &attribute.meta.require_name_value().ok()?.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            }
        });
    let text = lines.collect::<Vec<_>>().join("\n");
    let paragraph = text.trim().lines().map(str::trim).take_while(|line| !line.is_empty());
    let sentence = paragraph.collect::<Vec<_>>().join(" ");
    let first = sentence.chars().next()?;
    let last = sentence.trim_end_matches([')', '"', '*', '_']).chars().next_back().unwrap_or(' ');
    let fault = if !(first.is_uppercase() || first.is_ascii_digit() || "`[(".contains(first)) {
        "begins with no capital letter"
    } else if !".:?".contains(last) {
        "ends without a full stop"
    } else if sentence.split_whitespace().count() < SENTENCE_WORDS_MIN {
        "has fewer than four words"
    } else {
        return None;
    };
    Some((sentence, fault))
}

/// Looks at the documentation of what is `pub` or `pub(crate)`.
#[derive(Default)]
struct Sentences(Vec<(usize, String, &'static str)>);

impl Sentences {
    fn look(&mut self, attributes: &[Attribute], line: usize) {
        self.0.extend(fault_of_sentence(attributes).map(|(sentence, fault)| (line, sentence, fault)));
    }

    fn is_public(visibility: &Visibility) -> bool {
        match visibility {
            Visibility::Public(_) => true,
            Visibility::Restricted(within) => within.path.is_ident("crate"),
            Visibility::Inherited => false,
        }
    }
}

impl<'ast> Visit<'ast> for Sentences {
    fn visit_item(&mut self, item: &'ast Item) {
        let (visibility, attributes) = match item {
            Item::Const(item) => (&item.vis, &item.attrs),
            Item::Enum(item) => (&item.vis, &item.attrs),
            Item::Fn(item) => (&item.vis, &item.attrs),
            Item::Static(item) => (&item.vis, &item.attrs),
            Item::Struct(item) => (&item.vis, &item.attrs),
            Item::Trait(item) => (&item.vis, &item.attrs),
            Item::Type(item) => (&item.vis, &item.attrs),
            Item::Mod(item) if is_cfg_test(&item.attrs) => return,
            _ => return syn::visit::visit_item(self, item),
        };
        if Self::is_public(visibility) {
            self.look(attributes, item.span().start().line);
            match item {
                Item::Enum(item) => {
                    for variant in &item.variants {
                        self.look(&variant.attrs, variant.span().start().line);
                        variant
                            .fields
                            .iter()
                            .for_each(|field| self.look(&field.attrs, field.span().start().line));
                    }
                }
                Item::Trait(item) => {
                    for item in &item.items {
                        if let syn::TraitItem::Fn(function) = item {
                            self.look(&function.attrs, function.span().start().line);
                        }
                    }
                }
                _ => {}
            }
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if Self::is_public(&field.vis) {
            self.look(&field.attrs, field.span().start().line);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if Self::is_public(&function.vis) {
            self.look(&function.attrs, function.span().start().line);
        }
    }
}

/// Documentation comments on public items that are no sentences.
fn no_sentences(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        let mut sentences = Sentences::default();
        sentences.visit_file(&source.syntax);
        let path = source.shown();
        let told = |(line, sentence, fault)| format!("{path}:{line}: \"{sentence}\" {fault}");
        faults.extend(sentences.0.into_iter().map(told));
    }
    faults
}

#[test]
fn comments_on_public_items_are_sentences() {
    let sources: Vec<Source> = crates().into_iter().flatten().collect();
    none(
        &no_sentences(&sources),
        "a documentation comment that is no sentence: capital letter, full stop, at least four words",
    );
}

/// Each rule, broken once in a small made-up copy.
mod broken {
    use super::*;
    use crate::sources::made;

    #[test]
    fn a_name_that_is_not_there_is_seen() {
        let page = |text: &str| [("README.md".to_owned(), text.to_owned())];
        let sources = made(&[("lib.rs", "pub struct Known;")]);
        let missing = |text: &str| names_missing(&page(text), &sources, |place| place == "src/lib.rs");
        assert_eq!(missing("`src/lib.rs` has `Known`\n```\n`Unknown`\n```\n"), [""; 0]);
        assert_eq!(missing("`src/gone.rs`"), ["README.md: `src/gone.rs` is not there"]);
        assert_eq!(missing("`Known::Unknown`"), ["README.md: no `Unknown` in the sources"]);
    }

    #[test]
    fn a_comment_that_is_no_sentence_is_seen() {
        let found = |text: &str| no_sentences(&made(&[("a.rs", text)]));
        assert_eq!(found("/// This is one sentence.\npub struct A { /// What.\n x: u8 }"), [""; 0]);
        assert_eq!(found("/// What.\nstruct Private;"), [""; 0]);
        for (text, fault) in [
            ("/// this has no capital letter.\npub struct A;", "begins with no capital letter"),
            ("/// This has no full stop\n///\n/// Here is one.\npub fn a() {}", "ends without a full stop"),
            ("/// By group.\npub(crate) const A: u8 = 0;", "has fewer than four words"),
            ("pub struct A { /// By group.\n pub x: u8 }", "has fewer than four words"),
            ("pub enum A { /// By group.\n B }", "has fewer than four words"),
            ("pub trait A { /// By group.\n fn b(); }", "has fewer than four words"),
            ("impl A { /// By group.\n pub fn b() {} }", "has fewer than four words"),
        ] {
            let faults = found(text);
            assert!(faults.len() == 1 && faults[0].ends_with(fault), "{text}: {faults:?}");
        }
    }
}
