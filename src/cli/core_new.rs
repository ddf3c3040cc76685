//! `core new`: a folder with a core that builds at once. What it writes are the cores of `plugins/examples`,
//! under another name.

use super::core_arguments::{CoreLanguage, CoreNewFlags};
use super::scaffold::{self, NewFile, usage};
use mqscript::cores::OWN_CORES;
use mqscript::diagnostics::Diagnostics;
use mqscript::report::printable;
use mqscript::session::repeat::quoted;
use mqscript::session::terminal;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the cores in `plugins/examples`: each place where it stands gets the new one.
const EXAMPLE: &str = "steady";
/// The longest name that the contract allows, in characters.
const NAME_MAX: usize = 64;

/// Words of Rust, C and C++, and devices of Windows: no names for modules, functions or folders.
const RESERVED: &str = "abstract alignas alignof as asm async auto aux await become bool box break case catch char \
    class com1 com2 com3 com4 com5 com6 com7 com8 com9 con const constexpr continue crate default delete do double \
    dyn else enum explicit export extern false final float fn for friend gen goto if impl in inline int let long \
    loop lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 macro match mod move mut mutable namespace new noexcept nul \
    nullptr operator override priv private prn protected pub public ref register reinterpret_cast restrict return \
    self short signed sizeof static static_assert static_cast struct super switch template this thread_local throw \
    trait true try type typedef typeid typename typeof union unsafe unsigned unsized use using virtual void volatile \
    where while yield";

const RUST: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("../../plugins/examples/rust/Cargo.toml")),
    ("src/lib.rs", include_str!("../../plugins/examples/rust/src/lib.rs")),
    ("src/options.json", include_str!("../../plugins/examples/rust/src/options.json")),
    ("tests/conformance.rs", include_str!("../../plugins/examples/rust/tests/conformance.rs")),
    (".gitignore", "/target\n"),
];
/// What a live core has in the place of the files of the same names.
const LIVE: [(&str, &str); 2] = [
    ("src/lib.rs", include_str!("../../plugins/examples/live/src/lib.rs")),
    ("src/options.json", include_str!("../../plugins/examples/live/src/options.json")),
];
const C: [(&str, &str); 4] = [
    ("steady.c", include_str!("../../plugins/examples/c/steady.c")),
    ("Makefile", include_str!("../../plugins/examples/c/Makefile")),
    ("mqscript_core.h", include_str!("../../plugins/sdk/include/mqscript_core.h")),
    (".gitignore", "libmqscript_core_*\n"),
];

/// Makes the folder and says what to do next.
pub fn command(flags: &CoreNewFlags) -> Diagnostics {
    match make(flags) {
        Ok(text) => terminal::print(&text).err().unwrap_or_default(),
        Err(fault) => fault,
    }
}

fn make(flags: &CoreNewFlags) -> Result<String, Diagnostics> {
    let name = flags.name.as_str();
    check_name(name)?;
    let folder = flags.folder.clone().unwrap_or_else(|| name.into());
    let files = match flags.lang {
        CoreLanguage::Rust => {
            let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
            rust(name, &dependency(flags.sdk.as_deref(), checkout)?, flags.live)
        }
        CoreLanguage::C => {
            if flags.sdk.is_some() {
                let title = "`--sdk` has no meaning for a core in C: all it needs is the header, which is written along";
                return Err(usage(title).help("leave out `--sdk`").into());
            }
            if flags.live {
                return Err(usage("`--live` makes a core in Rust: what it is made of is part of the SDK")
                    .help("leave out `--lang c`")
                    .into());
            }
            c(name)
        }
    };
    scaffold::write(&folder, &files)?;
    Ok(told(name, flags.lang, &folder, &files))
}

