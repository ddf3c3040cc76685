//! The flags that change what a script plays, as they are typed.

use super::values::{KeyValue, Seed, core_name, folder, key_value, seed};
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What `--real` means without a word.
const REAL_CORE: &str = "sqlite";

/// Flags that change what a script plays; `run` and `check` share them.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanFlags {
    /// How long the load lasts; a bare number is seconds.
    #[arg(short, long, value_name = "TIME", help_heading = "What is played")]
    pub duration: Option<String>,
    /// Messages per second from each agent, or `180/s-total` in all; a bare number is per second.
    #[arg(short, long, value_name = "RATE", allow_negative_numbers = true, help_heading = "What is played")]
    pub rate: Option<String>,
    /// How many agents send messages.
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = "What is played")]
    pub agents: Option<String>,
    /// End after so many messages in all, instead of after a time; for whichever comes first, `--set
    /// end='{duration: 60s, messages: 1000}'`.
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        allow_negative_numbers = true,
        help_heading = "What is played"
    )]
    pub messages: Option<String>,
    /// How long to wait without news after the load before missing messages count as lost [default: 30s].
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, help_heading = "What is played")]
    pub drain: Option<String>,
    /// How long a live run keeps listening for duplicates when every copy has arrived [default: 2s].
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, help_heading = "What is played")]
    pub linger: Option<String>,
    /// Set a parameter that the script declares; may be repeated.
    #[arg(short = 'P', long = "param", value_name = "K=V", value_parser = key_value, help_heading = "What is played")]
    pub params: Vec<KeyValue>,
    /// Parameters that were typed as flags of their own, each with its value.
    #[arg(skip)]
    pub param_flags: Vec<(String, Option<String>)>,
    /// Set any value of the scenario: `processor.workers=8`; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = key_value, help_heading = "What is played")]
    pub set: Vec<KeyValue>,
    /// Seed of every random choice; `random` draws one and prints it [default: 1, or MQSCRIPT_SEED].
    #[arg(short, long, value_name = "N|random", value_parser = seed, allow_negative_numbers = true,
        help_heading = "What is played")]
    pub seed: Option<Seed>,
    /// Simulated or real time [default: virtual, if every core is simulated].
    #[arg(
        long,
        value_enum,
        value_name = "virtual|wall",
        hide_possible_values = true,
        help_heading = "What is played"
    )]
    pub clock: Option<ClockFlag>,

    /// The core that delivers messages: a name, or a file (with a `/`).
    #[arg(long, value_name = "NAME|PATH", value_parser = core_name, help_heading = "The core")]
    pub core: Option<String>,
    /// Deliver through a real core: the embedded queue `sqlite`, or the one named.
    #[arg(
        long,
        value_name = "CORE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = REAL_CORE,
        conflicts_with = "core",
        help_heading = "The core"
    )]
    pub real: Option<String>,
    /// Test your own message-queue processor, through a program that serves it, such as `my_queue.py`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["send", "core"], help_heading = "The core")]
    pub processor: Option<PathBuf>,
    /// Deliver through your own program, such as `my_send.py`.
    #[arg(long, value_name = "FILE", conflicts_with = "core", help_heading = "The core")]
    pub send: Option<PathBuf>,
    /// Set one of the core's options: `latency=5ms`, `types.direct.latency=1ms`; of several cores that are compared, by
    /// name: `exec.workers=2`; may be repeated.
    #[arg(long = "core-option", value_name = "K=V", value_parser = key_value, help_heading = "The core")]
    pub core_options: Vec<KeyValue>,
    /// Share of attempts that a mock core lets succeed: `0.9` or `90%`.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "The core")]
    pub success_rate: Option<String>,
    /// Shortest delivery time of a mock core: `1ms`.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, help_heading = "The core")]
    pub min_latency: Option<String>,
    /// Longest delivery time of a mock core: `10ms`.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, help_heading = "The core")]
    pub max_latency: Option<String>,
    /// Inject faults around the core: `crash=2%,spike=5%`, or as a map `{outage: {at: 10s, lasts: 2s}}`
    /// [with no value: crash=1%,spike=5%].
    #[arg(
        long,
        value_name = "FAULT=SHARE,…",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        help_heading = "The core"
    )]
    pub chaos: Option<String>,
    /// Use simulated cores only: nothing leaves this process.
    #[arg(long, help_heading = "The core")]
    pub pure: bool,
    /// Look for cores in this folder first (may be repeated; MQSCRIPT_CORE_PATH comes next).
    #[arg(long, value_name = "FOLDER", value_parser = PathBufValueParser::new().try_map(folder), help_heading = "The core")]
    pub core_path: Vec<PathBuf>,
}

/// The clock that a run is played on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClockFlag {
    /// Time is computed, not waited for.
    Virtual,
    /// Time passes as on the wall.
    Wall,
}
