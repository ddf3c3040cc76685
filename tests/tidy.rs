//! The house rules that a machine can hold, checked on the sources themselves. `MQSCRIPT_UPDATE=1` writes the table of
//! rooms into CONTRIBUTING.md; the lists of exceptions below may only become shorter.
//!
//! Each rule is a function from sources to faults. One test applies it to the repository, another to a small made-up
//! copy that breaks it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Item, UseTree, Visibility};

/// Rooms with those that they may import.
type Rooms<'r> = &'r [(&'r str, &'r [&'r str])];

/// The rooms of `src`, from the ground up, each with the rooms that it may import. This table is the documentation: it
/// stands in CONTRIBUTING.md as it stands here.
const ROOMS: Rooms<'static> = &[
    ("diagnostics", &[]),
    ("numbers", &[]),
    ("cores", &[]),
    ("files", &["numbers"]),
    ("plan", &["diagnostics", "numbers"]),
    ("results", &["numbers", "plan"]),
    ("metrics", &["results"]),
    ("judgement", &["diagnostics", "numbers", "plan", "results"]),
    ("engine", &["cores", "metrics", "numbers", "plan", "results"]),
    ("conformance", &["cores", "diagnostics", "files"]),
    ("supervise", &["cores", "diagnostics", "files", "numbers", "results"]),
    ("fit", &["metrics", "plan", "results"]),
    ("compare", &["diagnostics", "files", "judgement", "numbers", "plan", "results"]),
    ("report", &["compare", "judgement", "numbers", "plan", "results"]),
    ("advice", &["compare", "judgement", "plan", "results"]),
    (
        "progress",
        &["cores", "diagnostics", "engine", "files", "judgement", "numbers", "plan", "report", "supervise"],
    ),
    (
        "script",
        &[
            "advice",
            "compare",
            "diagnostics",
            "engine",
            "files",
            "judgement",
            "numbers",
            "plan",
            "report",
            "results",
        ],
    ),
    (
        "session",
        &[
            "advice",
            "compare",
            "cores",
            "diagnostics",
            "engine",
            "files",
            "judgement",
            "numbers",
            "plan",
            "progress",
            "report",
            "results",
            "script",
            "supervise",
        ],
    ),
    (
        "batch",
        &[
            "compare",
            "cores",
            "diagnostics",
            "engine",
            "files",
            "numbers",
            "plan",
            "progress",
            "report",
            "results",
            "script",
            "session",
            "supervise",
        ],
    ),
];

/// Rooms that may import every other.
const TOP: [&str; 2] = ["cli", "main"];

/// No circle of files may be larger.
const CIRCLE_MAX: usize = 2;
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// A source file of one crate.
struct Source {
    /// From the root of the repository.
    path: PathBuf,
    /// The folder of its crate's sources, from the root of the repository.
    home: PathBuf,
    /// Its place in the crate: `["engine", "player"]`; empty for the crate's root.
    module: Vec<String>,
    text: String,
    syntax: syn::File,
    /// Declared under `#[cfg(test)]`, itself or a module around it.
    is_test: bool,
}

impl Source {
    /// The place of a module that this file declares. What `main.rs` declares lies beside it.
    fn inner(&self, name: String) -> Vec<String> {
        match self.module.as_slice() {
            [main] if main == "main" => vec![name],
            module => [module, &[name]].concat(),
        }
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_cfg_test(attributes: &[Attribute]) -> bool {
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
fn declared(items: &[Item]) -> Vec<(String, bool)> {
    let of = |item: &Item| match item {
        Item::Mod(module) if module.content.is_none() => {
            Some((module.ident.to_string(), is_cfg_test(&module.attrs)))
        }
        _ => None,
    };
    items.iter().filter_map(of).collect()
}

/// The sources of the program.
fn house() -> Vec<Source> {
    sources_of("src")
}

/// The crates of the repository that are held to the rules about files.
fn crates() -> Vec<Vec<Source>> {
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
struct Imports<'s> {
    sources: Vec<&'s Source>,
    arrows: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'s> Imports<'s> {
    fn of(sources: &'s [Source]) -> Imports<'s> {
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
    fn circles(&self) -> Vec<Vec<usize>> {
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

    fn shown(&self, place: usize) -> String {
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

#[track_caller]
fn none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

/// The table of rooms as CONTRIBUTING.md has it.
fn table(rooms: Rooms<'_>) -> String {
    let mut text = String::from("| room | may import |\n|---|---|\n");
    for (room, others) in rooms {
        let others: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        writeln!(text, "| `{room}` | {others} |").unwrap();
    }
    writeln!(text, "| {} | every room |", TOP.map(|room| format!("`{room}`")).join(", ")).unwrap();
    text
}

/// Arrows between rooms that the table does not have, and those of the table that no file needs.
fn arrows_against(sources: &[Source], rooms: Rooms<'_>) -> Vec<String> {
    let imports = Imports::of(sources);
    let room = |place: usize| imports.sources[place].module[0].as_str();
    let mut faults = Vec::new();
    let mut needed: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (from, to) in imports.arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to))) {
        let (own, other) = (room(from), room(to));
        if own == other || TOP.contains(&own) {
            continue;
        }
        let allowed =
            rooms.iter().find(|(name, _)| *name == own).is_some_and(|(_, others)| others.contains(&other));
        needed.insert((own, other));
        if !allowed {
            faults.push(format!("{} imports {}", imports.shown(from), imports.shown(to)));
        }
    }
    for (own, others) in rooms {
        for other in others.iter().filter(|other| !needed.contains(&(*own, **other))) {
            faults.push(format!("the table allows {own} to import {other}, and no file does"));
        }
    }
    faults
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    none(
        &arrows_against(&house(), ROOMS),
        "an arrow between rooms that the table (tests/tidy.rs) does not have",
    );
}

/// The rooms that `room` imports without going through another that it imports.
fn nearest<'r>(room: &str, rooms: Rooms<'r>) -> Vec<&'r str> {
    let of = |room: &str| rooms.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, others)| *others);
    // The table is written from the ground up and has no circles, so this ends.
    fn reaches<'r>(from: &str, to: &str, of: &impl Fn(&str) -> &'r [&'r str]) -> bool {
        of(from).iter().any(|other| *other == to || reaches(other, to, of))
    }
    let direct = of(room);
    direct.iter().copied().filter(|to| !direct.iter().any(|other| reaches(other, to, &of))).collect()
}

/// The rooms as a Mermaid picture. What a room reaches through another is left out: the table has it.
fn picture(rooms: Rooms<'_>) -> String {
    let mut text = String::from("```mermaid\nflowchart TD\n");
    for (room, _) in rooms.iter().rev() {
        for other in nearest(room, rooms) {
            writeln!(text, "    {room} --> {other}").unwrap();
        }
    }
    text.push_str("```\n");
    text
}

/// A page with `content` between its marks.
fn with_written(page: &str, name: &str, content: &str) -> String {
    let (begin, end) =
        (format!("<!-- {name}: written by tests/tidy.rs -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) =
        page.split_once(&begin).expect("the page has the mark where the written part begins");
    let (_, after) = rest.split_once(&end).expect("the page has the mark where the written part ends");
    format!("{before}{begin}{content}{end}{after}")
}

/// Holds a page to what is written into it; `MQSCRIPT_UPDATE` writes it.
fn hold_written(path: &str, name: &str, content: &str) {
    let file = root().join(path);
    let page = std::fs::read_to_string(&file).unwrap();
    let right = with_written(&page, name, content);
    if std::env::var_os("MQSCRIPT_UPDATE").is_some() {
        std::fs::write(&file, &right).unwrap();
    } else {
        assert!(page == right, "{path} has other {name}: MQSCRIPT_UPDATE=1 writes them");
    }
}

#[test]
fn contributing_has_the_table_of_rooms() {
    hold_written("CONTRIBUTING.md", "rooms", &table(ROOMS));
}

#[test]
fn the_architecture_has_the_picture_of_rooms() {
    hold_written("docs/architecture.md", "picture of rooms", &picture(ROOMS));
}

/// What the roots of rooms do not say of the room's contract.
fn contracts_missing(sources: &[Source], rooms: Rooms<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| source.module.len() == 1 && source.path.ends_with("mod.rs"))
    {
        let page: String =
            source.text.lines().map_while(|line| line.strip_prefix("//!")).collect::<Vec<_>>().join("\n");
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let room = source.module[0].as_str();
        let others = match rooms.iter().find(|(name, _)| *name == room) {
            Some((_, [])) => "nothing".to_owned(),
            Some((_, others)) => {
                others.iter().map(|other| format!("`{other}`")).collect::<Vec<_>>().join(", ")
            }
            None => "every room".to_owned(),
        };
        let wanted =
            ["- **Owns** ", &format!("- **May import** {others}."), "- **Way in** ", "- **A message here** "];
        let missing = wanted.iter().filter(|part| !flat.contains(**part));
        faults.extend(missing.map(|part| format!("{}: {part}", source.shown())));
    }
    faults
}

#[test]
fn each_room_opens_with_its_contract() {
    none(
        &contracts_missing(&house(), ROOMS),
        "the root of a room says what it owns, may import, its way in, and what a message does in it",
    );
}

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
const LONG_FILES: [(&str, usize); 5] = [
    ("src/conformance/player.rs", 434),
    ("src/cores/border.rs", 442),
    ("src/cores/vitals.rs", 492),
    ("src/judgement/bottlenecks/find.rs", 428),
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

/// Rooms with `unsafe`.
const WITH_UNSAFE: [&str; 4] = ["cores", "files", "metrics", "supervise"];

/// Roots of rooms that do not forbid unsafe code and should, or the other way round.
fn unsafe_not_forbidden(sources: &[Source], with_unsafe: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| source.module.len() == 1) {
        let forbids = source.text.contains("#![forbid(unsafe_code)]");
        if forbids == with_unsafe.contains(&source.module[0].as_str()) {
            let what = if forbids { "forbids it" } else { "does not forbid it" };
            faults.push(format!("{} {what}", source.shown()));
        }
    }
    faults
}

#[test]
fn rooms_without_unsafe_forbid_it() {
    none(
        &unsafe_not_forbidden(&house(), &WITH_UNSAFE),
        "`#![forbid(unsafe_code)]` stands in the root of each room without unsafe code",
    );
}

/// Type names of several rooms.
fn names_in_several_rooms(sources: &[Source]) -> Vec<String> {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test && !source.module.is_empty()) {
        for item in &source.syntax.items {
            let (name, attributes) = match item {
                Item::Struct(item) => (&item.ident, &item.attrs),
                Item::Enum(item) => (&item.ident, &item.attrs),
                Item::Trait(item) => (&item.ident, &item.attrs),
                _ => continue,
            };
            if !is_cfg_test(attributes) {
                rooms.entry(name.to_string()).or_default().insert(source.module[0].clone());
            }
        }
    }
    rooms.retain(|_, rooms| rooms.len() > 1);
    let told = |(name, rooms): (&String, &BTreeSet<String>)| {
        format!("{name}: {}", rooms.iter().cloned().collect::<Vec<_>>().join(", "))
    };
    rooms.iter().map(told).collect()
}

#[test]
fn a_type_name_stands_in_one_room() {
    none(
        &names_in_several_rooms(&house()),
        "one name for several types: a reader who looks a name up must find one",
    );
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

    /// A crate with these files.
    fn made(files: &[(&str, &str)]) -> Vec<Source> {
        crate_of("src", files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    const TWO_ROOMS: Rooms<'static> = &[("low", &[]), ("high", &["low"])];

    #[test]
    fn an_arrow_up_is_seen() {
        let low = |text| made(&[("low/a.rs", text), ("high/b.rs", "use crate::low::a::A; pub struct B;")]);
        assert_eq!(arrows_against(&low("pub struct A;"), TWO_ROOMS), [""; 0]);
        let up = arrows_against(&low("use crate::high::b::B; pub struct A;"), TWO_ROOMS);
        assert_eq!(up, ["src/low/a.rs imports src/high/b.rs"]);
        let unused = arrows_against(&made(&[("high/b.rs", "")]), TWO_ROOMS);
        assert_eq!(unused, ["the table allows high to import low, and no file does"]);
    }

    #[test]
    fn another_table_in_the_page_is_seen() {
        let page = "<!-- rooms: written by tests/tidy.rs -->\n| old |\n<!-- end of rooms -->\n";
        let right = with_written(page, "rooms", &table(TWO_ROOMS));
        assert_ne!(page, right);
        assert_eq!(with_written(&right, "rooms", &table(TWO_ROOMS)), right);
        assert_ne!(with_written(&right, "rooms", &table(&[("low", &[])])), right);
    }

    #[test]
    fn the_picture_leaves_out_what_follows_from_other_arrows() {
        let rooms: Rooms<'_> = &[("low", &[]), ("middle", &["low"]), ("high", &["low", "middle"])];
        let arrows = "flowchart TD\n    high --> middle\n    middle --> low\n";
        assert_eq!(picture(rooms), format!("```mermaid\n{arrows}```\n"));
    }

    #[test]
    fn a_room_without_its_contract_is_seen() {
        let page = "//! A room.\n//!\n//! - **Owns** a.\n//! - **May import** nothing.\n//! - **Way in** b.\n\
                    //! - **A message here** c.\n";
        assert_eq!(contracts_missing(&made(&[("low/mod.rs", page)]), TWO_ROOMS), [""; 0]);
        let other = contracts_missing(&made(&[("high/mod.rs", page)]), TWO_ROOMS);
        assert_eq!(other, ["src/high/mod.rs: - **May import** `low`."]);
    }

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
    fn a_room_that_allows_unsafe_code_is_seen() {
        let rooms = |text| made(&[("safe/mod.rs", "#![forbid(unsafe_code)]"), ("cores/mod.rs", text)]);
        assert_eq!(unsafe_not_forbidden(&rooms(""), &["cores"]), [""; 0]);
        assert_eq!(unsafe_not_forbidden(&rooms(""), &[]), ["src/cores/mod.rs does not forbid it"]);
        let too_many = unsafe_not_forbidden(&rooms("#![forbid(unsafe_code)]"), &["cores"]);
        assert_eq!(too_many, ["src/cores/mod.rs forbids it"]);
    }

    #[test]
    fn a_name_in_two_rooms_is_seen() {
        let sources = made(&[("a/x.rs", "struct Thing;"), ("b/y.rs", "enum Thing {}")]);
        assert_eq!(names_in_several_rooms(&sources), ["Thing: a, b"]);
        assert_eq!(names_in_several_rooms(&made(&[("a/x.rs", "struct Thing;")])), [""; 0]);
    }

    #[test]
    fn a_file_without_a_mod_is_seen() {
        let with = |lib| made(&[("lib.rs", lib), ("main.rs", "mod b;"), ("a.rs", ""), ("b/mod.rs", "")]);
        assert_eq!(unreached(&with("mod a;")), [""; 0]);
        assert_eq!(unreached(&with("")), ["src/a.rs (of src)"]);
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
