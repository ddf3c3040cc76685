//! What can go wrong with a core, as values: before it runs ([`CoreError`]) and while it runs ([`CoreFailure`]).

use super::own::OWN_CORES;
use mqscript_plugin::abi;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a core was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// The core returned this status.
    Status(i32),
    /// The core tried what a confined process must not do.
    Forbidden,
    /// The core broke the contract.
    Breach,
    /// The core panicked, in the file and at the line that follow.
    Panic {
        /// File, line and column in the core's source, where known.
        place: Option<String>,
    },
    /// Nothing in flight, nothing accepted, no wish: it would never go on.
    Stuck,
    /// A call did not return within this time.
    TimedOut(Duration),
    /// The process died in it.
    Died,
}

/// The end of a core in a run: no further call is made but `close`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreFailure {
    /// The core's or layer's name.
    pub core: String,
    /// The function of the contract that failed.
    pub function: &'static str,
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// What the core said, or what of the contract it broke.
    pub text: String,
}

impl CoreFailure {
    /// The core broke the contract: `text` says how.
    #[cold]
    pub fn breach(core: &str, function: &'static str, text: impl Into<String>) -> CoreFailure {
        CoreFailure { core: core.to_owned(), function, kind: FailureKind::Breach, text: hidden(&text.into()) }
    }

    /// The core accepts nothing, has nothing in flight and does not say when to ask again.
    #[cold]
    pub fn stuck(core: &str) -> CoreFailure {
        let text = "it accepts nothing, owes no outcome and names no time to ask again".to_owned();
        CoreFailure { core: core.to_owned(), function: "publish", kind: FailureKind::Stuck, text }
    }

    /// A call returned a status that is not OK; a panic's text and place come apart.
    #[cold]
    pub(super) fn from_status(core: &str, function: &'static str, code: i32, text: &str) -> CoreFailure {
        let (kind, text) = match code {
            abi::PANIC => match text.rsplit_once("\nat ") {
                Some((text, place)) => (FailureKind::Panic { place: Some(place.to_owned()) }, text),
                None => (FailureKind::Panic { place: None }, text),
            },
            _ => (FailureKind::Status(code), text),
        };
        CoreFailure { core: core.to_owned(), function, kind, text: hidden(text) }
    }

    /// The process died in a call of the core: `text` says how.
    pub fn died(core: &str, function: &'static str, text: String) -> CoreFailure {
        CoreFailure { core: core.to_owned(), function, kind: FailureKind::Died, text }
    }

    /// The core was caught at this violation.
    #[cold]
    pub(super) fn forbidden(core: &str, function: &'static str, violation: String) -> CoreFailure {
        CoreFailure { core: core.to_owned(), function, kind: FailureKind::Forbidden, text: violation }
    }

    #[cold]
    pub(super) fn timed_out(core: &str, function: &'static str, limit: Duration) -> CoreFailure {
        CoreFailure {
            core: core.to_owned(),
            function,
            kind: FailureKind::TimedOut(limit),
            text: String::new(),
        }
    }
}

/// What a core says of itself, without the secrets that it knows.
fn hidden(text: &str) -> String {
    super::secrets::without_secrets(text).into_owned()
}

impl fmt::Display for CoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CoreFailure { core, function, kind, text } = self;
        if *kind == FailureKind::Forbidden {
            return write!(f, "core `{core}` {text} in `{function}`");
        }
        match kind {
            FailureKind::Status(abi::CONFIG) => {
                write!(f, "core `{core}` refuses its options")?;
            }
            FailureKind::Status(code) => {
                write!(f, "core `{core}`: `{function}` returned {}", abi::status_name(*code))?;
            }
            FailureKind::Breach => write!(f, "core `{core}` broke the contract in `{function}`")?,
            FailureKind::Panic { place: Some(place) } => {
                write!(f, "core `{core}` panicked in `{function}` at {place}")?;
            }
            FailureKind::Panic { place: None } => write!(f, "core `{core}` panicked in `{function}`")?,
            FailureKind::Forbidden => {}
            FailureKind::Stuck => write!(f, "core `{core}` is stuck")?,
            // "a thread of its own" is no function.
            FailureKind::Died if function.contains(' ') => write!(f, "core `{core}` died in {function}")?,
            FailureKind::Died => write!(f, "core `{core}` died in `{function}`")?,
            FailureKind::TimedOut(limit) => {
                write!(f, "core `{core}`: `{function}` did not return within {} s", limit.as_secs_f64())?;
            }
        }
        if text.is_empty() { Ok(()) } else { write!(f, ": {text}") }
    }
}

