//! The archive: complete, the same each time, and at home wherever it is unpacked.

use super::{bare, cores, pack, packed, skipped, succeeds, unpacked, walk};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use support::program::Ended;
use xtask::Dist;

#[test]
fn the_same_build_gives_the_same_bytes() {
    let place = tempfile::tempdir().unwrap();
    let again = pack(place.path());
    for (one, other) in packed().files().zip(again.files()) {
        assert_eq!(one.file_name(), other.file_name());
        assert!(fs::read(one).unwrap() == fs::read(other).unwrap(), "{} differs", one.display());
    }
    let sums = succeeds(Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(place.path()));
    assert_eq!(sums.stdout.matches(": OK").count(), again.files().count() - 1, "{sums:?}");
}

#[test]
fn the_archive_works_from_wherever_it_is_unpacked() {
    let place = tempfile::tempdir().unwrap();
    let root = unpacked(place.path());
    let program = root.join("bin/mqscript");
    // By a link on the PATH, too.
    let link = place.path().join("link");
    symlink(&program, &link).unwrap();
    for program in [&program, &link] {
        let listed = cores(&succeeds(&mut bare(program, &["core", "list"])).stdout);
        let names: Vec<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["broker", "chaos", "exec", "mock", "sqlite"]);
        let inside = root.join("lib/mqscript/cores").canonicalize().unwrap();
        for (name, file) in &listed {
            assert!(Path::new(file).canonicalize().unwrap().starts_with(&inside), "{name}: {file}");
        }
    }
    let run = succeeds(&mut bare(&program, &["run", "nine_agents", "-q"]));
    assert!(run.stdout.contains("17,309 generated = 17,307 delivered"), "{}", run.stdout);
    let results = place.path().join("results");
    let quick = root.join("share/mqscript/scripts/batch/quick.yaml");
    let batch = ["batch", "-q", quick.to_str().unwrap(), "-o", results.to_str().unwrap()];
    let batch = succeeds(&mut bare(&program, &batch));
    assert!(batch.stdout.contains("quick: 6 cells: 6 passed"), "{}", batch.stdout);
    assert!(results.join("latest/junit.xml").is_file());
    for shell in ["bash", "zsh", "fish"] {
        let file = match shell {
            "bash" => "share/bash-completion/completions/mqscript",
            "zsh" => "share/zsh/site-functions/_mqscript",
            _ => "share/fish/vendor_completions.d/mqscript.fish",
        };
        let made = succeeds(&mut bare(&program, &["completions", shell])).stdout;
        assert_eq!(made, fs::read_to_string(root.join(file)).unwrap(), "{shell}");
    }
    let page = succeeds(&mut bare(&program, &["man"])).stdout;
    assert_eq!(page, fs::read_to_string(root.join("share/man/man1/mqscript.1")).unwrap());
}

/// A guide whose links lead nowhere sends its reader away.
#[test]
fn every_link_of_the_packaged_guide_leads_to_a_file() {
    let place = tempfile::tempdir().unwrap();
    let root = unpacked(place.path());
    let mut links = 0;
    walk(&root.join("share/doc/mqscript"), &mut |page| {
        if page.extension().is_none_or(|ending| ending != "md") {
            return;
        }
        let text = fs::read_to_string(page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            links += 1;
            assert!(page.with_file_name(file).exists(), "{} links to {link}", page.display());
        }
    });
    assert!(links > 50, "{links}");
}

