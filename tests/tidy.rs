//! The house rules that a machine can hold, checked on the sources themselves. `MQSCRIPT_UPDATE=1` writes the table of
//! rooms into CONTRIBUTING.md; the lists of exceptions below may only become shorter.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Item, UseTree, Visibility};

/// The rooms of `src`, from the ground up, each with the rooms that it may import. This table is the documentation: it
/// stands in CONTRIBUTING.md as it stands here.
const ROOMS: [(&str, &[&str]); 19] = [
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
    let mut sources: Vec<Source> = paths
        .into_iter()
        .map(|path| {
            let within = path.strip_prefix(&folder).unwrap().with_extension("");
            let mut module: Vec<String> =
                within.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
                module.pop();
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let path = path.strip_prefix(root()).unwrap().to_owned();
            Source { path, home: home.into(), module, text, syntax, is_test: false }
        })
        .collect();
    let mut tests = BTreeSet::new();
    for source in &sources {
        for (name, is_test) in declared(&source.syntax.items) {
            if is_test {
                tests.insert([source.module.clone(), vec![name]].concat());
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
        "crate" => return Some(path[1..].to_vec()),
        "self" => return Some([module, &path[1..]].concat()),
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
fn table() -> String {
    let mut text = String::from("| room | may import |\n|---|---|\n");
    for (room, others) in ROOMS {
        let others: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        writeln!(text, "| `{room}` | {others} |").unwrap();
    }
    writeln!(text, "| {} | every room |", TOP.map(|room| format!("`{room}`")).join(", ")).unwrap();
    text
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let sources = house();
    let imports = Imports::of(&sources);
    let room = |place: usize| imports.sources[place].module[0].as_str();
    let mut faults = Vec::new();
    let mut needed: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (from, to) in imports.arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to))) {
        let (own, other) = (room(from), room(to));
        if own == other || TOP.contains(&own) {
            continue;
        }
        let allowed =
            ROOMS.iter().find(|(name, _)| *name == own).is_some_and(|(_, others)| others.contains(&other));
        needed.insert((own, other));
        if !allowed {
            faults.push(format!("{} imports {}", imports.shown(from), imports.shown(to)));
        }
    }
    for (own, others) in ROOMS {
        for other in others.iter().filter(|other| !needed.contains(&(own, **other))) {
            faults.push(format!("the table allows {own} to import {other}, and no file does"));
        }
    }
    none(&faults, "an arrow between rooms that the table (tests/tidy.rs) does not have");
}

#[test]
fn contributing_has_the_table_of_rooms() {
    let path = root().join("CONTRIBUTING.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- rooms: written by tests/tidy.rs -->\n", "<!-- end of rooms -->\n");
    let (before, rest) = page.split_once(begin).expect("CONTRIBUTING.md has the mark where the table begins");
    let (_, after) = rest.split_once(end).expect("CONTRIBUTING.md has the mark where the table ends");
    let right = format!("{before}{begin}{}{end}{after}", table());
    if std::env::var_os("MQSCRIPT_UPDATE").is_some() {
        std::fs::write(&path, &right).unwrap();
    }
    assert!(page == right, "CONTRIBUTING.md has another table of rooms: MQSCRIPT_UPDATE=1 writes it");
}

#[test]
fn each_room_opens_with_its_contract() {
    let mut faults = Vec::new();
    for source in house().iter().filter(|source| source.module.len() == 1 && source.path.ends_with("mod.rs"))
    {
        let page: String =
            source.text.lines().map_while(|line| line.strip_prefix("//!")).collect::<Vec<_>>().join("\n");
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let room = source.module[0].as_str();
        let others = match ROOMS.iter().find(|(name, _)| *name == room) {
            Some((_, [])) => "nothing".to_owned(),
            Some((_, others)) => {
                others.iter().map(|other| format!("`{other}`")).collect::<Vec<_>>().join(", ")
            }
            None => "every room".to_owned(),
        };
        let wanted =
            ["- **Owns** ", &format!("- **May import** {others}."), "- **Way in** ", "- **A message here** "];
        let missing = wanted.iter().filter(|part| !flat.contains(**part));
        faults.extend(missing.map(|part| format!("{}: {part}", source.path.display())));
    }
    none(
        &faults,
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

#[test]
fn places_and_names_in_the_documentation_exist() {
    let mut pages: Vec<PathBuf> =
        ["CONTRIBUTING.md", "README.md", "CHANGELOG.md"].map(PathBuf::from).to_vec();
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    pages.extend(
        docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .map(|path| path.strip_prefix(root()).unwrap().to_owned()),
    );
    let sources: String = crates().iter().flatten().map(|source| source.text.as_str()).collect();
    let words: BTreeSet<&str> =
        sources.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let mut faults = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(root().join(&page)).unwrap();
        for quoted in quoted(&text) {
            let places =
                ["src/", "tests/", "plugins/", "benches/", "docs/", "scripts/", "schemas/", "xtask/", ".ci/"];
            let is_place = places.iter().any(|place| quoted.starts_with(place))
                && quoted.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c))
                // `NAME` stands for any name.
                && !quoted.split(['/', '.']).any(|part| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase()));
            if is_place && !root().join(&quoted).exists() {
                faults.push(format!("{}: `{quoted}` is not there", page.display()));
            }
            let is_name = quoted.len() > 2
                && quoted.chars().next().is_some_and(char::is_uppercase)
                && quoted.chars().any(char::is_lowercase)
                && quoted.chars().all(|c| c.is_alphanumeric() || c == ':' || c == '_');
            if is_name && PAGES_ABOUT_SOURCES.iter().any(|about| page == Path::new(about)) {
                let missing = quoted.split("::").find(|part| !part.is_empty() && !words.contains(part));
                faults.extend(missing.map(|part| format!("{}: no `{part}` in the sources", page.display())));
            }
        }
    }
    none(&faults, "documentation that names what is not there");
}

