//! `cargo xtask dist`: what it packs works from wherever it is unpacked, and in a root folder with nothing else in it but
//! the C library.

mod cli_support;

use cli_support::Ended;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;
use xtask::{Dist, Made};

/// Packs this build into a folder.
fn pack(out: &Path) -> Made {
    let built = Path::new(env!("CARGO_BIN_EXE_mqscript")).parent().map(Path::to_owned);
    let dist = Dist {
        root: env!("CARGO_MANIFEST_DIR").into(),
        profile: "none is built".into(),
        built,
        nats: false,
        out: out.to_owned(),
        maintainer: "Somebody <somebody@example.org>".into(),
    };
    xtask::dist(&dist).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The packages of this build, made once.
fn packed() -> &'static Made {
    static PACKED: OnceLock<Made> = OnceLock::new();
    PACKED.get_or_init(|| pack(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("dist")))
}

/// Says why a test is skipped; `MQSCRIPT_NO_SKIP` does not allow it.
fn skipped(why: &str) {
    assert!(std::env::var_os("MQSCRIPT_NO_SKIP").is_none(), "nothing may be skipped: {why}");
    println!("skipped: {why}");
}

/// Runs a command that must end well.
#[track_caller]
fn succeeds(command: &mut Command) -> Ended {
    let ended = Ended::from(command.stdin(Stdio::null()).output().unwrap());
    assert_eq!(ended.code, 0, "{command:?}: {ended:?}");
    ended
}

/// Unpacks the archive into a folder, and gives the one folder that is in it.
fn unpacked(into: &Path) -> PathBuf {
    succeeds(
        Command::new("tar").args(["--extract", "--gzip", "--file"]).arg(&packed().archive).current_dir(into),
    );
    let name = packed().archive.file_name().unwrap().to_str().unwrap().strip_suffix(".tar.gz").unwrap();
    let inside: Vec<_> = fs::read_dir(into).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(inside.iter().any(|there| there == name), "{inside:?}");
    into.join(name)
}

/// A program in an environment that knows nothing of this machine, in the folder `/`.
fn bare(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir("/");
    command
}

/// The cores that a program finds, each with its file.
fn cores(told: &str) -> Vec<(String, String)> {
    let names = told.lines().filter(|line| !line.starts_with(' '));
    let names = names.map(|line| line.split(' ').next().unwrap().to_owned());
    let files = told.lines().map(str::trim).filter(|line| line.starts_with('/'));
    names.zip(files.map(str::to_owned)).collect()
}

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
        assert_eq!(names, ["chaos", "exec", "mock", "sqlite"]);
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
    assert!(batch.stdout.contains("quick: 6 cells: 6 all well"), "{}", batch.stdout);
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

/// Every file below a folder.
fn walk(folder: &Path, seen: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, seen) } else { seen(&path) }
    }
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

/// The steps of the workflow that `mqscript new` writes, in their order, as GitHub would run them.
#[test]
fn the_workflow_of_a_new_folder_runs_on_the_archive() {
    let place = tempfile::tempdir().unwrap();
    succeeds(Command::new(env!("CARGO_BIN_EXE_mqscript")).args(["new", "shop"]).current_dir(place.path()));
    let shop = place.path().join("shop");
    let workflow = fs::read_to_string(shop.join(".github/workflows/mqscript.yml")).unwrap();
    let temporary = place.path().join("runner");
    let (path, summary) = (place.path().join("path"), place.path().join("summary"));
    let sums = fs::read_to_string(&packed().sums).unwrap();
    let sum = sums.split_whitespace().next().unwrap();
    let mut steps = 0;
    let run = |script: &str, archive: &str, sum: &str| {
        let more = fs::read_to_string(&path).unwrap_or_default();
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", script]).current_dir(&shop).env("RUNNER_TEMP", &temporary);
        bash.env("GITHUB_PATH", &path).env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_WORKSPACE", &shop);
        bash.env("PATH", format!("{}:/usr/bin:/bin", more.trim().replace('\n', ":")))
            .env("ARCHIVE", archive)
            .env("SHA256", sum);
        Ended::from(bash.output().unwrap())
    };
    let scripts = run_scripts(&workflow);
    let fresh = || {
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir(&temporary).unwrap();
    };
    // Without an archive it says what to do; a wrong sum is noticed.
    fresh();
    let ended = run(&scripts[0], "", "");
    assert!(ended.code == 1 && ended.stdout.contains("set the variable MQSCRIPT_ARCHIVE"), "{ended:?}");
    fs::copy(&packed().archive, shop.join("tool.tar.gz")).unwrap();
    assert_ne!(run(&scripts[0], "tool.tar.gz", &"0".repeat(64)).code, 0);
    assert!(!path.exists());
    let address = format!("file://{}", packed().archive.display());
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    if !has_curl {
        skipped("there is no curl here: no archive is fetched");
    }
    for archive in ["tool.tar.gz"].into_iter().chain(has_curl.then_some(address.as_str())) {
        fresh();
        for script in &scripts {
            let ended = run(script, archive, sum);
            assert_eq!(ended.code, 0, "{script}\n{ended:?}");
            steps += 1;
        }
    }
    assert!(steps >= 4, "{workflow}");
    let shown = fs::read_to_string(summary).unwrap();
    assert!(shown.contains("shop · mock · rate=10/s"), "{shown}");
    assert!(shop.join("results/latest/junit.xml").is_file());
}

