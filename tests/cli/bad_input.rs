//! Bad input: each with its exit code, a text that says what to do, nothing on stdout and nothing left behind.

use std::fs;
use std::path::Path;
use std::process::Stdio;
#[cfg(unix)]
use support::processes::{kill, until_at_work};
use support::program::{command, folder, golden, mqscript};

/// A scenario with one setting that can be replaced.
fn scenario(settings: &str) -> String {
    format!(
        "run(scenario(#{{\n    agents: 3,\n    arrival: poisson(\"20/s\"),\n    mix: [\"direct\"],\n    \
         duration: \"2s\",\n    {settings}\n}}));\n"
    )
}

/// Runs a script and holds exit code and texts against what is expected.
#[track_caller]
fn refused(script: &[u8], flags: &[&str], code: i32, texts: &[&str]) {
    let folder = folder();
    let path = folder.path().join("script.rhai");
    fs::write(&path, script).unwrap();
    let results = folder.path().join("results.json");
    let mut arguments = vec!["run", path.to_str().unwrap(), "--output", results.to_str().unwrap()];
    arguments.extend(flags);
    let ended = mqscript(&arguments);
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stdout, "", "nothing was run");
    for text in texts {
        assert!(ended.stderr.contains(text), "`{text}` is missing:\n{}", ended.stderr);
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["script.rhai"], "nothing is left behind");
}

#[track_caller]
fn refused_setting(settings: &str, texts: &[&str]) {
    refused(scenario(settings).as_bytes(), &[], 3, texts);
}

#[test]
fn scripts_that_cannot_be_read() {
    for (script, text) in
        [("missing.rhai", "missing.rhai"), ("tests", "folder"), ("nine_agent", "nine_agents")]
    {
        let ended = mqscript(&["run", script]);
        assert_eq!((ended.code, ended.stdout.as_str()), (4, ""), "{}", ended.stderr);
        assert!(ended.stderr.contains(text), "{}", ended.stderr);
    }
    refused(b"let a = \"\xff\xfe\";", &[], 4, &["UTF-8"]);
    refused(b"", &[], 5, &["nothing was run", "run(scenario("]);
    refused(b"\xef\xbb\xbf// nothing\n", &[], 5, &["nothing was run"]);
    refused(b"\xff\xfer\0", &[], 4, &["UTF-16", "save it as UTF-8"]);
}

#[test]
fn scripts_that_do_not_compile() {
    refused(b"run(scenario(#{ agents: 9 );", &[], 4, &["script.rhai:1:"]);
    refused(b"let a = 1;\nrun(b);", &[], 4, &["script.rhai:2:5", "b"]);
    refused(b"fn poisson(rate) { rate }\n", &[], 4, &["poisson"]);
}

#[test]
fn scripts_that_fail_on_the_way() {
    refused(b"poison(\"20/s\");", &[], 5, &["did you mean `poisson`?"]);
    refused(b"throw \"no luck\";", &[], 5, &["no luck"]);
    refused(b"loop { }", &[], 5, &["does not come to an end"]);
    refused(b"fn deeper(n) { deeper(n + 1) }\ndeeper(0);", &[], 5, &["too deeply"]);
    refused(b"let s = \"x\"; loop { s += s; }", &[], 5, &["too large"]);
    refused(b"import \"../secrets\" as s;", &[], 5, &["secrets"]);
    refused(b"import \"/etc/passwd\" as s;", &[], 5, &["passwd"]);
}

#[test]
fn settings_that_are_wrong() {
    refused_setting("procesor: #{ workers: 2 },", &["procesor", "did you mean `processor`?"]);
    refused_setting("warm_up: true,", &["warm_up", "a duration"]);
    refused_setting("warm_up: \"5\",", &["5 what?"]);
    refused_setting("warm_up: \"5 parsecs\",", &["parsecs"]);
    refused_setting("warm_up: \"99999999h\",", &["366 days"]);
    refused_setting("warm_up: 0.0 / 0.0,", &["warm_up"]);
    refused_setting("checks: [\"sucess_rate > 1%\"],", &["did you mean", "success_rate"]);
    let replaced = |from: &str, to: &str| scenario("").replace(from, to);
    refused(replaced("20/s", "-20/s").as_bytes(), &[], 3, &["-20/s", "not negative"]);
    refused(replaced("agents: 3", "agents: 0").as_bytes(), &[], 3, &["agents"]);
    refused(replaced("[\"direct\"]", "#{ direct: 0 }").as_bytes(), &[], 3, &["mix", "weight"]);
}

