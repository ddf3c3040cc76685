//! Scripts from outside, played by stand-ins.

use super::*;
use crate::diagnostics::{Diagnostics, Exit};
use crate::engine::Behaviour;
use crate::plan::tree::TreeNode;
use crate::plan::{Overrides, Plan};
use crate::results::Run;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Remembers the plans and returns results with a few figures in them.
#[derive(Default)]
struct Stand {
    plans: Vec<Plan>,
}

impl PlanPlayer for Stand {
    fn play(
        &mut self,
        plan: &Plan,
        _base: &Path,
        _behaviour: &mut dyn Behaviour,
    ) -> Result<Run, Diagnostics> {
        self.plans.push(plan.clone());
        let mut run = placeholder(plan);
        run.figures.counts.generated = 900;
        run.figures.counts.delivered = 855;
        run.figures.success_rate = Some(0.95);
        run.figures.throughput_per_s = Some(91.8);
        run.figures.total.count = 855;
        run.figures.total.p99_ns = Some(60_000_000);
        run.figures.gave_up.p99_ns = None;
        run.duration_ns = 9_800_000_000;
        Ok(run)
    }
}

fn settings() -> Settings {
    Settings::default()
}

fn execute_with(text: &str, settings: &Settings) -> (Execution, Stand) {
    let mut player = Stand::default();
    let mut execution =
        execute(&Source::from_text("a.rhai", text), settings, &mut player, &Arc::new(AtomicBool::new(false)));
    // Most of these scripts look at one function alone, and have no need of a run.
    let faults = std::mem::take(&mut execution.diagnostics);
    execution.diagnostics = faults.into_iter().filter(|fault| fault.title != "nothing was run").collect();
    (execution, player)
}

fn good(text: &str) -> (Execution, Stand) {
    let (execution, player) = execute_with(text, &settings());
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    (execution, player)
}

/// The faults of a script that is wrong, rendered.
fn wrong(text: &str) -> (Exit, String) {
    let (execution, _) = execute_with(text, &settings());
    (execution.diagnostics.exit(), execution.diagnostics.render(false))
}

const SMALL: &str = "let s = scenario(#{ arrival: \"20/s\", mix: [\"direct\"] });\n";

#[test]
fn bundled_scripts_are_read() {
    for (name, _) in &BUNDLED {
        let source = Source::bundled(name).unwrap();
        let interrupted = Arc::new(AtomicBool::new(false));
        let checked = check(&source, &settings(), &interrupted);
        assert!(checked.diagnostics.is_empty(), "{name}: {}", checked.diagnostics);
        let executed = execute(&source, &settings(), &mut Stand::default(), &interrupted);
        assert!(executed.diagnostics.is_empty(), "{name}: {}", executed.diagnostics);
        let runs = match *name {
            "crash_at_work" | "lease_too_short" => 2,
            "real_and_mock" | "compare_cores" | "worker_pool" => 3,
            "tune_processor" => 4,
            _ => 1,
        };
        assert_eq!(executed.plans.len(), runs, "{name}");
    }
    assert!(Source::bundled("nine").is_none());
}

/// Plays nothing, but remembers in which order what was to be played.
#[derive(Default)]
struct Order(Vec<(String, u64)>);

impl PlanPlayer for Order {
    fn play(&mut self, plan: &Plan, _: &Path, _: &mut dyn Behaviour) -> Result<Run, Diagnostics> {
        self.0.push((plan.core.name.clone(), plan.seed));
        let mut run = placeholder(plan);
        run.figures.throughput_per_s = Some(plan.seed as f64);
        Ok(run)
    }
}

fn ordered(text: &str, comparing: Comparing) -> (Execution, Vec<(String, u64)>) {
    let mut order = Order::default();
    let settings = Settings { comparing, ..settings() };
    let source = Source::from_text("script.rhai", text);
    let execution = execute(&source, &settings, &mut order, &Arc::new(AtomicBool::new(false)));
    (execution, order.0)
}

