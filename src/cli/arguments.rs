//! The flags as they are typed. What they mean is decided where they are used.

use super::core_arguments::CoreCommand;
use super::plan_arguments::PlanFlags;
use super::report_arguments::{ExportFlags, ReportFlags};
use super::values::{duration, folder, repeats, within};
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mqscript::results::comparisons::Within;
use std::path::PathBuf;
use std::time::Duration;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "mqscript",
    version,
    about = "Stress-test a message-queue processor, and the brokers behind it, with a script",
    after_help = EXAMPLES,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// The command that is to be run.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mqscript run                                         nine agents, a minute, through a mock core
  mqscript run --duration 300 --rate 100               longer and harder: 100/s from each agent
  mqscript run --success-rate 0.8                      a core that refuses one attempt in five
  mqscript run --min-latency 5ms --max-latency 50ms    a slower core
  mqscript run urgent_mix --messages 1000              a thousand messages in all";

/// What `--compare` means without a word, where `--real` does not name another core.
pub const COMPARED: &str = "mock,sqlite";

/// A command with its flags.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script and report what happened to its messages.
    #[command(after_help = EXAMPLES)]
    Run(Box<RunFlags>),
    /// Run a matrix of scripts, cores, parameters and settings from a YAML file.
    #[command(after_help = BATCH_EXAMPLES)]
    Batch(BatchFlags),
    /// Compare saved results: how much they differ, and how certain that is.
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(CompareFlags),
    /// Make a page with charts of saved results: one HTML file that needs no network.
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportFlags),
    /// Fit the mock core to saved results, so that it behaves like the core that was measured.
    #[command(after_help = FIT_EXAMPLES)]
    Fit(FitFlags),
    /// Validate a script without running it: show every error, or the plans that it makes.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Box<CheckFlags>),
    /// List the bundled scripts, with what each shows.
    List,
    /// List, describe, create and test cores.
    #[command(subcommand)]
    Core(CoreCommand),
    /// Create a folder with a script, a batch file and a CI workflow, or with the glue for a processor, ready to run.
    #[command(after_help = NEW_EXAMPLES)]
    New(NewFlags),
    /// Print a completion script for a shell.
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(CompletionsFlags),
    /// Print the manual page, or write all of them into a folder.
    Man(ManFlags),
    /// Print the JSON Schema of batch files or of results, for editors and programs.
    Schema(SchemaFlags),
}

const BATCH_EXAMPLES: &str = "\
Examples:
  mqscript check nightly.yaml                           what it comes to, and every error
  mqscript batch nightly.yaml                           play every cell
  mqscript batch nightly.yaml --resume                  go on after an interruption
  mqscript batch nightly.yaml --save-baseline main      keep the figures, to compare with later";

const COMPARE_EXAMPLES: &str = "\
Examples:
  mqscript run urgent_mix --repeats 10 -o a.json
  mqscript run urgent_mix --repeats 10 -o b.json --set processor.workers=8
  mqscript compare a.json b.json                        how b differs from a, and how sure that is
  mqscript compare a.json b.json --figures total.p99 --within 5% --fail-on-regression";