#[test]
fn all_faults_are_told_at_once() {
    refused_setting(
        "warm_up: \"5\",\n    procesor: #{},\n    seed: -1,",
        &["warm_up", "procesor", "seed", "3 faults in all"],
    );
}

#[test]
fn flags_that_are_wrong() {
    let script = scenario("");
    let cases: [(&[&str], &str); 10] = [
        (&["--min-latency", "5"], "5 what? write \"5ms\" or \"5s\""),
        (&["--success-rate", "95"], "write \"95%\""),
        (&["--rate", "fast"], "a rate such as"),
        (&["--duration", "5 parsecs"], "a duration such as"),
        (&["--agents", "-3"], "agents"),
        (&["--param", "rate=5"], "rate"),
        (&["--seed", "-1"], "a whole number"),
        (&["--clock", "sundial"], "virtual"),
        (&["--set", "processor.wrokers=2"], "did you mean `workers`?"),
        (&["--param", "rate"], "NAME=VALUE"),
    ];
    for (flags, text) in cases {
        // A key that `--set` misspells is told as the content of the scenario that it becomes.
        let codes: &[i32] = if flags[0] == "--set" || flags[0] == "--agents" { &[2, 3] } else { &[2] };
        let folder = folder();
        let path = folder.path().join("script.rhai");
        fs::write(&path, &script).unwrap();
        let ended = mqscript(&[&["run", path.to_str().unwrap()], flags].concat());
        assert!(codes.contains(&ended.code), "{flags:?}: {}\n{}", ended.code, ended.stderr);
        assert!(ended.stderr.contains(text), "{flags:?}: {}", ended.stderr);
    }
}

#[test]
fn flags_without_meaning_here() {
    let burst = scenario("").replace("poisson(\"20/s\")", "all_at_once()").replace("duration: \"2s\",", "");
    refused(burst.as_bytes(), &["--rate", "5"], 2, &["`--rate` has no meaning here", "all_at_once"]);
}

#[test]
fn flags_that_no_run_could_use_are_refused_before_anything_is_played() {
    let script = scenario("");
    refused(
        script.as_bytes(),
        &["--core", "sqlite", "--success-rate", "0.9"],
        2,
        &["`--success-rate`", "sqlite"],
    );
    refused(
        script.as_bytes(),
        &["--within", "2%"],
        2,
        &["`--within` has no meaning here", "compares nothing"],
    );
    refused(script.as_bytes(), &["--fail-on-regression"], 2, &["compares nothing"]);
    refused(
        script.as_bytes(),
        &["--compare=mock,sqlite", "--real=nats"],
        2,
        &["`--compare=mock,sqlite,nats`"],
    );
    refused(
        script.as_bytes(),
        &["--core-option", "latency=5ms", "--min-latency", "2ms"],
        2,
        &["`latency` is said twice"],
    );
    refused(
        script.as_bytes(),
        &["--duration", "1", "--messages", "500"],
        2,
        &["--set end='{duration: 1s, messages: 500}'"],
    );
    refused(
        script.as_bytes(),
        &["--set", "processor.retry.backoff=5ms"],
        2,
        &["has no effect", "attempts` is 1"],
    );
    let own = scenario("").replace("}));", "}), core(\"mock\"));");
    refused(own.as_bytes(), &["--core", "mock"], 2, &["this script names all its cores itself"]);
    // Looking at a result changes nothing: every call that plays was met.
    let looks = format!("let r = {own}if r.total.p99 > \"1h\" {{ print(\"slow\"); }}");
    refused(looks.as_bytes(), &["--core", "mock"], 2, &["this script names all its cores itself"]);
}

