//! The flags of the commands about cores.

use super::arguments::CheckFormat;
use super::values::{KeyValue, folder, key_value, seed_number};
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The commands about cores.
#[derive(Debug, Subcommand)]
pub enum CoreCommand {
    /// List all cores that are found, and where.
    List(CoreFolders),
    /// Describe a core: what it can do, and its options with their defaults.
    Info(CoreInfoFlags),
    /// Create a folder with a new core that builds right away.
    New(CoreNewFlags),
    /// Test whether a core keeps the contract: about eighty tests, each in its own process.
    Check(CoreCheckFlags),
}

/// The folders in which cores are looked for.
#[derive(Debug, Clone, Args)]
pub struct CoreFolders {
    /// Look for cores in this folder first (may be repeated; MQSCRIPT_CORE_PATH comes next).
    #[arg(long, value_name = "FOLDER", value_parser = PathBufValueParser::new().try_map(folder))]
    pub core_path: Vec<PathBuf>,
}

/// The flags of `mqscript core info`.
#[derive(Debug, Clone, Args)]
pub struct CoreInfoFlags {
    /// The core: a name, or a file (with a `/`).
    #[arg(value_name = "NAME|PATH")]
    pub core: String,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub folders: CoreFolders,
}

/// The flags of `mqscript core new`.
#[derive(Debug, Clone, Args)]
pub struct CoreNewFlags {
    /// The core's name: lower case letters, digits, `_`.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The folder to create [default: named like the core].
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// The language it is written in.
    #[arg(long, value_enum, default_value_t = CoreLanguage::Rust, value_name = "rust|c", hide_possible_values = true)]
    pub lang: CoreLanguage,
    /// Make a live core: one with a thread of its own, on the SDK's exchange and session.
    #[arg(long)]
    pub live: bool,
    /// The SDK of a core in Rust: a checkout of mqscript, or a version of the crate mqscript-plugin
    /// [default: the checkout that this program was built from].
    #[arg(long, value_name = "FOLDER|VERSION")]
    pub sdk: Option<String>,
}

/// The languages that `core new` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CoreLanguage {
    /// Built on the Rust SDK.
    Rust,
    /// Built on the C header.
    C,
}

/// The flags of `mqscript core check`.
#[derive(Debug, Clone, Args)]
pub struct CoreCheckFlags {
    /// The core: a name, or a file (with a `/`); `FILE#NAME` is one of several in a file.
    #[arg(value_name = "NAME|PATH")]
    pub core: String,

    /// Run only this test, or those whose names begin with it (may be repeated).
    #[arg(long = "test", value_name = "TEST")]
    pub tests: Vec<String>,
    /// Seed of the messages that are sent.
    #[arg(long, value_name = "N", value_parser = seed_number, default_value_t = 1)]
    pub seed: u64,
    /// Set one of the core's options.
    #[arg(long = "core-option", value_name = "K=V", value_parser = key_value)]
    pub core_options: Vec<KeyValue>,
    /// What standard output carries.
    #[arg(long, value_enum, default_value_t = CheckFormat::Text, value_name = "text|json", hide_possible_values = true)]
    pub format: CheckFormat,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub folders: CoreFolders,
    /// Run the test in this process and leave what it finds in this folder.
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub in_child: Option<PathBuf>,
}