#[test]
fn no_circle_of_files_is_larger_than_two() {
    let mut faults = Vec::new();
    for sources in crates() {
        let imports = Imports::of(&sources);
        for circle in imports.circles().iter().filter(|circle| circle.len() > CIRCLE_MAX) {
            let arrows = circle.iter().flat_map(|from| {
                let to = imports.arrows.get(from).into_iter().flatten().filter(|to| circle.contains(to));
                to.map(|to| format!("{} → {}", imports.shown(*from), imports.shown(*to)))
            });
            faults.push(format!("{} files: {}", circle.len(), arrows.collect::<Vec<_>>().join(", ")));
        }
    }
    none(&faults, "files that import each other in a circle");
}

#[test]
fn mod_files_hold_documentation_and_hand_names_on() {
    let mut faults = Vec::new();
    for source in crates().iter().flatten().filter(|source| source.path.ends_with("mod.rs")) {
        let other = source.syntax.items.iter().find(|item| match item {
            Item::Mod(module) => module.content.is_some(),
            Item::Use(_) => false,
            _ => true,
        });
        if let Some(item) = other {
            faults.push(format!("{}:{}", source.path.display(), item.span().start().line));
        }
        if !source.text.starts_with("//!") {
            faults.push(format!("{} begins without documentation", source.path.display()));
        }
    }
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
const LONG_FILES: [(&str, usize); 14] = [
    ("src/cli/arguments.rs", 477),
    ("src/cli/run.rs", 427),
    ("src/conformance/player.rs", 434),
    ("src/cores/border.rs", 647),
    ("src/cores/session.rs", 412),
    ("src/cores/vitals.rs", 492),
    ("src/engine/player.rs", 584),
    ("src/engine/processing.rs", 405),
    ("src/judgement/bottlenecks/find.rs", 428),
    ("src/plan/overrides.rs", 539),
    ("src/plan/reader.rs", 474),
    ("src/report/comparison.rs", 401),
    ("src/script/locate.rs", 412),
    ("src/script/words.rs", 498),
];

/// Functions that are longer than they should be, with their lines now. May only become fewer and shorter.
const LONG_FUNCTIONS: [(&str, &str, usize); 9] = [
    ("plugins/sdk/src/distribution.rs", "normal_quantile", 75),
    ("src/cli/run.rs", "play", 83),
    ("src/cli/run.rs", "conclude", 104),
    ("src/conformance/player.rs", "play_on", 71),
    ("src/judgement/warnings/doubt.rs", "seen", 88),
    ("src/judgement/warnings/doubt.rs", "why_and_help", 124),
    ("src/plan/read_messages.rs", "read_layer", 75),
    ("src/plan/read_scenario.rs", "read_fields", 80),
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

#[test]
fn files_and_functions_are_short() {
    let mut faults = Vec::new();
    let crates = crates();
    let sources: Vec<&Source> = crates.iter().flatten().filter(|source| !source.is_test).collect();
    let mut files: BTreeMap<&str, usize> = LONG_FILES.into_iter().collect();
    let mut functions: BTreeMap<(&str, String), usize> =
        LONG_FUNCTIONS.iter().map(|(path, name, lines)| ((*path, (*name).to_owned()), *lines)).collect();
    for source in sources {
        let (path, lines) = (source.path.to_str().unwrap(), lines_of(source));
        if lines > files.remove(path).unwrap_or(FILE_LINES_MAX).max(FILE_LINES_MAX) {
            faults.push(format!("{path}: {lines} lines, tests apart; at most {FILE_LINES_MAX}"));
        }
        let mut found = Functions(Vec::new());
        found.visit_file(&source.syntax);
        for (name, line, lines) in found.0 {
            let allowed = functions.remove(&(path, name.clone())).unwrap_or(FUNCTION_LINES_MAX);
            if lines > allowed.max(FUNCTION_LINES_MAX) {
                faults.push(format!("{path}:{line}: {name} has {lines} lines, at most {FUNCTION_LINES_MAX}"));
            }
        }
    }
    faults.extend(files.keys().map(|path| format!("{path} is an exception that is not needed any more")));
    faults.extend(
        functions.keys().map(|(path, name)| format!("{path}: {name} is an exception that is not needed")),
    );
    none(&faults, "too long");
}

/// Rooms with `unsafe`.
const WITH_UNSAFE: [&str; 4] = ["cores", "files", "metrics", "supervise"];

#[test]
fn rooms_without_unsafe_forbid_it() {
    let mut faults = Vec::new();
    for source in house().iter().filter(|source| source.module.len() == 1 && source.path.parent().is_some()) {
        let room = source.module[0].as_str();
        let forbids = source.text.contains("#![forbid(unsafe_code)]");
        if forbids == WITH_UNSAFE.contains(&room) {
            faults.push(format!(
                "{} {}",
                source.path.display(),
                if forbids { "forbids it" } else { "does not forbid it" }
            ));
        }
    }
    none(&faults, "`#![forbid(unsafe_code)]` stands in the root of each room without unsafe code");
}

/// Type names that stand in several rooms. May only become fewer.
const SHARED_NAMES: [&str; 52] = [
    "Arguments",
    "Asked",
    "Cell",
    "Clock",
    "ClockKind",
    "Comparison",
    "Copies",
    "Draft",
    "Ended",
    "Ending",
    "Entry",
    "Event",
    "Facts",
    "Group",
    "Job",
    "Judge",
    "Kind",
    "Layer",
    "Ledger",
    "Limits",
    "Literal",
    "LostBy",
    "Message",
    "Mode",
    "Names",
    "Node",
    "Occupancy",
    "Outcome",
    "Output",
    "Piece",
    "Place",
    "Places",
    "Play",
    "Player",
    "Queue",
    "Reader",
    "Report",
    "Said",
    "Seen",
    "Sender",
    "Sent",
    "Shared",
    "Stage",
    "Stop",
    "Summary",
    "Surroundings",
    "Told",
    "Tried",
    "Verdict",
    "View",
    "Waiting",
    "Within",
];

#[test]
fn a_type_name_stands_in_one_room() {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in house().iter().filter(|source| !source.is_test && !source.module.is_empty()) {
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
    let mut faults: Vec<String> = rooms
        .iter()
        .filter(|(name, _)| !SHARED_NAMES.contains(&name.as_str()))
        .map(|(name, rooms)| format!("{name}: {}", rooms.iter().cloned().collect::<Vec<_>>().join(", ")))
        .collect();
    let gone = SHARED_NAMES.iter().filter(|name| !rooms.contains_key(**name));
    faults.extend(gone.map(|name| format!("{name} is an exception that is not needed any more")));
    none(&faults, "one name for several types: a reader who looks a name up must find one");
}

#[test]
fn every_file_is_reached() {
    let mut faults = Vec::new();
    for sources in crates() {
        let mut reached: BTreeSet<Vec<String>> = BTreeSet::from([vec![], vec!["main".to_owned()]]);
        let mut open: Vec<Vec<String>> = reached.iter().cloned().collect();
        while let Some(module) = open.pop() {
            for source in sources.iter().filter(|source| source.module == module) {
                for (name, _) in declared(&source.syntax.items) {
                    let inner = [module.clone(), vec![name]].concat();
                    if reached.insert(inner.clone()) {
                        open.push(inner);
                    }
                }
            }
        }
        let missed = sources.iter().filter(|source| !reached.contains(&source.module));
        faults
            .extend(missed.map(|source| format!("{} (of {})", source.path.display(), source.home.display())));
    }
    none(&faults, "no `mod` leads to it");
}