#[test]
fn a_fault_of_a_later_run_is_told_before_the_first_is_played() {
    let twice = |second: &str| format!("{}{}", scenario(""), second);
    refused(twice(&scenario("wam_up: 5,")).as_bytes(), &[], 3, &["did you mean `warm_up`?"]);
    let unknown = scenario("").replace("}));", "}), core(\"kafka\"));");
    refused(twice(&unknown).as_bytes(), &[], 6, &["there is no core `kafka`"]);
}

#[test]
fn what_depends_on_results_is_not_judged_beforehand() {
    let folder = folder();
    let path = folder.path().join("script.rhai");
    let script = "let s = scenario(#{ agents: 1, arrival: \"20/s\", mix: [\"direct\"], duration: \"2s\" });\n\
                  let r = run(s, core(\"mock\"));\nif r.delivered > 5 { run(s); }\nlet rate = 1.0 / r.throughput;\n";
    fs::write(&path, script).unwrap();
    let ended = mqscript(&["run", path.to_str().unwrap(), "--core", "mock"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn a_flag_of_a_parameter_sets_it() {
    let folder = folder();
    let path = folder.path().join("script.rhai");
    let script = "let workers = param(\"workers\", 4, \"deliveries in flight\");\nlet loud = param(\"loud\", false);\n\
                  let max_size = param(\"max_size\", \"x\");\nlet output = param(\"output\", \"y\");\n\
                  print(`${workers} ${loud} ${max_size} ${output}`);\n";
    fs::write(&path, format!("{script}{}", scenario(""))).unwrap();
    let path = path.to_str().unwrap();
    let first_line = |flags: &[&str]| {
        let ended = mqscript(&[&["run", path], flags].concat());
        assert_eq!(ended.code, 0, "{flags:?}: {}", ended.stderr);
        ended.stdout.lines().next().unwrap().to_owned()
    };
    assert_eq!(first_line(&["--workers", "8"]), "8 false x y");
    assert_eq!(first_line(&["--workers=8", "--loud", "--max-size", "1.10"]), "8 true 1.10 y");
    assert_eq!(first_line(&["--max_size=010", "--loud=true", "-P", "output=z"]), "4 true 010 z");
    for (flags, texts) in [
        (&["--wrkers", "8"][..], ["there is no flag `--wrkers`", "did you mean `--workers`?"]),
        (&["--duraton", "8"], ["there is no flag `--duraton`", "did you mean `--duration`?"]),
        (&["--workers"], ["nothing after `--workers`", "a whole number"]),
        (&["--workers", "many"], ["`many`, from `--workers`", "a whole number"]),
        (&["--workers", "3", "-P", "workers=4"], ["`workers` is set twice", "one of them"]),
        (&["-P", "workers=3", "-P", "workers=4"], ["`workers` is set twice", "say it once"]),
        (&["--workers", "3", "--workers", "4"], ["`workers` is set twice", "say it once"]),
        (&["--", "--duration"], ["stands behind `--`", "leave out the `--`"]),
        (&["--set", "seed=1", "--set", "seed=2"], ["`--set seed` is said twice", "say it once"]),
        (&["--within", "-2%"], ["-2%", "write a share"]),
        (&["--repeats", "-1"], ["-1", "a whole number from 1 to 10000"]),
        (&["--hang-timeout", "5"], ["5 what?", "`5s`"]),
        (&["--core-path", "/nowhere"], ["/nowhere", "there is no such folder"]),
        (&["-o", "q.json", "--events", "./q.json"], ["name the same file", "a file for each"]),
    ] {
        let ended = mqscript(&[&["run", path], flags].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{flags:?}: {}", ended.stderr);
        texts.iter().for_each(|text| assert!(ended.stderr.contains(text), "{flags:?}: {}", ended.stderr));
    }
    let help = mqscript(&["run", path, "--help"]).stdout;
    for row in ["  --workers <4>   deliveries in flight", "  --max-size <x>", "  -P output=<y>"] {
        assert!(help.lines().any(|line| line == row), "{row}:\n{help}");
    }
}

#[test]
fn an_empty_variable_is_as_if_it_were_not_set_and_a_wrong_one_is_named() {
    let folder = folder();
    let path = folder.path().join("script.rhai");
    fs::write(&path, scenario("")).unwrap();
    let with = |seed: &str, flags: &[&str]| {
        let mut run = command(&[&["run", path.to_str().unwrap()], flags].concat());
        support::program::Ended::from(
            run.env("MQSCRIPT_SEED", seed).env("MQSCRIPT_CORE_PATH", "").output().unwrap(),
        )
    };
    let ended = with("", &[]);
    assert!(ended.code == 0 && ended.stdout.contains("seed 1 "), "{ended:?}");
    let ended = with("seven", &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    assert!(ended.stderr.contains("environment variable `MQSCRIPT_SEED`"), "{}", ended.stderr);
    assert_eq!(with("seven", &["--seed", "7"]).code, 0, "a flag comes first");
}

/// Also what only shows when a core is made: names that the run does not have, times that contradict each other.
#[test]
fn a_cores_options_are_judged_with_their_place_before_anything_is_played() {
    let folder = folder();
    let path = folder.path().join("cores.rhai");
    let scenario = "let s = scenario(#{ arrival: \"20/s\", mix: [\"text\"], duration: \"1s\" });\n";
    for (core, place, texts) in [
        (
            "let c = core(\"mock\", #{ laetncy: \"5ms\" });\nrun(s, c);",
            "2:25",
            ["laetncy", "did you mean `latency`?"],
        ),
        (
            "run(s, core(\"mock\", #{\n types: #{ txt: #{ latency: \"5ms\" } } }));",
            "3:12",
            ["types.txt", "no such type"],
        ),
        (
            "run(s, layer(\"chaos\", core(\"mock\"), #{ delay: #{ by: \"5ms..1ms\" } }));",
            "2:40",
            ["delay", "by"],
        ),
        (
            "run(s, layer(\"chaos\", core(\"mock\"), #{ delay: #{ bye: \"5ms\" } }));",
            "2:40",
            ["`delay.by`", "missing; there is bye"],
        ),
        ("run(s, layer(\"mock\", core(\"mock\")));", "2:8", ["`mock`", "no layer"]),
        ("run(s, core(\"mok\"));", "2:8", ["no core `mok`", "did you mean `mock`?"]),
    ] {
        fs::write(&path, format!("{scenario}{core}\n")).unwrap();
        for command in ["check", "run"] {
            let ended = mqscript(&[command, path.to_str().unwrap()]);
            assert_eq!((ended.code, ended.stdout.contains("delivered")), (6, false), "{}", ended.stderr);
            assert!(
                ended.stderr.contains(&format!("cores.rhai:{place}")),
                "{command} {core}: {}",
                ended.stderr
            );
            assert!(texts.iter().all(|text| ended.stderr.contains(text)), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_flag_whose_value_a_script_refuses_is_named() {
    let ended = mqscript(&["run", "nine_agents", "--rate", "0"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("`rate` is `0/s` by `--rate`"), "{}", ended.stderr);
    let ended = mqscript(&["run", "nine_agents", "--core", ""]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("'--core <NAME|PATH>'"), "{}", ended.stderr);
}

#[test]
fn digits_that_are_no_number_stay_a_text() {
    let refused = |value: &str| {
        let option = format!("latency={value}");
        mqscript(&["run", "nine_agents", "-q", "--core-option", &option]).stderr
    };
    assert!(refused("0123").contains("0123"), "{}", refused("0123"));
    let ended = mqscript(&["run", "nine_agents", "--core", "nats", "--core-option", "password=123"]);
    let built = !ended.stderr.contains("is not built");
    assert!(!built || ended.stderr.contains("`--core-option 'password=\"123\"'`"), "{}", ended.stderr);
}

#[test]
fn too_many_messages_are_blamed_on_answers_only_where_there_are_callbacks() {
    let script =
        "run(scenario(#{ arrival: \"20/s\", mix: [\"text\"], duration: \"60s\", max_generated: 5 }));";
    let folder = folder();
    let path = folder.path().join("script.rhai");
    fs::write(&path, script).unwrap();
    let ended = mqscript(&["run", path.to_str().unwrap()]);
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("more than 5 messages were generated (`max_generated`)"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("raise `max_generated`") && !ended.stderr.contains("answer"),
        "{}",
        ended.stderr
    );
}

#[test]
fn check_knows_what_run_would_refuse() {
    let folder = folder();
    let path = folder.path().join("script.rhai");
    let check = |script: &str, flags: &[&str]| {
        fs::write(&path, script).unwrap();
        mqscript(&[&["check", path.to_str().unwrap()], flags].concat())
    };
    let script = scenario("");
    assert_eq!(check(&script, &[]).code, 0);
    for (flags, code, text) in [
        (&["--core", "kafka"][..], 6, "there is no core `kafka`"),
        (&["--core-option", "latancy=5ms"], 6, "latancy"),
        (&["--core", "sqlite", "--success-rate", "0.9"], 2, "`--success-rate`"),
        (&["--clock", "virtual", "--core", "sqlite"], 6, "not simulated"),
        (&["--pure", "--core", "sqlite"], 6, "not pure"),
        (&["--set", "processor.retry.backoff=5ms"], 2, "has no effect"),
        (&["--param", "rate=5"], 2, "no parameter `rate`"),
        (&["--wrkers", "5"], 2, "there is no flag `--wrkers`"),
    ] {
        let ended = check(&script, flags);
        assert_eq!(ended.code, code, "{flags:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(text) && !ended.stdout.contains("nothing wrong"),
            "{flags:?}: {ended:?}"
        );
    }
    let both = check(&script.replace("mix: [\"direct\"]", "mux: 1"), &["--param", "wrkers=5"]);
    assert!(both.stderr.contains("mux") && both.stderr.contains("wrkers"), "{}", both.stderr);
}

#[test]
fn flags_about_scripts_are_refused_for_a_batch_file() {
    for flags in
        [&["--rate", "20"][..], &["--core", "mock"], &["--param", "a=1"], &["--pure"], &["--workers", "8"]]
    {
        let ended = mqscript(&[&["check", "scripts/batch/quick.yaml"], flags].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{flags:?}");
        assert!(ended.stderr.contains("has no meaning for a batch file"), "{flags:?}: {}", ended.stderr);
    }
}

#[test]
fn mistakes_on_the_command_line_are_answered_with_what_to_type() {
    let folder = folder();
    let script = folder.path().join("script.rhai");
    fs::write(&script, scenario("")).unwrap();
    let script = script.to_str().unwrap();
    let cases: [(&str, i32, &[&str]); 15] = [
        ("a_batch_file_for_a_script", 4, &["run", "scripts/batch/quick.yaml"]),
        ("a_script_for_a_batch_file", 2, &["batch", "scripts/nine_agents.rhai"]),
        ("blank_for_equals_chaos", 2, &["run", "--chaos", "crash=2%"]),
        ("blank_for_equals_chaos_script", 2, &["run", "--chaos", "crash=2%", script]),
        ("blank_for_equals_real", 2, &["run", "--real", "sqlite", script]),
        ("blank_for_equals_compare", 2, &["run", script, "--compare", "mock,sqlite"]),
        ("exec_alone", 6, &["run", script, "--core", "exec"]),
        ("no_such_core", 6, &["run", script, "--core", "kafka"]),
        ("misspelt_option", 6, &["run", script, "--core-option", "mock.sucess_rate=1"]),
        ("two_ends", 2, &["run", script, "--duration", "1", "-n", "5"]),
        ("misspelt_command", 2, &["rum", script]),
        ("misspelt_script", 4, &["run", "nine_agent"]),
        ("misspelt_flag", 2, &["run", script, "--duraton", "5"]),
        ("no_such_parameter", 2, &["run", script, "--param", "wrkers=5"]),
        ("half_a_check", 2, &["run", script, "--set", "checks=[\"p99 <\"]"]),
    ];
    for (name, code, arguments) in cases {
        let ended = mqscript(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{arguments:?}: {}", ended.stderr);
        let told = ended.stderr.replace(script, "script.rhai");
        // Where cores are looked for depends on the machine; which there are, on what was built.
        let told: Vec<&str> = told
            .lines()
            .filter(|line| !line.starts_with(" = note: looked in") && !line.contains("chaos, exec, mock"))
            .collect();
        golden(&format!("mistakes/{name}.txt"), &format!("{}\n", told.join("\n")));
    }
    let ended = mqscript(&[
        "run",
        script,
        "--core-option",
        "mock.success_rate=1",
        "--core-option",
        "types.direct.latency=1ms",
    ]);
    assert!(ended.code == 0 && ended.stdout.contains("100 %"), "{ended:?}");
}

#[test]
fn faults_of_yaml_are_told_without_a_librarys_words() {
    let folder = folder();
    let path = folder.path().join("batch.yaml");
    for (text, word) in [
        ("script: a\nscript: b\n", "the key `script` is said twice"),
        ("script: a\n---\nscript: b\n", "more than one document"),
        ("script: [a\n", "this is not YAML"),
        ("script: *a\n", "this is not YAML"),
        ("script:\n\t- x\n", "this is not YAML"),
        ("script: \"a\n", "this is not YAML"),
    ] {
        fs::write(&path, text).unwrap();
        let ended = mqscript(&["batch", path.to_str().unwrap()]);
        assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{text}: {}", ended.stderr);
        assert!(ended.stderr.contains(word), "{text}: {}", ended.stderr);
        for of_library in ["Policy", "from_str", "Options", "scanner", "deserial"] {
            assert!(!ended.stderr.contains(of_library), "{text}: {}", ended.stderr);
        }
    }
}

#[test]
fn cores_that_cannot_be_used() {
    let script = scenario("");
    refused(script.as_bytes(), &["--core", "mok"], 6, &["there is no core `mok`", "did you mean `mock`?"]);
    refused(script.as_bytes(), &["--core", "./missing.so"], 6, &["missing.so"]);
    refused(script.as_bytes(), &["--core", "./Cargo.toml"], 6, &["cannot be loaded"]);
    refused(script.as_bytes(), &["--core-option", "latancy=5ms"], 6, &["latancy", "latency"]);
    refused(script.as_bytes(), &["--core-option", "success_rate=2"], 6, &["success_rate"]);
}

#[test]
fn agents_that_answer_each_other_for_ever() {
    let folder = folder();
    let path = folder.path().join("script.rhai");
    let script = r#"
        fn answer(me, message) { me.send(#{ type: "direct", recipient: message.sender }); }
        run(scenario(#{
            agents: [#{ name: "Echo", count: 2, on_message: answer }],
            arrival: constant("1/s"),
            mix: ["direct"],
            duration: "1h",
            core: (),
        }), core("mock", #{ latency: "0ms", success_rate: 1.0 }));
    "#
    .replace("core: (),", "");
    fs::write(&path, script).unwrap();
    let ended = mqscript(&["run", path.to_str().unwrap()]);
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("without delay") && ended.stderr.contains("after"), "{}", ended.stderr);
    assert!(ended.stdout.contains("! partial after"), "{}", ended.stdout);
}

/// Starts a run whose work has no end, interrupts it in the midst of that, and returns its exit code and what it printed.
#[cfg(unix)]
fn interrupted(script: &Path) -> (i32, String) {
    let child = command(&["run", script.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until_at_work(child.id());
    kill(child.id(), "INT");
    let ended = child.wait_with_output().unwrap();
    (ended.status.code().unwrap_or(-1), String::from_utf8(ended.stdout).unwrap())
}

#[cfg(unix)]
#[test]
fn a_run_on_the_virtual_clock_can_be_interrupted() {
    let folder = folder();
    let path = folder.path().join("script.rhai");
    fs::write(&path, scenario("").replace("\"2s\"", "\"8000h\"")).unwrap();
    let (code, stdout) = interrupted(&path);
    assert_eq!(code, 130);
    assert!(stdout.contains("! partial after"), "{stdout}");
}

#[cfg(unix)]
#[test]
fn a_script_that_only_loops_can_be_interrupted() {
    let folder = folder();
    let path = folder.path().join("script.rhai");
    let slow = "let n = 0; for i in 0..1000000 { for j in 0..1000 { n += [1, 2, 3].len(); } }";
    fs::write(&path, slow).unwrap();
    let (code, _) = interrupted(&path);
    assert!(code == 130 || code == 5, "{code}: interrupted, unless the limit of operations came first");
}
