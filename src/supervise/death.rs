//! How a process ended that should have gone on, and whose fault it was.

use super::picture::Picture;
use super::signal_names::{in_words, is_fault};
use crate::cores::{CoreFailure, WatchedCall, is_foreign};
use crate::diagnostics::{Diagnostic, Exit};
use crate::numbers::span;
use std::path::Path;
use std::time::Duration;

/// The cause of the end of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A signal ended the process.
    Signal(i32),
    /// The process was ended from inside with this code.
    Exited(i32),
    /// A call did not return for so long that it was given up.
    Hung(Duration),
    /// A call was left by an exception, or by the end of its thread.
    Left,
    /// The memory in which it showed what it does was written over.
    WrittenOver,
}

/// The point of its work at which the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeathStage {
    /// The process died while it worked.
    Working,
    /// When its work was done and all results written: while libraries took themselves down.
    Done,
}

/// The end of a process before its work was done, or in place of a good one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// The cause of the end.
    pub cause: Cause,
    /// At which point it ended.
    pub when: DeathStage,
    /// The call of the contract that was under way, if any.
    pub call: Option<WatchedCall>,
    /// The state that the process showed last.
    pub picture: Picture,
    /// The most memory that it had.
    pub max_rss_bytes: u64,
}

impl Death {
    /// From how the process ended and from what it showed; `hung` is the call that was given up.
    pub fn of(
        cause: Cause,
        when: DeathStage,
        picture: Picture,
        hung: Option<WatchedCall>,
        max_rss_bytes: u64,
    ) -> Death {
        let call = match when {
            DeathStage::Done => None,
            DeathStage::Working => hung.or_else(|| picture.call()),
        };
        Death { cause, when, call, picture, max_rss_bytes }
    }

    /// The cause of the end, for people.
    pub fn in_words(&self) -> String {
        match &self.cause {
            Cause::Signal(libc::SIGKILL) => {
                let mib = self.max_rss_bytes >> 20;
                format!("{}; it had taken {mib} MiB", in_words(libc::SIGKILL))
            }
            Cause::Signal(number) => in_words(*number),
            Cause::Exited(code) => format!("it ended the whole process with exit code {code}"),
            Cause::Hung(lasts) => {
                // It was looked at now and then: more digits would say nothing.
                let whole = if lasts.as_secs() > 0 { Duration::from_secs(lasts.as_secs()) } else { *lasts };
                format!("it did not return for {}", span(whole.as_nanos() as u64))
            }
            Cause::Left => {
                "an exception came out of it, or it ended the host's own thread (`pthread_exit`)".to_owned()
            }
            Cause::WrittenOver => "memory that is the host's was written over".to_owned(),
        }
    }

    /// The library whose code ran, if known.
    fn library(&self) -> Option<&str> {
        self.picture.library.as_deref().filter(|_| !self.picture.in_host)
    }

    fn foreign(&self) -> Vec<&str> {
        self.picture.libraries.iter().map(String::as_str).filter(|path| is_foreign(Path::new(path))).collect()
    }

    /// As a failure of the core at fault; `None` if no core can be named for certain.
    pub fn failure(&self) -> Option<CoreFailure> {
        match (&self.call, &self.picture.cores()[..]) {
            (Some(call), _) => Some(CoreFailure::died(&call.core, call.function, self.in_words())),
            (None, [only]) if self.library().is_some() && self.when == DeathStage::Working => {
                Some(CoreFailure::died(only, "a thread of its own", self.in_words()))
            }
            _ => None,
        }
    }

    /// In words, for the results of a run that it cut short.
    pub fn reason(&self) -> String {
        match self.failure() {
            Some(failure) => format!("the core failed: {failure}"),
            None => format!("the process died: {}", self.in_words()),
        }
    }