const REPORT_EXAMPLES: &str = "\
Examples:
  mqscript run urgent_mix -o results.json
  mqscript report results.json -o page.html             one page
  mqscript report a.json b.json -o page.html            one page with both, and how they compare
  mqscript report results/*.json -o pages/              a page each, and an index";

const FIT_EXAMPLES: &str = "\
Examples:
  mqscript run urgent_mix --real -o measured.json
  mqscript fit measured.json -o mock.json               then `core(\"mock\", load(\"mock.json\"))` in a script";

const CHECK_EXAMPLES: &str = "\
Examples:
  mqscript check mine.rhai
  mqscript check mine.rhai --set processor.workers=8    what the flag would change
  mqscript check nightly.yaml                           a batch file with all its cells";

const NEW_EXAMPLES: &str = "\
Examples:
  mqscript new orders                                   the folder `orders` with script, batch file and workflow
  mqscript new orders --processor                       what puts your own processor under test
  mqscript run orders/orders.rhai";

const COMPLETIONS_HELP: &str = "\
Where they belong, for one user:
  bash        mqscript completions bash > ~/.local/share/bash-completion/completions/mqscript
  zsh         mqscript completions zsh > ~/.zfunc/_mqscript    and ~/.zfunc in $fpath
  fish        mqscript completions fish > ~/.config/fish/completions/mqscript.fish
  elvish      mqscript completions elvish >> ~/.config/elvish/rc.elv
  powershell  mqscript completions powershell >> $PROFILE";

/// The flags of `mqscript new`.
#[derive(Debug, Clone, Args)]
pub struct NewFlags {
    /// The name of the script: letters, digits, `_`, `-`.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The folder to create [default: named like the script].
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Create the glue to test your own message-queue processor instead: a few lines of Python, and an example.
    #[arg(long)]
    pub processor: bool,
}

/// The flags of `mqscript completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsFlags {
    /// The shell to complete commands for.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// The flags of `mqscript man`.
#[derive(Debug, Clone, Args)]
pub struct ManFlags {
    /// Write a page for each command into this folder; it is created if missing, and older pages are replaced.
    #[arg(short, long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// Flags of everything that compares.
#[derive(Debug, Clone, Default, Args)]
pub struct CompareSettings {
    /// The largest difference that does not matter: a share such as `2%`, or a time such as `0.1ms` [default: 2%].
    #[arg(long, value_name = "SHARE|TIME", value_parser = within, help_heading = "Comparing")]
    pub within: Option<Within>,
    /// The figures that get a verdict: `total.p99,success_rate` [default: throughput, success_rate, total.mean,
    /// total.p50, total.p99, total_all.p99, delivery.mean, delivery.p99, queue_wait.mean].
    #[arg(long, value_name = "FIGURE,…", value_delimiter = ',', help_heading = "Comparing")]
    pub figures: Option<Vec<String>>,
    /// Exit with code 7 if a figure is worse than the baseline's by more than `--within`.
    #[arg(long, help_heading = "Comparing")]
    pub fail_on_regression: bool,
}

/// The flags of `mqscript compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareFlags {
    /// Files that `run --output` saved; the first is the baseline. A single file is compared within itself.
    #[arg(value_name = "RESULTS.json", required = true)]
    pub files: Vec<PathBuf>,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub comparing: CompareSettings,

    /// Save the comparison as JSON.
    #[arg(short, long, value_name = "FILE", help_heading = "Results")]
    pub output: Option<PathBuf>,
    /// Write a page with charts, to look at and to show: one HTML file that needs no network.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub report: Option<PathBuf>,
    /// What standard output carries.
    #[arg(long, value_enum, default_value_t = FormatFlag::Text, value_name = "text|json|markdown", hide_possible_values = true, help_heading = "Results")]
    pub format: FormatFlag,
    /// Replace files that exist.
    #[arg(long, help_heading = "Results")]
    pub force: bool,
}

/// The flags of `mqscript batch`.
#[derive(Debug, Clone, Args)]
pub struct BatchFlags {
    /// The batch file to play.
    #[arg(value_name = "FILE.yaml")]
    pub file: PathBuf,

    /// Continue the newest batch in the output folder; finished cells are not played again.
    #[arg(long)]
    pub resume: bool,
    /// Like `--resume`, even if scripts, cores or the file have changed; affected cells are played again.
    #[arg(long)]
    pub changed: bool,
    /// Play only this cell.
    #[arg(long, value_name = "CELL", conflicts_with_all = ["resume", "changed"])]
    pub only: Option<String>,
    /// The output folder; overrides the batch file.
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Replications of every cell; overrides the batch file.
    #[arg(long, value_name = "N", value_parser = repeats)]
    pub repeats: Option<u64>,
    /// Compare every cell with the same cell of an earlier batch: a saved name, a batch's folder (with a `/`), or `latest`.
    #[arg(long, value_name = "NAME|FOLDER")]
    pub baseline: Option<String>,
    /// Save the results under a name, for `--baseline`.
    #[arg(long, value_name = "NAME", conflicts_with = "only")]
    pub save_baseline: Option<String>,
    /// Replace the baseline that `--save-baseline` names.
    #[arg(long, requires = "save_baseline")]
    pub force: bool,
    /// Exit with code 7 if a compared figure is worse than the baseline's by more than `within`.
    #[arg(long)]
    pub fail_on_regression: bool,
    /// Look for cores in this folder first; may be repeated.
    #[arg(long, value_name = "FOLDER", value_parser = PathBufValueParser::new().try_map(folder))]
    pub core_path: Vec<PathBuf>,
    /// Give up on a core when one of its calls takes longer than this.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub hang_timeout: Duration,
    /// Do not show progress.
    #[arg(short, long)]
    pub quiet: bool,
}

/// The flags of `mqscript schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaFlags {
    /// The schema of batch files, or of results.
    #[arg(value_enum, default_value_t = Schema::Batch, value_name = "batch|report", hide_possible_values = true)]
    pub of: Schema,
}

/// The files that there is a schema of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    /// Files that `batch` plays.
    Batch,
    /// The results of runs.
    Report,
}

/// The flags of `mqscript fit`.
#[derive(Debug, Clone, Args)]
pub struct FitFlags {
    /// Files that `run --output` saved, all of one core.
    #[arg(value_name = "RESULTS.json", required = true)]
    pub files: Vec<PathBuf>,

    /// Use only runs on this core, as the results name it.
    #[arg(long, value_name = "NAME")]
    pub core: Option<String>,
    /// Fit the time of the consumers' work instead, for `consumer: load("FILE")`.
    #[arg(long)]
    pub service: bool,
    /// Save the options as JSON, for `core("mock", load("FILE"))` [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long)]
    pub force: bool,
}

/// The flags of `mqscript run`.
#[derive(Debug, Clone, Args)]
pub struct RunFlags {
    /// A script's path, or the name of a bundled one.
    #[arg(value_name = "SCRIPT", default_value = "nine_agents")]
    pub script: String,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub plan: PlanFlags,

    /// Give up on a core when one of its calls takes longer than this.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration, help_heading = "The core")]
    pub hang_timeout: Duration,
    /// Run in this process, for a debugger; if a core crashes, the results are lost.
    #[arg(long, help_heading = "The core")]
    pub in_process: bool,
    /// Play every run with this many seeds; simulated runs go in parallel [default: 1, in comparisons 5].
    #[arg(long, value_name = "N", value_parser = repeats, help_heading = "Comparing")]
    pub repeats: Option<u64>,
    /// Compare these cores instead of using one; the first is the baseline [with no value: mock,sqlite].
    #[arg(
        long,
        value_name = "A,B,…",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with = "core",
        help_heading = "Comparing"
    )]
    pub compare: Option<String>,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub comparing: CompareSettings,

    /// Save all results as JSON.
    #[arg(short, long, value_name = "FILE", help_heading = "Results")]
    pub output: Option<PathBuf>,
    /// Write a line of JSON for every message.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub events: Option<PathBuf>,
    /// Write a page with charts, to look at and to show: one HTML file that needs no network.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub report: Option<PathBuf>,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub exports: ExportFlags,

    /// What standard output carries.
    #[arg(long, value_enum, default_value_t = FormatFlag::Text, value_name = "text|json|markdown", hide_possible_values = true, help_heading = "Results")]
    pub format: FormatFlag,
    /// Replace files that exist.
    #[arg(long, help_heading = "Results")]
    pub force: bool,
    /// Print all rows, and more details of the run.
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Results")]
    pub verbose: bool,
    /// Do not show progress.
    #[arg(short, long, help_heading = "Results")]
    pub quiet: bool,
}

/// The flags of `mqscript check`.
#[derive(Debug, Clone, Args)]
pub struct CheckFlags {
    /// A script's path, or the name of a bundled one; or a batch file, which ends in `.yaml`.
    #[arg(value_name = "SCRIPT")]
    pub script: String,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub plan: PlanFlags,
}

/// What stdout carries of `core check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// The list, as text.
    Text,
    /// A single JSON document.
    Json,
}

/// What standard output carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatFlag {
    /// The summary, as text.
    Text,
    /// A single JSON document.
    Json,
    /// Comparisons as Markdown tables, everything else as the summary in a block of its own.
    Markdown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn real_takes_a_core_only_after_an_equals_sign() {
        let read = |typed: &[&str]| {
            let arguments = Arguments::try_parse_from([&["mqscript", "run"], typed].concat())?;
            let Command::Run(flags) = arguments.command else { panic!("another command") };
            Ok::<_, clap::Error>((flags.script, flags.plan.real))
        };
        let some = |core: &str| Some(core.to_owned());
        assert_eq!(read(&["--real", "nine.rhai"]).unwrap(), ("nine.rhai".into(), some("sqlite")));
        assert_eq!(read(&["nine.rhai", "--real=nats"]).unwrap(), ("nine.rhai".into(), some("nats")));
        assert_eq!(read(&["nine.rhai"]).unwrap(), ("nine.rhai".into(), None));
        assert!(read(&["--real", "--core", "mock"]).is_err());
    }

    #[test]
    fn a_script_is_not_needed() {
        let arguments = Arguments::try_parse_from(["mqscript", "run", "--rate", "-5"]).unwrap();
        let Command::Run(flags) = arguments.command else { panic!("another command") };
        assert_eq!((flags.script.as_str(), flags.plan.rate.as_deref()), ("nine_agents", Some("-5")));
    }
}