/// Refuses what cannot be a core's name, and names that are taken.
fn check_name(name: &str) -> Result<(), Diagnostics> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let shown = printable(name);
    if name.contains(['/', '\\', '.']) {
        return Err(usage(format!("`{shown}` is a path, not a core's name"))
            .help("the name comes first, the folder second: `mqscript core new tube work/tube`")
            .into());
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(plain)
        || name.len() > NAME_MAX
    {
        let expected = format!(
            "a lower case letter, then lower case letters, digits and `_`, at most {NAME_MAX} characters"
        );
        let tamed: String = name.to_ascii_lowercase().replace(['-', ' '], "_");
        let help = (tamed != name && check_name(&tamed).is_ok()).then(|| format!("write `{tamed}`"));
        let found = if name.is_empty() { "nothing".to_owned() } else { format!("`{shown}`") };
        return Err(usage("this is no name for a core").found(found).expected(expected).help_if(help).into());
    }
    if OWN_CORES.contains(&name) {
        return Err(usage(format!("there is a core `{name}` already: it comes with mqscript"))
            .help(format!("choose another name, such as `my_{name}`"))
            .into());
    }
    if RESERVED.split_whitespace().any(|word| word == name) {
        return Err(usage(format!("`{name}` is a reserved word"))
            .help(format!("choose another name, such as `{name}_core`"))
            .into());
    }
    Ok(())
}

/// How the new crate's manifest names the SDK: by path, or by version.
fn dependency(sdk: Option<&str>, checkout: &Path) -> Result<String, Diagnostics> {
    let Some(sdk) = sdk else {
        return match sdk_in(checkout) {
            Some(folder) => by_path(&folder),
            None => Err(usage("the SDK, which a core in Rust is built on, is not found")
                .note(format!("this program was built in {}, which is gone", checkout.display()))
                .help("say where a checkout of mqscript is: `--sdk path/to/mqscript`")
                .help(format!("or, where a registry has the crate mqscript-plugin: `--sdk {VERSION}`"))
                .help("or write the core in C, which needs nothing but the header: `--lang c`")
                .into()),
        };
    };
    if let Some(folder) = sdk_in(Path::new(sdk)) {
        return by_path(&folder);
    }
    let numbers = || sdk.split('.');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if numbers().all(is_number) && numbers().count() <= 3 {
        return Ok(format!("\"{sdk}\""));
    }
    Err(usage(format!("`--sdk {}`: the SDK is not there", printable(sdk)))
        .expected(format!("a checkout of mqscript, its folder plugins/sdk, or a version such as {VERSION}"))
        .into())
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The SDK's folder, if `folder` is it or a checkout that holds it.
fn sdk_in(folder: &Path) -> Option<PathBuf> {
    let is_sdk = |folder: &PathBuf| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line == "name = \"mqscript-plugin\"")
    };
    let found = [folder.to_owned(), folder.join("plugins/sdk")].into_iter().find(is_sdk)?;
    fs::canonicalize(found).ok()
}

fn by_path(folder: &Path) -> Result<String, Diagnostics> {
    match folder.to_str() {
        // What JSON escapes, TOML reads alike.
        Some(path) => Ok(format!("{{ path = {} }}", serde_json::Value::from(path))),
        None => Err(usage(format!("the SDK's folder {} has a name that is not UTF-8", folder.display()))
            .help("move it, or give another one by `--sdk`")
            .into()),
    }
}

fn rust(name: &str, dependency: &str, is_live: bool) -> Vec<NewFile> {
    let named = |text: &str| text.replace(EXAMPLE, name).replace("{ path = \"../../sdk\" }", dependency);
    let own = |path: &str| LIVE.iter().find(|(live, _)| is_live && *live == path).map(|(_, text)| *text);
    RUST.iter().map(|(path, text)| ((*path).to_owned(), named(own(path).unwrap_or(text)))).collect()
}

fn c(name: &str) -> Vec<NewFile> {
    let named = |text: &str| text.replace(EXAMPLE, name);
    let in_place = |text: &str| named(text).replace("../../sdk/include", ".");
    C.iter().map(|(path, text)| (named(path), in_place(text))).collect()
}

