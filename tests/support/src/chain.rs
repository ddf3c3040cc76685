//! What the tests of cores share: a run to create cores for, messages, libraries compiled from C.

use crate::place;
use mqscript::cores::*;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Agent-1 … Agent-N, then SYSTEM.
pub struct Names(pub u32);

impl PartyNames for Names {
    fn count(&self) -> u32 {
        self.0 + 1
    }

    fn write_name(&self, id: u32, into: &mut String) {
        use std::fmt::Write;
        if id < self.0 {
            let _ = write!(into, "Agent-{}", id + 1);
        } else {
            into.push_str("SYSTEM");
        }
    }
}

/// A run of nine agents on the virtual clock, which receive nothing.
pub fn run_config() -> RunConfig {
    let row = |name: &str, wire_type: &str, priority| TypeRow {
        name: name.into(),
        wire_type: wire_type.into(),
        priority,
        tags: vec!["SYSTEM".into()],
    };
    RunConfig {
        run: 7,
        seed: 1,
        clock: RunClockKind::Virtual,
        agents: 9,
        party_names: Arc::new(Names(9)),
        types: vec![row("direct", "SYSTEM_TO_AGENT", 1), row("hard_onboard", "ONBOARDING", 3)],
        receive: false,
        wants_content: false,
        max_in_flight: 64,
        groups: Vec::new(),
    }
}

/// Options as a map.
pub fn options(value: Value) -> Map<String, Value> {
    value.as_object().expect("options are a map").clone()
}

/// A wish for a core, by name or path, with options.
pub fn request(reference: impl AsRef<Path>, value: Value) -> CoreRequest {
    CoreRequest { reference: reference.as_ref().to_str().expect("UTF-8").to_owned(), options: options(value) }
}

/// Finds and vets the cores, the lowest first.
pub fn plan(requests: &[CoreRequest]) -> Result<ResolvedChain, CoreError> {
    plan_chain(&Finder::new(&[]), Path::new("."), requests)
}

/// Messages with the tokens `first`, `first + 1`, …: the agents take turns, each to the next.
pub fn messages(first: u64, n: u64) -> Vec<abi::Message> {
    let one = |i: u64| abi::Message {
        token: first + i,
        stamp: abi::Stamp {
            run: 7,
            sender: (i % 9) as u32,
            sequence: (first + i) / 9 + 1,
            attempt: 1,
            ..abi::Stamp::NONE
        },
        sender_id: (i % 9) as u32,
        recipient_id: ((i + 1) % 9) as u32,
        ..abi::Message::EMPTY
    };
    (0..n).map(one).collect()
}

/// A chain that is open, on the virtual clock.
pub struct Running {
    pub chain: Chain,
    pub session: Session,
    pub services: HostServices,
    pub out: Out,
}

/// Makes, prepares and opens the cores.
pub fn start(requests: &[CoreRequest], config: RunConfig) -> Result<Running, CoreError> {
    let services = HostServices::new(config.clock);
    let mut chain = plan(requests)?.create(config, services.clone())?;
    chain.prepare()?;
    let session = chain.open(0)?;
    Ok(Running { chain, session, services, out: Out::with_capacity(64, 64) })
}

/// Compiles one C or C++ file of `tests/support/c` into a shared library in the build's folder for temporary files.
pub fn compile(source: &str, defines: &[&str]) -> PathBuf {
    // Each call makes a file of its own: tests run side by side, and a library that is loaded must not change.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let (stem, language) = source.rsplit_once('.').expect("a file of C or C++");
    let (compiler, standard) = if language == "cpp" { ("c++", "-std=c++17") } else { ("cc", "-std=c11") };
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = place::temporary().join("cores");
    std::fs::create_dir_all(&folder).expect("the folder for temporary files");
    let library = folder.join(format!("{stem}_{}_{number}.so", std::process::id()));
    let output = Command::new(compiler)
        .args([
            standard,
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unused-const-variable",
            "-shared",
            "-fPIC",
            "-O1",
        ])
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-I")
        .arg(place::repository().join("plugins/sdk/include"))
        .arg("-o")
        .arg(&library)
        .arg(place::repository().join("tests/support/c").join(source))
        .arg("-lm")
        .output()
        .expect("a C compiler named `cc`");
    assert!(output.status.success(), "{source}: {}", String::from_utf8_lossy(&output.stderr));
    library
}