#[test]
fn the_archive_has_everything() {
    let place = tempfile::tempdir().unwrap();
    let root = unpacked(place.path());
    let mut files = BTreeSet::new();
    walk(&root, &mut |path| {
        files.insert(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
    });
    for expected in [
        "include/mqscript/mqscript_core.h",
        "share/mqscript/schemas/report.schema.json",
        "share/mqscript/scripts/nine_agents.rhai",
        "share/mqscript/scripts/batch/nightly.yaml",
        "share/man/man1/mqscript-core-new.1",
        "share/doc/mqscript/README.md",
        "share/doc/mqscript/docs/batch.md",
        "share/doc/mqscript/plugins/exec/examples/send_message.py",
    ] {
        assert!(files.contains(expected), "{expected} is missing: {files:#?}");
    }
    // What the packaged batch files name is where they say.
    for name in ["nightly.yaml", "quick.yaml", "real_cores.yaml"] {
        let file = root.join("share/mqscript/scripts/batch").join(name);
        succeeds(&mut bare(&root.join("bin/mqscript"), &["check", file.to_str().unwrap()]));
    }
    let copyright = fs::read_to_string(root.join("share/doc/mqscript/copyright")).unwrap();
    for part in
        ["\n  rhai 1.", "\n  rusqlite 0.", ": MIT OR Apache-2.0\n", "SQLite, which is in the public domain"]
    {
        assert!(copyright.contains(part), "{part:?}: {copyright}");
    }
    assert!(
        !copyright.contains(env!("CARGO_MANIFEST_DIR")) && !copyright.contains("mqscript-host"),
        "{copyright}"
    );
}

/// The header of the package stands by itself: a core in C is built with nothing else.
#[test]
fn a_core_is_built_with_the_header_of_the_archive() {
    let place = tempfile::tempdir().unwrap();
    let root = unpacked(place.path());
    let library = place.path().join("libmqscript_core_steady.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/examples/c/steady.c");
    let text = fs::read_to_string(source).unwrap().replace("../../sdk/include/", "");
    fs::write(place.path().join("steady.c"), text).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg("-I").arg(root.join("include/mqscript"));
    succeeds(cc.arg("steady.c").current_dir(place.path()));
    let told = succeeds(&mut bare(&root.join("bin/mqscript"), &["core", "info", library.to_str().unwrap()]));
    assert!(told.stdout.starts_with("steady 0.1.0"), "{told:?}");
}

/// Unpacked by one user, the archive works for another: the cores are no less safe than the program.
#[test]
fn the_archive_works_for_users_who_do_not_own_it() {
    if !Command::new("id").arg("-u").output().is_ok_and(|ended| ended.stdout == b"0\n") {
        return skipped("only root may become other users");
    }
    let place = tempfile::tempdir().unwrap();
    succeeds(Command::new("chmod").arg("755").arg(place.path()));
    let root = unpacked(place.path());
    succeeds(Command::new("chown").args(["-R", "1234:1234"]).arg(&root));
    for user in ["0:0", "1234:1234", "65534:65534"] {
        let mut run = Command::new("chroot");
        run.arg(format!("--userspec={user}")).arg("/").arg(root.join("bin/mqscript")).args(["run", "-q"]);
        succeeds(run.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
    }
    // What others may write to is refused, and named.
    let mock = root.join("lib/mqscript/cores/libmqscript_core_mock.so");
    succeeds(Command::new("chmod").arg("o+w").arg(&mock));
    let ended = Ended::from(bare(&root.join("bin/mqscript"), &["run", "-q"]).output().unwrap());
    assert!(ended.code == 6 && ended.stderr.contains("everybody can write to it"), "{ended:?}");
}

#[test]
fn a_build_that_lacks_something_is_refused() {
    let place = tempfile::tempdir().unwrap();
    fs::copy(env!("CARGO_BIN_EXE_mqscript"), place.path().join("mqscript")).unwrap();
    let dist = Dist {
        root: env!("CARGO_MANIFEST_DIR").into(),
        profile: "none is built".into(),
        built: Some(place.path().to_owned()),
        nats: false,
        out: place.path().join("out"),
        maintainer: "Somebody <somebody@example.org>".into(),
    };
    let error = xtask::dist(&dist).unwrap_err().to_string();
    assert!(error.contains("has no ") && error.contains("mqscript_core_mock"), "{error}");
    assert!(!place.path().join("out").exists());
}
