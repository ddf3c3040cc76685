//! Which files are loaded as cores, and on whose word; what is told and saved of the files that are.
#![cfg(unix)]

use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use support::compile;
use support::program::{Ended, command, folder, mqscript};

/// A core `small` in `folder`, under the name by which it is found.
fn small_in(folder: &Path) -> PathBuf {
    let library = folder.join("libmqscript_core_small.so");
    fs::copy(compile("core.c", &[]), &library).unwrap();
    set_mode(&library, 0o755);
    library
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn by_variable(arguments: &[&str], here: &Path, variable: &str) -> Ended {
    command(arguments).current_dir(here).env("MQSCRIPT_CORE_PATH", variable).output().expect("starts").into()
}

fn refused(ended: &Ended, why: &str) {
    assert_eq!((ended.code, ended.stdout.as_str()), (6, ""), "{ended:?}");
    for part in ["libmqscript_core_small.so is not loaded: ", why, "say `--core-path "] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
}

#[test]
fn the_environment_and_scripts_load_only_what_nobody_else_can_write_to() {
    let folder = folder();
    let library = small_in(folder.path());
    let script = folder.path().join("small.rhai");
    fs::write(
        &script,
        format!(
            r#"run(scenario(#{{ arrival: poisson("50/s"), mix: ["direct"], duration: "1s" }}), core("{}"));"#,
            text(&library)
        ),
    )
    .unwrap();
    let info = || by_variable(&["core", "info", "small"], Path::new("/"), text(folder.path()));
    let run = |more: &[&str]| mqscript(&[&["run", text(&script), "-q"], more].concat());
    assert_eq!((info().code, run(&[]).code), (0, 0));

    set_mode(&library, 0o757);
    refused(&info(), "everybody can write to it (mode 0757)");
    let in_run = run(&[]);
    assert!(in_run.code == 6 && in_run.stderr.contains("everybody can write to it"), "{in_run:?}");
    let listed = by_variable(&["core", "list"], Path::new("/"), text(folder.path()));
    assert!(listed.code == 6 && listed.stderr.contains("everybody can write to it"), "{listed:?}");
    // On the command line the user says so himself.
    assert_eq!(run(&["--core-path", text(folder.path())]).code, 0);
    assert_eq!(mqscript(&["core", "info", text(&library)]).code, 0);
    assert_eq!(mqscript(&["core", "info", "small", "--core-path", text(folder.path())]).code, 0);
    let any = folder.path().join("any.rhai");
    fs::write(&any, r#"run(scenario(#{ arrival: poisson("50/s"), mix: ["direct"], duration: "1s" }));"#)
        .unwrap();
    let named = mqscript(&["run", text(&any), "-q", "--core", text(&library)]);
    assert_eq!(named.code, 0, "{named:?}");

    set_mode(&library, 0o755);
    set_mode(folder.path(), 0o777);
    refused(&info(), "everybody can write to the folder ");
    set_mode(folder.path(), 0o1777);
    assert_eq!(info().code, 0, "in a folder with the sticky bit a file stays its owner's");
}

#[test]
fn a_relative_path_in_the_environment_is_the_current_folder_in_disguise() {
    let folder = folder();
    small_in(folder.path());
    let info = ["core", "info", "small"];
    refused(&by_variable(&info, folder.path(), "."), "it is in the current folder, by a relative path");
    assert_eq!(by_variable(&info, folder.path(), text(folder.path())).code, 0);
    let nothing = command(&info).current_dir(folder.path()).output().expect("starts").into();
    let Ended { code: 6, stderr, .. } = nothing else { panic!("found in the current folder") };
    assert!(stderr.contains("there is no core `small`"), "{stderr}");
}

#[test]
fn files_of_other_users_are_refused() {
    let folder = folder();
    let library = small_in(folder.path());
    if let Err(error) = std::os::unix::fs::chown(&library, Some(54_321), None) {
        assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "skipped");
        eprintln!("skipped: only root can give a file away ({error})");
        return;
    }
    let ended = by_variable(&["core", "info", "small"], Path::new("/"), text(folder.path()));
    refused(&ended, "it belongs to another user (number 54321)");
}

#[test]
fn what_was_loaded_is_told_and_saved_with_its_hash() {
    let folder = folder();
    let library = small_in(folder.path()).canonicalize().unwrap();
    let tool = std::process::Command::new("sha256sum").arg(&library).output().expect("sha256sum");
    let sum = String::from_utf8(tool.stdout).unwrap()[..64].to_owned();
    let info = mqscript(&["core", "info", text(&library)]);
    assert!(info.stdout.contains(&format!("  file     {}\n  sha256   {sum}\n", text(&library))), "{info:?}");

    let script = folder.path().join("two.rhai");
    let chain = format!(r#"layer("chaos", core("{}"))"#, text(&library));
    let run = r#"run(scenario(#{ arrival: poisson("50/s"), mix: ["direct"], duration: "1s" }), "#;
    fs::write(&script, format!("{run}{chain}).save(\"by_script.json\");")).unwrap();
    let output = folder.path().join("by_flag.json");
    let ended = mqscript(&["run", text(&script), "-q", "-o", text(&output)]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let saved = |name: &str| -> Value {
        let report: Value = serde_json::from_slice(&fs::read(folder.path().join(name)).unwrap()).unwrap();
        report["runs"][0].clone()
    };
    let (by_flag, by_script) = (saved("by_flag.json"), saved("by_script.json"));
    for run in [&by_flag, &by_script] {
        assert_eq!(run["environment"]["files"]["core small"], text(&library));
        assert_eq!(run["environment"]["sha256"]["core small"], sum.as_str());
        assert_eq!(run["environment"]["sha256"]["core chaos"].as_str().unwrap().len(), 64);
    }
    // Another file with the same behaviour gives the same digest: it is about what was measured.
    fs::OpenOptions::new()
        .append(true)
        .open(&library)
        .and_then(|mut f| std::io::Write::write_all(&mut f, b"\0"))
        .unwrap();
    let again = folder.path().join("again.json");
    fs::write(&script, format!("{run}{chain});")).unwrap();
    assert_eq!(mqscript(&["run", text(&script), "-q", "-o", text(&again)]).code, 0);
    let again = saved("again.json");
    assert_ne!(again["environment"]["sha256"]["core small"], sum.as_str());
    assert_eq!(again["digest"], by_flag["digest"]);
}
