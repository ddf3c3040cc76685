//! The Debian package: installed into a root folder with nothing else in it but the C library, and run there.

use super::{cores, packed, skipped, succeeds, walk};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::program::Ended;
use tempfile::TempDir;

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
        let expected = ["broker", "chaos", "exec", "mock", "sqlite"]
            .map(|core| (core.to_owned(), format!("/usr/lib/mqscript/cores/libmqscript_core_{core}.so")));
        assert_eq!(cores(&listed.stdout), expected);
        let run = inside(user, &["run", "nine_agents", "-q"]);
        assert!(run.code == 0 && run.stdout.contains("17,309 generated"), "{run:?}");
        let quick = "/usr/share/mqscript/scripts/batch/quick.yaml";
        let batch = inside(user, &["batch", "-q", quick, "-o", results]);
        assert!(batch.code == 0 && batch.stdout.contains("6 cells: 6 passed"), "{batch:?}");
    }
    // What root alone may write to is no place for results.
    let refused = inside("65534:65534", &["batch", "-q", "/usr/share/mqscript/scripts/batch/quick.yaml"]);
    assert!(refused.code == 2 && refused.stderr.contains("can write to with `--output`"), "{refused:?}");
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
