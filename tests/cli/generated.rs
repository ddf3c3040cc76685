//! Completions and manual pages: shells and manual viewers themselves say whether they are right.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::program::{Ended, command, folder, mqscript};

/// Runs a tool; none if it is missing, which is told.
fn tool(command: &mut Command) -> Option<Ended> {
    match command.output() {
        Ok(output) => Some(output.into()),
        Err(error) => {
            let told = format!("skipped: {}: {error}", command.get_program().display());
            assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "nothing may be skipped: {told}");
            println!("{told}");
            None
        }
    }
}

/// What bash would offer at the end of a line, according to the completions in `script`.
fn offered(script: &Path, line: &[&str]) -> Option<BTreeSet<String>> {
    const COMPLETE: &str = r#"
        source "$1"; shift
        [[ $(complete -p mqscript) == *'-F _mqscript '* ]] || { echo "nothing is registered" >&2; exit 1; }
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _mqscript mqscript "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", COMPLETE, "bash"]).arg(script).args(line);
    let ended = tool(&mut bash)?;
    assert!(ended.code == 0 && ended.stderr.is_empty(), "{line:?}: {ended:?}");
    Some(ended.stdout.lines().filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let place = folder();
    let script = place.path().join("mqscript.bash");
    fs::write(&script, mqscript(&["completions", "bash"]).stdout).unwrap();
    for (line, expected) in [
        (&["mqscript", "ba"][..], &["batch"][..]),
        (&["mqscript", "core", "ne"], &["new"]),
        (&["mqscript", "core", "c"], &["check"]),
        (&["mqscript", "completions", "p"], &["powershell"]),
        (&["mqscript", "run", "--dur"], &["--duration"]),
        (&["mqscript", "run", "--clock", "v"], &["virtual"]),
        (&["mqscript", "batch", "--re"], &["--repeats", "--resume"]),
        (&["mqscript", "nothing-begins-so"], &[]),
    ] {
        let Some(offered) = offered(&script, line) else { return };
        assert_eq!(offered, expected.iter().map(|word| (*word).to_owned()).collect(), "{line:?}");
    }
}

#[test]
fn every_shell_gets_its_own() {
    for (shell, begins, names) in [
        ("zsh", "#compdef mqscript\n", "'batch:Run a matrix"),
        ("fish", "# Print an optspec", "complete -c mqscript"),
        ("elvish", "\nuse builtin;\n", "set edit:completion:arg-completer[mqscript]"),
        ("powershell", "\nusing namespace", "Register-ArgumentCompleter -Native -CommandName 'mqscript'"),
    ] {
        let ended = mqscript(&["completions", shell]);
        assert!(ended.code == 0 && ended.stderr.is_empty(), "{shell}: {}", ended.stderr);
        assert!(ended.stdout.starts_with(begins), "{shell}: {}", &ended.stdout[..200]);
        assert!(ended.stdout.contains(names), "{shell}");
    }
}

#[test]
fn wrong_shells_are_refused() {
    for (arguments, told) in [
        (&["completions"][..], "<SHELL>"),
        (&["completions", "csh"], "[possible values: bash, elvish, fish, powershell, zsh]"),
        (&["completions", "bash", "zsh"], "unexpected argument 'zsh'"),
    ] {
        let ended = mqscript(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        assert!(ended.stderr.contains(told), "{ended:?}");
    }
}

/// A command and all below it, as the help lists them: `core new`.
fn commands(above: &str) -> Vec<String> {
    let words: Vec<&str> = above.split_whitespace().chain(["--help"]).collect();
    let help = mqscript(&words).stdout;
    let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    // A name stands after two blanks; what is told of it goes on further in.
    let names = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    let below: Vec<String> = names.map(|name| format!("{above} {name}").trim().to_owned()).collect();
    below.into_iter().flat_map(|name| [vec![name.clone()], commands(&name)].concat()).collect()
}

#[test]
fn each_command_has_a_page_and_each_page_renders() {
    let place = folder();
    let pages = place.path().join("made/man1");
    let ended = mqscript(&["man", "--out", pages.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let all = commands("");
    assert!(all.contains(&"batch".to_owned()) && all.contains(&"core new".to_owned()), "{all:?}");
    let expected: BTreeSet<String> = all
        .iter()
        .map(|name| format!("mqscript-{}.1", name.replace(' ', "-")))
        .chain(["mqscript.1".to_owned()])
        .collect();
    let entries = fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().file_name());
    let there: BTreeSet<String> = entries.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(there, expected);
    assert!(ended.stdout.contains(&format!("{} pages", there.len())), "{ended:?}");
    for name in &there {
        let mut groff = Command::new("groff");
        groff.args(["-Kutf8", "-man", "-Tutf8", "-ww", "-P-cbou"]).arg(pages.join(name));
        let Some(ended) = tool(&mut groff) else { return };
        assert!(ended.code == 0 && ended.stderr.is_empty(), "{name}: {}", ended.stderr);
        for part in ["NAME\n", "SYNOPSIS\n", "OPTIONS\n", "EXIT STATUS\n", "SEE ALSO\n", "8      the ledger"]
        {
            assert!(ended.stdout.contains(part), "{name} lacks {part:?}:\n{}", ended.stdout);
        }
        if name == "mqscript-run.1" {
            let example =
                "       mqscript run --success-rate 0.8                      a core that refuses one";
            assert!(ended.stdout.contains(example), "{}", ended.stdout);
        }
    }
}

#[test]
fn the_main_page_comes_without_a_folder() {
    let place = folder();
    let page = mqscript(&["man"]);
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));
    mqscript(&["man", "--out", place.path().to_str().unwrap()]);
    assert_eq!(page.stdout, fs::read_to_string(place.path().join("mqscript.1")).unwrap());
    assert!(page.stdout.contains(".TH mqscript 1"), "{}", page.stdout);
}

#[test]
fn pages_go_where_they_can_be_written() {
    let place = folder();
    let file = place.path().join("file");
    fs::write(&file, "mine").unwrap();
    for out in [file.clone(), file.join("below")] {
        let ended = command(&["man", "--out"]).arg(&out).output().map(Ended::from).unwrap();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        assert!(ended.stderr.contains("the pages cannot be written to"), "{ended:?}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    // Older pages are replaced.
    let pages = place.path().join("pages");
    fs::create_dir(&pages).unwrap();
    fs::write(pages.join("mqscript.1"), "old").unwrap();
    assert_eq!(mqscript(&["man", "-o", pages.to_str().unwrap()]).code, 0);
    assert_ne!(fs::read_to_string(pages.join("mqscript.1")).unwrap(), "old");
}
