//! How the cost of a message grows with the size of a model: each row makes one thing larger and leaves the rest.
//!
//! `cargo bench --bench growth` prints the table; names of rows after `--` pick some, `--long` adds 100 million messages. Each
//! cell is played in a process of its own, whose peak of resident memory is its own. A row is marked where the cost of a
//! message, or of a unit's memory, more than doubles from one cell to ten times as many units: something is superlinear
//! there. For broadcasts a message is a copy.

use mqscript::plan::{Arrival, End, MessageType, MixEntry, Plan, Receive, Recipient, Spacing, Stage, TypeId};
use mqscript::results::max_rss_bytes;
use serde_json::json;
use std::process::Command;
use support::bench::yardstick;
use support::engine::{S, plan, play, sure};

/// Messages of a cell, where a row does not count them.
const MESSAGES: f64 = 1e6;
/// Seconds that a worker takes for a message, and the share of time that workers are busy.
const SERVICE_S: f64 = 0.0055;
const BUSY: f64 = 0.95;
const WORKERS: u32 = 64;

/// A row: its name, how large it gets, and the plan of a size.
struct Row {
    name: &'static str,
    unit: &'static str,
    sizes: &'static [u64],
    plan: fn(u64) -> Plan,
}

const ROWS: [Row; 7] = [
    Row {
        name: "messages",
        unit: "message",
        sizes: &[100_000, 1_000_000, 10_000_000],
        plan: |size| model(9, WORKERS, size as f64),
    },
    Row {
        name: "agents",
        unit: "agent",
        sizes: &[1, 10, 100, 1_000, 1_001, 10_000, 100_000, 1_000_000],
        plan: |size| model(size as u32, WORKERS, MESSAGES.max(2.0 * size as f64)),
    },
    Row {
        name: "workers",
        unit: "worker",
        sizes: &[1, 10, 100, 1_000, 10_000, 100_000],
        plan: |size| model(9, size as u32, MESSAGES.max(20.0 * size as f64)),
    },
    Row { name: "types", unit: "type", sizes: &[1, 10, 100, 300, 1_000], plan: types },
    Row { name: "phases", unit: "phase", sizes: &[1, 10, 100, 300, 1_000], plan: phases },
    Row { name: "queue", unit: "waiting", sizes: &[100, 1_000, 10_000, 100_000, 1_000_000], plan: bursts },
    Row {
        name: "broadcast",
        unit: "receiver",
        sizes: &[10, 100, 300, 1_000, 3_000, 10_000],
        plan: broadcast,
    },
];

/// How many messages more than others `--long` plays.
const LONG: u64 = 100_000_000;

/// Poisson agents that keep so many workers 95 % busy, for so many messages.
fn model(agents: u32, workers: u32, messages: f64) -> Plan {
    let rate_per_s = f64::from(workers) * BUSY / SERVICE_S;
    let mut plan = plan(1.0, (messages / rate_per_s * S as f64) as u64, json!({}));
    plan.groups[0].count = agents;
    plan.groups[0].arrival = Arrival::Poisson { rate_per_s: rate_per_s / f64::from(agents) };
    plan.processor.workers = workers;
    plan
}

/// So many types, equally likely.
fn types(count: u64) -> Plan {
    let mut plan = model(9, WORKERS, MESSAGES);
    let settings = plan.types[0].settings.clone();
    let of_type = |id: u64| MessageType { name: format!("type-{id}"), ..plan.types[0].clone() };
    plan.types = (0..count).map(of_type).collect();
    let entry = |id: u64| MixEntry { type_id: TypeId(id as u16), weight: 1.0, settings: settings.clone() };
    plan.groups[0].mix = (0..count).map(entry).collect();
    plan
}

/// So many stages of one rate.
fn phases(count: u64) -> Plan {
    let mut plan = model(9, WORKERS, MESSAGES);
    let duration_ns = plan.end.duration_ns().expect("a duration") / count;
    let rate_per_s = f64::from(WORKERS) * BUSY / SERVICE_S / 9.0;
    let stage = |number: u64| Stage {
        name: format!("stage-{number}"),
        duration_ns,
        from_per_s: rate_per_s,
        to_per_s: rate_per_s,
        spacing: Spacing::Poisson,
    };
    plan.groups[0].arrival = Arrival::Stages((0..count).map(stage).collect());
    plan.end = End::Duration(duration_ns * count);
    plan
}

/// Bursts of so many messages, each worked off before the next.
fn bursts(size: u64) -> Plan {
    let mut plan = model(10, WORKERS, MESSAGES);
    let bursts = (MESSAGES as u64 / size).max(1);
    let every_ns = (size as f64 * SERVICE_S / f64::from(WORKERS) / BUSY * S as f64) as u64;
    plan.groups[0].arrival = Arrival::Burst { size: size / 10, every_ns, spread_ns: 0 };
    plan.end = End::Duration(every_ns * bursts);
    plan
}

