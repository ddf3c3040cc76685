//! `cargo xtask instructions`: how many instructions a message takes, which repeats where time does not.
//!
//! Each model is played in two lengths under callgrind; the difference over the messages between them is what one more
//! message takes, without start and report. The bounds lie in a file beside the models.

use crate::built::Built;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The models, and about how many messages the shorter run of each has; the longer has three times as many.
const MODELS: [(&str, &str, u32); 5] = [
    ("nine_agents", "benches/peers/nine_agents.rhai", 10_000),
    ("types_and_retries", "benches/instructions/types_and_retries.rhai", 10_000),
    ("many_agents", "benches/instructions/many_agents.rhai", 10_000),
    ("receiving", "benches/instructions/receiving.rhai", 10_000),
    ("callbacks", "benches/instructions/callbacks.rhai", 3_000),
];

/// The bounds, from the root of the checkout.
const BOUNDS: &str = "benches/instructions/bounds.json";

/// A model may take so much more than its bound says, or so much less before that is told.
const TOLERANCE: f64 = 0.02;

/// What measuring came to.
#[derive(Debug, PartialEq)]
pub enum Measured {
    /// There are no figures here, for this reason.
    Skipped(String),
    /// The table, and whether every model keeps its bound.
    Table {
        /// The table, as people read it.
        text: String,
        /// Whether every model keeps its bound.
        kept: bool,
    },
}

/// Measures the models with the program, which is built for release, and holds them against the bounds; `update` writes
/// these anew instead.
pub fn instructions(root: &Path, update: bool) -> Result<Measured> {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        return Ok(Measured::Skipped("there is no program valgrind here".to_owned()));
    }
    let program = Built::by_cargo(root, "release", false)?.program;
    let mut found = Vec::new();
    for (name, script, messages) in MODELS {
        eprintln!("{name} …");
        found.push((name, a_message(root, &program, script, messages).with_context(|| name)?));
    }
    let file = root.join(BOUNDS);
    let compiler = compiler()?;
    if update {
        let text = serde_json::to_string_pretty(&bounds(&compiler, &found))? + "\n";
        std::fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let kept =
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(judged(&serde_json::from_str(&kept)?, &compiler, &found))
}

/// The compiler and the machine that bounds are good for.
fn compiler() -> Result<String> {
    let told = Command::new("rustc").arg("--version").output().context("rustc cannot be started")?;
    Ok(format!("{}, {}", String::from_utf8(told.stdout)?.trim(), std::env::consts::ARCH))
}

fn bounds(compiler: &str, found: &[(&str, f64)]) -> Value {
    let models = found.iter().map(|(name, count)| ((*name).to_owned(), json!(count.round() as u64)));
    json!({ "compiler": compiler, "instructions_a_message": models.collect::<serde_json::Map<_, _>>() })
}

/// Instructions of one message more.
fn a_message(root: &Path, program: &Path, script: &str, messages: u32) -> Result<f64> {
    let [short, long] = [messages, 3 * messages].map(|messages| played(root, program, script, messages));
    let ((short_count, short_messages), (long_count, long_messages)) = (short?, long?);
    ensure!(long_messages > short_messages, "{script}: no more messages in the longer run");
    Ok((long_count - short_count) as f64 / (long_messages - short_messages) as f64)
}

/// Instructions and messages of a run of its own process.
fn played(root: &Path, program: &Path, script: &str, messages: u32) -> Result<(i64, i64)> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    valgrind.args(["run", "-q", "--in-process", "--format", "json", "--seed", "1"]);
    valgrind.args(["--param", &format!("messages={messages}.0")]).arg(PathBuf::from(script));
    let ended = valgrind.current_dir(root).stdin(Stdio::null()).output().context("valgrind")?;
    let told = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{script} ends with {}\n{told}", ended.status);
    let report: Value = serde_json::from_slice(&ended.stdout).context("the report is JSON")?;
    let generated = report["runs"][0]["generated"].as_i64().context("the report counts messages")?;
    match collected(&told) {
        Some(count) => Ok((count, generated)),
        None => bail!("callgrind counts nothing:\n{told}"),
    }
}

/// The sum that callgrind prints at the end.
fn collected(told: &str) -> Option<i64> {
    told.lines().find_map(|line| line.split_once("Collected :"))?.1.trim().parse().ok()
}

/// The table of what was found beside its bounds.
fn judged(bounds: &Value, compiler: &str, found: &[(&str, f64)]) -> Measured {
    let same = bounds["compiler"] == *compiler;
    let mut text = format!("{:20} {:>12} {:>12} {:>8}\n", "model", "a message", "bound", "");
    let mut kept = true;
    for (name, count) in found {
        let Some(bound) = bounds["instructions_a_message"][name].as_f64() else {
            writeln!(text, "{name:20} {count:12.1} {:>12} {:>8}  `--update` writes it", "none", "").unwrap();
            kept = false;
            continue;
        };
        let more = count / bound - 1.0;
        let verdict = match more {
            more if more > TOLERANCE && same => "too many",
            more if more < -TOLERANCE => "fewer: `--update` keeps it so",
            _ => "",
        };
        kept &= more <= TOLERANCE || !same;
        writeln!(text, "{name:20} {count:12.1} {bound:12} {:+7.2} %  {verdict}", more * 100.0).unwrap();
    }
    if !same {
        let other = bounds["compiler"].as_str().unwrap_or("no compiler");
        writeln!(text, "Not judged: the bounds are those of {other}, and here is {compiler}.").unwrap();
    }
    Measured::Table { text, kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPILER: &str = "rustc 1, here";

    fn kept(compiler: &str, bound: f64, count: f64) -> bool {
        match judged(&bounds(COMPILER, &[("model", bound)]), compiler, &[("model", count)]) {
            Measured::Table { kept, .. } => kept,
            Measured::Skipped(_) => unreachable!(),
        }
    }

    #[test]
    fn a_model_that_takes_more_than_its_bound_is_told() {
        assert!(kept(COMPILER, 1000.0, 1019.0) && kept(COMPILER, 1000.0, 500.0));
        assert!(!kept(COMPILER, 1000.0, 1021.0));
        assert!(kept("rustc 2, here", 1000.0, 1021.0), "the bounds of another compiler say nothing");
    }

    #[test]
    fn a_model_without_a_bound_is_told() {
        let found = judged(&bounds(COMPILER, &[]), COMPILER, &[("model", 1.0)]);
        assert!(matches!(found, Measured::Table { kept: false, .. }), "{found:?}");
    }

    #[test]
    fn the_sum_is_read_off_what_callgrind_prints() {
        assert_eq!(collected("==1== \n==1== Events    : Ir\n==1== Collected : 94240446\n"), Some(94_240_446));
        assert_eq!(collected("==1== Process terminating\n"), None);
    }
}