#[test]
fn comparisons_go_there_and_back_with_the_same_seeds() {
    let text = format!("{SMALL}compare(#{{ scenario: s, cores: [\"mock\", \"chaos\"], repeats: 3 }});");
    let (execution, order) = ordered(&text, Comparing::default());
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    let expected = [("mock", 1), ("chaos", 1), ("chaos", 2), ("mock", 2), ("mock", 3), ("chaos", 3)];
    assert_eq!(order, expected.map(|(core, seed)| (core.to_owned(), seed)));
    assert_eq!((execution.runs.len(), execution.comparisons.len()), (6, 1));
    assert!(execution.alone.iter().all(|alone| !alone));
    // A flag wins over the script.
    let (_, order) = ordered(&text, Comparing { repeats: Some(1), ..Comparing::default() });
    assert_eq!(order.len(), 2);
}

#[test]
fn variants_are_laid_over_their_scenario() {
    let text = format!(
        "{SMALL}let c = compare(#{{ scenario: s, variants: [#{{}}, #{{ name: \"wide\", processor: #{{ workers: 8 }} }},
         variant(s, #{{ name: \"own\", duration: \"1s\" }})] }});
         check(c.names == [\"variant 1\", \"wide\", \"own\"], \"names\");
         check(c.verdict(\"wide\", \"throughput\") == \"equivalent\", \"equal\");
         check(c.change(\"wide\", \"throughput\") == 0.0, \"no change\");"
    );
    let (execution, _) = ordered(&text, Comparing::default());
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    assert!(execution.checks.iter().all(|check| check.holds), "{:?}", execution.checks);
    let workers: Vec<u32> = execution.plans.iter().map(|planned| planned.plan.processor.workers).collect();
    assert_eq!(workers[1], 8);
    assert_ne!(workers[0], 8);
}

#[test]
fn replications_are_one_result_for_the_script() {
    let text = format!("{SMALL}let r = run(s);\ncheck(r.seed == 1, \"the first\");");
    let (execution, order) = ordered(&text, Comparing { repeats: Some(4), ..Comparing::default() });
    assert!(execution.diagnostics.is_empty() && execution.checks[0].holds, "{}", execution.diagnostics);
    assert_eq!(order.iter().map(|(_, seed)| *seed).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(execution.alone, [true, false, false, false]);
    let throughput = &execution.aggregates[0].figures["throughput"];
    assert_eq!((throughput.sample.mean, throughput.min, throughput.max), (2.5, 1.0, 4.0));
    assert_eq!(execution.plans.len(), 1);
}

#[test]
fn flags_of_comparisons_need_one() {
    let lone = format!("{SMALL}run(s);");
    let figures = Comparing { figures: Some(vec!["total.p99".to_owned()]), ..Comparing::default() };
    let (execution, _) = ordered(&lone, figures.clone());
    assert_eq!(execution.diagnostics.exit(), Exit::Usage, "{}", execution.diagnostics);
    let cores = Some(vec!["mock".to_owned(), "chaos".to_owned()]);
    let (execution, _) = ordered(&lone, Comparing { cores, ..figures });
    assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
    assert_eq!(execution.comparisons[0].comparison.figures, ["total.p99"]);
}

#[test]
fn a_check_follows_comparisons_without_playing() {
    let text = format!(
        "{SMALL}let c = compare(#{{ scenario: s, cores: [\"mock\", core(\"mock\").named(\"other\")], repeats: 50 }});
         print(c.table);\nif c.verdict(\"other\", \"total.p99\") == \"worse\" {{ throw \"no\"; }}"
    );
    let source = Source::from_text("script.rhai", &text);
    let checked = check(&source, &settings(), &Arc::new(AtomicBool::new(false)));
    assert!(checked.diagnostics.is_empty(), "{}", checked.diagnostics);
    assert_eq!((checked.plans.len(), checked.notes.len()), (2, 1));
}

#[test]
fn three_syntaxes_give_the_same_plan() {
    let folder = std::env::temp_dir().join(format!("mqscript-syntaxes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let yaml = include_str!("../../tests/scenarios/nine_agents.yaml");
    let json = crate::plan::text::parse_yaml("a", yaml).unwrap().to_json().to_string();
    std::fs::write(folder.join("nine.yaml"), yaml).unwrap();
    std::fs::write(folder.join("nine.json"), json).unwrap();
    let mut plans =
        vec![execute_with(Source::bundled("nine_agents").unwrap().text.text.as_str(), &settings()).1];
    for file in ["nine.yaml", "nine.json"] {
        let mut player = Stand::default();
        let source = Source::of_scenario(&folder, file);
        let execution = execute(&source, &settings(), &mut player, &Arc::new(AtomicBool::new(false)));
        assert!(execution.diagnostics.is_empty(), "{}", execution.diagnostics);
        plans.push(player);
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let plans: Vec<String> = plans.iter().map(|player| format!("{:?}", player.plans[0])).collect();
    assert_eq!(plans[0], plans[1]);
    assert_eq!(plans[1], plans[2]);
}

#[test]
fn results_compare_as_what_they_are() {
    let (execution, _) = good(&format!(
        "{SMALL}let r = run(s);
        check(r.total.p99 < \"100ms\", \"time and text\");
        check(\"100ms\" > r.total.p99, \"text and time\");
        check(r.total.p99 == \"60ms\", \"equal\");
        check(r.total.p99 + r.total.p99 == \"0.12s\", \"sum\");
        check(r.total.p99 / r.duration < 0.01, \"ratio\");
        check(r.total.p99.ms == 60.0, \"number\");
        check(r.success_rate >= 0.95, \"share\");
        check(r.generated == 900 && r.by_type[\"direct\"].generated == 0, \"counts\");
        check(!(r.gave_up.p99 < \"1h\") && !(r.gave_up.p99 > \"1ns\"), \"no samples, nothing holds\");
        check(r.by_agent[\"Agent-9\"].addressed == 0, \"agent\");
        check(r.by_type.keys() == [\"direct\"], \"names\");
        check(`${{r.total.p99}} ${{r.throughput}}` == \"60.0 ms 91.8\", \"shown\");
        check(shown(1296) == \"1,296\" && shown(91.83673469387755) == \"91.8\", \"numbers\");
        check(shown(r.throughput / 3600.0, \"/s\") == \"1.53/m\" && shown(r.success_rate, \"%\") == \"95.0 %\", \"units\");
        check(r, \"total.p99 < 50ms\");
        "
    ));
    let failed: Vec<&str> =
        execution.checks.iter().filter(|check| !check.holds).map(|check| check.expression.as_str()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(execution.checks.len(), 14);
    assert_eq!((execution.runs[0].checks.len(), execution.runs[0].checks[0].seen.as_str()), (1, "60.0 ms"));
    assert_eq!(crate::judgement::exit_of_run(&execution.runs[0]), Exit::CheckFailed);
}

#[test]
fn comparisons_that_would_be_silently_false_are_errors() {
    for (expression, word) in [
        ("r.total.p99 < 5", "write the time with its unit"),
        ("5.0 > r.total.p99", "write the time with its unit"),
        ("r.success_rate > \"95%\"", "write the number without quotes"),
        ("5 < \"60ms\"", "write the number without quotes"),
        ("r.total.p99 < \"5\"", "5 what?"),
        ("r.totl.p99 < \"5ms\"", "did you mean `total`?"),
        ("r.total.p98 < \"5ms\"", "no statistic `p98`"),
        ("r.by_type.dirct.generated > 1", "did you mean `direct`?"),
        ("shown(r.throughput, \"/y\") == \"\"", "\"/s\" for a rate"),
    ] {
        let (exit, text) = wrong(&format!("{SMALL}let r = run(s);\ncheck({expression}, \"x\");"));
        assert!(text.contains(word), "{expression}: {text}");
        assert!(text.contains("a.rhai:3"), "{text}");
        assert_eq!(exit, Exit::Thrown);
    }
}

#[test]
fn parameters_are_typed_by_their_defaults() {
    let text = "let a = param(\"rate\", \"30/s\", \"r\"); let n = param(\"n\", 3); let t = param(\"t\", \"5ms\");\nprint(a); print(n + 1); print(t);";
    let run = |params: &[(&str, &str)], overrides: Overrides| {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&printed);
        let settings = Settings {
            params: params.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            overrides,
            print: Arc::new(move |line| to.lock().unwrap().push(line.to_owned())),
            ..settings()
        };
        let (execution, _) = execute_with(text, &settings);
        (printed.lock().unwrap().join(" "), execution.diagnostics)
    };
    assert_eq!(run(&[], Overrides::default()).0, "30/s 4 5ms");
    assert_eq!(run(&[("n", "7"), ("t", "9s")], Overrides::default()).0, "30/s 8 9s");
    let flag = Overrides { rate: Some("12".to_owned()), ..Overrides::default() };
    assert_eq!(run(&[], flag).0, "12/s 4 5ms");
    for (params, word) in [
        (("n", "many"), "a whole number"),
        (("t", "5"), "a duration"),
        (("m", "5"), "did you mean"),
        (("rate", "fast"), "a rate"),
    ] {
        let (_, faults) = run(&[params], Overrides::default());
        assert_eq!(faults.exit(), Exit::Usage, "{params:?}");
        assert!(faults.render(false).contains(word) || params.0 == "m", "{}", faults.render(false));
    }
}

#[test]
fn cores_are_the_sessions_unless_named() {
    let cores = |text: &str, overrides: Overrides| {
        let (execution, player) =
            execute_with(&format!("{SMALL}{text}"), &Settings { overrides, ..settings() });
        let names: Vec<String> = player.plans.iter().map(|plan| plan.core.name.clone()).collect();
        (names.join(", "), execution.diagnostics)
    };
    let flag = |core: &str| Overrides { core: Some(TreeNode::text(core)), ..Overrides::default() };
    let list = "for c in [core(\"mock\").named(\"m\"), layer(\"chaos\", core(\"mock\"), #{ crash: \"1%\" }), default_core(\"sqlite\")] { run(s, c); }";
    assert_eq!(cores("run(s);", Overrides::default()).0, "mock");
    assert_eq!(cores("run(s);", flag("nats")).0, "nats");
    assert_eq!(cores("default_core(\"sqlite\", #{ a: 1 }); run(s);", Overrides::default()).0, "sqlite");
    assert_eq!(cores(list, Overrides::default()).0, "m, chaos over mock, sqlite");
    assert_eq!(cores(list, flag("nats")).0, "m, chaos over mock, nats");
    let (_, faults) = cores("run(s, core(\"mock\"));", flag("nats"));
    assert_eq!(faults.exit(), Exit::Usage);
    assert!(faults.render(false).contains("names all its cores itself"), "{faults}");
    let rate = Overrides { success_rate: Some("0.9".to_owned()), ..Overrides::default() };
    assert_eq!(cores("run(s, core(\"nats\"));", rate.clone()).1.exit(), Exit::Usage);
    assert!(cores(list, rate).1.is_empty());
}

#[test]
fn variants_and_maps_can_be_changed() {
    let (_, player) = good(&format!(
        "{SMALL}run(variant(s, #{{ processor: #{{ workers: 8 }} }}));
        let t = s; t.processor = #{{ workers: 3 }}; run(t); run(s);"
    ));
    let workers: Vec<u32> = player.plans.iter().map(|plan| plan.processor.workers).collect();
    assert_eq!(workers, [8, 3, 1]);
}

#[test]
fn saving_stays_below_the_output_folder() {
    let folder = std::env::temp_dir().join(format!("mqscript-save-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let save = |name: &str, force: bool| {
        let settings = Settings { output_folder: folder.clone(), force, ..settings() };
        execute_with(&format!("{SMALL}run(s).save(\"{name}\");"), &settings).0
    };
    assert_eq!(save("a.json", false).saved, [folder.join("a.json")]);
    let text = std::fs::read_to_string(folder.join("a.json")).unwrap();
    assert!(text.contains("mqscript.report/1"));
    for (name, force) in [("a.json", false), ("../b.json", true), ("/tmp/b.json", true), ("no/b.json", true)]
    {
        assert_eq!(save(name, force).diagnostics.exit(), Exit::Usage, "{name}");
    }
    assert!(save("a.json", true).diagnostics.is_empty());
    let left: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [folder.join("a.json")]);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_raised_flag_ends_a_script_that_does_not() {
    let interrupted = Arc::new(AtomicBool::new(true));
    let source = Source::from_text("a.rhai", "loop { }");
    let execution = execute(&source, &settings(), &mut Stand::default(), &interrupted);
    assert_eq!(execution.diagnostics.exit(), Exit::Interrupted);
    assert!(interrupted.load(Ordering::Relaxed));
}

#[test]
fn a_check_finds_all_faults_and_says_what_it_cannot_know() {
    let text = "let a = scenario(#{ arrival: \"20/s\", mix: [\"drect\"] });
        let r = run(a);
        let b = scenario(#{ arrival: \"20\", mix: [\"direct\"] });
        run(b, core(\"mock\"));";
    let interrupted = Arc::new(AtomicBool::new(false));
    let checked = check(&Source::from_text("a.rhai", text), &settings(), &interrupted);
    assert_eq!(checked.diagnostics.len(), 2, "{}", checked.diagnostics);
    assert_eq!(checked.diagnostics.exit(), Exit::Contents);

    let text = format!(
        "{SMALL}let r = run(s); if r.total.p99 > \"1s\" {{ run(s); }} check(r, \"total.p99 < 1ns\");"
    );
    let checked = check(&Source::from_text("a.rhai", &text), &settings(), &interrupted);
    assert!(checked.diagnostics.is_empty() && checked.notes[0].contains("one way only"));
    assert_eq!(checked.diagnostics.exit(), Exit::Success);

    let text = format!("{SMALL}loop {{ run(s); }}");
    let checked = check(&Source::from_text("a.rhai", &text), &settings(), &interrupted);
    assert_eq!(
        (checked.plans.len(), checked.diagnostics.exit()),
        (1_000, Exit::Success),
        "{}",
        checked.diagnostics
    );
}

#[test]
fn the_vocabulary_has_no_reserved_word() {
    use crate::plan::{FIGURES, SCOPES, STATISTICS};
    let engine = rhai::Engine::new();
    let written = [
        "name agents arrival mix types message duration messages messages_per_agent end warm_up drain drain_max linger queue processor",
        "receive tolerate max_schedule_lag max_generated ledger_memory seed clock checks count state on_start next",
        "on_message on_outcome weight wire_type sender recipient priority content size tags metadata time_to_live",
        "capacity overflow workers batch_size batch_interval retry attempts backoff factor jitter max_backoff on",
        "timeout max_messages dead_letter poisson constant burst ramp stages closed all_at_once on_demand rate every",
        "spread from to over spacing think in_flight uniform normal exponential lognormal empirical min max mean sd",
        "median p99 quantiles core options layer type after now random choose send message_type sequence result",
        "reason attempts total other any all",
    ];
    let words = written.iter().flat_map(|line| line.split(' '));
    let figures = FIGURES.iter().map(|figure| figure.name);
    for word in words.chain(figures).chain(SCOPES).chain(STATISTICS) {
        for text in [format!("#{{ {word}: 0 }}"), format!("let x = #{{}}; x.{word}")] {
            assert!(engine.compile(&text).is_ok(), "{word}");
        }
    }
}

#[test]
fn the_reference_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/script-api.md");
    if std::env::var_os("MQSCRIPT_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, reference()).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, reference(), "run the tests with MQSCRIPT_UPDATE=1 to write docs/script-api.md");
}

/// Each file of tests/errors is a script that is wrong; what is said about it stands beside it.
#[test]
fn errors_say_what_they_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/errors");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rhai"))
        .collect();
    scripts.sort();
    assert!(scripts.len() > 20, "{scripts:?}");
    let mut wrong = Vec::new();
    for path in scripts {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut source = Source::from_text(&name, &std::fs::read_to_string(&path).unwrap());
        source.folder = Some(folder.clone());
        let execution =
            execute(&source, &settings(), &mut Stand::default(), &Arc::new(AtomicBool::new(false)));
        let faults = execution.diagnostics;
        let text = format!("exit {}\n\n{}", faults.exit().code(), faults.render(false))
            .replace(&format!("{}/", folder.display()), "");
        let beside = path.with_extension("txt");
        if std::env::var_os("MQSCRIPT_UPDATE").is_some() {
            std::fs::write(&beside, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        if text != expected {
            wrong.push(format!("{name} now says\n{text}\ninstead of\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "run with MQSCRIPT_UPDATE=1 if this is right:\n{}", wrong.join("\n"));
}

/// What is proposed can be typed: whatever stands in backquotes behind "help:" is Rhai, or a check, or a command.
#[test]
fn what_is_proposed_for_a_script_can_be_pasted_into_it() {
    use crate::plan::{FigureNames, parse_check};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/errors");
    let engine = rhai::Engine::new();
    let (mut seen, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "txt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for help in text.lines().filter_map(|line| line.trim_start().strip_prefix("= help: ")) {
            for proposed in help.split('`').skip(1).step_by(2) {
                let command = proposed.starts_with("--") || proposed.starts_with("mqscript ");
                // A sign, or the beginning of something, stands for itself.
                let sign = !proposed.contains(|c: char| c.is_alphanumeric())
                    || matches!(proposed, "fn" | "let" | "const" | "if" | "switch" | "else if")
                    || proposed.starts_with("{{");
                if command || sign {
                    continue;
                }
                seen += 1;
                let compiles = |text: &str| engine.compile(text).is_ok();
                let check = parse_check(proposed, &FigureNames::default()).is_ok()
                    || parse_check(&format!("{proposed} < 1s"), &FigureNames::default()).is_ok();
                if !compiles(proposed) && !compiles(&format!("#{{ {proposed} }}")) && !check {
                    wrong.push(format!("{}: {proposed}", path.display()));
                }
            }
        }
    }
    assert!(seen > 40, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn literals_too_large_to_be_read_are_refused_at_once() {
    let cases: String = (0..200_000).map(|case| format!("{case} => {case}, ")).collect();
    let (exit, text) = wrong(&format!("let x = 5; let y = switch x {{ {cases} _ => 0 }};"));
    assert_eq!(exit, Exit::Script);
    assert!(text.contains("too much stands in one pair of brackets") && text.contains("load("), "{text}");
    let keys: String = (0..100_000).map(|key| format!("k{key}: 1, ")).collect();
    let (exit, _) = wrong(&format!("let m = #{{ {keys} }};"));
    assert_eq!(exit, Exit::Script);
}

#[test]
fn twenty_thousand_groups_are_read_and_named() {
    let text = "let groups = []; for i in 0..20 { let part = []; for j in 0..1000 { part.push(#{ name: `g${i}x${j}` }); }
        groups += part; }
        run(scenario(#{ agents: groups, arrival: \"1/s\", mix: [\"direct\"], duration: \"1s\" }));";
    let (execution, _) = good(text);
    assert_eq!(execution.plans[0].plan.groups.len(), 20_000);
}

#[test]
fn a_script_may_begin_with_a_mark_and_name_its_interpreter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tool.rhai");
    let script = "\u{feff}#!/usr/bin/env mqscript run\r\n\r\nimport \"lib\" as lib;\r\nrun(scenario(#{ arrival: lib::rate(), mix: [\"direct\"] }));\r\nunknown();\r\n";
    std::fs::write(&path, script).unwrap();
    std::fs::write(folder.path().join("lib.rhai"), "\u{feff}#!/bin/false\nfn rate() { \"20/s\" }\n").unwrap();
    let source = Source::read(&path).unwrap();
    let execution = execute(&source, &settings(), &mut Stand::default(), &Arc::new(AtomicBool::new(false)));
    let faults: Vec<_> = execution.diagnostics.iter().collect();
    assert_eq!(faults.len(), 1, "{}", execution.diagnostics);
    let place = faults[0].place.as_ref().unwrap();
    assert_eq!(
        (place.line, place.column, faults[0].title.as_str()),
        (5, 1, "there is no function `unknown`")
    );
    std::fs::write(&path, b"\xff\xfer\0u\0n\0").unwrap();
    let fault = Source::read(&path).unwrap_err();
    assert_eq!(
        (fault.found.as_deref(), fault.help[0].as_str()),
        (Some("text in UTF-16"), "save it as UTF-8")
    );
}

#[test]
fn any_core_may_be_the_sessions() {
    let text = "let core = default_core(layer(\"chaos\", core(\"mock\", #{ latency: \"2ms\" }).named(\"slow\"), #{ crash: \"1%\" }));
        let s = scenario(#{ arrival: \"20/s\", mix: [\"direct\"] });
        run(s);
        compare(#{ scenario: s, variants: [#{ name: \"a\" }, #{ name: \"b\", processor: #{ workers: 2 } }], repeats: 2 });
        default_core(core(\"mock\").named(\"plain\"));
        run(s);
        run(s, layer(\"chaos\", core, #{ drop: \"1%\" }));";
    let (execution, _) = good(text);
    let cores: Vec<(&str, usize)> = execution
        .plans
        .iter()
        .map(|planned| (planned.plan.core.name.as_str(), planned.plan.core.layers.len()))
        .collect();
    let chaos = ("chaos over slow", 1);
    // The value that it returned stands for whatever the session's core is now.
    assert_eq!(cores, [chaos, chaos, chaos, ("plain", 0), ("chaos over plain", 1)]);
    let by_flag = Settings {
        overrides: Overrides { core: Some(TreeNode::text("sqlite")), ..Overrides::default() },
        ..settings()
    };
    let (execution, _) = execute_with(
        "default_core(layer(\"chaos\", core(\"mock\"))); run(scenario(#{ arrival: \"20/s\", mix: [\"direct\"] }));",
        &by_flag,
    );
    assert_eq!(execution.plans[0].plan.core.core, "sqlite");
    assert!(execution.plans[0].plan.core.layers.is_empty());
}

#[test]
fn imports_inside_each_other_have_an_end() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..100 {
        let text = format!("import \"m{}\" as next;\n", number + 1);
        std::fs::write(folder.path().join(format!("m{number}.rhai")), text).unwrap();
    }
    std::fs::write(folder.path().join("self.rhai"), "import \"./self\" as s;\n").unwrap();
    for (file, title) in [("m0.rhai", "imports go too deep"), ("self.rhai", "`./self` imports itself")] {
        let source = Source::read(&folder.path().join(file)).unwrap();
        let flag = Arc::new(AtomicBool::new(false));
        for execution in
            [execute(&source, &settings(), &mut Stand::default(), &flag), check(&source, &settings(), &flag)]
        {
            let fault = execution.diagnostics.iter().next().unwrap();
            assert_eq!(fault.title, title);
        }
    }
}