impl std::error::Error for CoreFailure {}

/// A fault in the options of a core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionFault {
    /// Where: "latency.uniform.min"; empty for the options as a whole.
    pub key_path: String,
    /// The value that was found there.
    pub found: String,
    /// What was expected instead.
    pub expected: String,
    /// A suggestion for the user, where one can be guessed.
    pub help: Option<String>,
}

/// Why a core cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CoreError {
    /// No library of that name in any of the folders.
    #[error("there is no core `{name}`")]
    NotFound {
        /// The name asked for.
        name: String,
        /// The folders that were searched, in order.
        searched: Vec<PathBuf>,
        /// Names that exist and are near, nearest first.
        nearest: Vec<String>,
        /// All names that are known.
        there: Vec<String>,
    },
    /// A core of this project that the default build leaves out, and no library of that name in any of the folders.
    #[error("core `{name}` is not built: cargo build --release -p {package}")]
    NotBuilt {
        /// The name asked for.
        name: String,
        /// The package that builds it.
        package: &'static str,
        /// The folders that were searched, in order.
        searched: Vec<PathBuf>,
    },
    /// The reference is neither a name nor the path of a file.
    #[error("`{reference}` is no core: {reason}")]
    BadReference {
        /// The reference, as it was written.
        reference: String,
        /// What is wrong with the reference.
        reason: String,
    },
    /// The file is there, but somebody else may have put it there or changed it.
    #[error("{} is not loaded: {reason}", path.display())]
    Untrusted {
        /// The path of the library's file.
        path: PathBuf,
        /// Who could have changed the file, as a sentence.
        reason: String,
    },
    /// It tried what a confined process must not while it was loaded.
    #[error("{} {violation} while it was loaded", path.display())]
    Forbidden {
        /// The path of the library's file.
        path: PathBuf,
        /// What: reads on after its name.
        violation: String,
    },
    /// The file is there, but the system's loader refuses it.
    #[error("{} cannot be loaded: {reason}", path.display())]
    NotLoadable {
        /// The path of the library's file.
        path: PathBuf,
        /// The loader's own words, the whole chain.
        reason: String,
    },
    /// A shared library, but no core of ours.
    #[error("{} is no mqscript core: it has no symbol `{symbol}`", path.display())]
    NotAPlugin {
        /// The path of the library's file.
        path: PathBuf,
        /// The symbol that is missing.
        symbol: &'static str,
    },
    /// Built for another major version of the contract.
    #[error("{} speaks plugin ABI {}.{}, this host {}.{}", path.display(), found.0, found.1, expected.0, expected.1)]
    OtherMajor {
        /// The path of the library's file.
        path: PathBuf,
        /// The library's major and minor.
        found: (u32, u32),
        /// The host's major and minor.
        expected: (u32, u32),
    },
    /// The descriptor breaks the contract: a NULL function, bad UTF-8, a schema that is none.
    #[error("{}: {part} is {found}, not {expected}", path.display())]
    Malformed {
        /// The path of the library's file.
        path: PathBuf,
        /// The part of the descriptor: "core `x`: function `publish`".
        part: String,
        /// The value that was found.
        found: String,
        /// The value that was expected.
        expected: String,
    },
    /// The library was found, but holds no core of that name.
    #[error("{} holds no core `{name}`", path.display())]
    NoSuchCore {
        /// The path of the library's file.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// The cores it holds.
        offers: Vec<String>,
    },
    /// The options are not what the core's schema asks for; all faults are told.
    #[error("the options of core `{core}` are not valid: {}", list_faults(faults))]
    Options {
        /// The name of the core.
        core: String,
        /// Every fault, in order.
        faults: Vec<OptionFault>,
    },
    /// The cores do not make a chain: too many, or a layer where none can be.
    #[error("core `{core}`: {reason}")]
    BadChain {
        /// The core or layer at fault.
        core: String,
        /// The reason, as a part of a sentence.
        reason: String,
    },
    /// The core cannot do what the run asks of it.
    #[error("core `{core}` does not fit this run: {reason}")]
    Unfit {
        /// The core or layer at fault.
        core: String,
        /// The reason, as a part of a sentence.
        reason: String,
    },
    /// The core failed when it was called.
    #[error(transparent)]
    Failed(#[from] CoreFailure),
}

