//! What the documentation shows is what the program does: its scripts run, its core is the SDK's, its links lead
//! somewhere, its flags exist, and the README's output is the program's own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::pages::blocks;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page that people read, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let in_docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let at_root = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name));
    let mut paths: Vec<PathBuf> = at_root
        .into_iter()
        .chain(in_docs)
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

fn mqscript(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqscript"));
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    for variable in ["MQSCRIPT_SEED", "MQSCRIPT_CORE_PATH", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn complete_scripts_run() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut complete = 0;
    for (path, page) in pages() {
        for block in blocks(&page).into_iter().filter(|block| block.info == "rhai run") {
            let script = folder.join(format!("docs-{}-{}.rhai", name(&path), block.line));
            fs::write(&script, &block.text).unwrap();
            for command in ["check", "run"] {
                let quiet = if command == "run" { &["--quiet"][..] } else { &[] };
                let ended = mqscript(&[&[command, script.to_str().unwrap()], quiet].concat());
                assert!(
                    ended.status.success(),
                    "{}:{}: `{command}` ends with {}:\n{}\n{}",
                    name(&path),
                    block.line,
                    ended.status,
                    String::from_utf8_lossy(&ended.stdout),
                    String::from_utf8_lossy(&ended.stderr)
                );
            }
            complete += 1;
        }
    }
    assert!(complete >= 8, "only {complete} complete scripts were found");
}

#[test]
fn the_core_in_the_guide_is_the_one_that_the_sdk_compiles() {
    let sdk = read(&root().join("plugins/sdk/src/lib.rs"));
    let comment: String = sdk
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let shown = |text: &str| -> String {
        let lines = text.lines().filter(|line| !line.starts_with("# "));
        lines.map(|line| format!("{line}\n")).collect()
    };
    let compiled = blocks(&comment).into_iter().find(|block| block.info.is_empty()).unwrap();
    let guide = read(&root().join("docs/writing-a-core.md"));
    let told = blocks(&guide).into_iter().find(|block| block.info == "rust").unwrap();
    assert_eq!(told.text, shown(&compiled.text), "docs/writing-a-core.md and the SDK's example differ");
    assert!(told.text.lines().count() <= 40, "the guide promises a core in at most 40 lines");
}

#[test]
fn the_glue_in_the_guide_is_that_of_the_files() {
    let page = read(&root().join("docs/your-processor.md"));
    let mut shown = 0;
    for block in blocks(&page) {
        let Some(file) = block.info.strip_prefix("python ") else { continue };
        let path = root().join("plugins/exec/examples/processors").join(file);
        assert!(read(&path).contains(&block.text), "line {}: {file} has other lines", block.line);
        shown += 1;
    }
    assert!(shown >= 7, "only {shown} pieces of glue were found");
}

/// The output without the one line that depends on the machine.
fn without_speed(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("  speed")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = read(&root().join("README.md"));
    let shown = blocks(&readme).into_iter().find(|block| block.text.contains("✓ valid")).unwrap();
    let ended = mqscript(&["run", "scripts/nine_agents.rhai"]);
    assert!(shown.text.lines().any(|line| line.starts_with("  speed")), "the speed is worth showing");
    assert_eq!(without_speed(&shown.text), without_speed(&String::from_utf8_lossy(&ended.stdout)));
}

/// A line of a batch's table without the last column, which depends on the machine.
fn without_took(line: &str) -> &str {
    if line.ends_with("took") || line.contains('✓') {
        line.rsplit_once("  ").unwrap().0.trim_end()
    } else {
        line
    }
}

#[test]
fn the_readme_shows_what_a_batch_prints() {
    let readme = read(&root().join("README.md"));
    let shown = blocks(&readme).into_iter().find(|block| block.text.contains("6 passed")).unwrap();
    let place = tempfile::tempdir().unwrap();
    let ended = mqscript(&["batch", "-q", "scripts/batch/quick.yaml", "-o", place.path().to_str().unwrap()]);
    let printed = String::from_utf8(ended.stdout).unwrap();
    let mut printed = printed.lines().map(without_took);
    let (table, end) = shown.text.split_once("…\n").unwrap();
    assert!(table.lines().count() > 10, "{table}");
    for line in table.lines() {
        assert_eq!(printed.next(), Some(without_took(line)));
    }
    for line in end.lines() {
        assert!(printed.any(|said| said == line), "{line}");
    }
}

/// The batch file that the guide shows, in the folder of the bundled scripts: every cell of it passes.
#[test]
fn the_batch_file_of_the_guide_passes_as_it_stands() {
    let page = read(&root().join("docs/batch.md"));
    let shown = blocks(&page).into_iter().find(|block| block.info == "yaml").unwrap();
    let place = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(root().join("scripts")).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), place.path().join(entry.file_name())).unwrap();
        }
    }
    let file = place.path().join("nightly.yaml");
    fs::write(&file, &shown.text).unwrap();
    let ended = mqscript(&["batch", "-q", file.to_str().unwrap()]);
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && printed.contains("nightly: 21 cells"), "{printed}");
}

/// A heading's anchor, as Markdown viewers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace('`', "");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn anchors(page: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix('#').filter(|_| !fenced) {
            found.insert(anchor(heading.trim_start_matches('#')));
        }
    }
    found
}

/// The targets of the links in a page, those in fenced blocks left out.
fn links(page: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        let targets = line.split("](").skip(1).filter(|_| !fenced);
        found.extend(targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for (path, page) in pages() {
        for link in links(&page).into_iter().filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let stands = target.exists() && (heading.is_empty() || anchors(&read(&target)).contains(heading));
            if !stands {
                wrong.push(format!("{}: {link}", name(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Flags of cargo and of releases to come, which the pages may name.
const OTHER_FLAGS: [&str; 12] = [
    "--update",
    // A parameter of a script on the page.
    "--workers",
    "--bench",
    "--bin",
    "--check",
    "--ignored",
    "--manifest-path",
    "--nats",
    "--nocapture",
    "--release",
    "--test",
    "--workspace",
];

/// Flags in a text: `--` and a word.
fn flags(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("--").filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        let word = &text[at..];
        let end =
            2 + word[2..].find(|c: char| !(c.is_ascii_lowercase() || c == '-')).unwrap_or(word.len() - 2);
        let starts = word[2..].starts_with(|c: char| c.is_ascii_lowercase());
        let apart = before.is_none_or(|c| c.is_whitespace() || matches!(c, '`' | '(' | '['));
        (starts && apart).then(|| word[..end].trim_end_matches('-'))
    })
}

#[test]
fn flags_that_are_named_exist() {
    let mut known: BTreeSet<String> = OTHER_FLAGS.map(str::to_owned).into();
    let commands = [
        &[][..],
        &["run"],
        &["check"],
        &["batch"],
        &["compare"],
        &["report"],
        &["fit"],
        &["core", "info"],
        &["core", "new"],
        &["core", "check"],
        &["man"],
    ]
    .map(|words| [words, &["--help"]].concat());
    for command in &commands {
        let help = String::from_utf8(mqscript(command).stdout).unwrap();
        known.extend(flags(&help).map(str::to_owned));
    }
    let mut unknown = Vec::new();
    for (path, page) in pages() {
        let missing = flags(&page).filter(|flag| !known.contains(*flag));
        unknown.extend(missing.map(|flag| format!("{}: {flag}", name(&path))));
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}