/// The texts of all `run:` keys.
fn run_scripts(workflow: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(text) = line.strip_prefix("        run: ") else { continue };
        if text != "|" {
            scripts.push(text.to_owned());
            continue;
        }
        let mut script = String::new();
        while let Some(line) = lines.next_if(|line| line.is_empty() || line.starts_with("          ")) {
            script += &format!("{}\n", line.trim_start_matches("          "));
        }
        scripts.push(script);
    }
    scripts
}

/// A root folder with this machine's C library, and with dpkg's word that it is there.
fn empty_root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let in_root = |path: &str| root.path().join(path.trim_start_matches('/'));
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "tmp"] {
        fs::create_dir_all(in_root(folder)).unwrap();
    }
    succeeds(Command::new("chmod").arg("755").arg(root.path()));
    succeeds(Command::new("chmod").arg("1777").arg(in_root("tmp")));
    let query = [
        "-W",
        "-f",
        "Package: ${Package}\nStatus: install ok installed\nVersion: ${Version}\n\
        Architecture: ${Architecture}\nMulti-Arch: same\nMaintainer: nobody\nDescription: none\n\n",
    ];
    let status = succeeds(Command::new("dpkg-query").args(query).args(["libc6", "libgcc-s1"])).stdout;
    fs::write(in_root("var/lib/dpkg/status"), status).unwrap();
    for line in succeeds(Command::new("ldd").arg(env!("CARGO_BIN_EXE_mqscript"))).stdout.lines() {
        let Some(library) = line.split_whitespace().find(|word| word.starts_with('/')) else { continue };
        fs::create_dir_all(in_root(library).parent().unwrap()).unwrap();
        fs::copy(library, in_root(library)).unwrap();
    }
    root
}

/// The package, unless there is no dpkg here to install it, or nobody who may enter another root folder.
fn installable() -> Option<&'static Path> {
    let deb = packed().deb.as_deref();
    let may = Command::new("id").arg("-u").output().is_ok_and(|ended| ended.stdout == b"0\n");
    let tools = ["dpkg-query", "dpkg", "ldd", "chroot"];
    let there = |tool: &&&str| Command::new(tool).arg("--version").output().is_err();
    match tools.iter().find(there) {
        _ if !may => skipped("only root may enter another root folder"),
        Some(tool) => skipped(&format!("there is no {tool} here")),
        None if deb.is_none() => skipped("there is no dpkg-deb here"),
        None => return deb,
    }
    None
}