    /// The error that the user sees.
    pub fn diagnostic(&self) -> Diagnostic {
        let told = self.title();
        let told = match (self.library(), &self.picture.loading) {
            (Some(path), None) if !told.title.contains(path) => told.note(format!("it happened in {path}")),
            _ => told,
        };
        let cores = self.picture.cores();
        let told = match (self.failure(), &cores[..]) {
            (None, [_, ..]) => told.note(format!("the cores at work: {}", cores.join(", "))),
            _ => told,
        };
        match (told.exit, self.when) {
            (Exit::Bug, _) if self.is_out_of_memory() => {
                told.help("give it more memory (`ulimit -v` shows a limit), or let fewer agents play for a shorter time")
            }
            (Exit::Bug, _) => told.help("please report it with the command that you typed"),
            (_, DeathStage::Done) => told.help("`mqscript core check` looks for the fault"),
            _ => told.help(
                "what was measured until then is kept; `mqscript core check` looks for the fault, and `--in-process` \
                 lets a debugger see it",
            ),
        }
    }

    /// Whether the host itself was refused memory, and gave itself up for it.
    fn is_out_of_memory(&self) -> bool {
        self.picture.bytes_refused > 0 && self.cause == Cause::Signal(libc::SIGABRT) && self.call.is_none()
    }

    fn title(&self) -> Diagnostic {
        let how = self.in_words();
        if let Some(path) = &self.picture.loading {
            let title = match self.cause {
                Cause::Hung(_) => format!("the library `{path}` cannot be loaded: {how}"),
                _ => format!("the library `{path}` killed the process while it was loaded: {how}"),
            };
            return Diagnostic::new(Exit::Core, title);
        }
        if self.cause == Cause::WrittenOver {
            let title = "a core wrote over memory that is the host's, by which the run is watched";
            return self.blamed_on_foreign(Diagnostic::new(Exit::Core, title));
        }
        if self.when == DeathStage::Done {
            let who = self.library().map_or("a core".to_owned(), |path| format!("the library `{path}`"));
            let title = match self.cause {
                Cause::Hung(_) => format!("{who} kept the program from ending: {how}"),
                _ => format!("{who} killed the process while the program ended: {how}"),
            };
            let told = Diagnostic::new(Exit::Core, title);
            return if self.library().is_some() { told } else { self.blamed_on_foreign(told) };
        }
        if let Some(failure) = self.failure() {
            return Diagnostic::new(Exit::Core, failure.to_string());
        }
        if self.library().is_some() {
            return Diagnostic::new(Exit::Core, format!("a core killed the process: {how}"));
        }
        if self.is_out_of_memory() {
            let bytes = self.picture.bytes_refused;
            let title =
                format!("the memory ran out: mqscript asked for {bytes} bytes more, and there were none");
            return self.blamed_on_foreign(Diagnostic::new(self.without_a_culprit(), title));
        }
        match self.cause {
            // From outside, or sent on purpose: nobody's bug.
            Cause::Signal(number) if !is_fault(number) => {
                self.blamed_on_foreign(Diagnostic::new(Exit::Core, format!("the process was ended: {how}")))
            }
            _ => {
                let title = format!("the process died outside of any call of a core: {how}");
                self.blamed_on_foreign(Diagnostic::new(self.without_a_culprit(), title))
            }
        }
    }

    /// Where nobody can be named, it is a bug of ours only if all the code that was there is ours.
    fn without_a_culprit(&self) -> Exit {
        if self.foreign().is_empty() { Exit::Bug } else { Exit::Core }
    }

