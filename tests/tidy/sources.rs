//! Reading the sources: the files of each crate, and which of them names which.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use syn::visit::Visit;
use syn::{Attribute, Item, UseTree, Visibility};

/// A source file of one crate.
pub struct Source {
    /// From the root of the repository.
    pub path: PathBuf,
    /// The folder of its crate's sources, from the root of the repository.
    pub home: PathBuf,
    /// Its place in the crate: `["engine", "player"]`; empty for the crate's root.
    pub module: Vec<String>,
    pub text: String,
    pub syntax: syn::File,
    /// Declared under `#[cfg(test)]`, itself or a module around it.
    pub is_test: bool,
}

impl Source {
    /// The place of a module that this file declares. What `main.rs` declares lies beside it.
    pub fn inner(&self, name: String) -> Vec<String> {
        match self.module.as_slice() {
            [main] if main == "main" => vec![name],
            module => [module, &[name]].concat(),
        }
    }

    pub fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn is_cfg_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
            })
    })
}

/// All `.rs` files below a folder.
fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The sources of the crate whose files lie in `home`.
fn sources_of(home: &str) -> Vec<Source> {
    let folder = root().join(home);
    let mut paths = Vec::new();
    files_below(&folder, &mut paths);
    paths.sort();
    let texts = paths.iter().map(|path| {
        let within = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        (within, std::fs::read_to_string(path).unwrap())
    });
    crate_of(home, texts.collect())
}

/// A crate with these files: the path of each below `home`, and its text.
fn crate_of(home: &str, files: Vec<(String, String)>) -> Vec<Source> {
    let read = |(within, text): (String, String)| {
        let path = Path::new(home).join(&within);
        let mut module: Vec<String> = within.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
            module.pop();
        }
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Source { path, home: home.into(), module, text, syntax, is_test: false }
    };
    let mut sources: Vec<Source> = files.into_iter().map(read).collect();
    let mut tests = BTreeSet::new();
    for source in &sources {
        for (name, is_test) in declared(&source.syntax.items) {
            if is_test {
                tests.insert(source.inner(name));
            }
        }
    }
    for source in &mut sources {
        source.is_test = tests.iter().any(|test| source.module.starts_with(test));
    }
    sources
}

/// The modules that a file declares in files of their own, and whether for tests only.
pub fn declared(items: &[Item]) -> Vec<(String, bool)> {
    let of = |item: &Item| match item {
        Item::Mod(module) if module.content.is_none() => {
            Some((module.ident.to_string(), is_cfg_test(&module.attrs)))
        }
        _ => None,
    };
    items.iter().filter_map(of).collect()
}

/// The sources of the program.
pub fn house() -> Vec<Source> {
    sources_of("src")
}

/// The crates of the repository that are held to the rules about files.
pub fn crates() -> Vec<Vec<Source>> {
    let mut homes = vec!["src".to_owned()];
    for entry in std::fs::read_dir(root().join("plugins")).unwrap().map(Result::unwrap) {
        if entry.path().join("src/lib.rs").exists() {
            homes.push(format!("plugins/{}/src", entry.file_name().to_str().unwrap()));
        }
    }
    homes.sort();
    homes.iter().map(|home| sources_of(home)).collect()
}

/// What a file names: paths in `use` and elsewhere, apart from its tests.
#[derive(Default)]
struct Names {
    paths: Vec<Vec<String>>,
    /// What it hands on: the name, and where it is from.
    handed_on: HashMap<String, Vec<String>>,
}