/// Says what was made, and the next two commands.
fn told(name: &str, lang: CoreLanguage, folder: &Path, files: &[NewFile]) -> String {
    let library = format!("{DLL_PREFIX}mqscript_core_{name}{DLL_SUFFIX}");
    let path = |inside: &str| quoted(&folder.join(inside).display().to_string());
    let (language, build, built) = match lang {
        CoreLanguage::Rust => {
            let build = format!("cargo build --release --manifest-path {}", path("Cargo.toml"));
            ("Rust", build, path(&format!("target/release/{library}")))
        }
        CoreLanguage::C => {
            let folder = quoted(&folder.display().to_string());
            ("C", format!("make -C {folder}"), path(&library))
        }
    };
    let text = scaffold::listed(folder, &format!("the core `{name}` in {language}"), files);
    format!("{text}\nBuild it, then check it:\n  {build}\n  mqscript core check {built}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> String {
        check_name(name).expect_err(name).render(false)
    }

    #[test]
    fn names_are_those_of_the_contract() {
        for good in ["tube", "a", "my_broker2", "selfish", &"x".repeat(64)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, told) in [
            ("", "nothing"),
            ("Tube", "write `tube`"),
            ("my-broker", "write `my_broker`"),
            ("2tube", "a lower case letter"),
            ("_tube", "a lower case letter"),
            ("tübe", "a lower case letter"),
            (&"x".repeat(65), "at most 64"),
            ("a/b", "the folder second"),
            ("..", "is a path"),
            ("mock", "comes with mqscript"),
            ("match", "reserved word"),
            ("nul", "reserved word"),
        ] {
            assert!(refused(bad).contains(told), "{bad}: {}", refused(bad));
        }
        assert!(!refused("MATCH").contains("write"), "no help that is refused in its turn");
    }

    #[test]
    fn every_core_that_comes_along_is_known() {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
        let mut there: Vec<String> = fs::read_dir(plugins)
            .unwrap()
            .map(|entry| entry.unwrap().path().join("Cargo.toml"))
            .filter_map(|manifest| {
                let text = fs::read_to_string(manifest).ok()?;
                let name = text.lines().find_map(|line| line.strip_prefix("name = \"mqscript_core_"))?;
                Some(name.trim_end_matches('"').to_owned())
            })
            .collect();
        let mut known = OWN_CORES.map(str::to_owned).to_vec();
        there.sort();
        known.sort();
        assert_eq!(there, known);
    }

    #[test]
    fn the_sdk_is_found_in_the_checkout_or_told_to_be_missing() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = checkout.join("plugins/sdk").canonicalize().unwrap();
        let path = format!("{{ path = {:?} }}", folder.to_str().unwrap());
        assert_eq!(dependency(None, checkout), Ok(path.clone()));
        let gone = Path::new("/there/is/no/such/folder");
        assert_eq!(dependency(checkout.to_str(), gone), Ok(path.clone()));
        assert_eq!(dependency(folder.to_str(), gone), Ok(path));
        assert_eq!(dependency(Some("0.1"), gone), Ok("\"0.1\"".to_owned()));
        let text = dependency(None, gone).unwrap_err().render(false);
        for part in ["/there/is/no/such/folder", "--sdk path/to/mqscript", "--sdk 0.1.0", "--lang c"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        for wrong in ["/there", "0.1.x", "0.1.2.3", "src"] {
            let text = dependency(Some(wrong), gone).unwrap_err().render(false);
            assert!(
                text.contains("the SDK is not there") && text.contains("a checkout of mqscript"),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_of_the_example_is_left() {
        let in_rust = [false, true].map(|is_live| rust("tube", "\"1\"", is_live)).concat();
        for (path, text) in in_rust.into_iter().chain(c("tube")) {
            assert!(!path.contains(EXAMPLE) && !text.contains(EXAMPLE), "{path}");
            assert!(!text.contains("../../"), "{path} leads out of its folder");
        }
    }
}
