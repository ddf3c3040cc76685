//! The rooms of `src`: what each may import, the contract that it opens with, and where `unsafe` may stand.

use crate::none;
use crate::sources::{Imports, Source, house, is_cfg_test, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use syn::Item;

/// Rooms with those that they may import.
type Rooms<'r> = &'r [(&'r str, &'r [&'r str])];

/// The rooms of `src`, from the ground up, each with the rooms that it may import. This table is the documentation: it
/// stands in CONTRIBUTING.md as it stands here.
const ROOMS: Rooms<'static> = &[
    ("diagnostics", &[]),
    ("numbers", &[]),
    ("cores", &[]),
    ("chart", &["diagnostics", "numbers"]),
    ("files", &["numbers"]),
    ("plan", &["diagnostics", "numbers"]),
    ("results", &["numbers", "plan"]),
    ("metrics", &["results"]),
    ("judgement", &["diagnostics", "numbers", "plan", "results"]),
    ("engine", &["cores", "metrics", "numbers", "plan", "results"]),
    ("conformance", &["cores", "diagnostics", "files"]),
    ("supervise", &["cores", "diagnostics", "files", "numbers", "results"]),
    ("export", &["metrics", "plan", "results"]),
    ("fit", &["metrics", "plan", "results"]),
    ("compare", &["diagnostics", "files", "judgement", "numbers", "plan", "results"]),
    ("report", &["chart", "compare", "judgement", "metrics", "numbers", "plan", "results"]),
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
            "export",
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
        "an arrow between rooms that the table (tests/tidy/rooms.rs) does not have",
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
        (format!("<!-- {name}: written by tests/tidy/rooms.rs -->\n"), format!("<!-- end of {name} -->\n"));
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

/// Each rule, broken once in a small made-up copy.
mod broken {
    use super::*;
    use crate::sources::made;

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
        let page = "<!-- rooms: written by tests/tidy/rooms.rs -->\n| old |\n<!-- end of rooms -->\n";
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
}
