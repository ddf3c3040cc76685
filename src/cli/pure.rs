//! `--pure`: what the run reads and writes, and the confinement to it, before any core is loaded.

use super::arguments::RunFlags;
use super::outputs::Output;
use super::settings;
use crate::cores::Finder;
use crate::script::Source;
use crate::supervise::confine::{Confined, Limits};
use std::path::{Path, PathBuf};

/// Confines this process to what the run needs. Gives the finder that knows about it, and how far it went.
pub fn confine(
    flags: &RunFlags,
    source: &Source,
    output_folder: &Path,
    outputs: &[&Output],
) -> (Finder, Confined) {
    let finder = settings::finder(&flags.plan);
    let limits = limits(source, output_folder, outputs, &finder);
    let confined = enter(&limits);
    (finder.within(limits.readable()), confined)
}

fn limits(source: &Source, output_folder: &Path, outputs: &[&Output], finder: &Finder) -> Limits {
    let mut limits = Limits::of_this_process();
    limits.read(&source.folder);
    limits.read(finder.folders());
    limits.read(finder.named());
    limits.moved(outputs.iter().flat_map(|output| output.places()));
    if may_save(&source.text.text) {
        limits.write([PathBuf::from(output_folder)]);
    }
    limits
}

/// Whether a script may call `save`, itself or through what it imports.
fn may_save(text: &str) -> bool {
    ["save", "import"].iter().any(|word| text.contains(word))
}

#[cfg(target_os = "linux")]
fn enter(limits: &Limits) -> Confined {
    use crate::supervise::confine::{Watcher, confine};
    let tried = |deed: crate::supervise::confine::Deed| crate::cores::report_deed(deed.to_string());
    match Watcher::within(limits.clone(), crate::cores::announce_deed, tried) {
        Ok((watched, _watcher)) => {
            let (confined, listener) = confine(limits);
            if let Some(listener) = listener {
                // The watcher waits for it, and goes on for as long as the process.
                let _ = watched.send(listener);
            }
            confined
        }
        Err(error) => Confined::None(vec![format!("it does not let a process look at itself ({error})")]),
    }
}

#[cfg(not(target_os = "linux"))]
fn enter(_limits: &Limits) -> Confined {
    Confined::None(vec!["only Linux has Landlock and seccomp".to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_reads_its_script_and_cores_and_writes_only_what_it_was_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let places = ["script", "out", "cores"].map(|name| folder.join(name));
        places.iter().for_each(|place| std::fs::create_dir(place).unwrap());
        let [script, out, cores] = &places;
        let output = Output::open("--output", &out.join("results.json"), false).unwrap();
        let mut source = Source::from_text("a.rhai", "run(scenario(#{}));");
        source.folder = Some(script.clone());
        let finder = Finder::with_folders(&[cores.clone(), folder.join("missing")]);
        let quiet = limits(&source, out, &[&output], &finder);
        for path in [script.join("lib.rhai"), cores.join("libx.so"), folder.join("missing/libx.so")] {
            assert!(quiet.may_read(&path) && !quiet.may_write(&path), "{}", path.display());
        }
        assert!(quiet.may_move(&out.join("results.json")));
        for path in [out.join("other.json"), script.join("lib.rhai"), folder.join("results.json")] {
            assert!(!quiet.may_move(&path), "{}", path.display());
        }
        assert!(!quiet.may_read(&out.join("results.json")) && !quiet.may_read(&folder.join("other")));
        source.text.text = "run(s).save(\"calm.json\");".to_owned();
        assert!(limits(&source, out, &[&output], &finder).may_write(&out.join("calm.json")));
    }
}
