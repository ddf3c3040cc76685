//! `--pure`: what the run reads and writes, and the confinement to it, before any core is loaded.

use super::outputs::OutputFile;
use crate::cores::Finder;
use crate::files::in_words;
use crate::script::Source;
use crate::supervise::Parent;
#[cfg(target_os = "linux")]
use crate::supervise::confine::{self, Violation};
use crate::supervise::confine::{AllowedFiles, Confined};
use std::path::{Path, PathBuf};

/// One end of the way on which the process that works hands its system calls to the one that watches.
#[cfg(target_os = "linux")]
pub type End = std::os::unix::net::UnixStream;
/// Only Linux has what goes through it.
#[cfg(not(target_os = "linux"))]
pub type End = std::convert::Infallible;

/// The two ends, to be made before the fork: of the process that works, and of the one that watches. None where there is
/// nothing to watch.
pub fn ends(pure: bool) -> (Option<End>, Option<End>) {
    #[cfg(target_os = "linux")]
    if let (true, Ok((works, watches))) = (pure, End::pair()) {
        return (Some(works), Some(watches));
    }
    let _ = pure;
    (None, None)
}

/// Answers the system calls of the process that works, as long as it lives. Whatever a core tries is written down where
/// the core is found.
#[cfg(target_os = "linux")]
pub fn watch(end: End, child: &Parent) {
    let (shared, process) = (child.shared(), child.child_id());
    let watching = move || {
        if let Ok(Some((listener, limits))) = confine::receive(end) {
            let tried = |violation: Violation| {
                shared.report_violation(violation.thread as u32, &violation.to_string())
            };
            // Should it end early, what the process tries is refused, only without a name.
            let _ = confine::answer(listener, limits, process, tried);
        }
    };
    // Without a thread the end is closed, and the child gets no answer to what it tries: it fails.
    let _ = std::thread::Builder::new().name("watcher".to_owned()).spawn(watching);
}

/// There is nothing to watch.
#[cfg(not(target_os = "linux"))]
pub fn watch(end: End, _child: &Parent) {
    match end {}
}

/// Confines this process, which has one thread, to what the run needs. Gives the finder that knows about it, and how far
/// it went.
pub fn enter(
    finder: Finder,
    source: &Source,
    output_folder: &Path,
    outputs: &[&OutputFile],
    end: Option<End>,
) -> (Finder, Confined) {
    let limits = limits(source, output_folder, outputs, &finder);
    let confined = confined_to(&limits, end);
    (finder.within(limits.readable()), confined)
}

fn limits(source: &Source, output_folder: &Path, outputs: &[&OutputFile], finder: &Finder) -> AllowedFiles {
    let mut limits = AllowedFiles::of_this_process();
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
fn confined_to(limits: &AllowedFiles, end: Option<End>) -> Confined {
    let nobody = |why: String| Confined::None(vec![format!("nobody watches it ({why})")]);
    let Some(end) = end else { return nobody("it works in the very process that was started".to_owned()) };
    match confine::hand_over(end, limits.clone()) {
        Ok((send, handing)) => {
            let (confined, listener) = confine::confine(limits);
            if let Some(listener) = listener {
                let _ = send.send(listener);
            }
            drop(send);
            match handing.join() {
                Ok(Ok(())) => confined,
                // What needs an answer fails from now on: all is shut, and more than should be.
                _ => nobody("what is tried could not be handed over".to_owned()),
            }
        }
        Err(error) => nobody(in_words(&error)),
    }
}

#[cfg(not(target_os = "linux"))]
fn confined_to(_limits: &AllowedFiles, _end: Option<End>) -> Confined {
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
        let output = OutputFile::open("--output", &out.join("results.json"), false).unwrap();
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