    /// Says which libraries may have done it.
    fn blamed_on_foreign(&self, told: Diagnostic) -> Diagnostic {
        match &self.foreign()[..] {
            [] => told,
            foreign => told.note(format!(
                "who did it is not certain: a thread of a core, or memory that one spoiled before, are the most likely; \
                 libraries that were loaded and are not mqscript's own: {}",
                foreign.join(", ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::picture::Loop;
    use super::*;
    use crate::cores::Signs;

    const LIBRARY: &str = "/x/libmqscript_core_x.so";
    const MOCK: &str = "/x/libmqscript_core_mock.so";

    fn picture(cores: &[&str], libraries: &[&str]) -> Picture {
        let one = |core: &&str| Loop {
            number: 0,
            thread: 1,
            call: None,
            cores: vec![(*core).to_owned()],
            signs: Signs::default(),
            written: Default::default(),
        };
        let libraries = libraries.iter().map(|path| (*path).to_owned()).collect();
        Picture { loops: cores.iter().map(one).collect(), libraries, ..Picture::default() }
    }

    fn death(cause: Cause, call: bool, cores: &[&str]) -> Death {
        let call = call.then(|| WatchedCall { core: "x".to_owned(), function: "publish", number: 1 });
        Death::of(cause, DeathStage::Working, picture(cores, &[LIBRARY]), call, 3 << 20)
    }

    #[test]
    fn whoever_was_called_is_named() {
        let told = death(Cause::Signal(11), true, &["x", "y"]).diagnostic();
        assert_eq!(told.exit, Exit::Core);
        assert!(told.title.contains("core `x` died in `publish`: SIGSEGV"), "{}", told.title);
        let hung = death(Cause::Hung(Duration::from_secs(60)), true, &["x"]).diagnostic();
        assert!(hung.title.contains("did not return for 60 s"), "{}", hung.title);
        let exited = death(Cause::Exited(3), true, &["x"]).diagnostic();
        assert!(exited.title.contains("exit code 3"), "{}", exited.title);
        let left = death(Cause::Left, true, &["x"]).diagnostic();
        assert!(left.title.contains("core `x` died in `publish`: an exception"), "{}", left.title);
    }

    #[test]
    fn a_library_that_dies_while_it_is_loaded_is_named_by_its_path() {
        let mut death = death(Cause::Signal(6), false, &[]);
        death.picture.loading = Some("/x/libbad.so".to_owned());
        let told = death.diagnostic();
        assert!(told.exit == Exit::Core && told.title.contains("/x/libbad.so"), "{}", told.title);
    }

    #[test]
    fn a_library_that_keeps_the_program_from_ending_is_named_by_its_path() {
        for (cause, word) in [(Cause::Hung(Duration::from_secs(2)), "kept"), (Cause::Signal(6), "killed")] {
            let mut death = Death::of(cause, DeathStage::Done, picture(&[], &[MOCK, LIBRARY]), None, 0);
            let unsure = death.diagnostic();
            assert!(unsure.exit == Exit::Core && unsure.notes[0].contains(LIBRARY), "{:?}", unsure.notes);
            assert!(!unsure.notes[0].contains(MOCK), "{:?}", unsure.notes);
            death.picture.library = Some(LIBRARY.to_owned());
            let told = death.diagnostic();
            assert!(told.title.contains(word) && told.title.contains(LIBRARY), "{}", told.title);
        }
    }

    #[test]
    fn outside_of_any_core_it_is_a_bug_only_where_all_code_is_ours() {
        for cause in [Cause::Signal(11), Cause::Exited(0)] {
            let ours = Death::of(cause.clone(), DeathStage::Working, picture(&["mock"], &[MOCK]), None, 0);
            assert_eq!(ours.diagnostic().exit, Exit::Bug, "{cause:?}");
            let theirs = death(cause.clone(), false, &["x"]).diagnostic();
            assert_eq!(theirs.exit, Exit::Core, "{cause:?}");
            assert!(
                theirs.notes[0].contains("not certain") && theirs.notes[0].contains(LIBRARY),
                "{theirs:?}"
            );
        }
        for number in [libc::SIGKILL, libc::SIGHUP, libc::SIGUSR1, libc::SIGALRM] {
            let killed = Death::of(
                Cause::Signal(number),
                DeathStage::Working,
                picture(&["mock"], &[MOCK]),
                None,
                3 << 20,
            );
            let killed = killed.diagnostic();
            assert_eq!(killed.exit, Exit::Core);
            assert!(killed.title.starts_with("the process was ended: SIG"), "{}", killed.title);
        }
    }

    #[test]
    fn memory_that_the_host_did_not_get_is_nobodys_fault_but_ours() {
        let mut death =
            Death::of(Cause::Signal(6), DeathStage::Working, picture(&["mock"], &[MOCK]), None, 0);
        (death.picture.bytes_refused, death.picture.in_host) = (4096, true);
        death.picture.library = Some(MOCK.to_owned());
        let told = death.diagnostic();
        assert!(told.exit == Exit::Bug && told.title.contains("4096 bytes"), "{}", told.title);
        assert!(!told.title.contains("mock") && !told.help[0].contains("report"), "{told:?}");
    }
}