fn flatten(tree: &UseTree, before: &[String], into: &mut Vec<(String, Vec<String>)>) {
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &[before, &[path.ident.to_string()]].concat(), into),
        UseTree::Name(name) if name.ident == "self" => {
            into.push((before.last().unwrap().clone(), before.to_vec()))
        }
        UseTree::Name(name) => {
            into.push((name.ident.to_string(), [before, &[name.ident.to_string()]].concat()));
        }
        UseTree::Rename(rename) => {
            into.push((rename.rename.to_string(), [before, &[rename.ident.to_string()]].concat()));
        }
        UseTree::Glob(_) => into.push(("*".to_owned(), before.to_vec())),
        UseTree::Group(group) => group.items.iter().for_each(|item| flatten(item, before, into)),
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_cfg_test(attributes) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut found = Vec::new();
        flatten(&item.tree, &[], &mut found);
        match item.vis {
            Visibility::Inherited => self.paths.extend(found.into_iter().map(|(_, path)| path)),
            _ => self.handed_on.extend(found),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }
}

/// Which file names which other file of the same crate.
pub struct Imports<'s> {
    pub sources: Vec<&'s Source>,
    pub arrows: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'s> Imports<'s> {
    pub fn of(sources: &'s [Source]) -> Imports<'s> {
        let sources: Vec<&Source> = sources.iter().filter(|source| !source.is_test).collect();
        let places: HashMap<&[String], usize> =
            sources.iter().enumerate().map(|(place, source)| (source.module.as_slice(), place)).collect();
        let names: Vec<Names> = sources
            .iter()
            .map(|source| {
                let mut names = Names::default();
                names.visit_file(&source.syntax);
                names
            })
            .collect();
        let mut arrows: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (place, source) in sources.iter().enumerate() {
            for path in &names[place].paths {
                let Some(path) = absolute(&source.module, path, &places) else { continue };
                let found = found(path, &places, &names, &sources, 0);
                // The crate's root and the root of its own room only hand names on.
                if let Some(other) =
                    found.filter(|other| *other != place && !sources[*other].module.is_empty())
                {
                    arrows.entry(place).or_default().insert(other);
                }
            }
        }
        Imports { sources, arrows }
    }

    /// Groups of files that reach each other (Tarjan), larger than one.
    pub fn circles(&self) -> Vec<Vec<usize>> {
        let reach = |from: usize| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(place) = open.pop() {
                for next in self.arrows.get(&place).into_iter().flatten() {
                    if seen.insert(*next) {
                        open.push(*next);
                    }
                }
            }
            seen
        };
        let reached: Vec<BTreeSet<usize>> = (0..self.sources.len()).map(reach).collect();
        let mut done = BTreeSet::new();
        let mut circles = Vec::new();
        for place in 0..self.sources.len() {
            let circle: Vec<usize> =
                reached[place].iter().copied().filter(|other| reached[*other].contains(&place)).collect();
            if circle.len() > 1 && done.insert(circle.clone()) {
                circles.push(circle);
            }
        }
        circles
    }

    pub fn shown(&self, place: usize) -> String {
        self.sources[place].path.display().to_string()
    }
}

/// A path as it counts from the crate's root; none if it leads out of the crate.
fn absolute(module: &[String], path: &[String], places: &HashMap<&[String], usize>) -> Option<Vec<String>> {
    let mut base = module.to_vec();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            base.truncate(base.len().checked_sub(ups)?);
            Some([&base, &path[ups..]].concat())
        }
        first => {
            base.push(first.to_owned());
            places.contains_key(base.as_slice()).then(|| [module, path].concat())
        }
    }
}

/// The file in which a path ends, names that are handed on followed.
fn found(
    path: Vec<String>,
    places: &HashMap<&[String], usize>,
    names: &[Names],
    sources: &[&Source],
    depth: usize,
) -> Option<usize> {
    let length = (0..=path.len()).rev().find(|length| places.contains_key(&path[..*length]))?;
    let place = places[&path[..length]];
    let Some(name) = path.get(length).filter(|_| depth < 8) else { return Some(place) };
    let Some(from) = names[place].handed_on.get(name) else { return Some(place) };
    let Some(mut from) = absolute(&sources[place].module, from, places) else { return Some(place) };
    from.extend_from_slice(&path[length + 1..]);
    found(from, places, names, sources, depth + 1)
}

/// A made-up crate with these files.
pub fn made(files: &[(&str, &str)]) -> Vec<Source> {
    crate_of("src", files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
}