#[test]
fn the_package_installs_into_an_empty_root_and_runs_there() {
    let Some(deb) = installable() else { return };
    let root = empty_root();
    let mut dpkg = Command::new("dpkg");
    let root_flag = format!("--root={}", root.path().display());
    dpkg.args([&root_flag, "--install"]).arg(deb).env("DEBIAN_FRONTEND", "noninteractive");
    succeeds(&mut dpkg);
    let inside = |user: &str, arguments: &[&str]| {
        let mut chroot = Command::new("chroot");
        chroot.arg(format!("--userspec={user}")).arg(root.path()).arg("/usr/bin/mqscript").args(arguments);
        chroot.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/");
        Ended::from(chroot.stdin(Stdio::null()).output().unwrap())
    };
    // Installed by root, it works for root and for everybody else.
    for (user, results) in [("0:0", "/tmp/root"), ("65534:65534", "/tmp/nobody")] {
        let listed = inside(user, &["core", "list"]);
        assert_eq!((listed.code, listed.stderr.as_str()), (0, ""), "{listed:?}");
        let expected = ["chaos", "exec", "mock", "sqlite"]
            .map(|core| (core.to_owned(), format!("/usr/lib/mqscript/cores/libmqscript_core_{core}.so")));
        assert_eq!(cores(&listed.stdout), expected);
        let run = inside(user, &["run", "nine_agents", "-q"]);
        assert!(run.code == 0 && run.stdout.contains("17,309 generated"), "{run:?}");
        let quick = "/usr/share/mqscript/scripts/batch/quick.yaml";
        let batch = inside(user, &["batch", "-q", quick, "-o", results]);
        assert!(batch.code == 0 && batch.stdout.contains("6 cells: 6 all well"), "{batch:?}");
    }
    let packed = inside("0:0", &["man"]).stdout;
    let mut gzip = Command::new("gzip");
    gzip.args(["--decompress", "--stdout"]).arg(root.path().join("usr/share/man/man1/mqscript.1.gz"));
    assert_eq!(succeeds(&mut gzip).stdout, packed);
    let completions = root.path().join("usr/share/bash-completion/completions/mqscript");
    assert_eq!(fs::read_to_string(completions).unwrap(), inside("0:0", &["completions", "bash"]).stdout);
    assert!(root.path().join("usr/share/zsh/vendor-completions/_mqscript").is_file());
    // And it goes again without a trace.
    succeeds(Command::new("dpkg").args([&root_flag, "--purge", "mqscript"]));
    assert!(!root.path().join("usr").exists(), "something is left of it");
}

#[test]
fn the_package_is_not_installed_where_the_c_library_is_too_old() {
    let Some(deb) = installable() else { return };
    let root = empty_root();
    let status = root.path().join("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    let old: String = text
        .lines()
        .map(|line| if line.starts_with("Version:") { "Version: 2.3\n".into() } else { format!("{line}\n") })
        .collect();
    fs::write(&status, old).unwrap();
    let mut dpkg = Command::new("dpkg");
    dpkg.arg(format!("--root={}", root.path().display())).arg("--install").arg(deb).env("LC_ALL", "C");
    let ended = Ended::from(dpkg.output().unwrap());
    assert!(ended.code != 0 && ended.stderr.contains("mqscript depends on libc6 (>= 2."), "{ended:?}");
}

#[test]
fn the_package_depends_on_what_debian_would_say() {
    let Some(deb) = packed().deb.as_deref() else { return skipped("there is no dpkg-deb here") };
    let field = |name: &str| {
        let told = succeeds(Command::new("dpkg-deb").arg("--field").arg(deb).arg(name)).stdout;
        told.trim().to_owned()
    };
    assert_eq!(field("Maintainer"), "Somebody <somebody@example.org>");
    assert_eq!(field("Version"), env!("CARGO_PKG_VERSION"));
    let place = tempfile::tempdir().unwrap();
    succeeds(Command::new("dpkg-deb").arg("--extract").arg(deb).arg(place.path()));
    fs::create_dir(place.path().join("debian")).unwrap();
    fs::write(place.path().join("debian/control"), "").unwrap();
    let mut said = Command::new("dpkg-shlibdeps");
    said.arg("-O").arg("usr/bin/mqscript").current_dir(place.path());
    walk(&place.path().join("usr/lib"), &mut |library| {
        said.arg("-e").arg(library.strip_prefix(place.path()).unwrap());
    });
    match said.output() {
        Ok(output) => {
            let ended = Ended::from(output);
            let expected = ended.stdout.trim().strip_prefix("shlibs:Depends=");
            assert_eq!(Some(field("Depends").as_str()), expected, "{ended:?}");
        }
        Err(error) => skipped(&format!("dpkg-shlibdeps: {error}")),
    }
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
