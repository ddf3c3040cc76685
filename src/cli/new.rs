//! `new`: a folder with a script, a batch file and a CI workflow that work at once. What it writes lies in `new/`, under
//! another name.

use super::arguments::NewFlags;
use super::scaffold::{self, NewFile, usage};
use super::schema;
use mqscript::diagnostics::{Diagnostics, Exit};
use mqscript::report::printable;
use mqscript::session::repeat::quoted;
use mqscript::session::terminal;
use std::path::Path;

/// The name in `new/`: each place where it stands gets the new one.
const EXAMPLE: &str = "example";
/// The longest name, in characters.
const NAME_MAX: usize = 64;

const FILES: [(&str, &str); 6] = [
    ("example.rhai", include_str!("new/example.rhai")),
    ("batch.yaml", include_str!("new/batch.yaml")),
    ("README.md", include_str!("new/README.md")),
    (".github/workflows/mqscript.yml", include_str!("new/mqscript.yml")),
    (".gitignore", "/results\n"),
    // The batch file names it, so that editors complete and check while it is written.
    ("batch.schema.json", schema::BATCH),
];

/// The files that `--processor` writes.
const PROCESSOR: [(&str, &str); 3] = [
    ("glue.py", include_str!("new/processor/glue.py")),
    ("example_queue.py", include_str!("new/processor/example_queue.py")),
    ("README.md", include_str!("new/processor/README.md")),
];

/// Makes the folder and says what to do next.
pub fn command(flags: &NewFlags) -> Exit {
    let wrong = match make(flags) {
        Ok(text) => terminal::print(&text).err().unwrap_or_default(),
        Err(fault) => fault,
    };
    terminal::complain(&wrong);
    wrong.exit()
}

fn make(flags: &NewFlags) -> Result<String, Diagnostics> {
    let name = flags.name.as_str();
    check_name(name)?;
    let folder = flags.folder.clone().unwrap_or_else(|| name.into());
    if flags.processor {
        return processor(&folder);
    }
    let files = files(name);
    scaffold::write(&folder, &files)?;
    let path = |inside: &str| quoted(&folder.join(inside).display().to_string());
    let mut text = scaffold::listed(&folder, "a script, a batch file and a CI workflow", &files);
    let (script, batch) = (path(&format!("{name}.rhai")), path("batch.yaml"));
    text += &format!(
        "\nCheck it, play it once, play the matrix:\n  mqscript check {batch}\n  mqscript run {script}\n  mqscript batch {batch}\n"
    );
    Ok(text)
}

/// A folder with the glue between mqscript and a user's own processor.
fn processor(folder: &Path) -> Result<String, Diagnostics> {
    let files: Vec<NewFile> = PROCESSOR.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    scaffold::write(folder, &files)?;
    let glue = quoted(&folder.join("glue.py").display().to_string());
    let mut text =
        scaffold::listed(folder, "the glue for a processor of your own, and an example of one", &files);
    text += &format!(
        "\nPlay it as it stands, then change its numbered lines:\n  mqscript run --processor {glue} --rate 10 --duration 5\n"
    );
    Ok(text)
}

fn files(name: &str) -> Vec<NewFile> {
    let named = |text: &str| text.replace(EXAMPLE, name);
    FILES.iter().map(|(path, text)| (named(path), named(text))).collect()
}

/// Refuses what cannot be the name of a folder and a script everywhere.
fn check_name(name: &str) -> Result<(), Diagnostics> {
    let shown = printable(name);
    if name.contains(['/', '\\', '.']) {
        return Err(usage(format!("`{shown}` is a path, not a name"))
            .help("the name comes first, the folder second: `mqscript new shop load/shop`")
            .into());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let good = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(plain)
            && name.len() <= NAME_MAX
    };
    if good(name) {
        return Ok(());
    }
    let tamed: String = name.trim().chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let found = if name.is_empty() { "nothing".to_owned() } else { format!("`{shown}`") };
    Err(usage("this is no name for a folder and its script")
        .found(found)
        .expected(format!("a letter, then letters, digits, `_` and `-`, at most {NAME_MAX} characters"))
        .help_if(good(&tamed).then(|| format!("write `{tamed}`")))
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["shop", "a", "My-shop_2", &"x".repeat(64)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, told) in [
            ("", "nothing"),
            (" ", "a letter, then"),
            ("my shop", "write `my_shop`"),
            ("smörgås", "write `sm_rg_s`"),
            ("2shop", "a letter, then"),
            ("-shop", "a letter, then"),
            ("a\nb", "write `a_b`"),
            ("a\u{1b}[2Jb", "\\u{1b}[2Jb"),
            ("a/b", "the folder second"),
            ("..", "is a path"),
            (&"x".repeat(65), "at most 64"),
        ] {
            let text = check_name(bad).expect_err(bad).render(false);
            assert!(text.contains(told), "{bad}: {text}");
        }
    }

    #[test]
    fn nothing_of_the_example_is_left() {
        for (path, text) in files("shop") {
            assert!(!path.contains(EXAMPLE) && !text.contains(EXAMPLE), "{path}");
        }
        let all = files("shop").into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        assert!(all.contains(&"shop.rhai".to_owned()), "{all:?}");
    }
}