fn list_faults(faults: &[OptionFault]) -> String {
    let one = |fault: &OptionFault| match fault.found.as_str() {
        "nothing" => format!("`{}` is missing: {}", fault.key_path, fault.expected),
        found => format!("`{}`: {found} is not {}", fault.key_path, fault.expected),
    };
    faults.iter().map(one).collect::<Vec<_>>().join("; ")
}

impl CoreError {
    /// The library's file, where one is at fault.
    pub fn path(&self) -> Option<&Path> {
        match self {
            CoreError::Untrusted { path, .. }
            | CoreError::Forbidden { path, .. }
            | CoreError::NotLoadable { path, .. }
            | CoreError::NotAPlugin { path, .. }
            | CoreError::OtherMajor { path, .. }
            | CoreError::Malformed { path, .. }
            | CoreError::NoSuchCore { path, .. } => Some(path),
            _ => None,
        }
    }

    /// A suggestion for the user, in one sentence.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            CoreError::NotFound { nearest, .. } if !nearest.is_empty() => {
                format!("did you mean `{}`? `mqscript core list` shows all cores", nearest[0])
            }
            CoreError::NotFound { name, .. } if OWN_CORES.contains(&name.as_str()) => format!(
                "`{name}` comes with mqscript: its library ({DLL_PREFIX}mqscript_core_{name}{DLL_SUFFIX}) must lie beside \
                 the program, or in a folder that `--core-path FOLDER` names; `cargo build --release` makes it in a \
                 checkout"
            ),
            CoreError::NotFound { .. } => {
                "another broker is reached through a program of yours: `--core exec --core-option command='python3 \
                 my_send.py'` (docs/cores-exec.md). A core of your own: `--core-path FOLDER`, or its file with a `/`"
                    .to_owned()
            }
            CoreError::NotBuilt { .. } => {
                "build it in a checkout of mqscript; it then lies beside the program. `--core-path FOLDER` adds a \
                 folder where it lies elsewhere"
                    .to_owned()
            }
            CoreError::BadReference { .. } => {
                "write a name such as `mock`, or a path with `/` such as `./libmqscript_core_mine.so`"
                    .to_owned()
            }
            CoreError::Untrusted { path, .. } => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                format!(
                    "a core can do all that you can do: see to it that only you can write there, or, if you trust the \
                     file as it is, say `--core-path {}`",
                    folder.unwrap_or(Path::new(".")).display()
                )
            }
            CoreError::Forbidden { path, .. } => format!(
                "`--pure` forbids it. If it looked for a library of its own, say where that is: `--core-path FOLDER`; if you \
                 trust {}, leave out `--pure`",
                path.display()
            ),
            CoreError::NotLoadable { .. } => {
                "build the core again for this system; a half-copied file looks like this too".to_owned()
            }
            CoreError::NotAPlugin { .. } => {
                "a core exports `mqs_plugin_abi` and `mqs_plugin_entry_v1` (docs/writing-a-core.md)"
                    .to_owned()
            }
            CoreError::OtherMajor { expected, .. } => {
                format!("build it again with mqscript-plugin {}.x or its C header", expected.0)
            }
            CoreError::NoSuchCore { offers, .. } => format!("it holds {}", offers.join(", ")),
            CoreError::BadChain { .. } => {
                "a layer lies over a core: `layer(\"chaos\", core(\"mock\"), #{ … })`, or `--chaos` on the command line"
                    .to_owned()
            }
            CoreError::Options { core, .. } => format!("`mqscript core info {core}` shows all options"),
            _ => return None,
        })
    }
}