/// Broadcasts among so many agents: about one of each, at most 6,000, and at least a million copies in all.
fn broadcast(agents: u64) -> Plan {
    let messages = (MESSAGES / agents as f64).max(agents.min(6_000) as f64);
    let mut plan = plan(1.0, (messages * S as f64) as u64, sure("5ms"));
    plan.groups[0].count = agents as u32;
    plan.groups[0].arrival = Arrival::Poisson { rate_per_s: 1.0 / agents as f64 };
    plan.groups[0].mix[0].settings.recipient = Recipient::All;
    plan.types[0].settings.recipient = Recipient::All;
    plan.receive = Receive::Always;
    plan
}

/// What a cell costs: processor nanoseconds a message, and bytes resident at most beyond those before the run.
#[derive(Debug, Clone, Copy)]
struct Cost {
    ns: f64,
    bytes: f64,
    /// Whether the run could tell what became of every copy.
    decided: bool,
}

/// Plays one cell, and prints its cost for the process that asked.
fn cell(plan: &Plan) {
    let before = max_rss_bytes();
    let run = play(plan);
    let bytes = max_rss_bytes().saturating_sub(before);
    let copies = run.ledger.copies.as_ref().map(|copies| copies.received + copies.late);
    let messages = copies.unwrap_or(run.ledger.counts.generated).max(1);
    let lost = run.ledger.copies.as_ref().is_some_and(|copies| copies.late > 0);
    println!("{} {bytes} {}", run.environment.cpu_s * 1e9 / messages as f64, !lost);
}

/// Has one cell played by a process of its own.
fn asked(row: &Row, size: u64) -> Cost {
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new(own).args(["cell", row.name, &size.to_string()]).output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let parts: Vec<&str> = told.split_whitespace().collect();
    let [ns, bytes, decided] = parts[..] else {
        panic!("{} {size}: {told}{}", row.name, String::from_utf8_lossy(&output.stderr));
    };
    let number = |text: &str| text.parse().expect("a number");
    Cost { ns: number(ns), bytes: number(bytes), decided: decided == "true" }
}

/// By how much a cost grows for ten times as many units.
fn in_a_decade(costs: (f64, f64), sizes: (u64, u64)) -> f64 {
    10f64.powf((costs.1 / costs.0).ln() / (sizes.1 as f64 / sizes.0 as f64).ln())
}

fn print_row(row: &Row, long: bool) -> bool {
    let further = (long && row.name == "messages").then_some(LONG);
    let mut marked = false;
    let mut last: Option<(u64, Cost, f64)> = None;
    for size in row.sizes.iter().copied().chain(further) {
        let (mini, cost) = (yardstick(), asked(row, size));
        // In messages of the yardstick: what the machine does meanwhile falls on both.
        let of_mini = cost.ns / mini.cpu_ns;
        let (mut marks, mut unit_bytes) = (Vec::new(), None);
        if let Some((smaller, before, before_of_mini)) = last {
            let sizes = (smaller, size);
            // Between neighbours, such as 1,000 and 1,001, there is a step and no slope.
            let apart = size >= 2 * smaller;
            let costs = (before_of_mini, of_mini);
            let steeper = if apart { in_a_decade(costs, sizes) } else { costs.1 / costs.0 };
            if steeper > 2.0 {
                marks.push(format!("superlinear: {steeper:.1} times the cost a message in a decade"));
            }
            let more = cost.bytes - before.bytes;
            unit_bytes = apart.then(|| (more / (size - smaller) as f64).max(0.0));
            let times = cost.bytes / before.bytes.max(4e6) * smaller as f64 / size as f64;
            if apart && times > 2.0 {
                marks.push(format!("superlinear: {times:.1} times the memory a unit"));
            }
        }
        marked |= !marks.is_empty() || !cost.decided;
        if !cost.decided {
            marks.push("undecided copies".to_owned());
        }
        let unit_bytes = unit_bytes.map_or_else(String::new, |bytes| format!("{bytes:.1}"));
        println!(
            "{:10} {size:>11} {:>9.1} {:>8.3} {:>9.1} {unit_bytes:>10}  {}",
            row.name,
            cost.ns,
            1.0 / of_mini,
            cost.bytes / 1e6,
            marks.join("; ")
        );
        last = Some((size, cost, of_mini));
    }
    marked
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [call, name, size] = &arguments[..]
        && call == "cell"
    {
        let row = ROWS.iter().find(|row| row.name == name).expect("a row");
        return cell(&(row.plan)(size.parse().expect("a size")));
    }
    let long = arguments.iter().any(|argument| argument == "--long");
    let picked: Vec<&String> = arguments.iter().filter(|name| !name.starts_with("--")).collect();
    println!("{:10} {:>11} {:>9} {:>8} {:>9} {:>10}", "row", "units", "ns", "of mini", "MB", "bytes/unit");
    let rows = ROWS.iter().filter(|row| picked.is_empty() || picked.iter().any(|name| *name == row.name));
    let marked: Vec<&str> = rows.filter(|row| print_row(row, long)).map(|row| row.unit).collect();
    match marked.is_empty() {
        true => println!("No row is superlinear."),
        false => println!("Rows to look at grow by: {}", marked.join(", ")),
    }
}
