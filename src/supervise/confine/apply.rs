//! Confining this process.

use super::confined::Confined;
use super::filter::{FilterAction, allowing, without_clone3};
use super::limits::AllowedFiles;
use super::listener::{self, Listener};
use super::wall;
use landlock::RulesetStatus;

/// Confines this thread, and all that come from it, for ever. To be called while it is the only one that will ever run
/// a core, and before any is loaded.
///
/// With a listener, somebody outside must answer it from now on ([`answer`](super::answer)): this thread
/// cannot open a file until then. Without one, what a core tries kills the process, unnamed.
pub fn confine(limits: &AllowedFiles) -> (Confined, Option<Listener>) {
    crate::files::note_confined();
    let mut missing = Vec::new();
    let mut walls = 0;
    match wall::raise(limits) {
        Ok(RulesetStatus::FullyEnforced) => walls += 1,
        Ok(RulesetStatus::PartiallyEnforced) => {
            walls += 1;
            missing
                .push("Landlock is too old to guard all that can be done with files (Linux 6.12)".to_owned());
        }
        Ok(RulesetStatus::NotEnforced) => missing.push("it has no Landlock, which guards files".to_owned()),
        Err(error) => missing.push(format!("Landlock, which guards files: {error}")),
    }
    let listener = match filter() {
        Ok(listener) => {
            walls += 1;
            if listener.is_none() {
                missing.push("what a core tries is stopped, but cannot be named".to_owned());
            }
            listener
        }
        Err(error) => {
            missing.push(format!("seccomp, which guards network and processes: {error}"));
            None
        }
    };
    let confined = match (walls, missing.is_empty()) {
        (_, true) => Confined::Full,
        (0, _) => Confined::None(missing),
        _ => Confined::Partial(missing),
    };
    (confined, listener)
}

/// Installs the filters; without a listener where the kernel gives none.
fn filter() -> Result<Option<Listener>, seccompiler::Error> {
    let own = std::process::id();
    seccompiler::apply_filter(&without_clone3()?)?;
    match listener::install(&allowing(own, FilterAction::Ask)?) {
        Ok(listener) => Ok(Some(listener)),
        Err(_) => {
            seccompiler::apply_filter(&allowing(own, FilterAction::Kill)?)?;
            Ok(None)
        }
    }
}
